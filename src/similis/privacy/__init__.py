"""Keys outside the data directory: what is encrypted with them and how features are transformed."""

from similis.privacy._backup import back_up, restore
from similis.privacy._cipher import SEAL_BYTES, FeatureCipher
from similis.privacy._instance_key import InstanceKey
from similis.privacy._keyring import Keyring
from similis.privacy._master import MasterKey, decode_master, master_from_command, master_from_file
from similis.privacy._stored import stored_keys

__all__ = [
    "SEAL_BYTES",
    "FeatureCipher",
    "InstanceKey",
    "Keyring",
    "MasterKey",
    "back_up",
    "decode_master",
    "master_from_command",
    "master_from_file",
    "restore",
    "stored_keys",
]
