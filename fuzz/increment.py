"""`increment.meta`: however it is cut, it reads the same; what is read can be written and read again."""

from __future__ import annotations

import json

from similis.transfer import FailedLine, ParsedLine, format_entry, read_increment

_MOST = 1000
"""Characters of a message: a line that fails must not come back whole."""


def check(data: bytes) -> None:
    """Read a file whole and in pieces of several sizes, then line by line again from where each began."""
    lines = list(read_increment([data]))
    for size in (1, 7, 64):
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        assert list(read_increment(pieces)) == lines
    start = 0
    for line in lines:
        assert start < line.end <= len(data)
        again = list(read_increment([data[start:]], line.line, start))
        # Blank lines before this one give no result, but count.
        assert [each.end for each in again] == [each.end for each in lines if each.end > start]
        _check_line(line, data[start : line.end])
        start = line.end


def _check_line(line: ParsedLine | FailedLine, text: bytes) -> None:
    if isinstance(line, FailedLine):
        assert line.code
        assert 0 < len(line.message) < _MOST
        return
    last = text.removesuffix(b"\n").rpartition(b"\n")[2]  # those before it are blank
    assert isinstance(json.loads(last.decode("utf-8-sig").strip()), dict)
    assert line.entries
    for entry in line.entries:
        written = format_entry(entry)
        (again,) = read_increment([written])
        assert isinstance(again, ParsedLine)
        assert again.entries == (entry,)
