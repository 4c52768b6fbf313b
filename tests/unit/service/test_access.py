"""Access keys: made once, kept encrypted, checked alike for every wrong answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from similis.domain import (
    MAX_LIFETIME,
    AccessKey,
    InstanceNotFound,
    InstanceSpec,
    InstanceType,
    InvalidLifetime,
    KeyNotFound,
    NewAccessKey,
    NotAuthenticated,
    Role,
)
from similis.service import App


def test_a_key_opens_with_its_own_secret_only(app: App) -> None:
    one, other = app.access.create(Role.READER), app.access.create(Role.WRITER)
    assert app.access.authenticate(one.key.id, one.secret) == one.key
    for identity, secret in ((one.key.id, other.secret), (one.key.id, ""), ("SIMnothing", one.secret), ("", "")):
        with pytest.raises(NotAuthenticated) as caught:
            app.access.authenticate(identity, secret)
        assert caught.value.message == "The access key was not accepted."


@pytest.mark.parametrize("identity", ["", "SIM\x00", "SIM\ud800", "SIM\u00fc", "S" * 65, "SIM ONE", "SIM\n"])
def test_what_cannot_be_the_id_of_a_key_is_unknown_without_asking_the_catalogue(
    app: App, monkeypatch: pytest.MonkeyPatch, identity: str
) -> None:
    """PostgreSQL fails on some of them."""
    monkeypatch.setattr(app.access, "_catalogue", None)
    monkeypatch.setattr(app.customers, "_catalogue", None)
    for ask in (
        app.access.disable,
        app.access.set,
        app.access.reveal,
        app.customers.plan,
        app.customers.erase,
        app.customers.export,
    ):
        with pytest.raises(KeyNotFound):
            ask(identity)
    with pytest.raises(NotAuthenticated):
        app.access.authenticate(identity, "secret")


def test_a_disabled_key_opens_nothing(app: App) -> None:
    new = app.access.create(Role.ADMIN)
    assert app.access.disable(new.key.id).disabled
    with pytest.raises(NotAuthenticated):
        app.access.authenticate(new.key.id, new.secret)
    assert [key.disabled for key in app.access.list()] == [True]
    with pytest.raises(KeyNotFound):
        app.access.disable("SIMnothing")


def test_a_key_is_limited_to_instances_that_exist(app: App) -> None:
    app.instances.create(InstanceSpec("shop", InstanceType.GENERIC))
    assert app.access.create(Role.READER, ["shop", "shop"]).key.instances == ("shop",)
    with pytest.raises(InstanceNotFound):
        app.access.create(Role.READER, ["nothing"])


def test_the_operator_key_is_made_once_and_again_when_disabled(app: App) -> None:
    first = app.access.operator_key()
    assert app.access.operator_key() == first
    app.access.disable(first.key.id)
    assert app.access.operator_key().key.id != first.key.id


def test_a_temporary_key_opens_with_its_token_only(app: App) -> None:
    new, permanent = app.access.create(Role.READER, lifetime=MAX_LIFETIME), app.access.create(Role.READER)
    assert new.security_token is not None
    assert new.key.expires_at == new.key.created_at + MAX_LIFETIME
    assert app.access.list() == [new.key, permanent.key]
    assert app.access.authenticate(new.key.id, new.secret, new.security_token) == new.key
    for made, token in ((new, ""), (new, "x"), (permanent, new.security_token)):
        with pytest.raises(NotAuthenticated):
            app.access.authenticate(made.key.id, made.secret, token)


def test_a_temporary_key_opens_nothing_after_its_end(app: App) -> None:
    new = app.access.create(Role.ADMIN, lifetime=timedelta(microseconds=1))
    assert new.security_token is not None
    with pytest.raises(NotAuthenticated):
        app.access.authenticate(new.key.id, new.secret, new.security_token)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(minutes=-5), MAX_LIFETIME + timedelta(seconds=1)])
def test_a_lifetime_has_limits(app: App, lifetime: timedelta) -> None:
    with pytest.raises(InvalidLifetime, match="minutes"):
        app.access.create(Role.READER, lifetime=lifetime)


def test_the_operator_key_is_never_a_temporary_one(app: App) -> None:
    app.access.create(Role.ADMIN, lifetime=MAX_LIFETIME)
    assert app.access.operator_key().key.expires_at is None


def test_what_is_in_memory_is_found_without_waiting_until_something_is_written(app: App) -> None:
    app.instances.create(InstanceSpec("shop"))
    lasting = app.access.create(Role.READER)
    temporary = app.access.create(Role.READER, lifetime=timedelta(hours=1))

    def in_memory(made: NewAccessKey) -> AccessKey | None:
        proof = made.key.id, made.secret, made.security_token or ""
        return app.access.from_memory(lambda: app.access.authenticate(*proof))

    assert in_memory(lasting) is None
    app.access.authenticate(lasting.key.id, lasting.secret)
    app.access.authenticate(temporary.key.id, temporary.secret, temporary.security_token or "")
    assert in_memory(lasting) == lasting.key
    assert in_memory(temporary) is None  # its token is looked up each time
    assert app.access.from_memory(lambda: app.instances.get("shop")) is None
    instance = app.instances.get("shop")
    assert app.access.from_memory(lambda: app.instances.get("shop")) == instance
    app.access.disable(temporary.key.id)
    assert in_memory(lasting) is None


def test_what_is_wrong_in_memory_is_wrong(app: App) -> None:
    made = app.access.create(Role.READER)
    app.access.authenticate(made.key.id, made.secret)
    with pytest.raises(NotAuthenticated):
        app.access.from_memory(lambda: app.access.authenticate(made.key.id, "wrong"))
    assert app.access.list() == [made.key]  # and afterwards the catalogue is read as ever


def test_nothing_is_written_from_memory(app: App) -> None:
    assert app.access.from_memory(lambda: app.access.create(Role.READER)) is None
    assert app.access.list() == []
