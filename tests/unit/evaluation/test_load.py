"""The client that loads a service, what it makes of the answers, and what the report makes of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import repeat
from pathlib import Path

import pytest
from PIL import Image

from similis.domain import InvalidInput, ServiceUnreachable
from similis.evaluation import LoadRun, Sample, Soak
from similis.evaluation._load_calls import Call, Calls, Work, picture_key
from similis.evaluation._load_client import Connection, Reply, Requests
from similis.evaluation._load_pictures import photograph, pictures_of
from similis.evaluation._load_run import load
from similis.evaluation._load_service import Taken

FINE = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine"
LATER = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 9\r\ncontent-length: 0\r\n\r\n"
BROKEN = b'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 22\r\n\r\n{"code": "overloaded"}'
ODD = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n[]"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n."
Answer = Callable[[int], bytes]


class Server:
    """Answers call after call as it is told."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.calls = 0
        self.connections = 0
        self.tasks: list[asyncio.Task[None]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if (task := asyncio.current_task()) is not None:
            self.tasks.append(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                answer = self._answer(self.calls)
                self.calls += 1
                writer.write(answer)
                await writer.drain()
                if not answer or b"close" in answer:
                    break
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Server, str]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        try:
            yield server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        finally:
            await asyncio.gather(*server.tasks)


def calls(work: Work = Work.NAMES) -> Iterator[Call]:
    return repeat(Call(work, b"GET / HTTP/1.1\r\n\r\n"))


async def _replies(count: int, answer: Answer) -> tuple[list[Reply], int]:
    async with serving(answer) as (server, endpoint):
        connection = Connection(endpoint)
        replies = [await connection.call(b"GET / HTTP/1.1\r\n\r\n") for _ in range(count)]
        await connection.close()
        return replies, server.connections


def test_a_connection_is_kept_for_all_calls() -> None:
    replies, connections = asyncio.run(_replies(3, lambda number: LATER if number == 1 else FINE))
    assert [reply.status for reply in replies] == [200, 429, 200]
    assert [reply.body for reply in replies] == [b"fine", b"", b"fine"]
    assert replies[1].headers["retry-after"] == "9"
    assert connections == 1


def test_a_connection_that_was_closed_is_opened_anew() -> None:
    replies, connections = asyncio.run(_replies(2, lambda _: LAST))
    assert [reply.body for reply in replies] == [b".", b"."]
    assert connections == 2


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 two hundred\r\n\r\n"], ids=range(3))
def test_what_does_not_answer_as_http_is_unreachable(answer: bytes) -> None:
    with pytest.raises(ServiceUnreachable):
        asyncio.run(_replies(1, lambda _: answer))


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(ServiceUnreachable):
        asyncio.run(Connection("http://127.0.0.1:1").call(b""))


async def _sample(answer: Answer, clients: int = 2, seconds: float = 0.3) -> tuple[Sample, Server]:
    async with serving(answer) as (server, endpoint):
        return await load(endpoint, calls(), clients, seconds), server


def test_calls_are_counted_by_what_became_of_them() -> None:
    answers = (FINE, BROKEN, ODD, FINE)
    sample, server = asyncio.run(_sample(lambda number: answers[number % 4]))
    assert server.calls == sample.answered + sum(sample.errors.values())
    assert sample.errors.keys() == {"overloaded", "unreadable"}
    assert server.connections == 2
    assert sample.rate == pytest.approx(sample.answered / sample.seconds)
    assert 0 < sample.quantile(0.5) <= sample.quantile(0.99) < 1000 * sample.seconds


def test_who_is_told_to_come_later_waits() -> None:
    sample, server = asyncio.run(_sample(lambda _: LATER))
    assert (sample.answered, sample.throttled, server.calls) == (0, 2, 2)
    assert sample.quantile(0.5) != sample.quantile(0.5), "there is none"


def test_requests_are_whole() -> None:
    requests = Requests("http://host.example:80", "ID:SECRET")
    head, _, body = requests.form("/api/v1/x", {"num": "3"}, b"picture").partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/x HTTP/1.1\r\n")
    assert b"authorization: Bearer ID:SECRET" in head
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert b'name="num"\r\n\r\n3\r\n' in body
    assert b"picture\r\n" in body


def test_a_mixture_has_all_sorts_and_comes_back_the_same() -> None:
    keys = [picture_key(str(number)) for number in range(3)]
    made = Calls(Requests("http://x", "a:b"), keys, [b"one", b"two"])
    once, again = ([next(each) for _ in range(500)] for each in (made.of(Work.MIXED), made.of(Work.MIXED)))
    shares = [sum(call.work is work for call in once) for work in (Work.NAMES, Work.PICTURES, Work.ADDING)]
    assert shares == pytest.approx([300, 150, 50], abs=40)
    assert [call.work for call in once] == [call.work for call in again]
    ring = made.of(Work.ADDING)
    assert len({next(ring).request for _ in range(400)}) == 200, "additions replace each other"


def test_pictures_are_made_up_or_read(tmp_path: Path) -> None:
    assert photograph(1) == photograph(1) != photograph(2)
    assert len(pictures_of(None, 2)) == 2
    with pytest.raises(InvalidInput):
        pictures_of(tmp_path, 2)
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGB", (120, 120)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    assert pictures_of(tmp_path, 2) == [(tmp_path / name).read_bytes() for name in ("a.png", "b.png")]


def _soak(megabytes: Sequence[float]) -> Soak:
    run = LoadRun(Work.MIXED, 8, Sample(seconds=len(megabytes)), 1.0, megabytes[-1])
    return Soak(run, [(float(second), Taken(0.0, each)) for second, each in enumerate(megabytes)])


@pytest.mark.parametrize(
    ("megabytes", "growth"),
    [
        ([300.0] * 60, 0.0),
        ([*range(100, 300, 10), *[300.0] * 40], 0.0),
        ([300 + 0.1 * second for second in range(60)], 4.0),
        ([300 + second for second in range(60)], 39.0),
    ],
    ids=["still", "warming up", "little", "leaking"],
)
def test_memory_is_judged_after_the_warm_up(megabytes: Sequence[float], growth: float) -> None:
    soak = _soak(megabytes)
    assert soak.growth == pytest.approx(growth, abs=0.2)
    assert soak.flat == (growth < 20)
    assert soak.as_dict()["flat"] == soak.flat
