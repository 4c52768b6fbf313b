"""The privacy audit on real services: nothing is found of the true one, and every leak of one that leaks."""

from __future__ import annotations

import contextlib
import json
import sys
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest
from tests import leaking as leaking_similis
from tests import leaking_ray
from tests.leaking import ECHOED, LEAKS
from tests.servers.milvus_server import MilvusServer
from tests.servers.postgres_server import PostgresServer

from similis.audit import PrivacyReport, audit_privacy, write_report
from similis.audit._tracing import why_not
from similis.audit._ways_ray import RAY
from similis.service import Settings

pytestmark = pytest.mark.timeout(1200)
traceable = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.fixture(scope="module")
def leaking() -> PrivacyReport:
    try:
        return audit_privacy(Settings(), quick=True, command=[sys.executable, leaking_similis.__file__])
    finally:
        with contextlib.suppress(FileNotFoundError):
            SharedMemory("leak-shared").unlink()


@pytest.mark.slow
@traceable
@pytest.mark.parametrize(("place", "form"), [*((place, form) for place, (_, form) in LEAKS.items()), ECHOED])
def test_every_leak_is_found_and_told_what_it_is(leaking: PrivacyReport, place: str, form: str) -> None:
    assert not leaking.kept
    assert form in {finding.form for finding in leaking.findings if place in finding.place}


@pytest.mark.slow
def test_nothing_is_found_of_the_service_as_it_is(tmp_path: Path) -> None:
    report = audit_privacy(Settings())
    assert report.findings == ()
    assert [each.name for each in report.driven if not each.as_meant] == []
    assert report.kept
    page = write_report(report, tmp_path / "report")
    assert "Nothing." in page.read_text()
    assert json.loads((tmp_path / "report" / "privacy.json").read_text())["kept"] is True


@pytest.mark.slow
def test_nothing_is_found_in_postgresql_and_milvus(
    postgres_server: PostgresServer, postgres_url: str, milvus_server: MilvusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMILIS_CATALOGUE", postgres_url)
    monkeypatch.setenv("SIMILIS_MILVUS_URI", milvus_server.uri)
    monkeypatch.setenv("SIMILIS_MILVUS_PREFIX", "audit")
    report = audit_privacy(Settings(), search=[postgres_server.folder, milvus_server.folder], quick=True)
    assert report.findings == ()
    assert report.kept
    searched = {each.name: each.bytes for each in report.searched}
    assert searched["rows of the catalogue"] > 0
    assert searched["directories that were named"] > 1_000_000


@pytest.mark.slow
@pytest.mark.serial
def test_nothing_is_found_of_an_import_by_ray() -> None:
    report = audit_privacy(Settings(), ways=RAY, quick=True)
    assert report.driven[0].as_meant, report.notes
    assert report.findings == ()


@pytest.mark.slow
@pytest.mark.serial
def test_what_ray_keeps_is_found() -> None:
    command = [sys.executable, leaking_ray.__file__]
    report = audit_privacy(Settings(), ways=RAY, quick=True, trace=False, command=command)
    assert report.driven[0].as_meant, report.notes
    found = {finding.form for finding in report.findings if "/service/ray-" in finding.place}
    assert "file bytes, base64" in found, "in a log"
    held = {finding.form for finding in report.findings if " in the service: /dev/shm/" in finding.place}
    assert "file bytes" in held, f"in the object store: {sorted({finding.place for finding in report.findings})}"
