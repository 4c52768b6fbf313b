"""Where `increment.meta` and its pictures are in a bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.domain import InvalidInput, InvalidKey
from similis.transfer import SourceDirectory


def test_the_file_lies_in_the_directory() -> None:
    assert SourceDirectory("/").meta_file == "increment.meta"
    assert SourceDirectory("/shop/2024").meta_file == "shop/2024/increment.meta"


def test_a_picture_lies_below_the_directory_or_below_the_root() -> None:
    assert SourceDirectory("/shop").objects("girl/a.jpg") == ("shop/girl/a.jpg", "girl/a.jpg")
    assert SourceDirectory("/").objects("girl/a.jpg") == ("girl/a.jpg",)


@pytest.mark.parametrize(
    "path", ["", "shop", "/shop/", "//shop", "/shop//x", "/..", "/shop/../x", "/./shop", "/a\0b"]
)
def test_other_forms_of_path_are_refused(path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        SourceDirectory(path)
    assert "/a/b" in refused.value.hint


@pytest.mark.parametrize("pic_name", ["", "/a.jpg", "a/", "../a.jpg", "a/../../b.jpg", "a//b.jpg", "./a.jpg"])
def test_names_that_no_object_has_are_refused(pic_name: str) -> None:
    with pytest.raises(InvalidKey):
        SourceDirectory("/shop").objects(pic_name)


@given(st.text(st.sampled_from("a./\\\0é"), max_size=12))
def test_no_name_leads_out_of_the_bucket(pic_name: str) -> None:
    try:
        objects = SourceDirectory("/shop").objects(pic_name)
    except InvalidKey:
        return
    assert all(".." not in each.split("/") and not each.startswith("/") for each in objects)
