from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from similis.algorithm import Analysis, ModelStore, Orientation, PictureLimits, Pipeline, decode
from similis.domain import (
    Category,
    IncorrectOrientation,
    InvalidRegion,
    ModelNotFetched,
    Region,
    UnsupportedPixels,
)

BALL = (120, 80, 280, 220)
WHOLE = Region.whole(400, 300)


@pytest.fixture(scope="module")
def pipeline(models: ModelStore) -> Pipeline:
    return Pipeline.load(models)


def drawing(colour: str = "crimson") -> Image.Image:
    image = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(image).ellipse(BALL, fill=colour, outline="black", width=3)
    return image


def encoded(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def similarity(left: Analysis, right: Analysis) -> float:
    return float(left.vector @ right.vector)


def test_the_vector_is_what_the_pipeline_says(pipeline: Pipeline) -> None:
    vector = pipeline.analyse(encoded(drawing())).vector
    assert vector.dtype == np.float32
    assert vector.shape == (pipeline.dimension,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert pipeline.model


def test_crop_uses_the_main_subject(pipeline: Pipeline) -> None:
    subject = pipeline.analyse(encoded(drawing())).subject
    assert subject.regions[0] == subject.region != WHOLE
    assert subject.regions[-1] == WHOLE
    assert subject.region.x1 < 125
    assert subject.region.x2 > 275


def test_without_crop_the_whole_picture_is_used(pipeline: Pipeline) -> None:
    subject = pipeline.analyse(encoded(drawing()), crop=False).subject
    assert (subject.region, subject.regions) == (WHOLE, (WHOLE,))


@pytest.mark.parametrize("crop", [True, False])
def test_a_region_is_used_whatever_crop_says(pipeline: Pipeline, crop: bool) -> None:
    region = Region(10, 200, 20, 150)
    analysis = pipeline.analyse(encoded(drawing()), crop=crop, region=region)
    assert (analysis.subject.region, analysis.subject.regions) == (region, (region, WHOLE))
    assert np.array_equal(analysis.vector, pipeline.analyse(encoded(drawing()), region=region).vector)


@pytest.mark.parametrize("box", [(10, 20, 200, 150), (120, 80, 300, 240)])
def test_a_region_is_nearer_to_its_cut_out_than_the_whole_is(
    pipeline: Pipeline, box: tuple[int, int, int, int]
) -> None:
    left, top, right, bottom = box
    cut = pipeline.analyse(encoded(drawing().crop(box)), crop=False).vector
    region = pipeline.analyse(encoded(drawing()), region=Region(left, right, top, bottom)).vector
    whole = pipeline.analyse(encoded(drawing()), crop=False).vector
    assert region @ cut > whole @ cut


def test_the_found_region_given_back_changes_nothing(pipeline: Pipeline) -> None:
    first = pipeline.analyse(encoded(drawing()))
    again = pipeline.analyse(encoded(drawing()), region=first.subject.region)
    assert np.array_equal(first.vector, again.vector)
    assert first.subject.categories == again.subject.categories


def test_a_region_outside_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(InvalidRegion):
        pipeline.analyse(encoded(drawing()), region=Region(0, 401, 0, 300))


def test_the_best_category_is_used_unless_one_is_given(pipeline: Pipeline) -> None:
    predicted = pipeline.analyse(encoded(drawing())).subject
    probabilities = [candidate.probability for candidate in predicted.categories]
    assert predicted.category == predicted.categories[0].category
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1.0, abs=1e-4)
    given = pipeline.analyse(encoded(drawing()), category=Category.TOY).subject
    assert given.category is Category.TOY
    assert given.categories == predicted.categories


def test_a_turned_picture_is_seen_upright(pipeline: Pipeline) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = drawing().transpose(Image.Transpose.ROTATE_90)
    turned = encoded(lying, exif=exif)
    upright = pipeline.analyse(encoded(drawing()))
    analysis = pipeline.analyse(turned)
    assert analysis.subject.region == upright.subject.region
    assert np.array_equal(analysis.vector, upright.vector)
    with pytest.raises(IncorrectOrientation):
        pipeline.analyse(turned, orientation=Orientation.REFUSE)


def test_limits_can_be_moved(pipeline: Pipeline) -> None:
    tiny = encoded(drawing().resize((40, 30)))
    with pytest.raises(UnsupportedPixels):
        pipeline.analyse(tiny)
    assert pipeline.analyse(tiny, limits=PictureLimits(min_side=1)).subject.regions[-1] == Region.whole(40, 30)


def test_pixels_decoded_before_give_the_same(pipeline: Pipeline) -> None:
    data = encoded(drawing())
    pixels = pipeline.analyse_pixels(decode(data))
    assert np.array_equal(pixels.vector, pipeline.analyse(data).vector)
    assert "decode" not in pixels.milliseconds


def test_every_stage_is_timed(pipeline: Pipeline) -> None:
    times = pipeline.analyse(encoded(drawing())).milliseconds
    assert list(times) == ["decode", "backbone", "subject", "category", "features"]
    assert all(time >= 0 for time in times.values())


def test_same_bytes_same_bits_in_every_thread_and_load(pipeline: Pipeline, models: ModelStore) -> None:
    pictures = [encoded(drawing(colour)) for colour in ("crimson", "seagreen", "navy")]
    expected = [pipeline.analyse(data) for data in pictures]
    again = Pipeline.load(models)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(again.analyse, pictures * 2))
    for place, analysis in enumerate(found):
        assert analysis.vector.tobytes() == expected[place % 3].vector.tobytes()
        assert analysis.subject == expected[place % 3].subject


def scene(shape: str, colour: str, shift: int) -> bytes:
    image = Image.new("RGB", (400, 300), (235, 230, 220))
    draw = ImageDraw.Draw(image)
    getattr(draw, shape)((100 + shift, 70, 270 + shift, 230), fill=colour, outline="black", width=4)
    return encoded(image)


def test_alike_pictures_are_nearer_than_others(pipeline: Pipeline) -> None:
    ball, moved, brick = (
        pipeline.analyse(scene(*what))
        for what in [("ellipse", "crimson", 0), ("ellipse", "crimson", 25), ("rectangle", "navy", 0)]
    )
    assert similarity(ball, moved) > similarity(ball, brick) + 0.1


@pytest.mark.parametrize("size", [(1, 1), (3, 4000), (4000, 3), (257, 113)])
def test_any_size_of_pixels_can_be_analysed(pipeline: Pipeline, size: tuple[int, int]) -> None:
    pixels: NDArray[np.uint8] = np.full((size[1], size[0], 3), 90, np.uint8)
    vector = pipeline.analyse_pixels(pixels, crop=False).vector
    assert np.isfinite(vector).all()


def test_models_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFetched):
        Pipeline.load(ModelStore(tmp_path))


def test_the_pixels_that_are_handed_on_do_not_say_where_they_were(pipeline: Pipeline) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    for part in pipeline.analyse(encoded(Image.fromarray(noise))).palette:
        assert len(part) == 256
        colours = [(blue, green, red) for red, green, blue in part.tolist()]
        assert colours == sorted(colours)
        assert len(set(colours)) > 100
