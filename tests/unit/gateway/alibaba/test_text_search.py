"""SearchImageByText on an instance whose image encoder has a text encoder beside it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.unit.colours import COLOURS, plain, with_encoders
from tests.unit.gateway.alibaba.calling import Wire, base64_of

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, InstanceType, PictureKey, Role
from similis.service import App, Settings


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline) -> Iterator[App]:
    """A service with an instance of one picture of each colour."""
    folder: Path = tmp_path_factory.mktemp("text")
    with App.open(with_encoders(Settings(data=folder / "data"), folder), pipeline) as app:
        app.instances.create(InstanceSpec("colours", InstanceType.GENERIC), model="colour-image")
        for name in COLOURS:
            app.pictures.add("colours", plain(name), PictureKey(name, "a"), custom_content=name)
        yield app


@pytest.fixture(scope="module")
def wire(app: App, serving: Callable[[App], AbstractContextManager[str]]) -> Iterator[Wire]:
    with serving(app) as address:
        made = Wire(address, app.access.create(Role.READER))
        yield made
        made.http.close()


@pytest.mark.parametrize("name", COLOURS)
def test_search_image_by_text(wire: Wire, name: str) -> None:
    answer = wire("SearchImageByText", InstanceName="colours", Text=f"a {name} thing", Num=2)
    assert (answer["Success"], answer["Code"], answer["Msg"]) == (True, 0, "success")
    assert (answer["Head"]["DocsFound"], answer["Head"]["DocsReturn"]) == (3, 2)
    assert answer["PicInfo"].keys() == {"AllCategories"}
    best = answer["Auctions"][0]
    assert (best["ProductId"], best["PicName"], best["CustomContent"]) == (name, "a", name)
    assert 0 < best["Score"] <= 1
    assert "SortExprValues" not in best


def test_options_of_a_text_search(wire: Wire) -> None:
    ask = {"InstanceName": "colours", "Text": "green"}
    assert wire("SearchImageByText", **ask, Filter="int_attr=1")["Auctions"] == []
    assert len(wire("SearchImageByText", **ask, Start=2, DistinctProductId="true")["Auctions"]) == 1
    assert len(wire("SearchImageByText", **ask, ScoreThreshold="0.9")["Auctions"]) <= 1


def test_compare_uses_the_encoder_of_the_instance(wire: Wire) -> None:
    red, blue = (base64_of(plain(name)) for name in ("red", "blue"))
    ask = {"InstanceName": "colours", "PrimaryPicContent": red}
    assert wire("CompareSimilarByImage", **ask, SecondaryPicContent=red)["Score"] == 1.0
    found = wire("SearchImageByPic", InstanceName="colours", PicContent=red)["Auctions"]
    [score] = [each["Score"] for each in found if each["ProductId"] == "blue"]
    assert wire("CompareSimilarByImage", **ask, SecondaryPicContent=blue)["Score"] == pytest.approx(score, abs=0.01)
