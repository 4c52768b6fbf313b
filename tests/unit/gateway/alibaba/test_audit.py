"""Every call of every action of the wire protocol makes one audit event, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from tests.unit.gateway.alibaba.calling import Wire, base64_of
from tests.unit.gateway.alibaba.test_upload_routes import uploaded
from tests.unit.gateway.alibaba.test_v2018 import PATHS, body_of
from tests.unit.gateway.alibaba.test_v2018 import pictures as entries_of

from similis.domain import AuditAction, AuditEvent, Role
from similis.gateway.alibaba._audit_actions import AUDIT_ACTIONS
from similis.gateway.alibaba._dispatch import APIS
from similis.service import App

Draw = Callable[..., bytes]
PATHS_OF_2019 = {"SearchImage": "/v2/image/search", "AddImage": "/v2/image/add", "DeleteImage": "/v2/image/delete"}
NAMED = {"InstanceName": "shop", "ProductId": "canary-product", "PicName": "canary-name"}
UPLOAD = "2019-12-19:AuthorizeFileUpload"


class Events:
    """Gives the events that came since it was asked last, oldest first, but those of the service itself."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._seen = len(list(app.audit.events()))

    def new(self) -> list[AuditEvent]:
        events = list(self._app.audit.events())
        new, self._seen = events[: len(events) - self._seen][::-1], len(events)
        return [event for event in new if event.actor != "service"]


@pytest.fixture
def events(app: App) -> Events:
    return Events(app)


def call(wire: Wire, api: str, draw: Draw) -> httpx.Response:
    """A call of an action with all that any of them needs; whether it succeeds is not the matter here."""
    version, _, action = api.partition(":")
    picture = base64_of(draw(0))
    if version == "2018-01-20":
        body = body_of({"item_id": "canary-product", "cat_id": "0", **entries_of(a=draw(0))})
        return wire.call(action, content=body, version=version, path=PATHS[action], query={"instanceName": "shop"})
    form = {**NAMED, "PicContent": picture, "PrimaryPicContent": picture, "SecondaryPicContent": picture}
    form |= {"IntAttr": "1", "Filter": "int_attr=1", "BucketName": "b", "Path": "/", "Text": "boots"}
    path = PATHS_OF_2019[action] if version == "2019-03-25" else "/"
    return wire.call(action, form, version=version, path=path)


def test_every_action_is_in_the_table() -> None:
    assert {api.partition(":")[2] for api in APIS} == AUDIT_ACTIONS.keys()


@pytest.mark.parametrize("api", APIS)
def test_every_action_makes_one_event(
    app: App, connect: Callable[..., Wire], events: Events, draw: Draw, api: str
) -> None:
    answer = call(connect(), api, draw)
    (event,) = events.new()
    action = AUDIT_ACTIONS[api.partition(":")[2]]
    assert event.action is action
    assert event.outcome == ("ok" if answer.is_success else answer.json()["Code"])
    assert event.actor in {key.id for key in app.access.list()}
    assert event.instance == (None if action is AuditAction.PICTURE_UPLOAD else "shop")
    assert event.request_id == answer.headers["x-acs-request-id"]
    if action.about_pictures:
        assert event.subject in {"canary-product/canary-name", "canary-product", None}
        assert (event.subject is None) == (api in {"2018-01-20:SearchItem", UPLOAD})
    text = "".join(file.read_text() for file in app.settings.audit_directory.iterdir())
    assert "canary" not in text
    assert base64_of(draw(0))[1000:1040] not in text


@pytest.mark.parametrize("api", APIS)
def test_refused_calls_make_one_event_too(connect: Callable[..., Wire], events: Events, draw: Draw, api: str) -> None:
    answer = call(connect(Role.WRITER, "things"), api, draw)
    (event,) = events.new()
    assert event.action is AUDIT_ACTIONS[api.partition(":")[2]]
    assert event.outcome == ("ok" if answer.is_success else answer.json()["Code"])
    assert event.outcome.endswith("NoPermission") or api == UPLOAD
    assert event.subject is None
    assert event.instance in {"shop", None}
    assert event.actor.startswith("SIM")


def test_who_has_not_proven_to_be_somebody_is_unknown(wire: Wire, events: Events) -> None:
    answer = wire.http.post(
        "/", auth=httpx.Auth(), data=NAMED, headers={"x-acs-action": "Detail", "x-acs-version": "2020-12-14"}
    )
    assert answer.is_client_error
    (event,) = events.new()
    assert (event.actor, event.action, event.outcome) == ("unknown", AuditAction.INSTANCE_SHOW, answer.json()["Code"])


def test_words_of_strangers_are_not_kept(wire: Wire, events: Events) -> None:
    headers = {"x-acs-action": "DeleteImage", "x-acs-version": "2020-12-14"}
    assert wire.http.post("/", auth=httpx.Auth(), data=NAMED, headers=headers).is_client_error
    (event,) = events.new()
    assert (event.actor, event.subject) == ("unknown", None)


def test_what_is_no_action_is_no_event(wire: Wire, events: Events) -> None:
    assert wire.call("Fly").is_client_error
    assert events.new() == []


def test_an_upload_makes_two_events(wire: Wire, events: Events, draw: Draw) -> None:
    uploaded(wire, draw(1))
    assert [(each.actor == "link", each.action, each.outcome) for each in events.new()] == [
        (False, AuditAction.PICTURE_UPLOAD, "ok"),
        (True, AuditAction.PICTURE_UPLOAD, "ok"),
    ]
