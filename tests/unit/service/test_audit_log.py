"""The audit log: what is written, when, by whom it can be read, and that it cannot be altered unseen."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from similis.domain import (
    ACTOR_SERVICE,
    ACTOR_UNKNOWN,
    AuditAction,
    AuditEvent,
    AuditQuery,
    Instance,
    InstanceSpec,
    StorageFailed,
    as_json,
    audit_event_from_json,
    picture_subject,
)
from similis.service import App, AuditMode, Settings

NOW = datetime.now(UTC)
SEARCH = AuditEvent(NOW, "SIMA", AuditAction.PICTURE_SEARCH, "shop", "p/a", request_id="r")
ADD = replace(SEARCH, action=AuditAction.PICTURE_ADD)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    """A service without models, with the instance `shop`."""
    with App.open(settings) as opened:
        opened.instances.create_for(InstanceSpec("shop"), "faiss", "elsewhere", 8)
        yield opened


def files(app: App) -> list[Path]:
    return sorted(app.settings.audit_directory.iterdir())


def text(app: App) -> str:
    return "".join(file.read_text() for file in files(app))


def test_a_change_is_in_the_file_at_once_and_a_search_within_a_second(app: App) -> None:
    app.audit.note(SEARCH)
    app.audit.note(ADD)
    assert [json.loads(line)["action"] for line in text(app).splitlines()] == ["picture.search", "picture.add"]
    app.audit.note(SEARCH)
    until = time.monotonic() + 20
    while len(text(app).splitlines()) < 3:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_files_are_for_their_owner_alone(app: App) -> None:
    app.audit.note(ADD)
    assert stat.S_IMODE(app.settings.audit_directory.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in files(app)] == [0o600]


def test_a_directory_that_others_could_read_is_closed_to_them(app: App) -> None:
    app.settings.audit_directory.mkdir()
    app.settings.audit_directory.chmod(0o755)
    app.audit.note(ADD)
    assert stat.S_IMODE(app.settings.audit_directory.stat().st_mode) == 0o700


def test_names_of_pictures_go_with_the_key_of_their_instance(app: App) -> None:
    app.audit.note(replace(ADD, subject=picture_subject("secret boot", "left side")))
    assert "boot" not in text(app)
    assert "left" not in text(app)
    assert next(app.audit.events()).subject == "secret boot/left side"
    app.instances.delete("shop")
    event = next(app.audit.events())
    assert (event.subject, event.erased, event.instance) == (None, True, "shop")
    assert app.audit.verify().problems == ()


def test_what_no_instance_holds_is_not_kept(app: App) -> None:
    app.audit.note(replace(ADD, instance="other", subject="p/whatever"))
    assert "whatever" not in text(app)
    assert next(app.audit.events()).subject is None


@hypothesis_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.builds(
        AuditEvent,
        st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)),  # noqa: DTZ001 - Hypothesis adds the zone
        st.text(),
        st.sampled_from(AuditAction),
        st.just("shop"),
        st.none() | st.text(),
        st.text(),
        st.none() | st.text(),
        st.none() | st.text(),
        st.none() | st.integers(0, 10**9),
    )
)
def test_whatever_is_noted_is_one_line_and_is_read_again(app: App, event: AuditEvent) -> None:
    before = len(text(app).splitlines()) if app.settings.audit_directory.exists() else 0
    app.audit.note(event)
    app.audit.flush()
    lines = text(app).splitlines()
    assert len(lines) == before + 1
    assert lines[-1].isascii()
    assert next(app.audit.events()) == event
    assert audit_event_from_json(json.loads(json.dumps(as_json(event)))) == event


def test_events_are_chosen_and_come_newest_first(app: App) -> None:
    events = [
        replace(ADD, at=NOW + timedelta(minutes=minute), actor=f"SIM{minute % 2}", subject=None)
        for minute in range(4)
    ]
    for event in [*events, replace(events[0], instance=None, action=AuditAction.KEY_LIST)]:
        app.audit.note(event)
    shop = frozenset({"shop"})
    assert list(app.audit.events(AuditQuery(shop))) == events[::-1]
    assert list(app.audit.events(AuditQuery(shop, actor="SIM1"))) == [events[3], events[1]]
    assert [event.instance for event in app.audit.events(AuditQuery(action=AuditAction.KEY_LIST))] == [None]
    within = AuditQuery(shop, since=events[1].at, until=events[3].at)
    assert list(app.audit.events(within)) == [events[2], events[1]]


def test_thousands_of_lines_are_read_backwards(app: App) -> None:
    for number in range(2000):
        app.audit.note(replace(SEARCH, subject=f"p{number}/" + "x" * (number % 400)))
    found = [event.subject for event in app.audit.events()]
    assert found == [f"p{number}/" + "x" * (number % 400) for number in reversed(range(2000))]


@pytest.mark.parametrize(
    ("mode", "noted"),
    [(AuditMode.ALL, ["picture.search", "picture.add"]), (AuditMode.CHANGES, ["picture.add"]), (AuditMode.OFF, [])],
)
def test_searches_and_all_can_be_switched_off(settings: Settings, mode: AuditMode, noted: list[str]) -> None:
    with App.open(settings.model_copy(update={"audit": mode})) as app:
        app.audit.note(SEARCH)
        app.audit.note(ADD)
        assert [str(event.action) for event in app.audit.events()] == noted[::-1]
        assert app.settings.audit_directory.exists() == bool(noted)


def test_the_chain_goes_on_after_a_restart(settings: Settings) -> None:
    for _ in range(3):
        with App.open(settings) as app:
            app.audit.note(ADD)
            app.audit.note(SEARCH)
    with App.open(settings) as app:
        found = app.audit.verify()
    assert (found.events, found.problems) == (6, ())


@pytest.mark.parametrize("altering", ["change", "remove", "swap", "insert", "forge", "resign"])
def test_altered_lines_are_noticed(app: App, altering: str) -> None:
    for number in range(5):
        app.audit.note(replace(ADD, actor=f"SIM{number}"))
    (file,) = files(app)
    lines = file.read_text().splitlines(keepends=True)
    if altering == "change":
        lines[2] = lines[2].replace("SIM2", "SIM3")
    elif altering == "remove":
        del lines[2]
    elif altering == "swap":
        lines[2], lines[3] = lines[3], lines[2]
    elif altering == "insert":
        lines.insert(2, lines[2])
    elif altering == "resign":  # as if a master key that is gone had signed it
        signer = json.loads(lines[2])["signer"]
        lines[2] = lines[2].replace("SIM2", "SIM3").replace(signer, "deadbeef")
    else:
        lines[2] = '{"actor": "SIM0"}\n'
    file.write_text("".join(lines))
    assert app.audit.verify().problems


def test_a_day_that_was_taken_out_is_noticed_but_not_the_oldest(app: App) -> None:
    app.audit.note(ADD)
    (today,) = files(app)
    today.rename(today.with_name("2026-01-01.jsonl"))
    app.audit._files.close()
    app.audit.note(ADD)
    assert app.audit.verify().problems == ()
    newest = files(app)[-1]
    newest.rename(newest.with_name("2026-01-02.jsonl"))
    app.audit._files.close()
    app.audit.note(ADD)
    assert app.audit.verify().problems == ()
    (app.settings.audit_directory / "2026-01-02.jsonl").unlink()
    assert app.audit.verify().problems
    (app.settings.audit_directory / "2026-01-01.jsonl").unlink()
    assert app.audit.verify().problems == ()


def test_after_a_change_of_the_master_key_what_was_before_can_be_read_but_not_verified(app: App) -> None:
    for _ in range(2):
        app.audit.note(ADD)
    app.keys.rotate()
    app.audit.note(ADD)
    assert [event.subject for event in app.audit.events()] == ["p/a"] * 3
    found = app.audit.verify()
    assert (found.events, found.unverifiable, found.problems) == (3, 2, ())
    (file,) = files(app)
    file.write_text("".join(file.read_text().splitlines(keepends=True)[::2]))
    assert app.audit.verify().problems


def test_old_files_are_removed(app: App) -> None:
    app.audit.note(ADD)
    (today,) = files(app)
    for days in (89, 90, 91, 400):
        day = datetime.now(UTC).date() - timedelta(days=days)
        today.with_name(f"{day}.jsonl").write_bytes(today.read_bytes())
    app.audit.prune(datetime.now(UTC))
    kept = {datetime.now(UTC).date() - timedelta(days=days) for days in (0, 89, 90)}
    assert {file.stem for file in files(app)} == {str(day) for day in kept}


def test_a_line_that_a_power_failure_cut_is_removed(settings: Settings) -> None:
    with App.open(settings) as app:
        app.audit.note(ADD)
        (file,) = files(app)
    with file.open("ab") as torn:
        torn.write(b'{"at": "2026-11')
    with App.open(settings) as app:
        app.audit.note(ADD)
        assert (app.audit.verify().events, app.audit.verify().problems) == (2, ())


def test_a_first_line_that_was_cut_leaves_a_file_that_can_be_verified(settings: Settings) -> None:
    with App.open(settings) as app:
        app.audit.note(ADD)
        (today,) = files(app)
    today.rename(today.with_name("2026-01-01.jsonl"))
    today.write_bytes(b'{"at": "2026-11')
    with App.open(settings) as app:
        app.audit.note(ADD)
        assert (app.audit.verify().events, app.audit.verify().problems) == (2, ())


def test_a_clock_that_was_set_back_is_no_alteration(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override] # only ever asked with a zone
            assert tz is UTC
            return NOW + timedelta(days=400)

    with monkeypatch.context() as patched:
        patched.setattr("similis.service._audit_log.datetime", Later)
        with App.open(settings) as app:
            app.audit.note(ADD)
    with App.open(settings) as app:
        app.audit.note(ADD)
        assert (app.audit.verify().events, app.audit.verify().problems) == (2, ())
        assert len(list(app.audit.events(AuditQuery(until=NOW + timedelta(days=1))))) == 2


def test_strangers_fill_no_disk(app: App) -> None:
    stranger = replace(SEARCH, actor=ACTOR_UNKNOWN, subject=None)
    for _ in range(1000):
        app.audit.note(stranger)
    app.audit.note(ADD)
    events = list(app.audit.events())
    noted = sum(event.actor == ACTOR_UNKNOWN for event in events)
    lost = sum(event.count or 0 for event in events if event.action is AuditAction.AUDIT_LOST)
    assert 100 <= noted < 900
    assert noted + lost == 1000
    assert events[0] == ADD


def test_a_catalogue_that_fails_drops_no_name(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_name: str) -> None:
        raise StorageFailed("The catalogue cannot be read.", "Look at the disk.")

    with monkeypatch.context() as patched:
        patched.setattr(app._catalogue, "instance", failing)
        app.audit.note(ADD)
        with pytest.raises(StorageFailed, match="audit log"):
            app.audit.check(AuditAction.PICTURE_ADD)
    assert next(app.audit.events()).subject == "p/a"


def test_the_instances_of_what_waits_are_looked_up_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real = [], app._catalogue.instance

    def instance(name: str) -> Instance:
        asked.append(name)
        return real(name)

    monkeypatch.setattr(app._catalogue, "instance", instance)
    with app.audit._writing:
        for number in range(1000):
            app.audit.note(replace(SEARCH, subject=f"p/{number}"))
        app.audit.flush()
    assert len(asked) == 1


def test_a_full_disk_fails_no_search_but_later_changes(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.audit.note(ADD)

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("similis.service._audit_files.os.write", full)
        app.audit.note(replace(ADD, actor="first"))
        app.audit.note(SEARCH)
        app.audit.check(AuditAction.PICTURE_SEARCH)
        with pytest.raises(StorageFailed, match="No space left"):
            app.audit.check(AuditAction.PICTURE_ADD)
        assert len(text(app).splitlines()) == 1
    app.audit.check(AuditAction.PICTURE_ADD)
    assert [event.actor for event in app.audit.events()] == ["SIMA", "first", "SIMA"]
    assert app.audit.verify().problems == ()


def test_of_a_block_that_fits_only_in_part_nothing_stays(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.audit.note(ADD)
    before, write = text(app), os.write
    with monkeypatch.context() as patched:
        patched.setattr("similis.service._audit_files.os.write", lambda to, data: write(to, data[:50]))
        app.audit.note(ADD)
        assert text(app) == before
    app.audit.flush()
    assert app.audit.verify().events == 2


def test_what_is_too_much_to_hold_is_counted(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("similis.service._audit_log.MAX_WAITING", 3)
    with monkeypatch.context() as patched:
        patched.setattr("similis.service._audit_files.os.write", lambda _to, _data: 0)
        for number in range(5):
            app.audit.note(replace(ADD, actor=f"SIM{number}"))
    app.audit.flush()
    *rest, lost = app.audit.events()
    assert (lost.actor, lost.action, lost.count) == (ACTOR_SERVICE, AuditAction.AUDIT_LOST, 2)
    assert [event.actor for event in rest] == ["SIM4", "SIM3", "SIM2"]


def test_a_killed_process_loses_no_change(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from similis.domain import AuditAction, AuditEvent
        from similis.service import App, Settings
        app = App.open(Settings(data=Path(sys.argv[1])))
        for number in range(10**9):
            app.audit.note(AuditEvent(datetime.now(UTC), "SIMA", AuditAction.KEY_CREATE, subject=str(number)))
            print(number, flush=True)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for _ in range(300):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        told = [line for line in child.stdout if line.endswith("\n")]
    with App.open(Settings(data=tmp_path / "data")) as app:
        kept = [event.subject for event in app.audit.events()]
        assert app.audit.verify().problems == ()
    last = int(told[-1]) if told else 299
    assert kept[::-1][: last + 1] == [str(number) for number in range(last + 1)]


def test_noting_a_search_takes_less_than_fifty_microseconds(app: App) -> None:
    events = [replace(SEARCH, subject=f"p{number}/a") for number in range(5000)]
    begun = time.process_time()
    for event in events:
        app.audit.note(event)
    app.audit.flush()
    assert (time.process_time() - begun) / len(events) < 50e-6 * 4  # machines of tests are busy
