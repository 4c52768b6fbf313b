"""SearchImageByText by the SDKs, on an instance whose image encoder has a text encoder beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.contract.judging import Judge, Served, served
from tests.unit.colours import COLOURS, plain, with_encoders

from similis.service import Settings


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with the two encoders, and an instance of one picture of each colour."""
    folder = tmp_path_factory.mktemp("text")
    models = with_encoders(Settings(data=folder / "data"), folder).models
    for model in Settings().models.iterdir():
        if not (models / model.name).exists():
            (models / model.name).symlink_to(model)
    with served(folder, SIMILIS_MODELS=str(models)) as (address, operator):
        form = {"name": "colours", "type": "generic", "model": "colour-image"}
        operator.post("/api/v1/instances", json=form).raise_for_status()
        for name in COLOURS:
            key = {"product_id": name, "pic_name": "a"}
            operator.post(
                "/api/v1/instances/colours/pictures", data=key, files={"file": plain(name)}
            ).raise_for_status()
        yield Served(address, 0, folder, operator)


@pytest.mark.parametrize("judge", ["current", "node"])
def test_a_text_finds_the_pictures_it_describes(request: pytest.FixtureRequest, judge: str, colours: Served) -> None:
    key = colours.key("reader")
    credential = {"accessKeyId": key.id, "accessKeySecret": key.secret}
    if judge == "current":
        credential = {"access_key_id": key.id, "access_key_secret": key.secret}
    sdk: Judge = request.getfixturevalue(judge).using(client={"endpoint": colours.place, **credential})
    for name in COLOURS:
        body = sdk("SearchImageByText", InstanceName="colours", Text=f"a {name} thing", Num=2, Start=0).body
        assert body["Auctions"][0]["ProductId"] == name
        assert (body["Head"]["DocsFound"], body["Head"]["DocsReturn"]) == (3, 2)
        assert "SortExprValues" not in body["Auctions"][0]
