"""Two gateways, each with a data directory of its own, that share a PostgreSQL catalogue and the keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr
from tests.unit.colours import COLOURS, DIMENSION, plain, with_encoders
from tests.unit.service.tunings import ADOPTED

from similis.algorithm import Calibration, Pipeline, TunedSpace
from similis.domain import (
    Attributes,
    DuplicatePicture,
    InstanceNotFound,
    InstanceSpec,
    InstanceType,
    KeyringFailed,
    OnDuplicate,
    PictureKey,
    Role,
    SearchOptions,
    parse_filter,
)
from similis.engine import VectorIndex
from similis.service import App, Settings, examine
from similis.service._tuned_index import TunedIndex

Gateway = Callable[[str], App]


@pytest.fixture
def shared(settings: Settings, tmp_path: Path, postgres_url: str) -> Settings:
    """Settings of a gateway, but for its data directory."""
    here = {"catalogue": SecretStr(postgres_url), "keys": tmp_path / "keys"}
    return with_encoders(settings, tmp_path).model_copy(update=here)


@pytest.fixture
def gateway(shared: Settings, pipeline: Pipeline, tmp_path: Path) -> Iterator[Gateway]:
    """Opens a gateway with a data directory of this name."""
    opened: list[App] = []

    def opening(name: str) -> App:
        opened.append(App.open(shared.model_copy(update={"data": tmp_path / name}), pipeline))
        return opened[-1]

    yield opening
    for app in opened:
        app.close()


@pytest.fixture
def pair(gateway: Gateway) -> tuple[App, App]:
    """Two gateways, and an instance `g` that searches by colour."""
    one, other = gateway("one"), gateway("other")
    one.instances.create(InstanceSpec("g", InstanceType.GENERIC), model="colour-image")
    return one, other


def _add(app: App, colour: str, product: str = "", number: int | None = None) -> None:
    key = PictureKey(product or colour, "a")
    app.pictures.add("g", plain(colour), key, crop=False, attributes=Attributes(int_attr=number))


def _found(app: App, colour: str, options: SearchOptions = SearchOptions()) -> list[str]:
    return [match.product_id for match in app.search.by_picture("g", plain(colour), options, crop=False).matches]


def _index(app: App) -> VectorIndex:
    return app._indexes.current(app.instances.get("g"))


def test_what_one_writes_the_other_finds_at_once(pair: tuple[App, App]) -> None:
    one, other = pair
    for number in range(5):
        for at, seen, colour in ((one, other, "red"), (other, one, "blue")):
            _add(at, colour, f"{colour}{number}", number)
            assert f"{colour}{number}" in _found(seen, colour)[: number + 1]
    one.pictures.update("g", PictureKey("red3", "a"), {"int_attr": 77})
    assert _found(other, "red", SearchOptions(filter=parse_filter("int_attr=77"))) == ["red3"]
    other.pictures.delete("g", "red3")
    assert len(_found(one, "red")) == len(_found(other, "red")) == 9
    assert "red3" not in _found(one, "red")


@pytest.mark.slow
def test_many_write_through_both_at_once(pair: tuple[App, App]) -> None:
    def add(number: int) -> None:
        _add(pair[number % 2], list(COLOURS)[number % 3], f"p{number % 10}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(60)))
    for app in pair:
        assert sorted(_found(app, "red", SearchOptions(num=100))) == sorted(f"p{number}" for number in range(10))
        assert app.instances.get("g").picture_count == 10
    pair[0].verify()


def test_an_instance_deleted_and_made_anew_elsewhere_is_another(pair: tuple[App, App]) -> None:
    one, other = pair
    _add(one, "red")
    assert _found(other, "red") == ["red"]
    one.instances.delete("g")
    for verb in (lambda: _found(other, "red"), lambda: _add(other, "red")):
        with pytest.raises(InstanceNotFound):
            verb()
    one.instances.create(InstanceSpec("g", InstanceType.GENERIC), model="colour-image")
    assert _found(other, "red") == []
    _add(other, "blue")
    assert _found(one, "red") == ["blue"]


@pytest.mark.parametrize("followed", [False, True], ids=["missed it", "had followed"])
def test_who_was_cut_off_while_the_log_was_shortened_opens_its_index_anew_if_it_missed_something(
    monkeypatch: pytest.MonkeyPatch, pair: tuple[App, App], gateway: Gateway, followed: bool
) -> None:
    monkeypatch.setattr("similis.catalogue._change_log._COMPACT_ABOVE", -1000)  # always
    one, other = pair
    _add(one, "red")
    _add(one, "blue")
    assert _index(one).count() == 2
    other.pictures.delete("g", "red")
    if followed:
        assert _index(one).count() == 1
    [before] = (entry.index for entry in one._indexes._open.values())
    other.close()
    one._catalogue._database._writer.dispose()  # as where the network was gone for longer than the server waits
    third = gateway("third")
    assert len(list(third._catalogue.changes(third.instances.get("g"), 0))) == 1
    _add(third, "green")
    assert set(_found(one, "red")) == {"blue", "green"}
    _wait_until(lambda: _index(one).count() == 2)
    assert (_index(one) is before) is followed
    assert set(_found(one, "red")) == {"blue", "green"}


def _wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_deletion_elsewhere_empties_the_memory(pair: tuple[App, App]) -> None:
    one, other = pair
    _add(one, "red")
    assert _found(other, "red") == ["red"]
    uid = other.instances.get("g").uid
    assert other.instances._keyring.loaded() == {uid}
    one.instances.delete("g")
    with pytest.raises(InstanceNotFound):
        other.instances.get("g")
    assert other.instances._keyring.loaded() == set()
    assert other._indexes.instances() == []


def test_a_tuning_is_used_by_the_other_before_long(pair: tuple[App, App]) -> None:
    one, other = pair
    instance = one.instances.get("g")
    _add(one, "red")
    _add(one, "blue")
    assert not isinstance(_index(one), TunedIndex)
    assert not isinstance(_index(other), TunedIndex)
    space = TunedSpace(np.zeros(DIMENSION, np.float32), np.eye(DIMENSION, dtype=np.float32), Calibration(0.5, 9))
    one._catalogue.tunings.set(instance, ADOPTED, one.tuning._spaces.seal(instance, space))
    one._indexes.rebuild(instance)
    assert isinstance(_index(one), TunedIndex)
    _wait_for(other, tuned=True)
    assert _found(other, "red") == _found(one, "red") == ["red", "blue"]
    one.tuning.undo("g")
    _wait_for(other, tuned=False)


def _wait_for(app: App, *, tuned: bool) -> None:
    end = time.monotonic() + 30
    while isinstance(_index(app), TunedIndex) is not tuned:
        assert _found(app, "red")[0] == "red"
        assert time.monotonic() < end


def test_keys_of_one_open_the_other(pair: tuple[App, App]) -> None:
    one, other = pair
    made = one.access.create(Role.READER)
    assert other.access.authenticate(made.key.id, made.secret) == made.key
    other.access.disable(made.key.id)
    assert one.access.reveal(made.key.id)[0].disabled
    assert one.access.operator_key() == other.access.operator_key()


def test_a_gateway_without_the_keys_is_refused(pair: tuple[App, App], shared: Settings, tmp_path: Path) -> None:
    assert pair
    lone = shared.model_copy(update={"data": tmp_path / "third", "keys": None})
    with pytest.raises(KeyringFailed, match="There are no keys") as caught:
        App.open(lone)
    assert "SIMILIS_KEYS" in caught.value.hint
    App.open(Settings(data=tmp_path / "separate", keys=tmp_path / "separate keys", models=shared.models)).close()
    with pytest.raises(KeyringFailed, match="belong to other data than the catalogue"):
        App.open(shared.model_copy(update={"data": tmp_path / "third", "keys": tmp_path / "separate keys"}))


def test_several_open_for_the_first_time_at_once(gateway: Gateway) -> None:
    with ThreadPoolExecutor(4) as pool:
        apps = list(pool.map(gateway, "abcd"))
    assert len({app.access.operator_key().key.id for app in apps}) == 1


def test_doctor_examines_the_database_and_makes_none(shared: Settings, gateway: Gateway, tmp_path: Path) -> None:
    new = shared.model_copy(update={"data": tmp_path / "new"})
    finding = examine(new)[-1]
    assert (finding.good, finding.found) == (True, f"{tmp_path / 'new'} will be made")
    gateway("one")
    assert examine(new)[-1].found.endswith(": 0 instances")


def test_the_password_is_not_shown() -> None:
    settings = Settings(catalogue=SecretStr("postgresql://u:secret@h/x"))
    assert "secret" not in f"{settings!r}{settings}"
    assert "secret" in settings.catalogue_url


def test_of_equal_pictures_that_come_at_once_through_both_one_is_kept(pair: tuple[App, App]) -> None:
    def add(number: int) -> bool:
        try:
            pair[number % 2].pictures.add(
                "g", plain("red"), PictureKey(f"p{number}", "a"), crop=False, on_duplicate=OnDuplicate.REFUSE
            )
        except DuplicatePicture:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, range(8))) == 1
