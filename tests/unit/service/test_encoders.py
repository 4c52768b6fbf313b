"""A pair of encoders added by manifest: pictures by their mean colour, texts by the colours they name."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.colours import COLOURS, DIMENSION, plain, with_encoders

from similis.algorithm import Pipeline
from similis.domain import (
    FeatureModelMismatch,
    InstanceSpec,
    InstanceType,
    InvalidText,
    NoTextEncoder,
    PictureKey,
    SearchOptions,
)
from similis.service import App, Settings

SPEC = InstanceSpec("colours", InstanceType.GENERIC)


@pytest.fixture
def coloured(settings: Settings, pipeline: Pipeline, tmp_path: Path) -> Settings:
    """Settings whose models directory has the encoders, fetched by their manifests."""
    ours = with_encoders(settings, tmp_path)
    assert pipeline.model != "colour-image"
    return ours


def test_a_text_finds_the_pictures_it_describes(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        app.instances.create(SPEC, model="colour-image")
        for name in COLOURS:
            app.pictures.add("colours", plain(name), PictureKey(name, "a"))
        for name in COLOURS:
            result = app.search.by_text("colours", f"a {name} thing")
            assert result.matches[0].product_id == name
            assert len(result.matches) == len(COLOURS)
        best = app.search.by_text("colours", "red", SearchOptions(num=1)).matches
        assert [match.product_id for match in best] == ["red"]


def test_two_models_serve_side_by_side_and_do_not_mix(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        added = app.instances.create(SPEC, model="colour-image")
        built_in = app.instances.create(InstanceSpec("plain", InstanceType.GENERIC))
        assert (added.dimension, built_in.dimension) == (DIMENSION, pipeline.dimension)
        for name in ("colours", "plain"):
            app.pictures.add(name, plain("red"), PictureKey("red", "a"))
            assert app.search.by_picture(name, plain("red")).matches[0].score == 1.0
        with pytest.raises(NoTextEncoder):
            app.search.by_text("plain", "red")


def test_an_encoder_may_take_levels_with_the_channels_last(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        for name, model in (("levels", "colour-levels"), ("floats", "colour-image")):
            app.instances.create(InstanceSpec(name, InstanceType.GENERIC), model=model)
            for colour in COLOURS:
                app.pictures.add(name, plain(colour), PictureKey(colour, "a"))
        levels, floats = (app.search.by_picture(name, plain("red")) for name in ("levels", "floats"))
        for one, other in zip(levels.matches, floats.matches, strict=True):
            assert one.product_id == other.product_id
            assert one.score == pytest.approx(other.score, abs=0.01)
        assert (levels.threshold, floats.threshold) == (0.8, 0.5)


def test_the_text_is_checked(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        app.instances.create(SPEC, model="colour-image")
        for text in ("", "  ", "a" * 513):
            with pytest.raises(InvalidText):
                app.search.by_text("colours", text)


def test_an_instance_whose_encoder_is_gone_is_not_used(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        app.instances.create(SPEC, model="colour-image")
    (coloured.models / "manifests" / "colour-image.json").unlink()
    with App.open(coloured, pipeline) as app, pytest.raises(FeatureModelMismatch, match="colour-image"):
        app.search.by_picture("colours", plain("red"))


def test_only_image_encoders_make_instances(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        for model in ("colour-text", "nothing", "u2netp"):
            with pytest.raises(FeatureModelMismatch):
                app.instances.create(SPEC, model=model)
