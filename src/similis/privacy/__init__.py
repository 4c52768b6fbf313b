"""Keys outside the data directory: what is encrypted with them and how features are transformed."""

from similis.privacy._instance_key import InstanceKey
from similis.privacy._keyring import Keyring
from similis.privacy._master import MasterKey, decode_master, master_from_command
from similis.privacy._stored import stored_keys

__all__ = [
    "InstanceKey",
    "Keyring",
    "MasterKey",
    "decode_master",
    "master_from_command",
    "stored_keys",
]
