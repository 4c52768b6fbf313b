"""A random walk: keys of A, B and C, whole and shared, do what they may – and what they may not – in any order.

After every step each instance holds what a simple model says, nobody was told what is another's, and what the caller
does not reach is as it was. The seed is in the test's name.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.unit.gateway.isolation import calls
from tests.unit.gateway.isolation.calls import Request
from tests.unit.gateway.isolation.conftest import Watch
from tests.unit.gateway.isolation.world import NAMES, PICTURES, Actor, World

from similis.domain import Role

Stored = dict[tuple[str, str], tuple[str | None, int | None]]
V2020 = {"x-acs-version": "2020-12-14"}


@dataclass
class Walk:
    """The model: of every instance, custom content and number of each picture by its key."""

    world: World
    watch: Watch
    random: random.Random
    model: dict[str, Stored]

    def step(self) -> None:
        """One call by somebody on something; who may not make it is refused."""
        actor = self.random.choice([each for each in self.world.actors.values() if each.good])
        name = self.random.choice(NAMES)
        verb = self.random.choice(VERBS)
        request, needed, effect = verb(self, name)
        allowed = name in actor.reach and actor.role.covers(needed)
        with self.watch.unchanged(actor):
            answer = self.watch.send(actor, request, known=" ".join(self._words(actor)))
        assert (answer.status_code < 400) == allowed, f"{actor.name}, {request}: {answer.status_code} {answer.text}"
        if allowed:
            effect(answer)
        self.check(name)

    def check(self, name: str) -> None:
        """See that an instance holds what the model says."""
        catalogue = self.world.app._catalogue
        instance = catalogue.instance(name)
        ids = catalogue.select_ids(instance, None, None).tolist()
        found = {
            (each.picture.key.product_id, each.picture.key.pic_name): (
                each.picture.custom_content, each.picture.attributes.int_attr
            )
            for each in catalogue.pictures(instance, ids).values()
        }  # fmt: skip
        assert found == self.model[name]
        assert instance.picture_count == len(found)

    def key(self, name: str) -> tuple[str, str]:
        """A key: of a picture that is there, of one of another instance, or a new one."""
        somewhere = self.model[self.random.choice([name, name, *NAMES])]
        new = f"new-{self.random.randrange(4)}", f"view-{self.random.randrange(2)}"
        return self.random.choice([*sorted(somewhere)[:4], new])

    def _words(self, actor: Actor) -> set[str]:
        """What an actor's own instances hold, which may be named as others' things are."""
        held = [(key, value[0]) for name in actor.reach for key, value in self.model[name].items()]
        return {word for (product, picture), content in held for word in (product, picture, content or "")}


Effect = Callable[[httpx.Response], None]
Verb = Callable[[Walk, str], tuple[Request, Role, Effect]]


def _no_effect(_answer: httpx.Response) -> None:
    return


def _pictures(name: str) -> str:
    return f"/api/v1/instances/{name}/pictures"


def _action(action: str, form: dict[str, str], version: str = "2020-12-14") -> Request:
    headers = {"x-acs-version": version, "x-acs-action": action}
    return Request("POST", "/", {"data": form, "headers": headers}, wire=True)


def add(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    (product, picture), number = walk.key(name), walk.random.randrange(9)
    fields = {"product_id": product, "pic_name": picture, "custom_content": f"of {number}", "int_attr": str(number)}

    def effect(answer: httpx.Response) -> None:
        assert answer.status_code == (200 if (product, picture) in walk.model[name] else 201)
        walk.model[name][product, picture] = f"of {number}", number

    return (
        Request("POST", _pictures(name), {"data": fields, "files": {"file": walk.world.picture}}),
        Role.WRITER,
        effect,
    )


def add_image(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    product, picture = walk.key(name)
    form = {"InstanceName": name, "ProductId": product, "PicName": picture, "IntAttr": "5"}

    def effect(_answer: httpx.Response) -> None:
        walk.model[name][product, picture] = None, 5

    form["PicContent"] = base64.b64encode(walk.world.picture).decode()
    return _action("AddImage", form, walk.random.choice(["2020-12-14", "2020-02-12"])), Role.WRITER, effect


def add_item(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    product, picture = walk.key(name)
    place = base64.b64encode(picture.encode()).decode()
    entries = {
        "item_id": product,
        "cat_id": "0",
        "pic_list": place,
        place: base64.b64encode(walk.world.picture).decode(),
    }

    def effect(_answer: httpx.Response) -> None:
        walk.model[name][product, picture] = None, None

    options = {"content": calls.item_body(entries), "params": {"instanceName": name}}
    return Request("POST", "/item/add", options, wire=True), Role.WRITER, effect


def update(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    product, picture = walk.random.choice(sorted(walk.model[name]) or [("none", "none")])
    form = {
        "InstanceName": name,
        "ProductId": product,
        "PicName": picture,
        "CustomContent": "by wire",
        "IntAttr": "7",
    }
    if (product, picture) not in walk.model[name]:
        return search_by_filter(walk, name)

    def effect(_answer: httpx.Response) -> None:
        walk.model[name][product, picture] = "by wire", 7

    return _action("UpdateImage", form), Role.WRITER, effect


def change(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    if not walk.model[name]:
        return search_by_filter(walk, name)
    product, picture = walk.random.choice(sorted(walk.model[name]))

    def effect(_answer: httpx.Response) -> None:
        walk.model[name][product, picture] = "changed", walk.model[name][product, picture][1]

    options = {"params": {"product_id": product, "pic_name": picture}, "json": {"custom_content": "changed"}}
    return Request("PATCH", _pictures(name), options), Role.WRITER, effect


def delete(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    product, picture = walk.key(name)

    def effect(answer: httpx.Response) -> None:
        there = walk.model[name].pop((product, picture), None) is not None
        assert len(answer.json()["deleted"]) == there

    return (
        Request("DELETE", _pictures(name), {"params": {"product_id": product, "pic_name": picture}}),
        Role.WRITER,
        effect,
    )


def delete_matching(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    number = walk.random.randrange(9)
    form = {"InstanceName": name, "IsDeleteByFilter": "true", "Filter": f"int_attr={number}"}

    def effect(_answer: httpx.Response) -> None:
        walk.model[name] = {key: value for key, value in walk.model[name].items() if value[1] != number}

    return _action("DeleteImage", form), Role.WRITER, effect


def search(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    def effect(answer: httpx.Response) -> None:
        for match in answer.json()["matches"]:
            stored = walk.model[name][match["product_id"], match["pic_name"]]
            assert stored == (match["custom_content"], match["int_attr"])

    options = {"files": {"file": walk.world.picture}, "data": {"num": "100", "category_id": "88888888"}}
    return Request("POST", f"/api/v1/instances/{name}/search", options), Role.READER, effect


def search_by_filter(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    def effect(answer: httpx.Response) -> None:
        found = {(each["ProductId"], each["PicName"]) for each in answer.json()["Auctions"]}
        assert found == {key for key, value in walk.model[name].items() if value[1] is not None}

    form = {"InstanceName": name, "Filter": "int_attr>=0", "Num": "100"}
    return _action("SearchImageByFilter", form), Role.READER, effect


def show(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    def effect(answer: httpx.Response) -> None:
        assert answer.json()["picture_count"] == len(walk.model[name])

    return Request("GET", f"/api/v1/instances/{name}"), Role.READER, effect


def detail(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    def effect(answer: httpx.Response) -> None:
        assert answer.json()["Instance"]["TotalCount"] == len(walk.model[name])

    return _action("Detail", {"InstanceName": name}), Role.READER, effect


def retain(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    days = walk.random.randrange(1000, 9000)

    def effect(answer: httpx.Response) -> None:
        assert answer.json()["retention_days"] == days

    return Request("PATCH", f"/api/v1/instances/{name}", {"json": {"retention_days": days}}), Role.ADMIN, effect


def rebuild(_walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    return Request("POST", f"/api/v1/instances/{name}/rebuild"), Role.ADMIN, _no_effect


def list_tasks(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    def effect(answer: httpx.Response) -> None:
        assert {each["instance"] for each in answer.json()["tasks"]} <= {name}

    kind, role = walk.random.choice([("imports", Role.READER), ("exports", Role.WRITER)])
    return Request("GET", f"/api/v1/instances/{name}/{kind}"), role, effect


def duplicates(walk: Walk, name: str) -> tuple[Request, Role, Effect]:
    def effect(answer: httpx.Response) -> None:
        groups: list[list[dict[str, Any]]] = answer.json()["groups"]
        assert {(each["product_id"], each["pic_name"]) for group in groups for each in group} <= walk.model[
            name
        ].keys()

    return Request("GET", f"/api/v1/instances/{name}/duplicates"), Role.WRITER, effect


VERBS: tuple[Verb, ...] = (
    *(add, add_image, add_item, update, change, delete, delete_matching),
    *(search, search_by_filter, show, detail, retain, rebuild, list_tasks, duplicates),
)


def _walk(world: World, watch: Watch, seed: int, steps: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    walk = Walk(world, watch, dice, {name: _stored(world, name) for name in NAMES})
    for _ in range(steps):
        walk.step()
    for name in NAMES:
        walk.check(name)


def _stored(world: World, name: str) -> Stored:
    catalogue = world.app._catalogue
    instance = catalogue.instance(name)
    pictures = catalogue.pictures(instance, catalogue.select_ids(instance, None, None).tolist()).values()
    return {
        (each.picture.key.product_id, each.picture.key.pic_name): (
            each.picture.custom_content, each.picture.attributes.int_attr
        )
        for each in pictures
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_walk(world: World, watch: Watch, seed: int) -> None:
    assert all(len(_stored(world, name)) >= PICTURES for name in NAMES) or seed > 1
    _walk(world, watch, seed, 120)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 14))
def test_a_long_walk(world: World, watch: Watch, seed: int) -> None:
    _walk(world, watch, seed, 600)
