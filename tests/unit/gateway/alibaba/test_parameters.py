"""Reading parameters: what is accepted, and the code of what is not."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.domain import Category, Region
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._parameters import Parameters

Read = Callable[[Parameters], object]

REFUSED: dict[str, tuple[dict[str, str], Read, str]] = {
    "no instance": ({}, Parameters.instance_name, "InvalidInstanceName"),
    "empty instance": ({"InstanceName": ""}, Parameters.instance_name, "InvalidInstanceName"),
    "long instance": ({"InstanceName": "i" * 21}, Parameters.instance_name, "InvalidInstance"),
    "no product": ({"PicName": "a"}, Parameters.key, "NoSpecifiedProductId"),
    "no picture name": ({"ProductId": "p"}, Parameters.key, "NoSpecifiedPicName"),
    "long product": ({"ProductId": "p" * 513, "PicName": "a"}, Parameters.key, "InvalidProductId"),
    "control character": ({"ProductId": "p", "PicName": "a\n"}, Parameters.key, "InvalidPicName"),
    "category no number": ({"CategoryId": "bag"}, Parameters.category, "InvalidCategory"),
    "category unknown": ({"CategoryId": "10"}, Parameters.category, "InvalidCategory"),
    "crop": ({"Crop": "perhaps"}, Parameters.crop, "BadRequest"),
    "region": ({"Region": "1,2,3"}, Parameters.region, "InvalidRegion"),
    "region empty": ({"Region": "5,5,0,9"}, Parameters.region, "InvalidRegion"),
    "content": ({"CustomContent": "x" * 4097}, Parameters.custom_content, "InvalidCustomContent"),
    "filter": ({"Filter": "int_attr >"}, Parameters.filter, "InvalidFilterClause"),
    "no filter": ({}, Parameters.required_filter, "InvalidFilterClause"),
    "num no number": ({"Num": "ten"}, Parameters.page, "InvalidNumParameter"),
    "num zero": ({"Num": "0"}, Parameters.page, "InvalidNumParameter"),
    "num large": ({"Num": "101"}, Parameters.page, "OverflowMaxReturnNum"),
    "start no number": ({"Start": "1.5"}, Parameters.page, "InvalidStartParameter"),
    "start negative": ({"Start": "-1"}, Parameters.page, "InvalidStartParameter"),
    "start and num": ({"Start": "491"}, Parameters.page, "OverflowMaxResultNum"),
    "start large": ({"Start": "500", "Num": "1"}, Parameters.page, "OverflowMaxResultNum"),
    "threshold": ({"ScoreThreshold": "1.01"}, Parameters.search_options, "BadRequest"),
    "threshold no number": ({"ScoreThreshold": "nan"}, Parameters.search_options, "BadRequest"),
    **{
        f"IntAttr{number}": ({f"IntAttr{number}": str(2**31)}, Parameters.attributes, f"InvalidIntAttr{number}")
        for number in ("", "2", "3", "4")
    },
    **{
        f"StrAttr{number}": ({f"StrAttr{number}": "a$"}, Parameters.changes, f"InvalidStrAttr{number}")
        for number in ("", "2", "3", "4")
    },
}


@pytest.mark.parametrize(("values", "read", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_has_the_code_of_its_parameter(values: dict[str, str], read: Read, code: str) -> None:
    with pytest.raises(Refused) as caught:
        read(Parameters(values))
    assert caught.value.code == code


@given(st.sampled_from(["true", "True", "TRUE", "tRuE", "1"]), st.sampled_from(["false", "False", "FALSE", "0"]))
def test_booleans_are_read_in_any_case(true: str, false: str) -> None:
    assert Parameters({"Crop": true}).crop()
    assert not Parameters({"Crop": false}).crop()


@pytest.mark.parametrize(
    "name", ["Crop", "Region", "CategoryId", "Num", "Start", "Filter", "ScoreThreshold", "IntAttr"]
)
def test_an_empty_value_counts_as_absent(name: str) -> None:
    empty, absent = Parameters({name: ""}), Parameters({})
    assert empty.search_options() == absent.search_options()
    assert empty.crop() == absent.crop()
    assert empty.region() == absent.region()
    assert empty.changes() == absent.changes() == {}


def test_an_empty_text_is_a_value_where_texts_are_kept() -> None:
    assert Parameters({"StrAttr2": "", "CustomContent": ""}).changes() == {"str_attr2": "", "custom_content": ""}


@given(st.integers(-(2**31), 2**31 - 1))
def test_every_number_of_32_bits_is_an_attribute(number: int) -> None:
    assert Parameters({"IntAttr3": str(number)}).attributes().int_attr3 == number


@given(st.integers(1, 100), st.integers(0, 400), st.integers(0, 100))
def test_options_are_what_was_sent(num: int, start: int, hundredths: int) -> None:
    sent = {
        "Num": str(num),
        "Start": str(start),
        "ScoreThreshold": f"{hundredths / 100:.2f}",
        "CategoryId": "88888888",
        "DistinctProductId": "True",
    }
    options = Parameters(sent).search_options()
    assert (options.num, options.start, options.min_score) == (num, start, hundredths / 100)
    assert options.category is Category.OTHER
    assert options.distinct_product


def test_defaults() -> None:
    options = Parameters({}).search_options()
    assert (options.num, options.start, options.min_score, options.distinct_product) == (10, 0, 0.0, False)
    assert options.category is None
    assert Parameters({}).crop()


def test_the_order_of_a_region_is_x1_x2_y1_y2() -> None:
    assert Parameters({"Region": "280,486,232,351"}).region() == Region(x1=280, x2=486, y1=232, y2=351)
