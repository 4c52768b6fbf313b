"""Access keys: made once, kept encrypted, checked alike for every wrong answer."""

from __future__ import annotations

import pytest

from similis.domain import InstanceNotFound, InstanceSpec, InstanceType, KeyNotFound, NotAuthenticated, Role
from similis.service import App


def test_a_key_opens_with_its_own_secret_only(app: App) -> None:
    one, other = app.access.create(Role.READER), app.access.create(Role.WRITER)
    assert app.access.authenticate(one.key.id, one.secret) == one.key
    for identity, secret in ((one.key.id, other.secret), (one.key.id, ""), ("SIMnothing", one.secret), ("", "")):
        with pytest.raises(NotAuthenticated) as caught:
            app.access.authenticate(identity, secret)
        assert caught.value.message == "The access key was not accepted."


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
    assert app.access.create(Role.READER, ["shop"]).key.instances == ("shop",)
    with pytest.raises(InstanceNotFound):
        app.access.create(Role.READER, ["nothing"])


def test_the_operator_key_is_made_once_and_again_when_disabled(app: App) -> None:
    first = app.access.operator_key()
    assert app.access.operator_key() == first
    app.access.disable(first.key.id)
    assert app.access.operator_key().key.id != first.key.id
