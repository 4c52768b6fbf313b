import stat
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from similis.domain import KeyringFailed
from similis.privacy import Keyring
from similis.privacy._cipher import Cipher, FeatureCipher


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def keyring(directory: Path) -> Keyring:
    return Keyring.open(directory, create=True)


def test_opening_again_gives_the_same_keys(directory: Path, keyring: Keyring) -> None:
    uid = keyring.create_instance()
    sealed = keyring.seal(b"secret", "here"), keyring.instance(uid).seal("text", "there")
    again = Keyring.open(directory, create=False)
    assert again.id == keyring.id
    assert again.unseal(sealed[0], "here") == b"secret"
    assert again.instance(uid).unseal(sealed[1], "there") == "text"


def test_two_keyrings_have_nothing_in_common(keyring: Keyring, tmp_path: Path) -> None:
    other = Keyring.open(tmp_path / "other", create=True)
    assert other.id != keyring.id
    with pytest.raises(KeyringFailed, match="belongs to another key"):
        other.unseal(keyring.seal(b"secret", "here"), "here")


def test_only_the_owner_may_read(directory: Path, keyring: Keyring) -> None:
    keyring.create_instance()
    for path in [directory, *directory.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted


def test_no_key_lies_on_disk_in_clear(directory: Path, keyring: Keyring) -> None:
    uid = keyring.create_instance()
    wrapped = (directory / "instances" / f"{uid}.key").read_bytes()
    assert keyring.unseal(wrapped, f"instance key/{uid}") not in wrapped


@pytest.mark.parametrize("name", [".", "master.key", "instances"])
@pytest.mark.parametrize("bits", [0o040, 0o004, 0o020, 0o001])
@pytest.mark.usefixtures("keyring")
def test_a_keyring_open_to_others_is_refused(directory: Path, name: str, bits: int) -> None:
    path = directory / name
    path.chmod(stat.S_IMODE(path.stat().st_mode) | bits)
    with pytest.raises(KeyringFailed, match="open to other users"):
        Keyring.open(directory, create=True)


def test_no_key_is_made_in_a_directory_open_to_others(directory: Path) -> None:
    directory.mkdir(mode=0o755)
    with pytest.raises(KeyringFailed, match="open to other users"):
        Keyring.open(directory, create=True)
    assert not (directory / "master.key").exists()


def test_a_missing_keyring_is_refused_and_not_made(directory: Path) -> None:
    with pytest.raises(KeyringFailed, match="There are no keys"):
        Keyring.open(directory, create=False)
    assert not directory.exists()


@pytest.mark.parametrize("content", [b"", b"short", b"!" * 44, b"A" * 44 + b"AAAA"])
@pytest.mark.usefixtures("keyring")
def test_a_damaged_master_key_is_refused(directory: Path, content: bytes) -> None:
    (directory / "master.key").write_bytes(content)
    with pytest.raises(KeyringFailed, match="damaged"):
        Keyring.open(directory, create=True)


def test_a_lost_master_key_is_not_replaced(directory: Path, keyring: Keyring) -> None:
    keyring.create_instance()
    (directory / "master.key").unlink()
    with pytest.raises(KeyringFailed, match="instance keys but no master"):
        Keyring.open(directory, create=True)


def test_a_place_that_is_no_directory_is_refused(directory: Path) -> None:
    directory.write_text("a file")
    with pytest.raises(KeyringFailed, match="cannot be used"):
        Keyring.open(directory, create=True)


def test_a_destroyed_key_is_gone_for_good(directory: Path, keyring: Keyring) -> None:
    uid, kept = keyring.create_instance(), keyring.create_instance()
    held = keyring.instance(uid)
    sealed = held.seal("text", "here")
    keyring.destroy_instance(uid)
    keyring.destroy_instance(uid)
    with pytest.raises(KeyringFailed, match="destroyed"):
        held.unseal(sealed, "here")
    for ring in (keyring, Keyring.open(directory, create=False)):
        with pytest.raises(KeyringFailed, match="is not in"):
            ring.instance(uid)
        assert ring.instance(kept).uid == kept


@pytest.mark.parametrize("uid", ["", "../master", "A" * 32, "0" * 31])
def test_a_uid_cannot_lead_elsewhere(keyring: Keyring, uid: str) -> None:
    with pytest.raises(KeyringFailed, match="no name of a key"):
        keyring.instance(uid)
    with pytest.raises(KeyringFailed, match="no name of a key"):
        keyring.destroy_instance(uid)


def test_an_instance_key_cannot_stand_in_for_another(directory: Path, keyring: Keyring) -> None:
    first, second = keyring.create_instance(), keyring.create_instance()
    instances = directory / "instances"
    (instances / f"{first}.key").write_bytes((instances / f"{second}.key").read_bytes())
    with pytest.raises(KeyringFailed, match="cannot be read"):
        keyring.instance(first)


@given(plain=st.binary(max_size=60), data=st.data())
def test_sealed_bytes_altered_anywhere_are_refused(plain: bytes, data: st.DataObject) -> None:
    cipher = Cipher(b"k" * 32)
    sealed = bytearray(cipher.seal(plain, "here"))
    assert cipher.unseal(bytes(sealed), "here") == plain
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(KeyringFailed):
        cipher.unseal(bytes(sealed), "here")


@given(plain=st.binary(max_size=60), number=st.integers(1, 2**62), data=st.data())
def test_sealed_features_altered_anywhere_are_refused(plain: bytes, number: int, data: st.DataObject) -> None:
    cipher = FeatureCipher(b"k" * 32, "uid")
    sealed = bytearray(cipher.seal(number, plain))
    assert cipher.unseal(number, bytes(sealed)) == plain
    with pytest.raises(KeyringFailed):
        cipher.unseal(number + 1, bytes(sealed))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(KeyringFailed):
        cipher.unseal(number, bytes(sealed))


@given(length=st.integers(0, 28))
def test_sealed_bytes_cut_short_are_refused(length: int) -> None:
    cipher = Cipher(b"k" * 32)
    with pytest.raises(KeyringFailed):
        cipher.unseal(cipher.seal(b"", "here")[:length], "here")


def test_another_context_is_refused(keyring: Keyring) -> None:
    key = keyring.instance(keyring.create_instance())
    with pytest.raises(KeyringFailed):
        key.unseal(key.seal("text", "here"), "there")


@given(text=st.text())
def test_texts_come_back(text: str) -> None:
    cipher = Cipher(b"k" * 32)
    assert cipher.unseal(cipher.seal(text.encode(), text), text) == text.encode()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_key_files_are_told_and_never_used(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever a crash, a disk or a hand has made of a file."""
    directory = tmp_path / uuid.uuid4().hex
    keyring = Keyring.open(directory, create=True)
    uid = keyring.create_instance()
    sealed = keyring.seal(b"secret", "here"), keyring.instance(uid).seal("text", "there")
    path = directory / data.draw(st.sampled_from(["master.key", f"instances/{uid}.key"]))
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    flipped = bytes([content[place] ^ data.draw(st.integers(1, 255))])
    forms = [
        content[:place] + flipped + content[place + 1 :],
        content[:place],
        content + data.draw(st.binary(min_size=1, max_size=50)),
        data.draw(st.binary(max_size=100)),
        None,
    ]
    path.unlink()
    if (form := data.draw(st.sampled_from(forms))) is not None:
        path.write_bytes(form)
        path.chmod(0o600)
    elif data.draw(st.booleans()):
        path.mkdir(mode=0o700)
    try:
        again = Keyring.open(directory, create=data.draw(st.booleans()))
        key = again.instance(uid)
    except KeyringFailed as error:
        assert error.message
        assert error.hint
    else:  # white space around the master key, or bits of its text that mean nothing
        assert again.unseal(sealed[0], "here") == b"secret"
        assert key.unseal(sealed[1], "there") == "text"
