"""`increment.meta` line by line: what is read, what fails and why, how it is written."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from similis.domain import Attributes, Category, Picture, PictureKey, Region
from similis.transfer import MAX_LINE, Addition, Deletion, Entry, FailedLine, ParsedLine, format_entry, read_increment

KEY = {"ProductId": "1000", "PicName": "girl/a.jpg"}
ADD = {"OperationType": "ADD", **KEY}

texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=20)
free_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
plain_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\\¥$&%"), max_size=20)
integers = st.integers(-(2**31), 2**31 - 1)
attributes = st.builds(
    Attributes,
    **{f"int_attr{n}": st.none() | integers for n in ("", 2, 3, 4)},
    **{f"str_attr{n}": st.none() | plain_texts for n in ("", 2, 3, 4)},
)
regions = st.tuples(*[st.integers(0, 4095)] * 4).map(
    lambda each: Region(each[0], each[0] + 1 + each[1], each[2], each[2] + 1 + each[3])
)
keys = st.builds(PictureKey, texts, texts)
additions = st.builds(
    Addition,
    keys,
    st.none() | st.sampled_from(Category),
    st.booleans(),
    st.none() | regions,
    st.none() | free_texts,
    attributes,
)
deletions = st.builds(Deletion, texts, st.none() | texts)
entries: st.SearchStrategy[Entry] = st.one_of(additions, deletions)


def read(content: bytes | str, piece: int = 1 << 20) -> list[ParsedLine | FailedLine]:
    content = content.encode() if isinstance(content, str) else content
    return list(read_increment(content[start : start + piece] for start in range(0, len(content), piece)))


def entry(form: object) -> Entry:
    """The one entry of a line that holds this object."""
    (line,) = read(json.dumps(form))
    assert isinstance(line, ParsedLine), line
    (only,) = line.entries
    return only


def failure(line: object) -> FailedLine:
    """How a line fails that is this text or holds this object."""
    (failed,) = read(line if isinstance(line, str | bytes) else json.dumps(line))
    assert isinstance(failed, FailedLine), failed
    return failed


def test_every_field_of_an_addition() -> None:
    strings = {"StrAttr": "v", "StrAttr2": "v2", "StrAttr3": "", "StrAttr4": "v4"}
    numbers = {"IntAttr": 0, "IntAttr2": -1, "IntAttr3": 2**31 - 1, "IntAttr4": -(2**31)}
    others = {"CategoryId": 0, "CustomContent": "k1:v1,k2:v2", "Region": "20,40,60,80", "Crop": False}
    assert entry({**ADD, **strings, **numbers, **others}) == Addition(
        PictureKey("1000", "girl/a.jpg"),
        Category.TOPS,
        False,
        Region(20, 40, 60, 80),
        "k1:v1,k2:v2",
        Attributes(0, -1, 2**31 - 1, -(2**31), "v", "v2", "", "v4"),
    )


def test_what_is_not_given_is_left_to_the_service() -> None:
    assert entry(ADD) == Addition(PictureKey("1000", "girl/a.jpg"))
    absent = {"CategoryId": None, "IntAttr": None, "StrAttr": None, "Region": None, "Crop": None}
    assert entry({**ADD, **absent}) == entry({**ADD, "CategoryId": "", "Region": ""}) == entry(ADD)


def test_the_form_of_2018_names_several_pictures() -> None:
    form = {"operator": "ADD", "item_id": "1000", "cat_id": 1, "cust_content": "k:v", "int_attr": 5, "str_attr": "x"}
    (line,) = read(json.dumps({**form, "pic_list": ["a.jpg", "b.jpg"]}))
    assert isinstance(line, ParsedLine)
    assert line.entries == tuple(
        Addition(
            PictureKey("1000", name),
            Category.DRESS,
            custom_content="k:v",
            attributes=Attributes(int_attr=5, str_attr="x"),
        )
        for name in ("a.jpg", "b.jpg")
    )
    (line,) = read('{"operator":"DELETE","item_id":"1000","pic_list":["a.jpg","b.jpg"]}')
    assert isinstance(line, ParsedLine)
    assert line.entries == (Deletion("1000", "a.jpg"), Deletion("1000", "b.jpg"))


def test_a_deletion_of_one_picture_or_of_a_product() -> None:
    assert entry({**KEY, "OperationType": "DELETE", "CategoryId": "any"}) == Deletion("1000", "girl/a.jpg")
    assert entry({"OperationType": "delete", "ProductId": "1000"}) == Deletion("1000")


def test_numbers_and_texts_stand_for_each_other() -> None:
    assert entry({**ADD, "ProductId": 1000, "CategoryId": "3", "IntAttr": "-7", "StrAttr": 42, "Crop": "False"}) == (
        Addition(PictureKey("1000", "girl/a.jpg"), Category.BAG, False, attributes=Attributes(-7, str_attr="42"))
    )


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("{", "invalid_input", "no JSON"),
        ("ADD 1000 a.jpg", "invalid_input", "no JSON"),
        (json.dumps(ADD) * 2, "invalid_input", "goes on for"),
        (json.dumps(ADD) + ",", "invalid_input", "goes on for"),
        ([ADD], "invalid_input", "no JSON object"),
        ("null", "invalid_input", "no JSON object"),
        ("[" * 100_000, "invalid_input", "nested"),
        ('{"a":' * 50_000, "invalid_input", "nested"),
        ('{"IntAttr":' + "9" * 5000 + "}", "invalid_input", "endless number"),
        (b'{"ProductId":"caf\xe9"}', "invalid_input", "UTF-8"),
        (json.dumps(ADD).encode("utf-16"), "invalid_input", "UTF-8"),
        (KEY, "invalid_input", "OperationType is missing"),
        ({**KEY, "OperationType": "UPDATE"}, "invalid_input", "'UPDATE'"),
        ({**KEY, "OperationType": True}, "invalid_input", "OperationType is a boolean"),
        ({**ADD, "IntAtr": 1}, "invalid_input", "no field 'IntAtr'"),
        ('{"ProductId":"1","ProductId":"2"}', "invalid_input", "twice"),
        ('{"ProductId":"1","item_id":"1"}', "invalid_input", "item_id is given twice"),
        ({"OperationType": "ADD", "PicName": "a.jpg"}, "invalid_key", "ProductId is missing"),
        ({"OperationType": "ADD", "ProductId": "1000"}, "invalid_key", "PicName is missing"),
        ({"OperationType": "DELETE", "ProductId": "1000", "PicName": None}, "invalid_key", "PicName is null"),
        ({"OperationType": "DELETE", "ProductId": "1000", "PicName": ""}, "invalid_key", "PicName has 0"),
        (
            {"OperationType": "DELETE", "ProductId": "1000", "pic_list": []},
            "invalid_key",
            "pic_list is no list of names",
        ),
        ({**ADD, "pic_list": ["a.jpg"]}, "invalid_key", "PicName and pic_list"),
        (
            {"operator": "ADD", "item_id": "1", "pic_list": ["a.jpg", 5]},
            "invalid_key",
            "pic_list is no list of names",
        ),
        ({**ADD, "ProductId": "x" * 513}, "invalid_key", "ProductId has 513"),
        ({**ADD, "ProductId": ["1000"]}, "invalid_key", "ProductId is a list"),
        ({**ADD, "ProductId": "\ud800"}, "invalid_key", "ProductId contains"),
        ({**ADD, "CategoryId": 15}, "invalid_category", "no category 15"),
        ({**ADD, "CategoryId": 10**4000}, "invalid_category", "CategoryId is a number"),
        ({**ADD, "CategoryId": 1.0}, "invalid_category", "CategoryId is a number"),
        ({**ADD, "cat_id": {"a": 1}}, "invalid_category", "cat_id is an object"),
        ({**ADD, "IntAttr2": 2**31}, "invalid_attribute", "int_attr2 is 2147483648"),
        ({**ADD, "IntAttr3": True}, "invalid_attribute", "IntAttr3 is a boolean"),
        ({**ADD, "IntAttr4": float("nan")}, "invalid_attribute", "IntAttr4 is a number"),
        ({**ADD, "StrAttr": "50%"}, "invalid_attribute", "str_attr contains %"),
        ({**ADD, "StrAttr2": 1.5}, "invalid_attribute", "StrAttr2 is a number"),
        ({**ADD, "CustomContent": "x" * 4097}, "invalid_attribute", "4097 characters"),
        ({**ADD, "CustomContent": {"k": "v"}}, "invalid_attribute", "CustomContent is an object"),
        ({**ADD, "Region": "20,40,60"}, "invalid_region", "cannot be read"),
        ({**ADD, "Region": [20, 40, 60, 80]}, "invalid_region", "Region is a list"),
        ({**ADD, "Region": "40,20,60,80"}, "invalid_region", "empty or negative"),
        ({**ADD, "Crop": "perhaps"}, "invalid_input", "Crop is a text of 7 characters"),
    ],
)
def test_a_line_that_fails_says_what_was_wrong_and_what_is_expected(line: object, code: str, message: str) -> None:
    failed = failure(line)
    assert failed.code == code
    assert message in failed.message
    assert failed.message.count(".") >= 2
    assert len(failed.message) < 500


_SECRET = "diagnosis"


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(ADD) + _SECRET,
        json.dumps(ADD) + json.dumps({"CustomContent": _SECRET}),
        [_SECRET],
        json.dumps(_SECRET),
        {**ADD, "CustomContent": {"k": _SECRET}},
        {**ADD, "CustomContent": [_SECRET]},
        {**ADD, "CustomContent": _SECRET * 1000},
        {**ADD, "CustomContent": f"{_SECRET}\0"},
        {**ADD, "StrAttr": {_SECRET: _SECRET}},
        {**ADD, "StrAttr4": [_SECRET]},
        {**ADD, "StrAttr": f"{_SECRET}$"},
        {**ADD, "IntAttr": _SECRET},
        {**ADD, "CategoryId": _SECRET},
        {**ADD, "Crop": _SECRET},
        {**ADD, "Crop": {_SECRET: _SECRET}},
        {**ADD, "pic_list": {_SECRET: _SECRET}},
    ],
)
def test_what_a_customer_wrote_is_not_told(line: object) -> None:
    assert _SECRET[:4] not in failure(line).message


def test_a_failed_line_names_its_picture_as_far_as_it_is_known() -> None:
    failed = failure({**ADD, "CategoryId": 15})
    assert (failed.product_id, failed.pic_name) == ("1000", "girl/a.jpg")
    failed = failure({**ADD, "ProductId": ""})
    assert (failed.product_id, failed.pic_name) == (None, "girl/a.jpg")
    failed = failure({"operator": "ADD", "item_id": "1000", "pic_list": ["a.jpg", "b.jpg"], "cat_id": 15})
    assert (failed.product_id, failed.pic_name) == ("1000", None)


def test_lines_are_numbered_and_blank_ones_passed_over() -> None:
    line = json.dumps(ADD).encode()
    content = b"\xef\xbb\xbf" + line + b"\r\n\r\n \t\n" + b"{\n" + line  # a BOM, CRLF, no end of the last line
    found = read(content)
    assert [type(each) for each in found] == [ParsedLine, FailedLine, ParsedLine]
    assert [each.line for each in found] == [1, 4, 5]
    assert [each.end for each in found] == [len(line) + 5, len(content) - len(line), len(content)]
    assert read(b"") == read(b"\xef\xbb\xbf\n\n") == []


def test_the_longest_line_is_read_and_a_longer_one_is_not() -> None:
    line = json.dumps(ADD).encode()
    longest = line + b" " * (MAX_LINE - len(line) - 1) + b"\n"
    padded = b" " * MAX_LINE + line + b"\n"
    first, second, third = read(longest + padded + line, 1000)
    assert isinstance(first, ParsedLine)
    assert isinstance(second, FailedLine)
    assert f"{len(padded)} bytes" in second.message
    assert isinstance(third, ParsedLine)
    assert (third.line, third.end) == (3, len(longest) + len(padded) + len(line))


def test_memory_is_bounded_even_on_one_endless_line() -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(500):
            yield b"x" * 200_000
        yield b"\n" + json.dumps(ADD).encode()

    tracemalloc.start()
    try:
        failed, added = read_increment(endless())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(failed, FailedLine)
    assert isinstance(added, ParsedLine)
    assert peak < 4 * MAX_LINE


def test_a_picture_named_twice_is_given_twice_in_order() -> None:
    lines: list[Entry] = [
        Addition(PictureKey("1", "a")),
        Deletion("1", "a"),
        Addition(PictureKey("1", "a"), Category.BAG),
    ]
    found = read(b"".join(map(format_entry, lines)))
    assert [each.entries for each in found if isinstance(each, ParsedLine)] == [(line,) for line in lines]


@given(st.lists(entries, max_size=5), st.integers(1, 200))
def test_what_is_written_reads_as_the_same(written: list[Entry], piece: int) -> None:
    found = read(b"".join(map(format_entry, written)), piece)
    assert [each.entries for each in found if isinstance(each, ParsedLine)] == [(each,) for each in written]


@given(st.builds(Picture, keys, st.sampled_from(Category), regions, st.none() | free_texts, attributes))
def test_an_exported_picture_is_added_in_its_category_by_its_region(picture: Picture) -> None:
    (line,) = read(format_entry(Addition.of(picture)))
    assert isinstance(line, ParsedLine)
    (added,) = line.entries
    assert isinstance(added, Addition)
    back = Picture(added.key, added.category, added.region, added.custom_content, added.attributes)  # type: ignore[arg-type] # neither is None: compared next
    assert back == picture


_names = st.sampled_from(
    [*ADD, "CategoryId", "IntAttr", "StrAttr2", "Region", "Crop", "pic_list", "item_id", "cat_id"]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["ADD", "DELETE"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_hostile = st.one_of(
    st.binary(max_size=60),
    st.dictionaries(_names, _json).map(lambda form: json.dumps(form).encode()),
    entries.map(format_entry),
    st.just(b"\xef\xbb\xbf"),
    st.just(b"\r\n"),
)


@settings(max_examples=200)
@given(st.lists(_hostile, max_size=8).map(b"".join), st.lists(st.integers(0, 500), max_size=5))
def test_no_bytes_raise_and_every_line_is_accounted_for(content: bytes, cuts: list[int]) -> None:
    found = list(read_increment(_cut(content, cuts)))
    lines = enumerate(content.split(b"\n"), start=1)
    assert [each.line for each in found] == [n for n, line in lines if line.decode("utf-8-sig", "replace").strip()]
    assert all(each.message.encode() for each in found if isinstance(each, FailedLine))
    for each in found:  # reading goes on behind any line as if it had not stopped
        rest = list(read_increment([content[each.end :]], each.line + 1, each.end))
        assert rest == [later for later in found if later.line > each.line]


def _cut(content: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    start = 0
    for end in [*sorted(cuts), len(content)]:
        yield content[start:end]
        start = max(start, end)
