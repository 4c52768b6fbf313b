"""Pictures whose time is over are removed; the clock is moved, nobody waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from similis.domain import AuditAction, AuditQuery, InstanceNotFound, InstanceSpec, PictureKey
from similis.service import App, Featured, Settings
from similis.service._clock import Clock
from similis.service._retention import BATCH, Retention

DIMENSION = 8


def now() -> datetime:
    """When it is asked for: a module is read long before the last of its tests runs."""
    return datetime.now(UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    """A service without models: instance `short` keeps pictures for seven days, `long` for ever."""
    with App.open(settings) as opened:
        for name in ("short", "long"):
            opened.bulk.create(InstanceSpec(name), "elsewhere", DIMENSION)
        opened.instances.set("short", retention_days=7)
        yield opened


def add(app: App, name: str, *products: str) -> None:
    rows = np.random.default_rng(len(products)).standard_normal((len(products), DIMENSION), np.float32)
    app.bulk.add(name, [Featured(PictureKey(each, "a"), row) for each, row in zip(products, rows, strict=True)])


def count(app: App, name: str) -> int:
    return app.instances.get(name).picture_count


def removals(app: App) -> list[tuple[str | None, int | None]]:
    query = AuditQuery(action=AuditAction.RETENTION_REMOVE)
    return [(event.instance, event.count) for event in app.audit.events(query)]


def test_pictures_are_removed_when_their_time_is_over_and_not_before(app: App) -> None:
    add(app, "short", "p", "q")
    add(app, "long", "p")
    assert app.retention.remove_all(now() + timedelta(days=7) - timedelta(minutes=1)) == 0
    assert app.retention.remove_all(now() + timedelta(days=7, minutes=1)) == 2
    assert (count(app, "short"), count(app, "long")) == (0, 1)
    assert app.bulk.nearest("short", np.eye(DIMENSION, dtype=np.float32)[:1], 5) == [[]]
    assert removals(app) == [("short", 2)]
    assert app.retention.remove_all(now() + timedelta(days=9999)) == 0


def test_a_replaced_picture_counts_anew(app: App) -> None:
    add(app, "short", "p", "q")
    between = datetime.now(UTC)
    add(app, "short", "q")
    assert app.retention.remove_all(between + timedelta(days=7)) == 1
    assert app.pictures.get("short", PictureKey("q", "a"))


def test_there_is_no_end_without_the_setting(app: App) -> None:
    add(app, "short", "p")
    app.instances.set("short", retention_days=None)
    assert app.retention.remove_all(now() + timedelta(days=9999)) == 0


def test_many_are_removed_in_batches(app: App) -> None:
    add(app, "short", *(f"p{number}" for number in range(BATCH + 5)))
    later = now() + timedelta(days=8)
    assert [app.retention.remove_some(later) for _ in range(3)] == [BATCH, 5, 0]
    assert removals(app) == [("short", 5), ("short", BATCH)]


def test_opening_a_directory_removes_what_is_too_old(
    app: App, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(app, "short", "p")
    app.close()

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override] # only ever asked with a zone
            assert tz is UTC
            return now() + timedelta(days=8)

    monkeypatch.setattr("similis.service._app.datetime", Later)
    with App.open(settings) as opened:
        assert count(opened, "short") == 0


def test_the_chore_looks_once_an_hour(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [0.0]
    monkeypatch.setattr("similis.service._retention.time.monotonic", lambda: moments[0])
    looked: list[datetime] = []

    def look(now: datetime) -> int:
        looked.append(now)
        return 0

    monkeypatch.setattr(app.retention, "remove_some", look)
    app.retention._next = 0.0
    for moment in (0.0, 1.0, 3599.0, 3600.0, 3601.0):
        moments[0] = moment
        app.retention.tidy()
    assert len(looked) == 2


def test_after_a_jump_of_the_clock_nothing_is_removed_for_a_day(
    app: App, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    add(app, "short", "p")
    app.audit.flush()
    days, far = len(list(settings.audit_directory.glob("*"))), now() + timedelta(days=3650)
    for moment in (far, far + timedelta(hours=23)):
        app.retention.start(moment)
        app.audit.prune(moment)
        assert count(app, "short") == 1
        assert len(list(settings.audit_directory.glob("*"))) == days
    assert "The clock jumped" in caplog.text
    app.retention.start(now())  # it was set right
    assert count(app, "short") == 1


def test_a_jump_between_two_runs_is_noticed_too_and_believed_after_a_day(app: App) -> None:
    add(app, "short", "p")
    far = now() + timedelta(days=3650)
    for after, left in ((timedelta(0), 1), (timedelta(hours=23), 1), (timedelta(hours=25), 0)):
        assert Clock(app._catalogue).believed(far + after) == (left == 0)
        Retention(app._catalogue, app.audit, Clock(app._catalogue)).start(far + after)
        assert count(app, "short") == left


def test_a_directory_that_is_seldom_opened_is_no_jump(app: App) -> None:
    for months in range(1, 5):
        assert Clock(app._catalogue).believed(now() + timedelta(days=90 * months))


def test_two_gateways_remove_each_picture_once(postgres_url: str, tmp_path: Path) -> None:
    def settings(name: str) -> Settings:
        return Settings(data=tmp_path / name, keys=tmp_path / "keys", catalogue=postgres_url)  # type: ignore[arg-type] # pydantic reads it

    with App.open(settings("one")) as one, App.open(settings("two")) as two:
        one.bulk.create(InstanceSpec("short"), "elsewhere", DIMENSION)
        one.instances.set("short", retention_days=7)
        add(one, "short", "p", "q", "r")
        later = now() + timedelta(days=8)
        assert one.retention.remove_some(later) + two.retention.remove_some(later) == 3
        assert count(two, "short") == 0


def test_an_instance_that_is_deleted_meanwhile_is_no_error(app: App) -> None:
    add(app, "short", "p")
    gone = app.instances.get("short")
    app.instances.delete("short")
    with pytest.raises(InstanceNotFound):
        app.instances.get("short")
    assert app._catalogue.retention.remove(gone, now() + timedelta(days=8), 10) == 0
