"""What is put around edited copies is never what is searched in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from similis.domain import InstanceType, InvalidPicture, PictureKey
from similis.evaluation import EDITS, OURS, Floor
from similis.evaluation import _copies as copies
from similis.evaluation._edits import edited
from similis.evaluation._floors import Described, describe_all
from similis.evaluation._labels import LabelledPicture, Labels
from similis.evaluation._searching import Bench, Outcome, Trial, Way
from similis.service import App

COLLAGE = "collage of four"
Around = list[list[bytes]]


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Around:
    """The pixels of the other pictures of each copy; only collages are made."""
    seen: Around = []

    def noted(name: str, picture: Image.Image, others: Sequence[Image.Image], seed: Sequence[int]) -> bytes:
        seen.append([other.tobytes() for other in others])
        return edited(name, picture, others, seed)

    monkeypatch.setattr(copies, "EDITS", {COLLAGE: EDITS[COLLAGE]})
    monkeypatch.setattr(copies, "edited", noted)
    return seen


class Watched(Bench):
    """Notes what the instance is filled with."""

    stored: Sequence[LabelledPicture] = ()

    def fill(self, instance: str, way: Way, pictures: Sequence[LabelledPicture]) -> tuple[Outcome, ...]:
        self.stored = pictures
        return super().fill(instance, way, pictures)


def pictures(draw: Callable[..., bytes], folder: Path, numbers: Sequence[int]) -> list[LabelledPicture]:
    made = []
    for number in numbers:
        path = folder / f"{number}.png"
        path.write_bytes(draw(number))
        made.append(LabelledPicture(path, PictureKey(str(number), path.name)))
    return made


def watched(app: App, gallery: Sequence[LabelledPicture], queries: Sequence[Outcome] | None) -> tuple[Watched, Trial]:
    """A bench and its trial; without queries each picture is one for all the others."""
    added = tuple(Outcome(picture) for picture in gallery)
    searched = added if queries is None else tuple(queries)
    asked = tuple(each.picture for each in searched)
    bench = Watched(app, Labels(tuple(gallery), asked, leave_one_out=queries is None), None, lambda *_: None)
    return bench, Trial(Way(InstanceType.GENERIC, crop=True), "any", queries is None, added, searched)


def pixels(app: App, shown: Sequence[LabelledPicture]) -> set[bytes]:
    return {np.asarray(app.analyst.pixels(picture.path.read_bytes())).tobytes() for picture in shown}


@pytest.mark.parametrize("count", [5, 2], ids=["enough queries", "fewer queries than tiles"])
def test_queries_that_can_be_used_are_put_around_copies(
    app: App, draw: Callable[..., bytes], tmp_path: Path, around: Around, count: int
) -> None:
    gallery = pictures(draw, tmp_path, range(2))
    queries = pictures(draw, tmp_path, range(10, 10 + count))
    unusable = LabelledPicture(tmp_path / "none.png", PictureKey("none", "none.png"))
    outcomes = [Outcome(unusable, InvalidPicture("None.", "Any.")), *map(Outcome, queries)]
    bench, trial = watched(app, gallery, outcomes)
    found = copies.measure_copies(bench, trial, {}, 1)
    assert (found.pictures, found.gallery, bench.stored) == (1, 2, gallery)
    [others] = around
    assert len(others) == 3
    assert len(set(others)) == min(count, 3)
    assert set(others) <= pixels(app, queries)


@pytest.mark.parametrize(("count", "stored"), [(2, 1), (3, 2), (8, 5), (40, 36)])
def test_without_queries_some_of_the_gallery_are_held_out(app: App, tmp_path: Path, count: int, stored: int) -> None:
    gallery = [LabelledPicture(tmp_path / str(each), PictureKey(str(each), "a")) for each in range(count)]
    _, trial = watched(app, gallery, None)
    places, others = copies._sides(trial)
    assert len(places) == stored
    assert sorted([*(gallery[place].key for place in places), *(other.key for other in others)]) == sorted(
        picture.key for picture in gallery
    )
    again, same = copies._sides(trial)
    assert (list(again), same) == (list(places), others)


def test_floors_search_in_the_same_pictures(
    app: App, draw: Callable[..., bytes], tmp_path: Path, around: Around
) -> None:
    gallery = pictures(draw, tmp_path, range(4))
    bench, trial = watched(app, gallery, None)
    searched: list[int] = []

    class Counted(np.ndarray):
        def __matmul__(self, other: object) -> np.ndarray:
            searched.append(len(self))
            product: np.ndarray = np.matmul(np.asarray(self), np.asarray(other))
            return product

    stored: Described = {floor: rows.view(Counted) for floor, rows in describe_all(bench, gallery).items()}
    found = copies.measure_copies(bench, trial, stored, 1)
    assert set(found.mean) == {OURS, *Floor}
    assert searched == [2] * len(Floor)
    assert len(bench.stored) == found.gallery == 2
    assert {*around[0]} == pixels(app, [picture for picture in gallery if picture not in bench.stored])
