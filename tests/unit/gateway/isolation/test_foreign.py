"""Every call by every kind of key on what is another's: nothing happens, nothing is told, nor that it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import httpx
import pytest
from tests.unit.gateway.isolation import calls
from tests.unit.gateway.isolation.calls import Request
from tests.unit.gateway.isolation.conftest import Watch, comparable
from tests.unit.gateway.isolation.world import NOWHERE, Target, World


def test_no_route_and_no_action_is_missing(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    assert {(method, path) for path, methods in paths.items() for method in methods} == calls.REST.keys()
    assert {action for _, action, _ in calls.WIRE} == calls.ACTIONS.keys()


def test_what_is_changed_is_noticed(world: World, watch: Watch) -> None:
    actor = next(iter(world.actors.values()))
    name = world.foreign(actor)[0].name
    before = world.app.instances.get(name).qps
    with watch.unchanged(actor):
        pass
    with pytest.raises(AssertionError, match="changed what is another's"), watch.unchanged(actor):
        world.app.instances.set(name, qps=1.5)
    world.app.instances.set(name, qps=before)


@pytest.mark.parametrize(("method", "path"), sorted(calls.REST))
def test_rest(world: World, watch: Watch, method: str, path: str) -> None:
    _check(world, watch, lambda target: calls.rest(method, path, target, world.picture), "{" in path)


@pytest.mark.parametrize(("version", "action", "path"), calls.WIRE)
def test_wire(world: World, watch: Watch, version: str, action: str, path: str) -> None:
    named = action != "AuthorizeFileUpload"
    _check(world, watch, lambda target: calls.wire(version, action, path, target, world.picture), named)


def _check(world: World, watch: Watch, requests: Callable[[Target], Iterable[Request]], named: bool) -> None:
    """Send the requests of an operation by all actors, for all that is not theirs; compare with what is not there."""
    for actor in world.actors.values():
        with watch.unchanged(actor, deep=actor.name == "a admin"):
            nowhere = [watch.send(actor, each) for each in requests(NOWHERE)]
            foreign = world.foreign(actor)[: None if actor.good else 1]
            for target in foreign if named else ():
                for request, expected in zip(requests(target), nowhere, strict=True):
                    answer = watch.send(actor, request)
                    same = comparable(answer, *_words(target)) == comparable(expected, *_words(NOWHERE))
                    assert same, f"{actor.name}: {request}: {answer.text} instead of {expected.text}"
                    assert answer.status_code >= 400, f"{actor.name}: {request} was carried out"


def _words(target: Target) -> list[str]:
    return [*target.secrets(), *map(str, target.tasks.values()), str(10**9)]
