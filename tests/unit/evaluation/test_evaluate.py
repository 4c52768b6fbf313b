from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from pydantic import SecretStr

from similis.domain import Category, InstanceType, InvalidLabels
from similis.evaluation import EDITS, OURS, Floor, Report, evaluate, scratch_app
from similis.service import App, Settings

PRODUCTS, VIEWS = 6, 3
CHANCE = 1 / PRODUCTS


@pytest.fixture(scope="module")
def shop(draw: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six drawn products in three views: one view of each too small for the service, the first of each a query."""
    folder = tmp_path_factory.mktemp("shop")
    rows = ["path,label,split"]
    for product in range(PRODUCTS):
        for view in range(VIEWS):
            data = draw(product, view)
            if view == 1:
                data = shrunk(data)
            (folder / f"{product}-{view}.png").write_bytes(data)
            rows.append(f"{product}-{view}.png,product {product},{'query' if view == 0 else 'gallery'}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def shrunk(data: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((80, 80)).save(buffer, "PNG")
    return buffer.getvalue()


def relabelled(shop: Path, name: str, lines: list[str]) -> Path:
    path = shop / name
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.slow
def test_queries_find_their_product_in_every_way(app: App, shop: Path) -> None:
    told: list[tuple[str, int, int]] = []
    report = evaluate(app, shop / "labels.csv", progress=lambda *step: told.append(step))
    assert (report.queries, report.gallery, report.without_match, report.bad) == (6, 12, 0, ())
    assert [str(run.way) for run in report.runs] == [
        *("product, crop", "generic, crop", "product, whole picture", "generic, whole picture"),
    ]
    for run in report.runs:
        recall = {k: figure.value for k, figure in run.quality.recall.items()}
        assert 3 * CHANCE < recall[1] <= recall[5] <= recall[10]
        assert run.quality.map_at_100.value > 2 * CHANCE
        assert run.categories is None
        assert run.detection.separation > 0.5
    assert set(report.headline.milliseconds) >= {"add", "query", "decode", "backbone", "features", "search"}
    assert [floor.floor for floor in report.floors] == list(Floor)
    assert [stage for stage, done, _ in told if done == 1] == [
        *("Adding (product, crop)", "Searching (product, crop)", "Adding (generic, crop)"),
        *("Searching (generic, crop)", "Adding (product, whole picture)", "Searching (product, whole picture)"),
        *("Adding (generic, whole picture)", "Searching (generic, whole picture)"),
        *["Comparing with simpler features"] * 2,
    ]
    assert told[-1][1:] == (6, 6)


def quick(app: App, labels: Path, kind: InstanceType = InstanceType.GENERIC) -> Report:
    return evaluate(app, labels, types=[kind], crops=[True], floors=False)


def test_leave_one_out_does_not_find_the_query_itself(app: App, shop: Path) -> None:
    rows = ["path,label"] + [f"{product}-0.png,alone {product}" for product in range(3)]
    rows += [f"{product}-{view}.png,product {product}" for product in (3, 4) for view in range(VIEWS)]
    report = evaluate(app, relabelled(shop, "one-out.csv", rows), types=[InstanceType.GENERIC], crops=[False])
    assert report.leave_one_out
    assert (report.queries, report.gallery, report.without_match) == (6, 9, 3)
    assert report.headline.quality.recall[1].value > 0.5
    assert report.headline.quality.recall[10].value == 1.0
    assert all(floor.quality.recall[10].value == 1.0 for floor in report.floors)
    assert all(floor.quality.map_at_100.value <= 1.0 for floor in report.floors)  # above one, were itself counted


def test_wrong_labels_give_wrong_answers(app: App, shop: Path) -> None:
    """Each query's label is on other products' pictures: a measurement that cannot fail would miss this."""
    rows = ["path,label,split"]
    for product in range(4):
        rows += [f"{product}-0.png,p{product},query", f"{product}-2.png,p{(product + 1) % 4},gallery"]
    report = evaluate(app, relabelled(shop, "wrong.csv", rows), types=[InstanceType.GENERIC], crops=[True])
    assert report.headline.quality.recall[1].value < 0.5
    assert report.headline.detection.separation == 0.5
    assert all(floor.quality.recall[1].value < 0.5 for floor in report.floors)


def test_the_best_of_other_labels_is_found_below_a_hundred_right_ones(app: App, shop: Path, tmp_path: Path) -> None:
    rows = ["path,label,split", "0-0.png,a,query", "1-2.png,b,gallery"]
    for copy in range(101):
        (shop / f"copy-{copy}.png").write_bytes((shop / "0-2.png").read_bytes())
        rows.append(f"copy-{copy}.png,a,gallery")
    with scratch_app(Settings(data=tmp_path, threads=2)) as scratch:
        report = quick(scratch, relabelled(shop, "many.csv", rows))
        apart = quick(app, relabelled(shop, "two.csv", [*rows[:3], rows[3]]))
    assert report.headline.detection.absent == pytest.approx(apart.headline.detection.absent, abs=0.001)
    assert 0 < report.headline.detection.absent[0] < report.headline.detection.present[0]


def test_bad_pictures_are_listed_and_the_rest_goes_on(app: App, shop: Path) -> None:
    (shop / "text.png").write_text("no picture")
    rows = ["path,label,split", "0-0.png,a,query", "0-2.png,a,gallery", "text.png,a,gallery", "none.png,a,query"]
    report = evaluate(app, relabelled(shop, "bad.csv", rows))
    assert [(bad.path, bad.error.code) for bad in report.bad] == [
        ("text.png", "unsupported_format"),
        ("none.png", "invalid_picture"),
    ]
    assert (report.queries, report.gallery) == (1, 1)


def test_nothing_to_find(app: App, shop: Path) -> None:
    rows = ["path,label,split", "0-0.png,a,query", "1-0.png,b,gallery"]
    with pytest.raises(InvalidLabels, match="anything to find"):
        evaluate(app, relabelled(shop, "lonely.csv", rows))
    assert app.instances.list() == []


def test_categories_are_judged_and_given_to_the_gallery(app: App, shop: Path) -> None:
    """The gallery's pictures are all bags by their column: then only a query taken for a bag finds anything."""
    rows = ["path,label,split,category"]
    rows += [f"{product}-0.png,p{product},query,Bag" for product in range(4)]
    rows += [f"{product}-2.png,p{product},gallery,3" for product in range(4)]
    report = quick(app, relabelled(shop, "bags.csv", rows), InstanceType.PRODUCT)
    found = report.headline.categories
    assert found is not None
    assert sum(found.counts.values()) == 4
    assert found.accuracy.value == found.counts.get((Category.BAG, Category.BAG), 0) / 4
    assert report.headline.quality.recall[10].value == found.accuracy.value


@pytest.mark.slow
def test_copies_and_examples(shop: Path, tmp_path: Path) -> None:
    with scratch_app(Settings(data=tmp_path / "mine", threads=2)) as app:
        report = evaluate(app, shop / "labels.csv", types=[InstanceType.GENERIC], crops=[True], copies=2, examples=2)
        scratch = app.settings.data
    assert not scratch.parent.exists()
    assert not (tmp_path / "mine").exists()
    assert report.copies is not None
    assert (report.copies.pictures, report.copies.gallery) == (2, 12)
    assert set(report.copies.recall) == set(EDITS)
    assert all(set(figures) == {OURS, *Floor} for figures in report.copies.recall.values())
    assert report.copies.recall["half turn"][OURS].value == 1.0
    assert 0.2 < report.copies.mean[OURS].value <= 1.0
    kinds = [example.kind for example in report.examples]
    assert kinds.count("random") == 2
    assert kinds.count("best") + kinds.count("worst") >= 2
    assert all(len(example.results) == 6 for example in report.examples)
    told = json.loads(json.dumps(report.as_dict()))
    assert told["mode"] == "query-gallery"
    assert told["instance_type"] == "generic"
    assert told["recall_at_1"] == told["runs"][0]["recall_at_1"]
    assert told["copies"]["mean"]["similis"]["value"] == round(report.copies.mean[OURS].value, 4)


@pytest.mark.slow
def test_a_remembering_app_finds_the_same(app: App, shop: Path, tmp_path: Path) -> None:
    with scratch_app(Settings(data=tmp_path, threads=2)) as scratch:
        remembered = [quick(scratch, shop / "labels.csv", kind) for kind in InstanceType]
    plain = [quick(app, shop / "labels.csv", kind) for kind in InstanceType]
    for one, other in zip(remembered, plain, strict=True):
        assert one.headline.quality == other.headline.quality
        # Each instance has a key of its own, and turned vectors are rounded.
        assert one.headline.detection.present == pytest.approx(other.headline.detection.present, abs=0.001)


def test_a_trial_leaves_the_catalogue_of_the_settings_alone(tmp_path: Path) -> None:
    with scratch_app(Settings(data=tmp_path, catalogue=SecretStr("postgresql://nowhere.invalid/x"))) as scratch:
        assert scratch.instances.list() == []
