"""What `similis keyring check` looks at: whether all keys are there, whole, private, and none too many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from similis.catalogue import Catalogue
from similis.domain import DataDirectoryLocked, SimilisError
from similis.privacy import Keyring
from similis.service._finding import Finding
from similis.service._keys import Keys
from similis.service._lock import DataDirectoryLock
from similis.service._opening import InstanceSealer, check_master, check_place, open_keyring
from similis.service._settings import Settings

_RESTORE = "Restore it from a backup; without it nothing of the instance can be read."


def check_keys(settings: Settings) -> list[Finding]:
    """Check the key directory, and against the data where no other process has that open.

    Nothing is removed: neither pictures whose time is over nor keys that an accident left, as an opened `App` does.
    """
    findings = []
    try:
        findings.append(Finding("Place", True, check_place(settings)))
        keyring = open_keyring(settings, create=False)
    except SimilisError as error:
        return [*findings, Finding("Keys", False, error.message, error.hint)]
    findings.append(Finding("Master key", True, f"{_origin(settings)}; {keyring.id}"))
    if keyring.rotating:
        change = "A change of the master key goes on or was cut short."
        return [*findings, Finding("Master key", False, change, "Remove nothing. Start Similis once, which ends it.")]
    findings += _files(settings, keyring)
    findings += _readable(keyring)
    return [*findings, *_data(settings, keyring)]


def _origin(settings: Settings) -> str:
    if settings.master_key_command is not None:
        return "from a command"
    return "from the environment" if settings.master_key is not None else "in the key directory"


def _files(settings: Settings, keyring: Keyring) -> Iterator[Finding]:
    """What lies in the key directory beside keys."""
    if _origin(settings) != "in the key directory" and keyring.holds_master():
        yield Finding(
            "Master key", False, "There is also one in the key directory.", "Remove it: only the other one is used."
        )
    for path in keyring.strange_files():
        yield Finding("File", False, str(path), "Remove it once you know what it is; it is no key in use.")


def _readable(keyring: Keyring) -> Iterator[Finding]:
    damaged = 0
    uids = keyring.uids()
    for uid in uids:
        try:
            keyring.instance(uid)
        except SimilisError as error:
            damaged += 1
            yield Finding(f"Key {uid}", False, error.message, _RESTORE)
    if not damaged:
        yield Finding("Keys of instances", True, f"{len(uids)}, all of which open")


def _data(settings: Settings, keyring: Keyring) -> Iterator[Finding]:
    """Whether keys and instances fit each other."""
    try:
        if not Catalogue.exists(settings.catalogue_url):
            yield Finding("Data", True, f"{settings.data} is not there yet")
            return
        with _catalogue(settings, keyring) as catalogue:
            check_master(catalogue, keyring, settings, catalogue.keyring.current())
            yield Finding("Data", True, "These are its keys")
            yield from _matching(Keys(catalogue, keyring))
    except DataDirectoryLocked as error:
        yield Finding("Data", True, f"{error.message} Not compared: stop it first for that.")
    except SimilisError as error:
        yield Finding("Data", False, error.message, error.hint)


@contextmanager
def _catalogue(settings: Settings, keyring: Keyring) -> Iterator[Catalogue]:
    with ExitStack() as undo:
        undo.callback(DataDirectoryLock(settings.data).release)
        catalogue = Catalogue.open(settings.catalogue_url, InstanceSealer(keyring))
        undo.callback(catalogue.close)
        yield catalogue


def _matching(keys: Keys) -> Iterator[Finding]:
    there, named = keys.held(), keys.needed()
    for uid in sorted(named.keys() - there):
        yield Finding(f"Key {uid}", False, f"Instance {named[uid]} has no key.", _RESTORE)
    for uid in keys.unused():
        yield Finding(f"Key {uid}", False, "It belongs to no instance.", "Destroy it: similis keyring prune --yes")
