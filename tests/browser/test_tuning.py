"""Tuning on the page of one instance, with a service that really learns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import violations
from tests.browser.conftest import Visitor
from tests.browser.driving import visit
from tests.browser.shop import Shop, serve

from similis.algorithm import Describer
from similis.catalogue import NewPicture
from similis.domain import Category, InstanceSpec, InstanceType, Picture, PictureKey, Region
from similis.service import App, Settings

GOODS = "goods"
PRODUCTS, VIEWS = 50, 4
NUMBERS = 32  # of a feature vector: so few are learned from in seconds
A_WHILE = 120_000  # milliseconds that learning may take


@pytest.fixture
def goods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose instance `goods` tuning helps."""
    folder = tmp_path_factory.mktemp("goods")
    with App.open(Settings(data=folder / "data")) as app:
        _store(app)
    with serve(folder) as running:
        yield running


def _store(app: App) -> None:
    """Put features into the instance that no picture has: a nuisance, in eight directions, hides the products."""
    uid = app.instances._keyring.create_instance()
    spec = InstanceSpec(GOODS, InstanceType.GENERIC)
    instance = app._catalogue.create_instance(spec, uid=uid, index="faiss", model=Describer().name, dimension=NUMBERS)
    random = np.random.default_rng(0)
    spread = np.where(np.arange(NUMBERS) < 8, 6.0, 0.5)
    rows = random.normal(size=(PRODUCTS, 1, NUMBERS)) + random.normal(size=(PRODUCTS, VIEWS, NUMBERS)) * spread
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    pictures = [
        NewPicture(Picture(PictureKey(f"p{product}", f"v{view}"), Category.OTHER, Region(0, 9, 0, 9)), vector)
        for product, views in enumerate(rows.astype(np.float16))
        for view, vector in enumerate(views)
    ]
    app._catalogue.add(instance, pictures)


def _right(shop: Shop) -> int:
    """How many products have another picture of theirs as the best match of one."""
    right = 0
    for product in range(PRODUCTS):
        form = {"product_id": f"p{product}", "pic_name": "v0", "num": "2"}
        answer = shop.operator.post(f"/api/v1/instances/{GOODS}/search", data=form).raise_for_status().json()
        right += answer["matches"][1]["product_id"] == f"p{product}"
    return right


def _tuning(shop: Shop) -> dict[str, object] | None:
    told: dict[str, object] | None = shop.operator.get(f"/api/v1/instances/{GOODS}/tuning").raise_for_status().json()
    return told


@pytest.mark.timeout(300)
def test_what_is_learned_is_used_until_it_is_undone(visit_as: Visitor, goods: Shop) -> None:
    page: Page = visit_as("admin", at=goods)
    before = _right(goods)
    main = visit(page, f"instance/{GOODS}")
    main.get_by_role("button", name="Tune").click()
    expect(main).to_contain_text("Searches use it", timeout=A_WHILE)
    expect(main).to_contain_text(f"Learned from {PRODUCTS * VIEWS} pictures of {PRODUCTS} products")
    assert violations(page) == []
    told = _tuning(goods)
    assert told is not None
    assert told["adopted"] is True
    assert _right(goods) > before + PRODUCTS // 10

    main = visit(page, f"instance/{GOODS}")  # another day
    expect(main).to_contain_text("Searches use it")
    main.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Searches use the features as they are.")).to_be_visible()
    expect(main).to_contain_text("Not tried yet.")
    expect(main.get_by_role("button", name="Undo")).to_have_count(0)
    assert _tuning(goods) is None
    assert _right(goods) == before
