"""Sessions of the console: what their token holds, and all the ways they end."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from pydantic import SecretStr

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, NewAccessKey, NotAuthenticated, Role
from similis.service import SESSION_LIFETIME, App, Settings

SECOND = timedelta(seconds=1)


@pytest.fixture
def made(app: App) -> NewAccessKey:
    app.instances.create(InstanceSpec("shop"))
    return app.access.create(Role.WRITER, ["shop"])


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def ended(app: App, token: str, now: datetime) -> bool:
    """Whether a token is refused."""
    try:
        app.sessions.find(token, now)
    except NotAuthenticated as error:
        assert error.hint
        return True
    return False


def test_a_token_gives_its_session_with_the_key_as_it_is_now(app: App, made: NewAccessKey, now: datetime) -> None:
    session, token = app.sessions.start(made.key, now)
    assert app.sessions.find(token, now) == session
    assert (session.key, session.expires_at) == (made.key, now + SESSION_LIFETIME)
    app.instances.delete("shop")  # takes its only instance from the key, which is disabled then
    assert ended(app, token, now)


def test_a_token_holds_nothing_that_can_be_read(app: App, made: NewAccessKey, now: datetime) -> None:
    session, token = app.sessions.start(made.key, now)
    raw = base64.urlsafe_b64decode(token + "==")
    for word in (made.secret, made.key.id, session.id, session.csrf):
        assert word not in token
        assert word.encode() not in raw
    assert app.sessions.start(made.key, now)[1] != token
    assert session.csrf != app.sessions.start(made.key, now)[0].csrf


def test_every_altered_token_is_refused(app: App, made: NewAccessKey, now: datetime) -> None:
    token = app.sessions.start(made.key, now)[1]
    raw = base64.urlsafe_b64decode(token + "==")
    for place in range(len(raw)):
        altered = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert ended(app, base64.urlsafe_b64encode(altered).decode(), now), place


@pytest.mark.parametrize("token", ["", "=", "a", "ü", "x" * 5000, "AAAA", "."])
def test_what_is_no_token_is_refused(app: App, now: datetime, token: str) -> None:
    assert ended(app, token, now)


def test_what_else_the_master_key_has_sealed_is_no_token(app: App, made: NewAccessKey, now: datetime) -> None:
    content = f"{'0' * 32} {made.key.id} {int(now.timestamp()) + 60}".encode()
    sealed = app.sessions._keyring.seal(content, "another-purpose")
    assert ended(app, base64.urlsafe_b64encode(sealed).decode(), now)


def test_a_session_ends_by_itself(app: App, made: NewAccessKey, now: datetime) -> None:
    token = app.sessions.start(made.key, now)[1]
    assert not ended(app, token, now + SESSION_LIFETIME - SECOND)
    assert ended(app, token, now + SESSION_LIFETIME)


def test_a_session_ends_with_its_temporary_key(app: App, now: datetime) -> None:
    made = app.access.create(Role.READER, lifetime=timedelta(minutes=5))
    session, token = app.sessions.start(made.key, now)
    assert made.key.expires_at is not None
    assert session.expires_at == made.key.expires_at.replace(microsecond=0)
    assert not ended(app, token, session.expires_at - SECOND)
    assert ended(app, token, session.expires_at)


def test_a_session_ends_when_its_key_is_disabled(app: App, made: NewAccessKey, now: datetime) -> None:
    token = app.sessions.start(made.key, now)[1]
    app.access.disable(made.key.id)
    assert ended(app, token, now)


def test_a_session_ends_when_its_customer_is_erased(app: App, made: NewAccessKey, now: datetime) -> None:
    token = app.sessions.start(made.key, now)[1]
    app.customers.erase(made.key.id)
    assert ended(app, token, now)


def test_a_session_that_was_ended_stays_so_and_others_go_on(
    app: App, made: NewAccessKey, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    (session, token), (_, other) = app.sessions.start(made.key, now), app.sessions.start(made.key, now)
    app.sessions.end(session, now)
    app.sessions.end(session, now)
    assert ended(app, token, now)
    assert not ended(app, other, now)
    later = now + SESSION_LIFETIME + SECOND
    there = monotonic() + (later - now).total_seconds()  # that time has really gone by
    monkeypatch.setattr("similis.catalogue._steady_time.monotonic", lambda: there)
    app.sessions.end(app.sessions.start(made.key, later)[0], later)
    assert not app.sessions._ended(session.id)  # it is too old by itself, and forgotten
    assert ended(app, token, later)


def test_sessions_and_their_end_outlive_a_restart(settings: Settings, pipeline: Pipeline, now: datetime) -> None:
    with App.open(settings, pipeline) as app:
        key = app.access.create(Role.ADMIN).key
        (session, over), (_, token) = app.sessions.start(key, now), app.sessions.start(key, now)
        app.sessions.end(session, now)
    with App.open(settings, pipeline) as app:
        assert app.sessions.find(token, now).key == key
        assert ended(app, over, now)


def test_sessions_end_with_the_master_key(app: App, made: NewAccessKey, now: datetime) -> None:
    token = app.sessions.start(made.key, now)[1]
    app.keys.rotate()
    assert ended(app, token, now)
    assert not ended(app, app.sessions.start(made.key, now)[1], now)


@pytest.fixture
def gateways(settings: Settings, pipeline: Pipeline, tmp_path: Path, postgres_url: str) -> Iterator[tuple[App, App]]:
    """Two that share catalogue and keys."""
    shared = {"catalogue": SecretStr(postgres_url), "keys": tmp_path / "keys"}
    one, other = (settings.model_copy(update={"data": tmp_path / name, **shared}) for name in ("one", "other"))
    with App.open(one, pipeline) as first, App.open(other, pipeline) as second:
        yield first, second


def test_all_gateways_know_a_session_and_that_it_ended(gateways: tuple[App, App], now: datetime) -> None:
    one, other = gateways
    key = one.access.create(Role.ADMIN).key
    session, token = one.sessions.start(key, now)
    assert other.sessions.find(token, now) == session
    other.sessions.end(session, now)
    assert ended(one, token, now)
    second = one.sessions.start(key, now)[1]
    other.access.disable(key.id)
    assert ended(one, second, now)
