"""The `^` body of 2018: what SDKs build is read back, whichever units they count in."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._item_body import ItemBody

KEYS = ("pic_list", "cust_content", "cat_id", "item_id", "s", "n")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ENTRIES = st.dictionaries(st.sampled_from(KEYS), TEXTS, min_size=1)


def in_bytes(entries: dict[str, str]) -> bytes:
    """As the Python SDK builds it."""
    spans, content = [], b""
    for key, value in entries.items():
        data = value.encode()
        spans.append(f"{key},{len(content)},{len(content) + len(data)}")
        content += data
    return "#".join(spans).encode() + b"^" + content


def in_utf16(entries: dict[str, str]) -> bytes:
    """As the Java SDK builds it."""
    spans, content, length = [], "", 0
    for key, value in entries.items():
        units = len(value.encode("utf-16-le")) // 2
        spans.append(f"{key},{length},{length + units}")
        content, length = content + value, length + units
    return f"{'#'.join(spans)}^{content}".encode()


@given(ENTRIES)
def test_bodies_counted_in_bytes_are_read_back(entries: dict[str, str]) -> None:
    body = ItemBody.parse(in_bytes(entries))
    assert {key: body.text(key) for key in entries} == entries


@given(ENTRIES)
def test_bodies_counted_in_utf16_units_are_read_back(entries: dict[str, str]) -> None:
    body = ItemBody.parse(in_utf16(entries))
    assert {key: body.text(key) for key in entries} == entries


def test_the_captured_body() -> None:
    captured = (
        b"pic_list,0,17#cust_content,17,28#YS5qcGc=,28,48#cat_id,48,49#Yi5qcGc=,49,69#item_id,69,73^"
        b"YS5qcGc=,Yi5qcGc=k1:v1,k2:v2UElDVFVSRS1CWVRFUy0x0UElDVFVSRS1CWVRFUy0y1000"
    )
    body = ItemBody.parse(captured)
    assert (body.text("item_id"), body.text("cat_id"), body.text("cust_content")) == ("1000", "0", "k1:v1,k2:v2")
    assert body.picture_names() == {"YS5qcGc=": "a.jpg", "Yi5qcGc=": "b.jpg"}
    assert base64.b64decode(body.text("Yi5qcGc=")) == b"PICTURE-BYTES-2"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "NoCaretSeperator"),
        (b"item_id,0,4", "NoCaretSeperator"),
        (b"^1000", "EmptyMeta"),
        (b"item_id^1000", "InvalidMetaItem"),
        (b"item_id,0^1000", "InvalidMetaItem"),
        (b"item_id,0,4,5^1000", "InvalidMetaItem"),
        (b"item_id,a,4^1000", "InvalidMetaItem"),
        (b"item_id,-1,4^1000", "InvalidMetaItem"),
        (b"item_id,3,1^1000", "InvalidMetaItem"),
        (b"item_id,0,5^1000", "InvalidMetaItem"),
        (b"item_id,0,4#^1000", "InvalidMetaItem"),
        (b"item_id,0,4#cat_id,3,4^1000", "InvalidMetaItem"),
        (b"item_id,0,4#" * 9 + b"item_id,0,4^1000", "InvalidMetaItem"),
        (b"item_id,0,123456789^1000", "InvalidMetaItem"),
        (b"item_id,0,3^\xff\xfe\xfd\xfc", "InvalidMetaItem"),
    ],
)
def test_broken_bodies(body: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        ItemBody.parse(body)
    assert caught.value.code == code


@pytest.mark.parametrize("names", ["a.jpg", "YS5qcGc=,?", "/w==", "YS5qcGc=,YS5qcGc="])
def test_names_that_cannot_be_read(names: str) -> None:
    with pytest.raises(Refused) as caught:
        ItemBody.parse(in_bytes({"pic_list": names})).picture_names()
    assert caught.value.code == "InvalidPicList"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        ItemBody.parse(data)
    except Refused as refused:
        assert refused.code in {"NoCaretSeperator", "EmptyMeta", "InvalidMetaItem"}
