"""`instance tune`, `duplicates` and `add --on-duplicate`, on pictures that the tests draw."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Similis = Callable[..., Any]
Prepare = Callable[[Callable[[], None]], None]
Draw = Callable[..., bytes]
PRODUCTS, VIEWS = 10, 3


@pytest.fixture
def photos(tmp_path: Path, draw: Draw) -> Path:
    """A folder with as many products and pictures of them as tuning asks for at least."""
    folder = tmp_path / "photos"
    for product in range(PRODUCTS):
        (folder / f"p{product}").mkdir(parents=True)
        for view in range(VIEWS):
            (folder / f"p{product}" / f"{view}.png").write_bytes(draw(product, view, size=120))
    return folder


@pytest.fixture
def shop(similis: Similis, photos: Path, prepare: Prepare) -> Similis:
    """A generic instance `shop` with the photos added."""

    def fill() -> None:
        assert similis("instance", "create", "shop", "--type", "generic").status == 0
        assert similis("add", "shop", photos, "--no-crop").status == 0

    prepare(fill)
    return similis


@pytest.mark.slow
def test_an_instance_is_tuned_and_the_tuning_undone(shop: Similis) -> None:
    tried = shop("instance", "tune", "shop", "--dry-run", "--json").json
    assert (tried["products"], tried["pictures"], tried["adopted"]) == (PRODUCTS, PRODUCTS * VIEWS, False)
    assert shop("instance", "show", "shop", "--json").json["tuning"] is None
    told = shop("instance", "tune", "shop")
    assert f"from {PRODUCTS * VIEWS} pictures of {PRODUCTS} products" in told.out
    kept = shop("instance", "show", "shop", "--json").json["tuning"]
    assert kept["gain_low"] == tried["gain_low"]
    assert kept["reason"] in shop("instance", "show", "shop").out.replace("\n", " ")
    assert "searched by its features as they are" in shop("instance", "tune", "shop", "--undo").out
    assert shop("instance", "tune", "shop", "--undo", "--json").json["tuning"] is None
    assert shop("instance", "show", "shop", "--json").json["tuning"] is None


def test_a_tuning_that_cannot_be_says_why(similis: Similis) -> None:
    similis("instance", "create", "shop", "--type", "generic")
    lacking = similis("instance", "tune", "shop")
    assert (lacking.status, "nothing_to_tune" in lacking.err) == (3, True)
    both = similis("instance", "tune", "shop", "--undo", "--dry-run")
    assert (both.status, "exclude each other" in both.err) == (2, True)
    assert similis("instance", "tune", "none").status == 3


def test_duplicates_are_listed_in_groups(shop: Similis, photos: Path) -> None:
    assert shop("duplicates", "shop", "--min-similarity", 1, "--json").json["groups"] == []
    assert shop("add", "shop", _copy(photos), "--no-crop").status == 0
    found = shop("duplicates", "shop", "--min-similarity", 1, "--json").json
    [group] = found["groups"]
    assert {(each["product_id"], each["pic_name"]) for each in group} == {("p0", "0.png"), ("again", "0.png")}
    assert found["pictures"] == PRODUCTS * VIEWS + 1
    told = shop("duplicates", "shop", "--min-similarity", 1).out
    assert "1 groups of near-identical pictures, 1 of them across products" in told
    assert shop("duplicates", "shop", "--min-similarity", 2).status == 2
    assert shop("duplicates", "none").status == 3


@pytest.mark.parametrize(("choice", "status", "added"), [("allow", 0, 1), ("report", 0, 1), ("refuse", 1, 0)])
def test_a_duplicate_is_allowed_reported_or_refused(
    shop: Similis, photos: Path, choice: str, status: int, added: int
) -> None:
    ran = shop("add", "shop", _copy(photos), "--no-crop", "--on-duplicate", choice, "--json")
    assert (ran.status, ran.json["added"]) == (status, added)
    reported = {(each["product_id"], each["pic_name"]) for each in ran.json["duplicates"]}
    assert (("p0", "0.png") in reported) == (choice == "report")
    assert [each["code"] for each in ran.json["failed"]] == ["duplicate_picture"] * (choice == "refuse")
    assert shop("instance", "show", "shop", "--json").json["picture_count"] == PRODUCTS * VIEWS + added


def test_reported_duplicates_are_told_to_people(shop: Similis, photos: Path) -> None:
    told = shop("add", "shop", _copy(photos), "--no-crop", "--on-duplicate", "report").out
    assert "Near-identical to pictures of other keys:" in told
    assert "p0" in told
    assert shop("add", "shop", photos, "--on-duplicate", "perhaps").status == 2


def _copy(photos: Path) -> Path:
    """A folder with the first picture again, as of another product."""
    folder = photos.with_name("again")
    folder.mkdir()
    shutil.copy(photos / "p0" / "0.png", folder / "0.png")
    return folder
