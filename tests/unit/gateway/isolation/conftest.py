"""One service with three customers, served; and a check that nobody sees or changes what is another's."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from tests.unit.gateway.isolation.calls import Request
from tests.unit.gateway.isolation.world import Actor, World

from similis.algorithm import Pipeline
from similis.service import App, AuditMode, Settings

_OF_THE_REQUEST = {"date", "content-length", "x-request-id", "x-acs-request-id"}


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    pipeline: Pipeline,
    draw: Callable[..., bytes],
    serving: Callable[[App], AbstractContextManager[str]],
) -> Iterator[World]:
    settings = Settings(data=tmp_path_factory.mktemp("isolation") / "data", threads=1, audit=AuditMode.OFF)
    with App.open(settings, pipeline) as app:
        world = World(app, tmp_path_factory.mktemp("storage"), draw)
        with serving(app) as world.address:
            yield world


@pytest.fixture(scope="module")
def http(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.address, timeout=60) as http:
        yield http


class Watch:
    """Sends requests and sees that others' things are neither told nor changed."""

    def __init__(self, world: World, http: httpx.Client, database: sqlite3.Connection) -> None:
        self.world = world
        self._http = http
        self._secrets: dict[str, set[str]] = {}
        self._database = database
        self._version = -1
        self._stored: dict[str, object] = {}

    def send(self, actor: Actor, request: Request, known: str = "") -> httpx.Response:
        """Send a request, and see that the answer tells nothing of others but what it said itself, or knew before."""
        answer = request.send(self._http, actor)
        self.check(actor, f"{answer.text}\n{answer.headers!r}", f"{request!r} {known}")
        assert answer.status_code < 500 or "No installed model reads texts" in answer.text, answer.text
        return answer

    def check(self, actor: Actor, told: str, said: str) -> None:
        """See that what was told is nobody else's, but for what the caller said itself."""
        if actor.name not in self._secrets:
            self._secrets[actor.name] = self.world.secrets_from(actor)
        found = {secret for secret in self._secrets[actor.name] if secret in told and secret not in said}
        assert not found, f"{actor.name} was told {found} for {said}"

    @contextmanager
    def unchanged(self, actor: Actor, *, deep: bool = False) -> Iterator[None]:
        """A block after which all is as it was that is not the actor's."""
        foreign = [target.name for target in self.world.foreign(actor)]
        before = self._state(foreign, deep=deep)
        yield
        assert self._state(foreign, deep=deep) == before, f"{actor.name} changed what is another's"

    def _state(self, names: Iterable[str], *, deep: bool) -> list[object]:
        """What is stored of all and of some instances, read anew if anything was written; deep: and what is found."""
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._version, self._stored = version, {}
        state = [self._remembered("", self.world.common)]
        state += [self._remembered(name, partial(self.world.stored, name)) for name in names]
        return state + [self.world.found(name) for name in names if deep]

    def _remembered(self, name: str, read: Callable[[], object]) -> object:
        if name not in self._stored:
            self._stored[name] = read()
        return self._stored[name]


@pytest.fixture
def watch(world: World, http: httpx.Client) -> Iterator[Watch]:
    with closing(sqlite3.connect(world.app.settings.data / "catalogue.sqlite")) as database:
        yield Watch(world, http, database)


def comparable(answer: httpx.Response, *named: str) -> tuple[int, str, dict[str, str]]:
    """An answer without what differs by the request, and without the names that this had in it."""
    text = answer.text
    for name in sorted(named, key=len, reverse=True):
        text = text.replace(name, "…")
    text = re.sub(r'("(request_id|RequestId)":)"[^"]*"', r"\1", text)
    headers: dict[str, Any] = {name: value for name, value in answer.headers.items() if name not in _OF_THE_REQUEST}
    return answer.status_code, text, headers
