from __future__ import annotations

from pathlib import Path

import pytest

from similis.domain import Category, InvalidLabels
from similis.evaluation import Labels, read_labels


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def names(pictures: tuple[object, ...]) -> list[str]:
    return [picture.key.pic_name for picture in pictures]  # type: ignore[attr-defined] # labelled pictures


def test_queries_and_gallery(tmp_path: Path) -> None:
    splits = ["query", "test", "Val", "validation", "gallery", "train", "iconic"]
    rows = [f"{name}.png,x,{split}" for name, split in zip("abcdefg", splits, strict=True)]
    labels = read_labels(written(tmp_path, "\n".join(["path,label,split", *rows])))
    assert names(labels.queries) == ["a.png", "b.png", "c.png", "d.png"]
    assert names(labels.gallery) == ["e.png", "f.png"]
    assert (labels.leave_one_out, labels.left_out) == (False, 1)


@pytest.mark.parametrize(
    "text", ["path,label\na.png,x\nsub/b.png,y\n", "split,label,path\ndev,x,a.png\n,y,sub/b.png\n"]
)
def test_leave_one_out(tmp_path: Path, text: str) -> None:
    labels = read_labels(written(tmp_path, text))
    assert labels.leave_one_out
    assert labels.queries == labels.gallery
    assert [picture.path for picture in labels.gallery] == [tmp_path / "a.png", tmp_path / "sub" / "b.png"]
    assert [picture.key.product_id for picture in labels.gallery] == ["x", "y"]


def test_a_byte_order_mark_and_more_columns_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeffpath,label,colour\na.png,x,red\nb.png,x\n\nc.png,x,red,more\n"
    assert len(read_labels(written(tmp_path, text)).gallery) == 3


def categories(labels: Labels) -> list[Category | None]:
    return [picture.category for picture in labels.gallery]


def test_a_column_of_categories_holds_numbers_or_names(tmp_path: Path) -> None:
    rows = ["a.png,x,3", "b.png,x,bottle_drink", "c.png,x,Digital device", "d.png,x,", "e.png,x,sofas", "f.png,x,999"]
    labels = read_labels(written(tmp_path, "\n".join(["path,label,category", *rows])))
    assert labels.column
    assert categories(labels) == [Category.BAG, Category.BOTTLE_DRINK, Category.DIGITAL_DEVICE, None, None, None]


def test_labels_that_are_all_categories_are_the_truth(tmp_path: Path) -> None:
    labels = read_labels(written(tmp_path, "path,label\na.png,Bag\nb.png,bottle drink\n"))
    assert not labels.column
    assert categories(labels) == [Category.BAG, Category.BOTTLE_DRINK]


@pytest.mark.parametrize("label", ["shirt", "3"])
def test_labels_that_are_not_all_categories_are_none(tmp_path: Path, label: str) -> None:
    labels = read_labels(written(tmp_path, f"path,label\na.png,Bag\nb.png,{label}\n"))
    assert categories(labels) == [None, None]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: there is no column path and no column label"),
        ("path,product\na.png,x\n", "line 1: there is no column label"),
        ("path,label\n", "has no rows"),
        ("path,label\na.png,x\nb.png,\n", "line 3: path or label is empty"),
        ("path,label\na.png,x\nb.png\n", "line 3: path or label is empty"),
        ("path,label\na.png,x\nb.png,y\na.png,y\n", "line 4: a.png is in line 2 already"),
        ("path,label\na.png," + "x" * 513 + "\n", "line 2: product_id has 513 characters"),
        ("path,label,split\na.png,x,test\n", "no gallery pictures"),
        ("path,label,split\na.png,x,train\nb.png,x,dev\n", "no query pictures"),
        (b"path,label\n\xff\xfe,x\n", "no CSV in UTF-8"),
    ],
)
def test_problems_are_told_with_their_line(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(InvalidLabels, match=told) as error:
        read_labels(written(tmp_path, text))
    assert error.value.hint


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidLabels, match="cannot be read"):
        read_labels(tmp_path / "none.csv")
