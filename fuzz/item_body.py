"""The `^` body of 2018: spans are cut out as they say or refused, and what SDKs write is read back."""

from __future__ import annotations

from similis.gateway.alibaba._errors import Refused, wire_error
from similis.gateway.alibaba._item_body import ItemBody

_API = "2018-01-20:ItemAdd"
_KEYS = ("pic_list", "cust_content", "cat_id", "item_id", "s", "n")


def check(data: bytes) -> None:
    """Take bytes for a body, then for the values of one."""
    try:
        body = ItemBody.parse(data)
        _check_spans(data, body)
        assert all(key for key in body.picture_names())
    except Refused as refused:
        answer = wire_error(_API, refused)
        assert 400 <= answer.status < 500
        assert answer.code
        assert len(answer.message) < 1000
    _check_written(data.split(b"\x00")[: len(_KEYS)])


def _check_spans(data: bytes, body: ItemBody) -> None:
    """All that is cut out lies in the content, and together it is not more than that."""
    meta, _, content = data.partition(b"^")
    ends = [int(entry.split(b",")[2]) for entry in meta.split(b"#")]
    assert len(body.entries) <= len(ends)
    if max(ends) == len(content):
        assert all(value in content for value in body.entries.values())
        assert sum(map(len, body.entries.values())) <= len(content)


def _check_written(values: list[bytes]) -> None:
    """Write a body as the SDK for Python does, and read it."""
    spans, content = [], b""
    for key, value in zip(_KEYS, values, strict=False):
        spans.append(f"{key},{len(content)},{len(content) + len(value)}")
        content += value
    if spans:
        read = ItemBody.parse("#".join(spans).encode() + b"^" + content)
        assert list(read.entries.values()) == values
