"""Files that are sent while they are read: in pieces, no more of them in memory than one, off the event loop."""

import threading
from collections.abc import Iterator

import anyio
import pytest
from fastapi.responses import StreamingResponse

from similis.domain import TaskNotFound
from similis.gateway._download import download, json_line

LINE = b"x" * 999 + b"\n"


class Lines:
    """Endless lines, counted."""

    def __init__(self) -> None:
        self.read = 0
        self.threads: set[int] = set()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.read += 1
            self.threads.add(threading.get_ident())
            yield LINE


def pieces(response: StreamingResponse, count: int) -> list[bytes]:
    async def take() -> list[bytes]:
        taken: list[bytes] = []
        async for piece in response.body_iterator:
            assert isinstance(piece, bytes)
            taken.append(piece)
            if len(taken) == count:
                break
        return taken

    return anyio.run(take)


def test_no_more_is_read_than_is_sent() -> None:
    lines = Lines()
    response = download(lines, "a.jsonl")
    assert lines.read == 66
    assert {len(piece) for piece in pieces(response, 3)} == {66_000}
    assert lines.read == 3 * 66
    assert threading.get_ident() in lines.threads  # the first piece, while there can still be an error
    assert len(lines.threads) > 1


def test_the_last_piece_may_be_short_and_there_may_be_none() -> None:
    assert b"".join(pieces(download([LINE] * 70, "a"), 9)) == LINE * 70
    assert b"".join(pieces(download([], "a"), 9)) == b""


def test_what_fails_at_once_is_raised_at_once() -> None:
    def lines() -> Iterator[bytes]:
        raise TaskNotFound("There is no task 1.")
        yield b""

    with pytest.raises(TaskNotFound):
        download(lines(), "a")


def test_a_line_is_one_line() -> None:
    assert json_line({"a": "å\n"}) == '{"a": "å\\n"}\n'.encode()
