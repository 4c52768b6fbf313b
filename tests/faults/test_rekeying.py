"""A change of an instance's key that is killed right before any of its steps: nothing is lost, no key is left."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr
from tests.importing import key_files

from similis.catalogue._database import Database
from similis.domain import InstanceSpec, InstanceType, PictureKey, TaskKind, TaskStatus
from similis.privacy import Keyring
from similis.service import App, Featured, Settings, _hold

COUNT, D = 1100, 16


def _rows() -> NDArray[np.float32]:
    rows = np.random.default_rng(0).normal(size=(COUNT, D))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _fill(app: App) -> None:
    app.bulk.create(InstanceSpec("shop", InstanceType.GENERIC), "a-model", D)
    app.bulk.add("shop", [Featured(PictureKey(f"p{n}", "v"), row) for n, row in enumerate(_rows())])
    app.pictures.update("shop", PictureKey("p7", "v"), {"custom_content": "seven"})


def _rekey(app: App) -> None:
    tasks, _ = app.transfers.list("shop", [TaskKind.REKEY], num=1)
    task = next((each for each in tasks if not each.done), None) or app.transfers.start_rekey("shop")
    assert app.transfers.run(task.id).status is TaskStatus.SUCCESS


def _check(app: App) -> None:
    instance = app.instances.get("shop")
    ids = app._catalogue.select_ids(instance, None, None).tolist()
    names, vectors = app._catalogue.names(instance, ids), app._catalogue.vectors(instance, ids)
    ordered = sorted(ids, key=lambda each: int(names[each][0][1:]))
    expected = app.instances._keyring.instance(instance.uid).transform(_rows()).astype(np.float16)
    assert np.stack([vectors[each] for each in ordered]).tobytes() == expected.tobytes()
    assert app.pictures.get("shop", PictureKey("p7", "v")).custom_content == "seven"


def _die_at(step: int, patch: pytest.MonkeyPatch) -> None:
    """Have this process die right before the step of this number of all that write."""
    taken = 0

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **more: object) -> object:
            nonlocal taken
            taken += 1
            if taken == step:
                os._exit(9)
            return function(*given, **more)

        return call

    patch.setattr(Database, "writing", counted(Database.writing))
    for name in ("create_instance", "destroy_instance"):
        patch.setattr(Keyring, name, counted(getattr(Keyring, name)))


def _rekey_and_die(settings: Settings, step: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            with App.open(settings) as app, pytest.MonkeyPatch.context() as patch:
                _die_at(step, patch)
                _rekey(app)
                os._exit(0)
        finally:
            os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.slow
def test_whenever_it_is_killed_it_goes_on(settings: Settings) -> None:
    with App.open(settings) as app:
        _fill(app)
    step, status = 0, 9
    while status == 9:
        step += 1
        status = _rekey_and_die(settings, step)
        with App.open(settings) as app:
            assert app.bulk.nearest("shop", _rows()[:1], 1)[0][0][1] == pytest.approx(1.0, abs=2e-3)
            _check(app)
            _rekey(app)
            _check(app)
            assert key_files(app) == {app.instances.get("shop").uid}
            assert len(app._catalogue.instances()) == 1
    assert status == 0
    assert step > 12


@pytest.mark.slow
def test_on_postgresql_another_gateway_goes_on_with_it(
    settings: Settings, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_hold, "_TIME", timedelta(seconds=1.5))  # for which the claim of a dead process holds
    monkeypatch.setattr(_hold, "_KEPT_EVERY", 0.3)
    monkeypatch.setattr(_hold, "_BEAT", 0.1)
    shared = settings.model_copy(update={"catalogue": SecretStr(postgres_url), "keys": settings.key_directory})
    other = shared.model_copy(update={"data": settings.data.with_name("other")})
    with App.open(shared) as app:
        _fill(app)
    for step in (1, 4, 7, 9):
        with App.open(other) as gateway:
            gateway.bulk.nearest("shop", _rows()[:1], 1)  # it has key and index of before
            assert _rekey_and_die(shared, step) == 9
            assert gateway.bulk.nearest("shop", _rows()[:1], 1)[0][0][1] == pytest.approx(1.0, abs=2e-3)
            _rekey(gateway)
            _check(gateway)
            assert gateway.bulk.nearest("shop", _rows()[:1], 1)[0][0][1] == pytest.approx(1.0, abs=2e-3)
            gateway.transfers.remove_retired(at_once=True)
            assert key_files(gateway) >= {gateway.instances.get("shop").uid}
