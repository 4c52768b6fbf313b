"""Congruence: a scenario through `RemoteApp` gives what it gives on `App`, answers and errors alike."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from similis.algorithm import Pipeline
from similis.cli._remote import RemoteApp
from similis.domain import (
    Attributes,
    Category,
    InstanceSpec,
    InstanceType,
    InvalidInput,
    NotAuthenticated,
    OnDuplicate,
    PictureKey,
    Region,
    Role,
    SearchOptions,
    SearchResult,
    ServiceUnreachable,
    SimilisError,
    as_json,
    parse_filter,
)
from similis.service import App, Settings

Target = App | RemoteApp
Step = Callable[[Target, list[bytes]], object]
KEY = PictureKey("p 1/ü", "a b+&.jpg")


@pytest.fixture
def remote(app: App, address: str) -> Iterator[RemoteApp]:
    """A client of the served `app`."""
    made = app.access.create(Role.ADMIN)
    with RemoteApp(address, f"{made.key.id}:{made.secret}") as remote:
        yield remote


@pytest.fixture
def local(tmp_path: Path, pipeline: Pipeline) -> Iterator[App]:
    """Another app of its own, to compare with."""
    with App.open(Settings(data=tmp_path / "local"), pipeline) as local:
        yield local


def outcome(step: Callable[[], object]) -> object:
    """What a step gives, without times and what is random; or its error."""
    try:
        return _comparable(step())
    except SimilisError as error:
        return type(error), error.message, error.hint


def _comparable(value: object) -> object:
    if isinstance(value, SearchResult):
        return replace(value, milliseconds={})
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    try:
        form = as_json(value)
    except TypeError:
        return value
    return {name: part for name, part in form.items() if name not in {"created_at", "id", "secret"}}


ATTRIBUTES = Attributes(int_attr=-5, int_attr4=2, str_attr="", str_attr3='a "b" ü')
FILTER = parse_filter('(int_attr<0 or int_attr4=9) and str_attr3 not in ("x", "a \\"c\\"")')
FILL: list[Step] = [
    lambda target, _: target.instances.create(InstanceSpec("shop", region="eu", capacity=3)),
    lambda target, _: target.instances.create(InstanceSpec("things", InstanceType.GENERIC)),
    lambda target, _: target.instances.create(InstanceSpec("things")),
    lambda target, _: target.instances.create(InstanceSpec("odd"), index="none"),
    lambda target, pictures: target.pictures.add(
        "shop", pictures[0], KEY, category=Category.BAG, custom_content="<ü>\n", attributes=ATTRIBUTES
    ),
    lambda target, pictures: target.pictures.add("shop", pictures[1], KEY, region=Region(1, 90, 2, 80)),
    lambda target, pictures: target.pictures.add("shop", pictures[2], PictureKey("q", "1"), crop=False),
    lambda target, pictures: target.pictures.add(
        "shop", pictures[0], PictureKey("q", "2"), category=Category.BAG, attributes=ATTRIBUTES
    ),
    lambda target, pictures: target.pictures.add("shop", pictures[3], PictureKey("q", "3")),
    lambda target, _: target.pictures.add("shop", b"", KEY),
    lambda target, pictures: target.pictures.add("none", pictures[0], KEY),
    lambda target, _: target.pictures.get("shop", KEY),
    lambda target, _: target.pictures.get("shop", PictureKey("no", "no")),
    lambda target, _: target.pictures.update(
        "shop", KEY, {"int_attr2": 4, "custom_content": "new", "str_attr": None}
    ),
    lambda target, _: target.pictures.update("shop", KEY, {"str_attr": "a%"}),
]
SEARCH: list[Step] = [
    lambda target, pictures: target.search.by_picture("shop", pictures[0]),
    lambda target, pictures: target.search.by_picture(
        "shop", pictures[0], SearchOptions(3, 0, Category.BAG, FILTER, distinct_product=True, min_score=0.25)
    ),
    lambda target, pictures: target.search.by_picture(
        "shop", pictures[1], SearchOptions(start=1), region=Region(1, 90, 2, 80)
    ),
    lambda target, pictures: target.search.by_picture("shop", pictures[0], SearchOptions(good_match=0.3), subject=1),
    lambda target, pictures: target.search.by_picture("shop", pictures[0], subject=9),
    lambda target, pictures: target.search.by_picture("shop", pictures[1], region=Region(1, 9000, 2, 80)),
    lambda target, _: target.search.by_name("shop", KEY, SearchOptions(num=2)),
    lambda target, _: target.search.by_name("shop", PictureKey("no", "no")),
    lambda target, pictures: target.search.compare(pictures[0], pictures[1]),
    lambda target, pictures: target.search.compare(pictures[0], pictures[1], InstanceType.GENERIC),
    lambda target, pictures: target.search.compare(pictures[0], b"text" * 100),
    lambda target, pictures: target.pictures.add(
        "shop", pictures[0], PictureKey("copy", "1"), on_duplicate=OnDuplicate.REFUSE
    ),
    lambda target, pictures: target.pictures.add("shop", pictures[0], KEY, on_duplicate=OnDuplicate.REPORT),
    lambda target, _: target.duplicates.groups("shop"),
    lambda target, _: target.duplicates.groups("shop", 0.8),
    lambda target, _: target.duplicates.groups("shop", 0.2),
    lambda target, _: target.tuning.tune("shop", dry_run=True),
    lambda target, _: target.tuning.undo("shop"),
    lambda target, _: target.tuning.undo("none"),
]
EMPTY: list[Step] = [
    lambda target, _: target.pictures.delete_matching("shop", FILTER),
    lambda target, _: target.pictures.delete("shop", "q", "1"),
    lambda target, _: target.pictures.delete("shop", "q", "1"),
    lambda target, _: target.pictures.delete("shop", "none"),
    lambda target, _: target.instances.rebuild("shop"),
    lambda target, _: target.instances.move("shop", "faiss"),
    lambda target, _: target.instances.move("shop", "milvus"),
    lambda target, _: target.instances.move("shop", "none"),
    lambda target, _: target.instances.list(),
    lambda target, _: target.access.create(Role.READER, ["shop"]),
    lambda target, _: target.access.create(Role.READER, ["none"]),
    lambda target, _: target.access.list()[1:],
    lambda target, _: target.access.disable("none"),
    lambda target, _: target.instances.delete("things"),
    lambda target, _: target.instances.get("things"),
]


@pytest.mark.slow
def test_a_scenario_gives_the_same_on_both(remote: RemoteApp, app: App, local: App, pictures: list[bytes]) -> None:
    local.access.create(Role.ADMIN)
    # Searches are compared on the same data: every instance has a key of its own, and so its own rounding.
    for steps, near in ((FILL, local), (SEARCH, app), (EMPTY, local)):
        for number, step in enumerate(steps):
            answers = [outcome(partial(step, target, pictures)) for target in (remote, near)]
            assert answers[0] == answers[1], number


def test_a_disabled_key_is_refused(remote: RemoteApp, address: str) -> None:
    made = remote.access.create(Role.READER)
    assert remote.access.disable(made.key.id) == replace(made.key, disabled=True)
    with RemoteApp(address, f"{made.key.id}:{made.secret}") as other, pytest.raises(NotAuthenticated):
        other.instances.list()


def test_a_temporary_key_needs_its_token(remote: RemoteApp, address: str) -> None:
    made = remote.access.create(Role.ADMIN, lifetime=timedelta(minutes=15))
    assert made.key in remote.access.list()
    with RemoteApp(address, f"{made.key.id}:{made.secret}:{made.security_token}") as other:
        assert other.instances.list() == []
    with RemoteApp(address, f"{made.key.id}:{made.secret}") as other, pytest.raises(NotAuthenticated):
        other.instances.list()


@pytest.mark.parametrize("endpoint", ["127.0.0.1:8000", "ftp://x", "", "http://", "http://x:port"])
def test_an_endpoint_that_is_no_address(endpoint: str) -> None:
    with pytest.raises(InvalidInput, match="is no address"):
        RemoteApp(endpoint, "a:b")


def test_nothing_at_the_endpoint() -> None:
    with (
        RemoteApp("http://127.0.0.1:9", "a:b") as remote,
        pytest.raises(ServiceUnreachable, match="Connection refused"),
    ):
        remote.instances.list()


def test_something_else_at_the_endpoint(address: str) -> None:
    assert httpx.get(f"{address}/healthz").status_code == 200
    with RemoteApp(f"{address}/docs#", "a:b") as remote, pytest.raises(SimilisError):
        remote.instances.list()
