"""What Ray makes of batches, with workers that need no models; tests/faults/test_ray.py has real imports."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import pytest

from similis.domain import (
    Category,
    DamagedPicture,
    InvalidInput,
    InvalidKey,
    ModelNotFetched,
    ObjectNotFound,
    PictureKey,
    Region,
    SimilisError,
    Unavailable,
)
from similis.transfer import (
    RAY_BATCH,
    Addition,
    BatchWorker,
    Extracted,
    ObjectInfo,
    RayExtractor,
    SourceDirectory,
    Worker,
)
from similis.transfer import _ray_extractor as module

_REGION = Region(0, 8, 0, 8)


def addition(name: str) -> Addition:
    return Addition(PictureKey("product", name))


def features(name: str) -> Extracted:
    return Extracted(Category.OTHER, _REGION, np.full(512, float(name), np.float32))


def number(extracted: Extracted) -> float:
    return float(extracted.vector[0])


@dataclass(frozen=True)
class MakeToy:
    """A worker whose features of a picture are its name; some names do mischief."""

    noted: Path
    fails: bool = False

    def __call__(self) -> Worker:
        if self.fails:
            raise ModelNotFetched("No model.", "Fetch it.")

        def work(additions: Sequence[Addition]) -> list[Extracted | SimilisError]:
            return [self._one(addition.key.pic_name) for addition in additions]

        return work

    def _one(self, name: str) -> Extracted | SimilisError:
        match name:
            case "gone":
                return ObjectNotFound("There is no object gone.", "Look at its name.")
            case "bug":
                raise ZeroDivisionError("what a picture says")
            case "once" if not self.noted.exists():
                self.noted.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            case "always":
                os.kill(os.getpid(), signal.SIGKILL)
        return features(name if name.isdecimal() else "-1")


@pytest.fixture(scope="module", autouse=True)
def _carried_along() -> None:
    """Processes of Ray cannot import the tests; so it carries these classes to them."""
    from ray import cloudpickle  # noqa: PLC0415 - takes long, and is not for all who collect tests

    cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ray") / "died once"


@pytest.fixture(scope="module")
def extractor(noted: Path) -> Iterator[RayExtractor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_RETRIES", 1)  # each needs a new process, which takes seconds to start
        made = RayExtractor(MakeToy(noted), workers=2)
    yield made
    made.close()


def run(extractor: RayExtractor, names: Sequence[str]) -> list[Extracted | BaseException]:
    futures = [extractor.submit(addition(name)) for name in names]
    assert not wait(futures, 120).not_done
    return [future.exception() or future.result() for future in futures]


@pytest.mark.slow
def test_every_picture_gets_its_own_features(extractor: RayExtractor) -> None:
    assert extractor.window >= 2 * 2 * RAY_BATCH
    found = run(extractor, [str(each) for each in range(200)])
    assert [number(each) for each in found if isinstance(each, Extracted)] == list(range(200))


@pytest.mark.slow
def test_what_is_wrong_with_one_picture_is_of_that_picture(extractor: RayExtractor) -> None:
    before, gone, behind = run(extractor, ["1", "gone", "2"])
    assert isinstance(gone, ObjectNotFound)
    assert (gone.message, gone.hint) == ("There is no object gone.", "Look at its name.")
    assert isinstance(before, Extracted)
    assert isinstance(behind, Extracted)


@pytest.mark.slow
def test_a_batch_whose_process_dies_runs_again(
    extractor: RayExtractor, noted: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = run(extractor, ["1", "once", "2"])
    assert noted.exists()
    assert [number(each) for each in found if isinstance(each, Extracted)] == [1, -1, 2]
    assert capfd.readouterr().out == ""  # where a command writes its answer


@pytest.mark.slow
def test_a_picture_that_ends_every_process_harms_no_other(extractor: RayExtractor) -> None:
    found = run(extractor, ["1", "always", "2"])
    assert [type(each) for each in found] == [Extracted, DamagedPicture, Extracted]


@pytest.mark.slow
def test_an_unexpected_error_is_told_without_its_words(extractor: RayExtractor) -> None:
    (error,) = run(extractor, ["bug"])
    assert isinstance(error, Unavailable)
    assert error.message == "Ray could not do its work: ZeroDivisionError."


@pytest.mark.slow
def test_nothing_is_left_in_the_object_store_or_on_disk(extractor: RayExtractor) -> None:
    import ray  # noqa: PLC0415 - as above

    run(extractor, [str(each) for each in range(5 * RAY_BATCH)])
    total, free = ray.cluster_resources(), ray.available_resources()
    assert free["object_store_memory"] == total["object_store_memory"]
    (session,) = Path(gettempdir()).glob(f"similis-ray-*-{os.getpid()}")
    assert not list(session.rglob("*spill*/*"))


@pytest.mark.slow
def test_one_import_a_process(extractor: RayExtractor, noted: Path) -> None:
    assert extractor.window
    with pytest.raises(Unavailable, match="already"):
        RayExtractor(MakeToy(noted))


@pytest.mark.slow
def test_closing_leaves_nothing_and_lets_another_begin(
    extractor: RayExtractor, noted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor.submit(addition("1"))
    extractor.close()
    assert not list(Path(gettempdir()).glob(f"similis-ray-*-{os.getpid()}"))
    monkeypatch.setattr(module, "version", lambda _: "0.0.1")
    other = RayExtractor(MakeToy(noted), workers=1)
    try:
        (error,) = run(other, ["1"])
    finally:
        other.close()
    assert isinstance(error, Unavailable)
    assert "begun by 0.0.1" in error.message


@pytest.mark.slow
def test_a_worker_that_cannot_be_made_tells_why(noted: Path) -> None:
    made = RayExtractor(MakeToy(noted, fails=True), workers=1)
    try:
        (error,) = run(made, ["1"])
    finally:
        made.close()
    assert isinstance(error, ModelNotFetched)
    assert (error.message, error.hint) == ("No model.", "Fetch it.")


def test_without_ray_it_is_said_how_to_install_it(noted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Unavailable) as raised:
        RayExtractor(MakeToy(noted))
    assert "pip install 'similis[ray]'" in raised.value.hint


@pytest.mark.parametrize("address", ["", "auto", "host", ":6379", "host:port"])
def test_an_address_names_host_and_port(noted: Path, address: str) -> None:
    with pytest.raises(InvalidInput, match="address of Ray"):
        RayExtractor(MakeToy(noted), address)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "127.0.0.1:99999", "no.such.host.invalid:6379"])
def test_a_cluster_that_is_not_there_is_noticed_at_once(noted: Path, address: str) -> None:
    with pytest.raises(Unavailable, match="answers at"):
        RayExtractor(MakeToy(noted), address)


class Shelf:
    """A source with some objects in memory."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def read(self, name: str, start: int = 0, length: int | None = None, etag: str | None = None) -> bytes:
        assert (start, etag) == (0, None)
        if name not in self._objects:
            raise ObjectNotFound(f"There is no object {name}.", "")
        return self._objects[name][:length]

    def stat(self, name: str) -> ObjectInfo:
        raise NotImplementedError

    def location(self) -> str | None:
        raise NotImplementedError

    def holds(self, prefix: str) -> bool:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def analyser(broken: bytes) -> Callable[[bytes, Addition], Extracted]:
    def analyse(data: bytes, _addition: Addition) -> Extracted:
        if data == broken:
            raise DamagedPicture("The picture is damaged.")
        return features(data.decode())

    return analyse


def test_a_worker_gives_features_or_errors_in_the_order_of_its_pictures() -> None:
    source = Shelf({"in/a": b"1", "b": b"2", "in/bad": b"x"})
    worker = BatchWorker(source, SourceDirectory("/in"), analyser(b"x"))
    names = ["b", "none", "a", "bad", "/a", "a"]
    found = worker([addition(name) for name in names])
    assert [type(each) for each in found] == [
        Extracted,
        ObjectNotFound,
        Extracted,
        DamagedPicture,
        InvalidKey,
        Extracted,
    ]
    assert [number(each) for each in found if isinstance(each, Extracted)] == [2, 1, 1]
    assert all(each.__traceback__ is None for each in found if isinstance(each, SimilisError))
