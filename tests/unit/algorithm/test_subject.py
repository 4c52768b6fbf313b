from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from similis.algorithm import Backbone, SubjectHead, SubjectMode, SubjectNetwork
from similis.algorithm._subject import MAX_SUBJECTS, label_parts, mask_regions
from similis.algorithm.models import ModelStore
from similis.domain import Region

Box = tuple[int, int, int, int]
Ground = Callable[[int, int], Image.Image]


class Finder:
    """A finder with the backbone before it."""

    def __init__(self, models: ModelStore, mode: SubjectMode) -> None:
        self.mode = mode
        name = "efficientnet-lite2"
        self._backbone = Backbone(models.path(name), models.manifest(name))
        self._finder = (
            SubjectHead()
            if mode is SubjectMode.FAST
            else SubjectNetwork(models.path("u2netp"), models.manifest("u2netp"))
        )

    def regions(self, pixels: NDArray[np.uint8]) -> tuple[Region, ...]:
        return self._finder.regions(pixels, self._backbone.maps(pixels))


@pytest.fixture(scope="module", params=list(SubjectMode))
def finder(request: pytest.FixtureRequest, models: ModelStore) -> Finder:
    return Finder(models, request.param)


def plain(width: int, height: int) -> Image.Image:
    return Image.new("RGB", (width, height), "white")


def busy(width: int, height: int) -> Image.Image:
    """Coloured clouds of four sizes."""
    random = np.random.default_rng(5)
    layers = [
        Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8)).resize((width, height))
        for side in (4, 8, 16, 32)
    ]
    return Image.fromarray(np.mean([np.asarray(layer, float) for layer in layers], axis=0).astype(np.uint8))


def with_objects(ground: Image.Image, *boxes: Box) -> NDArray[np.uint8]:
    """Balls and bricks in turn, at `x1, y1, x2, y2`."""
    draw = ImageDraw.Draw(ground)
    for place, box in enumerate(boxes):
        shape = draw.ellipse if place % 2 == 0 else draw.rectangle
        shape(box, fill=("crimson", "seagreen")[place % 2], outline="black", width=3)
    return np.asarray(ground)


def iou(region: Region, box: Box) -> float:
    x1, y1, x2, y2 = box
    across = max(0, min(region.x2, x2) - max(region.x1, x1))
    down = max(0, min(region.y2, y2) - max(region.y1, y1))
    return across * down / (region.area + (x2 - x1) * (y2 - y1) - across * down)


@pytest.mark.parametrize("ground", [plain, busy])
@pytest.mark.parametrize("box", [(120, 80, 280, 220), (30, 40, 150, 160), (100, 20, 380, 280)])
def test_one_object(finder: Finder, ground: Ground, box: Box) -> None:
    regions = finder.regions(with_objects(ground(400, 300), box))
    assert len(regions) == 2
    assert iou(regions[0], box) > 0.75
    assert regions[1] == Region.whole(400, 300)


def test_the_box_has_a_margin(finder: Finder) -> None:
    main = finder.regions(with_objects(plain(400, 300), (120, 80, 280, 220)))[0]
    assert main.x1 < 120
    assert main.x2 > 280
    assert main.y1 < 80
    assert main.y2 > 220


@pytest.mark.parametrize("ground", [plain, busy])
def test_two_objects_apart(finder: Finder, ground: Ground) -> None:
    boxes = [(60, 80, 220, 230), (400, 90, 540, 220)]
    regions = finder.regions(with_objects(ground(600, 300), *boxes))
    assert len(regions) == 3
    assert [max(iou(region, box) for region in regions[:2]) > 0.7 for box in boxes] == [True, True]
    assert regions[-1] == Region.whole(600, 300)


@pytest.mark.parametrize("colour", ["white", "black", "grey", "red"])
def test_a_uniform_picture_has_no_subject(finder: Finder, colour: str) -> None:
    assert finder.regions(np.asarray(Image.new("RGB", (300, 200), colour))) == (Region.whole(300, 200),)


@pytest.mark.parametrize(
    ("size", "box"),
    [((800, 160), (350, 30, 450, 130)), ((160, 800), (30, 350, 130, 450)), ((100, 100), (30, 30, 70, 70))],
)
def test_long_sides(finder: Finder, size: tuple[int, int], box: Box) -> None:
    regions = finder.regions(with_objects(plain(*size), box))
    assert iou(regions[0], box) > 0.6
    assert regions[-1] == Region.whole(*size)


@pytest.mark.parametrize(("size", "box"), [((3000, 100), (1400, 20, 1500, 80)), ((100, 3000), (20, 1400, 80, 1500))])
def test_extreme_sides(finder: Finder, size: tuple[int, int], box: Box) -> None:
    """The fast finder's cells are 46 pixels long here: it is right about the place, not about the edges."""
    regions = finder.regions(with_objects(plain(*size), box))
    assert iou(regions[0], box) > (0.6 if finder.mode is SubjectMode.PRECISE else 0.25)
    assert regions[0].area < 0.1 * size[0] * size[1]
    assert regions[-1] == Region.whole(*size)


def test_one_pixel(finder: Finder) -> None:
    assert finder.regions(np.zeros((1, 1, 3), np.uint8)) == (Region.whole(1, 1),)


def test_same_pixels_same_regions(finder: Finder) -> None:
    pixels = with_objects(busy(400, 300), (120, 80, 280, 220))
    assert finder.regions(pixels) == finder.regions(pixels.copy())


def mask_with(*boxes: tuple[int, int, int, int, float]) -> NDArray[np.float32]:
    mask = np.zeros((100, 100), np.float32)
    for x1, x2, y1, y2, value in boxes:
        mask[y1:y2, x1:x2] = value
    return mask


def test_specks_are_no_subjects() -> None:
    mask = mask_with((20, 60, 20, 60, 1.0), (90, 95, 90, 95, 1.0), (70, 72, 10, 90, 0.4))
    assert mask_regions(mask, 1000, 500) == (Region(180, 620, 90, 310), Region.whole(1000, 500))


def test_the_heavier_and_more_central_part_is_first() -> None:
    central, larger, faint = (40, 60, 40, 60, 1.0), (0, 25, 0, 25, 1.0), (40, 60, 70, 95, 0.6)
    regions = mask_regions(mask_with(larger, faint, central), 100, 100)
    assert regions == (Region(39, 61, 39, 61), Region(0, 27, 0, 27), Region(39, 61, 68, 97), Region.whole(100, 100))


def test_a_mask_all_over_is_the_whole_picture() -> None:
    assert mask_regions(np.ones((100, 100), np.float32), 640, 480) == (Region.whole(640, 480),)


def test_a_subject_that_fills_the_picture_leaves_no_others() -> None:
    mask = np.ones((100, 100), np.float32)
    mask[40:60, 40:60] = 0.0
    mask[45:55, 45:55] = 1.0
    assert mask_regions(mask, 100, 100) == (Region.whole(100, 100),)


def test_regions_are_few() -> None:
    boxes = [(x, x + 10, y, y + 10, 1.0) for x in (0, 30, 60, 90) for y in (0, 30, 60, 90)]
    assert len(mask_regions(mask_with(*boxes), 500, 500)) == MAX_SUBJECTS + 1


masks = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24), elements=st.sampled_from([0.0, 0.6, 1.0])
)


@given(masks, st.integers(1, 5000), st.integers(1, 5000))
@example(np.array([[0.6, 0.0, 0.6, 0.6]], np.float32), 2, 1)
def test_regions_lie_inside_and_end_with_the_whole(mask: NDArray[np.float32], width: int, height: int) -> None:
    regions = mask_regions(mask, width, height)
    assert all(region.inside(width, height) for region in regions)
    assert regions[-1] == Region.whole(width, height)
    assert len(set(regions)) == len(regions)


def flood(inside: NDArray[np.bool_], start: tuple[int, int]) -> Iterator[tuple[int, int]]:
    todo, seen = [start], {start}
    while todo:
        row, column = todo.pop()
        yield row, column
        for cell in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            within = 0 <= cell[0] < inside.shape[0] and 0 <= cell[1] < inside.shape[1]
            if within and inside[cell] and cell not in seen:
                seen.add(cell)
                todo.append(cell)


@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=16)))
def test_parts_are_those_of_a_flood_fill(inside: NDArray[np.bool_]) -> None:
    expected = np.full(inside.shape, -1)
    for index, cell in enumerate(np.ndindex(*inside.shape)):
        if inside[cell] and expected[cell] < 0:
            for reached in flood(inside, cell):
                expected[reached] = index
    assert np.array_equal(label_parts(inside), expected)
