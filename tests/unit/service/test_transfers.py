import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.importing import (
    SOURCE,
    add_line,
    connect,
    delete_line,
    in_this_process,
    is_first,
    keys,
    run_import,
    write_bucket,
)

from similis.algorithm import Pipeline
from similis.domain import (
    CapacityReached,
    Connection,
    ConnectionNotFound,
    Credentials,
    ExportNotReady,
    ImportSource,
    InstanceNotFound,
    InstanceSpec,
    InstanceType,
    InvalidInput,
    PictureKey,
    Provider,
    Task,
    TaskKind,
    TaskNotFound,
    TaskRunning,
    TaskStatus,
)
from similis.service import App, Settings

Draw = Callable[..., bytes]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An import then starts one process, not two."""
    return settings.model_copy(update={"threads": 1})


def test_an_import_keeps_what_adding_each_picture_would(shop: App, root: Path, draw: Draw) -> None:
    more = {"CategoryId": 4, "IntAttr": 7, "StrAttr2": "rot", "CustomContent": "k:v", "Region": "20,120,20,120"}
    write_bucket(
        root,
        [add_line("p1", "a.jpg"), add_line("p2", "sub/b.jpg", **more), add_line("p3", "a.jpg", Crop=False)],
        {"a.jpg": draw(1), "sub/b.jpg": draw(2)},
    )
    task = run_import(shop, "shop")
    assert (task.status, task.code, task.kind) == (TaskStatus.SUCCESS, None, TaskKind.IMPORT)
    assert (task.counts.lines, task.counts.added, task.counts.failed) == (3, 3, 0)
    assert task.read_bytes == task.total_bytes == (root / "bucket/in/increment.meta").stat().st_size
    shop.instances.create(InstanceSpec("single"))
    shop.pictures.add("single", draw(1), PictureKey("p1", "a.jpg"))
    shop.pictures.add("single", draw(1), PictureKey("p3", "a.jpg"), crop=False)
    for key in (PictureKey("p1", "a.jpg"), PictureKey("p3", "a.jpg")):
        assert shop.pictures.get("shop", key) == shop.pictures.get("single", key)
    second = shop.pictures.get("shop", PictureKey("p2", "sub/b.jpg"))
    assert (int(second.category), str(second.region), second.custom_content) == (4, "20,120,20,120", "k:v")
    assert (second.attributes.int_attr, second.attributes.str_attr2) == (7, "rot")
    assert is_first(shop, draw(1), "p1")


def test_a_name_is_below_the_path_or_else_below_the_root(shop: App, root: Path, draw: Draw) -> None:
    write_bucket(root, [add_line("p1", "a.jpg"), add_line("p2", "b.jpg")], {"a.jpg": draw(1)})
    for name, product in (("a.jpg", 3), ("b.jpg", 2)):
        (root / "bucket" / name).write_bytes(draw(product))
    assert run_import(shop, "shop").counts.added == 2
    assert is_first(shop, draw(1), "p1")
    assert is_first(shop, draw(2), "p2")


def test_every_line_that_failed_is_told_with_its_keys(shop: App, root: Path, draw: Draw) -> None:
    lines: list[dict[str, Any] | str] = [
        add_line("p1", "a.jpg"),
        "no JSON",
        "",
        add_line("p2", "missing.jpg"),
        add_line("p3", "text.jpg"),
        add_line("p4", "a.jpg", Region="1,2,3"),
        add_line("p5", "a.jpg", Region="0,5000,0,5000"),
        add_line("p6", "../../secret.jpg"),
        '{"operator":"ADD","item_id":"p7","pic_list":["a.jpg","missing.jpg"]}',
    ]
    write_bucket(root, lines, {"a.jpg": draw(1), "text.jpg": b"no picture at all"})
    task = run_import(shop, "shop")
    assert (task.status, task.counts.added, task.counts.failed, task.counts.lines) == (TaskStatus.SUCCESS, 2, 7, 8)
    assert [(each.line, each.product_id, each.pic_name, each.code) for each in shop.transfers.failures(task.id)] == [
        (2, None, None, "invalid_input"),
        (4, "p2", "missing.jpg", "object_not_found"),
        (5, "p3", "text.jpg", "unsupported_format"),
        (6, "p4", "a.jpg", "invalid_region"),
        (7, "p5", "a.jpg", "invalid_region"),
        (8, "p6", "../../secret.jpg", "invalid_key"),
        (9, "p7", "missing.jpg", "object_not_found"),
    ]
    assert keys(shop) == {("p1", "a.jpg"), ("p7", "a.jpg")}


def test_lines_are_applied_in_their_order(shop: App, root: Path, draw: Draw) -> None:
    lines = [
        add_line("p1", "a.jpg"),
        add_line("p1", "b.jpg"),
        delete_line("p1"),
        add_line("p1", "c.jpg"),
        add_line("p2", "a.jpg"),
        delete_line("p2", PicName="a.jpg"),
        add_line("p3", "a.jpg"),
        add_line("p3", "a.jpg", IntAttr=5),
        delete_line("nobody"),
    ]
    write_bucket(root, lines, {f"{name}.jpg": draw(number) for number, name in enumerate("abc")})
    counts = run_import(shop, "shop").counts
    assert (counts.added, counts.replaced, counts.deleted, counts.failed) == (6, 1, 3, 0)
    assert keys(shop) == {("p1", "c.jpg"), ("p3", "a.jpg")}
    assert shop.pictures.get("shop", PictureKey("p3", "a.jpg")).attributes.int_attr == 5


@pytest.mark.slow
def test_other_processes_analyse_as_this_one_does(shop: App, root: Path, draw: Draw) -> None:
    write_bucket(root, [add_line(f"p{n}", f"{n}.jpg") for n in range(6)], {f"{n}.jpg": draw(n) for n in range(6)})
    task = shop.transfers.start_import("shop", SOURCE)
    assert shop.transfers.run(task.id).counts.added == 6
    for number in range(6):
        assert is_first(shop, draw(number), f"p{number}")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (ImportSource("nobody", "bucket", "/in"), ConnectionNotFound),
        (ImportSource("folder", "bucket", "in"), InvalidInput),
        (ImportSource("folder", "bucket", "/in/"), InvalidInput),
        (ImportSource("folder", "../etc", "/in"), InvalidInput),
    ],
)
def test_what_can_never_work_is_refused_at_once(shop: App, source: ImportSource, error: type[Exception]) -> None:
    with pytest.raises(error):
        shop.transfers.start_import("shop", source)
    assert shop.transfers.list("shop") == ([], 0)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (ImportSource("folder", "other", "/in"), "bucket_not_found"),
        (ImportSource("folder", "bucket", "/out"), "path_not_found"),
        (ImportSource("folder", "bucket", "/in/sub"), "meta_file_not_found"),
    ],
)
def test_a_task_that_cannot_begin_tells_why(
    shop: App, root: Path, draw: Draw, source: ImportSource, code: str
) -> None:
    write_bucket(root, [add_line("p", "sub/a.jpg")], {"sub/a.jpg": draw(1)})
    task = run_import(shop, "shop", source)
    assert (task.status, task.code, task.counts.added) == (TaskStatus.FAIL, code, 0)
    assert task.message


def test_one_import_an_instance_at_a_time(shop: App, root: Path, draw: Draw) -> None:
    write_bucket(root, [add_line("p", "a.jpg")], {"a.jpg": draw(1)})
    shop.instances.create(InstanceSpec("other"))
    first = shop.transfers.start_import("shop", SOURCE)
    for rebuild in (False, True):
        with pytest.raises(TaskRunning):
            shop.transfers.start_import("shop", SOURCE, rebuild=rebuild)
    shop.transfers.start_import("other", SOURCE)
    shop.transfers.start_export("shop")
    shop.transfers.run(first.id, in_this_process(shop))
    shop.transfers.start_import("shop", SOURCE)
    assert [each.kind for each in shop.transfers.list("shop")[0]] == ["import", "export", "import"]


def test_a_full_instance_ends_an_import_at_its_last_place(app: App, root: Path, draw: Draw) -> None:
    app.instances.create(InstanceSpec("shop", capacity=5))
    connect(app, root)
    write_bucket(root, [add_line(f"p{n}", "a.jpg") for n in range(8)], {"a.jpg": draw(1)})
    task = run_import(app, "shop")
    assert (task.status, task.code, task.counts.added) == (TaskStatus.FAIL, CapacityReached.code, 5)
    assert keys(app) == {(f"p{n}", "a.jpg") for n in range(5)}


def test_a_cancelled_import_stops_and_keeps_what_it_did(shop: App, root: Path, draw: Draw) -> None:
    write_bucket(root, [add_line(f"p{n}", "a.jpg") for n in range(2000)], {"a.jpg": draw(1)})
    task = shop.transfers.start_import("shop", SOURCE)

    def cancel(now: Task) -> None:
        if now.counts.added:
            shop.transfers.cancel(task.id)

    ended = shop.transfers.run(task.id, in_this_process(shop), cancel)
    assert (ended.status, ended.code, ended.cancelling) == (TaskStatus.FAIL, "task_cancelled", False)
    assert 0 < ended.counts.added == len(keys(shop)) < 2000
    assert shop.transfers.cancel(task.id) == ended
    waiting = shop.transfers.start_import("shop", SOURCE)
    assert shop.transfers.cancel(waiting.id).code == "task_cancelled"


@pytest.mark.slow
def test_a_service_takes_up_what_an_earlier_one_left(
    settings: Settings, pipeline: Pipeline, root: Path, draw: Draw
) -> None:
    """Stopped several times on the way: every line is applied, and none twice."""
    count = 500
    write_bucket(
        root, [add_line(f"p{n}", f"{n % 5}.jpg") for n in range(count)], {f"{n}.jpg": draw(n) for n in range(5)}
    )
    with App.open(settings, pipeline) as app:
        app.instances.create(InstanceSpec("shop", InstanceType.GENERIC))
        connect(app, root)
        task = app.transfers.start_import("shop", SOURCE)
    done: list[Task] = []
    while not done or not done[-1].done:
        with App.open(settings, pipeline) as app:
            app.transfers.begin()
            before = app.transfers.get(task.id).counts.added
            while not (now := app.transfers.get(task.id)).done and now.counts.added < before + 40:
                time.sleep(0.02)
            app.transfers.end()
            done.append(app.transfers.get(task.id))
    assert len(done) > 2
    assert all(earlier.counts.added < later.counts.added for earlier, later in pairwise(done))
    assert (done[-1].status, done[-1].counts.added, done[-1].counts.replaced) == (TaskStatus.SUCCESS, count, 0)
    with App.open(settings, pipeline) as app:
        instance = app.instances.get("shop")
        assert len(keys(app)) == instance.picture_count == count
        assert app._catalogue.last_seq(instance) == count  # as many changes as lines


def test_storage_that_was_never_there_is_not_waited_for_long(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("similis.service._importing.PATIENCE_AT_FIRST", 0.5)
    app.instances.create(InstanceSpec("shop"))
    app.connections.create(
        Connection("dead", Provider.S3, endpoint="http://127.0.0.1:9"), Credentials("id", "secret")
    )
    task = run_import(app, "shop", ImportSource("dead", "bucket", "/"))
    assert (task.status, task.code) == (TaskStatus.FAIL, "source_unreachable")


def test_another_increment_meta_does_not_go_on_where_the_first_was(shop: App, root: Path, draw: Draw) -> None:
    lines = [add_line(f"p{n}", "a.jpg") for n in range(2000)]
    write_bucket(root, lines, {"a.jpg": draw(1)})
    task = shop.transfers.start_import("shop", SOURCE)

    def stop(now: Task) -> None:
        if now.counts.added:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop.transfers.run(task.id, in_this_process(shop), stop)
    assert shop.transfers.unfinished("shop", SOURCE, rebuild=False) is not None
    write_bucket(root, lines[:1000], {})
    ended = shop.transfers.run(task.id, in_this_process(shop))
    assert (ended.status, ended.code) == (TaskStatus.FAIL, "source_changed")
    assert shop.transfers.unfinished("shop", SOURCE, rebuild=False) is None


def test_an_instance_deleted_meanwhile_takes_its_task_along(shop: App, root: Path, draw: Draw) -> None:
    write_bucket(root, [add_line(f"p{n}", "a.jpg") for n in range(200)], {"a.jpg": draw(1)})
    task = shop.transfers.start_import("shop", SOURCE)
    shop.transfers.begin()
    while not shop.transfers.get(task.id).counts.added:
        time.sleep(0.02)
    shop.instances.delete("shop")
    with pytest.raises(TaskNotFound):
        shop.transfers.get(task.id)
    with pytest.raises(InstanceNotFound):
        shop.transfers.list("shop")


@pytest.mark.slow
def test_an_export_imports_again_as_the_same(shop: App, root: Path, draw: Draw) -> None:
    lines = [
        add_line("p1", "a.jpg", IntAttr=3, StrAttr="ä", CustomContent="geheim"),
        add_line("p2", "b.jpg", Region="10,150,20,140", CategoryId=5),
        add_line("p3", "a.jpg", Crop=False),
    ]
    write_bucket(root, lines, {"a.jpg": draw(1), "b.jpg": draw(2)})
    run_import(shop, "shop")
    task = shop.transfers.start_export("shop")
    with pytest.raises(ExportNotReady):
        shop.transfers.export_lines(task.id)
    shop.pictures.add("shop", draw(4), PictureKey("later", "a.jpg"))
    shop.pictures.delete("shop", "p3")
    assert shop.transfers.run(task.id).status is TaskStatus.SUCCESS
    exported = b"".join(shop.transfers.export_lines(task.id)).decode()
    assert [line.count("ADD") for line in exported.splitlines()] == [1, 1]
    assert b"".join(shop.transfers.exported("shop")).decode().startswith(exported)
    write_bucket(root, exported.splitlines(), {})
    shop.instances.create(InstanceSpec("copy"))
    assert run_import(shop, "copy").counts.added == 2
    for key in (PictureKey("p1", "a.jpg"), PictureKey("p2", "b.jpg")):
        assert shop.pictures.get("copy", key) == shop.pictures.get("shop", key)
    with pytest.raises(TaskNotFound):
        shop.transfers.export_lines(shop.transfers.list("copy")[0][0].id)


def test_links_open_one_file_of_one_task(shop: App) -> None:
    query = dict(part.split("=") for part in shop.transfers.link(7, "failures", datetime.now(UTC)).split("&"))
    shop.transfers.check_link(7, "failures", query["expires"], query["signature"], datetime.now(UTC))
