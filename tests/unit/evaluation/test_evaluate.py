from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from similis.domain import InstanceType, InvalidLabels
from similis.evaluation import evaluate, scratch_app
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


def test_queries_find_their_product(app: App, shop: Path) -> None:
    told: list[tuple[str, int, int]] = []
    report = evaluate(app, shop / "labels.csv", InstanceType.GENERIC, lambda *step: told.append(step))
    assert (report.queries, report.gallery, report.without_match, report.bad) == (6, 12, 0, ())
    assert report.recall[1] > 3 * CHANCE
    assert report.recall[1] <= report.recall[5] <= report.recall[10]
    assert report.recall_at_1_interval[0] <= report.recall[1] <= report.recall_at_1_interval[1]
    assert report.map_at_100 > 2 * CHANCE
    assert set(report.milliseconds) == {
        *("add", "query", "decode", "subject", "backbone", "category", "features", "search"),
    }
    assert told == [("Adding", n, 12) for n in range(1, 13)] + [("Searching", n, 6) for n in range(1, 7)]


def test_leave_one_out_does_not_find_the_query_itself(app: App, shop: Path) -> None:
    rows = ["path,label"] + [f"{product}-0.png,alone {product}" for product in range(3)]
    rows += [f"{product}-{view}.png,product {product}" for product in (3, 4) for view in range(VIEWS)]
    report = evaluate(app, relabelled(shop, "one-out.csv", rows), InstanceType.GENERIC)
    assert report.leave_one_out
    assert (report.queries, report.gallery, report.without_match) == (6, 9, 3)
    assert report.recall[1] > 0.5
    assert report.recall[10] == 1.0


def test_wrong_labels_give_wrong_answers(app: App, shop: Path) -> None:
    """Each query's label is on other products' pictures: a measurement that cannot fail would miss this."""
    rows = ["path,label,split"]
    for product in range(4):
        rows += [f"{product}-0.png,p{product},query", f"{product}-2.png,p{(product + 1) % 4},gallery"]
    report = evaluate(app, relabelled(shop, "wrong.csv", rows), InstanceType.GENERIC)
    assert report.recall[1] < 0.5


def test_bad_pictures_are_listed_and_the_rest_goes_on(app: App, shop: Path) -> None:
    (shop / "text.png").write_text("no picture")
    rows = ["path,label,split", "0-0.png,a,query", "0-2.png,a,gallery", "text.png,a,gallery", "none.png,a,query"]
    report = evaluate(app, relabelled(shop, "bad.csv", rows), InstanceType.PRODUCT)
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


def test_the_report_is_json_and_the_scratch_service_is_gone(shop: Path, tmp_path: Path) -> None:
    rows = ["path,label,split", "0-0.png,a,query", "0-2.png,a,gallery", "1-2.png,b,gallery"]
    with scratch_app(Settings(data=tmp_path / "mine", threads=1)) as app:
        report = evaluate(app, relabelled(shop, "small.csv", rows))
        scratch = app.settings.data
    assert not scratch.parent.exists()
    assert not (tmp_path / "mine").exists()
    written = json.loads(json.dumps(report.as_dict()))
    assert written["mode"] == "query-gallery"
    assert written["recall_at_1"] in (0.0, 1.0)
    assert written["instance_type"] == "product"
