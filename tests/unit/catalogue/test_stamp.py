"""A database closed in order is not verified again; one that changed since, or was not closed, is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from similis.catalogue import Catalogue
from similis.catalogue._stamp import Stamp
from similis.catalogue._verify import Verification
from similis.domain import StorageFailed

# Only files are verified and stamped.
pytestmark = [
    pytest.mark.usefixtures("database_kind"),
    pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True),
]


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Gets an entry whenever a catalogue is verified."""
    calls: list[bool] = []
    begin = Verification.begin

    def counting(verification: Verification) -> None:
        calls.append(True)
        begin(verification)

    monkeypatch.setattr(Verification, "begin", counting)
    return calls


def test_only_the_first_opening_verifies(open_catalogue: Callable[[], Catalogue], verified: list[bool]) -> None:
    for _ in range(3):
        catalogue = open_catalogue()
        catalogue.set_setting("colour", "red")
        catalogue.close()
    assert len(verified) == 1
    assert open_catalogue().setting("colour") == "red"


def test_one_that_was_not_closed_is_verified(open_catalogue: Callable[[], Catalogue], verified: list[bool]) -> None:
    open_catalogue().close()
    open_catalogue()  # never closed: as after a crash
    open_catalogue()
    assert len(verified) == 2


def test_a_byte_changed_at_once_after_closing_is_noticed(
    open_catalogue: Callable[[], Catalogue], tmp_path: Path, verified: list[bool]
) -> None:
    catalogue = open_catalogue()
    catalogue.set_setting("colour", "unmistakable")
    catalogue.close()
    file = tmp_path / "catalogue.sqlite"
    file.write_bytes(file.read_bytes().replace(b"unmistakable", b"unmistakeble"))
    with pytest.raises(StorageFailed):
        open_catalogue()
    assert verified


def test_what_is_no_file_is_never_trusted() -> None:
    stamp = Stamp(None)
    stamp.leave()
    assert not stamp.take()
