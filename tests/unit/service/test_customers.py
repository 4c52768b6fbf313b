"""A customer gets all that is stored of it, and nothing of others; once erased, nothing of it is there any more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from similis.catalogue import NewPicture
from similis.domain import (
    INT_FIELDS,
    STR_FIELDS,
    Attributes,
    AuditAction,
    AuditEvent,
    Category,
    Connection,
    Credentials,
    InstanceNotFound,
    InstanceSpec,
    InvalidInput,
    KeyNotFound,
    Picture,
    PictureKey,
    Provider,
    Region,
    Role,
    picture_from_json,
)
from similis.service import App, Settings

DIMENSION = 8
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(INT_FIELDS, st.integers(-(2**31), 2**31 - 1)),
        **dict.fromkeys(STR_FIELDS, TEXTS.filter(lambda text: not set(text) & set("\\¥$&%"))),
    },
)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    x1, y1 = draw(st.integers(0, 4000)), draw(st.integers(0, 4000))
    return Picture(
        PictureKey(draw(TEXTS), draw(TEXTS)),
        draw(st.sampled_from(Category)),
        Region(x1, x1 + draw(st.integers(1, 96)), y1, y1 + draw(st.integers(1, 96))),
        draw(st.none() | TEXTS),
        Attributes(**draw(ATTRIBUTES)),  # type: ignore[arg-type] # Attributes checks them
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    """A service without models: `a1` and `a2` are of one customer, `b` of another."""
    with App.open(settings) as opened:
        for name in ("a1", "a2", "b"):
            opened.bulk.create(InstanceSpec(name), "elsewhere", DIMENSION)
            store(opened, name, [picture(f"product-of-{name}")])
        yield opened


def picture(product_id: str) -> Picture:
    return Picture(PictureKey(product_id, "x"), Category.BAG, Region(1, 2, 3, 4), "text", Attributes(int_attr=1))


def store(app: App, name: str, some: list[Picture]) -> None:
    instance = app.instances.get(name)
    app._catalogue.add(instance, [NewPicture(each, np.ones(DIMENSION, np.float32)) for each in some])


def key(app: App, *instances: str, role: Role = Role.WRITER) -> str:
    return app.access.create(role, instances).key.id


def connection(app: App, name: str, *instances: str) -> None:
    storage = Connection(name, Provider.S3, endpoint="https://s3.example.com", region="r", instances=instances)
    app.connections.create(storage, Credentials("AKIA", "the-storage-secret"))


def exported(app: App, key_id: str) -> dict[str, str]:
    return {name: b"".join(pieces).decode() for name, pieces in app.customers.export(key_id)}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n")[:-1]]  # texts may hold other ends of lines


@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(pictures(), max_size=8))
def test_the_export_holds_what_was_put_in(app: App, some: list[Picture]) -> None:
    app.pictures.delete("a1", "product-of-a1")
    instance, begun = app.instances.get("a1"), datetime.now(UTC)
    for each in app._catalogue.customers.pictures(instance):
        app.pictures.delete("a1", each[0].key.product_id)
    store(app, "a1", some)
    forms = lines(exported(app, key(app, "a1"))["instances/a1/pictures.jsonl"])
    found = [picture_from_json(each) for each in forms]
    assert {each.key: each for each in found} == {each.key: each for each in some}
    assert all(begun <= datetime.fromisoformat(each["added_at"]) <= datetime.now(UTC) for each in forms)


def test_many_pictures_come_page_by_page(app: App) -> None:
    store(app, "a1", [picture(f"p{number}") for number in range(2500)])
    found = lines(exported(app, key(app, "a1"))["instances/a1/pictures.jsonl"])
    assert len({each["product_id"] for each in found}) == 2501


def test_the_export_has_all_of_the_customer_and_nothing_of_others(app: App) -> None:
    owner, shared, other = key(app, "a1", "a2"), key(app, "a2", "b"), key(app, "b")
    for name, instances in (("own", ("a1",)), ("joint", ("a1", "b")), ("foreign", ("b",)), ("public", ())):
        connection(app, name, *instances)
    for name in ("a1", "b"):
        app.audit.note(AuditEvent(datetime.now(UTC), owner, AuditAction.PICTURE_ADD, name, f"product-of-{name}/x"))
    app.transfers.start_export("a1")
    files = exported(app, owner)
    assert {name for name in files if name.startswith("instances/")} == {
        f"instances/{name}/{file}"
        for name in ("a1", "a2")
        for file in ("instance.json", "pictures.jsonl", "tasks.jsonl")
    }
    everything = "".join(files.values())
    for word in ('"b"', "product-of-b", "foreign", "public", other, "the-storage-secret", "vector"):
        assert word not in everything.replace("feature vectors", ""), word
    assert "product-of-a1/x" in files["audit.jsonl"]
    assert {each["id"]: each["shared"] for each in json.loads(files["keys.json"])["keys"]} == {
        owner: False,
        shared: True,
    }
    connections = json.loads(files["connections.json"])["connections"]
    assert {each["name"]: (each["shared"], each["instances"]) for each in connections} == {
        "own": (False, ["a1"]),
        "joint": (True, ["a1"]),
    }
    assert [each["kind"] for each in lines(files["instances/a1/tasks.jsonl"])] == ["export"]
    assert json.loads(files["instances/a1/instance.json"])["picture_count"] == 1
    for name in files:
        assert name.replace("a1", "NAME").replace("a2", "NAME") in files["README.md"] or name == "README.md"


def test_others_that_were_refused_are_not_named(app: App) -> None:
    owner, stranger = key(app, "a1"), key(app, "b")
    event = AuditEvent(datetime.now(UTC), stranger, AuditAction.PICTURE_SEARCH, "a1", outcome="permission_denied")
    app.audit.note(event)
    app.audit.note(replace(event, actor=owner, outcome="picture_not_found"))
    app.audit.note(replace(event, actor="operator:root"))
    found = [each["actor"] for each in lines(exported(app, owner)["audit.jsonl"])]
    assert found == ["operator:root", owner, "unknown"]


def test_of_an_unlimited_key_everything_is_exported(app: App) -> None:
    connection(app, "public")
    files = exported(app, key(app, role=Role.ADMIN))
    assert {name.split("/")[1] for name in files if "/" in name} == {"a1", "a2", "b"}
    assert len(json.loads(files["connections.json"])["connections"]) == 1


def test_erasing_leaves_nothing_of_the_customer_and_all_of_others(app: App, settings: Settings) -> None:
    owner, helper, shared, other = key(app, "a1", "a2"), key(app, "a1"), key(app, "a2", "b"), key(app, "b")
    connection(app, "own", "a1")
    connection(app, "joint", "a1", "b")
    app.transfers.start_export("a1")
    uids = [app.instances.get(name).uid for name in ("a1", "a2")]
    erasure = app.customers.erase(owner)
    assert erasure.instances == ("a1", "a2")
    assert (erasure.connections, erasure.shared_connections) == (("own",), ("joint",))
    assert (set(erasure.keys), erasure.shared_keys) == ({owner, helper}, (shared,))
    assert [each.name for each in app.instances.list()] == ["b"]
    assert [each.name for each in app.connections.list()] == ["joint"]
    assert {each.id for each in app.access.list()} == {shared, other}
    assert app.pictures.get("b", PictureKey("product-of-b", "x"))
    assert not [uid for uid in uids if list(settings.key_directory.rglob(f"{uid}*"))]
    assert app._catalogue.customers.erasure(owner) is None
    with pytest.raises(KeyNotFound):
        app.customers.erase(owner)


def test_what_others_made_under_the_name_of_a_deleted_instance_is_theirs(app: App) -> None:
    former = key(app, "a1")
    app.audit.note(AuditEvent(datetime.now(UTC), former, AuditAction.PICTURE_SEARCH, "a1"))
    app.instances.delete("a1")
    app.bulk.create(InstanceSpec("a1"), "elsewhere", DIMENSION)
    store(app, "a1", [picture("product-of-others")])
    later = key(app, "a1")
    files = exported(app, former)
    assert not [name for name in files if name.startswith("instances/")]
    assert [each["id"] for each in json.loads(files["keys.json"])["keys"]] == [former]
    assert [each["id"] for each in json.loads(exported(app, later)["keys.json"])["keys"]] == [later]
    assert former not in exported(app, later)["audit.jsonl"]
    erasure = app.customers.erase(former)
    assert (erasure.instances, erasure.keys, erasure.shared_keys) == ((), (former,), ())
    assert app.pictures.get("a1", PictureKey("product-of-others", "x"))
    assert app.customers.erase(later).instances == ("a1",)


def test_a_key_to_everything_erases_nothing(app: App) -> None:
    with pytest.raises(InvalidInput, match="not limited"):
        app.customers.erase(key(app, role=Role.ADMIN))
    assert len(app.instances.list()) == 3


def test_who_may_only_read_does_not_stand_for_the_owners(app: App) -> None:
    owner, partner = key(app, "a1", role=Role.ADMIN), key(app, "a1", "b", role=Role.READER)
    for verb in (app.customers.plan, app.customers.erase):
        with pytest.raises(InvalidInput, match="not the owner's"):
            verb(partner)
    assert len(app.instances.list()) == 3
    plan = app.customers.plan(owner)
    assert (plan.instances, plan.keys, plan.shared_keys) == (("a1",), (owner,), (partner,))
    assert app.customers.erase(owner) == plan


def test_repeating_an_erasure_spares_what_others_made_meanwhile(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = key(app, "a1", "a2")
    connection(app, "own", "a1")
    with monkeypatch.context() as patched:
        patched.setattr(app._catalogue.customers, "end_erasure", lambda _erasure: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            app.customers.erase(owner)
    app.bulk.create(InstanceSpec("a1"), "elsewhere", DIMENSION)
    connection(app, "own", "a1")
    later = key(app, "a1")
    assert app.customers.erase(owner).instances == ("a1", "a2")
    assert [each.name for each in app.instances.list()] == ["a1", "b"]
    assert [each.name for each in app.connections.list()] == ["own"]
    assert [each.id for each in app.access.list()] == [later]


@pytest.mark.parametrize("step", range(8))
def test_an_erasure_that_was_cut_short_is_finished_by_the_next(
    app: App, settings: Settings, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, helper = key(app, "a1", "a2"), key(app, "a2")
    connection(app, "own", "a1")
    left = iter(range(step))

    class Cut(BaseException):
        """The process is gone."""

    with monkeypatch.context() as patched:
        for part, verb in (
            (app.access, "disable"),
            (app.instances, "remove"),
            (app.instances, "destroy_keys"),
            (app._catalogue.customers, "end_erasure"),
        ):
            real = getattr(part, verb)

            def counted(*given: object, real: Callable[..., object] = real) -> object:
                if next(left, None) is None:
                    raise Cut
                return real(*given)

            patched.setattr(part, verb, counted)
        with pytest.raises(Cut):
            app.customers.erase(owner)
    app.close()
    with App.open(settings) as again:
        assert set(again.customers.erase(owner).keys) == {owner, helper}
        assert [each.name for each in again.instances.list()] == ["b"]
        assert not again.connections.list()
        assert not [each for each in again.access.list() if each.id in {owner, helper}]
        with pytest.raises(InstanceNotFound):
            again.instances.get("a1")
