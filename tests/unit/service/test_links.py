"""Links to files of tasks: good for one file, for two hours, wherever the same keys are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from similis.domain import PermissionDenied
from similis.privacy import Keyring
from similis.service._links import Links

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.open(tmp_path / "keys", create=True)


def read(query: str) -> tuple[str, str]:
    values = parse_qs(query)
    return values["expires"][0], values["signature"][0]


def test_a_link_is_good_for_two_hours_and_after_a_restart(keyring: Keyring, tmp_path: Path) -> None:
    expires, signature = read(Links(keyring).sign(7, "failures", NOW))
    reopened = Links(Keyring.open(tmp_path / "keys", create=False))
    reopened.check(7, "failures", expires, signature, NOW + timedelta(hours=1, minutes=59))
    with pytest.raises(PermissionDenied, match="2 hours"):
        reopened.check(7, "failures", expires, signature, NOW + timedelta(hours=2))


def test_a_link_is_good_for_nothing_else(keyring: Keyring, tmp_path: Path) -> None:
    links = Links(keyring)
    expires, signature = read(links.sign(7, "failures", NOW))
    others = [
        (8, "failures", expires, signature),
        (7, "export", expires, signature),
        (7, "failures", str(int(expires) + 1), signature),
        (7, "failures", expires, signature[:-1] + ("0" if signature[-1] != "0" else "1")),
        (7, "failures", expires, ""),
        (7, "failures", "", signature),
        (7, "failures", "never", signature),
        (7, "failures", expires, "é"),
    ]
    for task_id, purpose, moment, signed in others:
        with pytest.raises(PermissionDenied, match="signature"):
            links.check(task_id, purpose, moment, signed, NOW)
    with pytest.raises(PermissionDenied):
        Links(Keyring.open(tmp_path / "others", create=True)).check(7, "failures", expires, signature, NOW)
