"""What bodies may cost before anything is known of the caller: size, time, and bytes held by all together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from similis.domain import Overloaded, RequestTooLarge, RequestTooSlow, SimilisError
from similis.gateway._body import BodyLimit

SCOPE: Scope = {"type": "http", "headers": []}
Reader = Callable[[Receive], Awaitable[None]]


async def _whole(receive: Receive) -> None:
    while (await receive()).get("more_body", False):
        pass


def _sending(*chunks: bytes, then_wait: bool = False) -> Receive:
    waiting = list(chunks)

    async def receive() -> Message:
        if not waiting:
            await anyio.sleep_forever()
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting) or then_wait}

    return receive


async def _ignore(_message: Message) -> None:
    """Nobody reads the answer."""


async def _attempt(limits: BodyLimit, receive: Receive) -> SimilisError | None:
    try:
        await limits(SCOPE, receive, _ignore)
    except SimilisError as error:
        return error
    return None


def _limits(reader: Reader = _whole, *, limit: int = 100, seconds: float = 5.0, held: int = 1000) -> BodyLimit:
    async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
        await reader(receive)

    return BodyLimit(application, limit, seconds, held)


@pytest.mark.parametrize(("size", "refused"), [(100, False), (101, True)])
def test_size(size: int, refused: bool) -> None:
    error = anyio.run(_attempt, _limits(), _sending(b"x" * 60, b"x" * (size - 60)))
    assert isinstance(error, RequestTooLarge) == refused


def test_a_body_that_does_not_arrive_ends_the_wait() -> None:
    error = anyio.run(_attempt, _limits(seconds=0.05), _sending(b"x", then_wait=True))
    assert isinstance(error, RequestTooSlow)


def test_waiting_for_the_caller_to_hang_up_has_no_end() -> None:
    async def reader(receive: Receive) -> None:
        await _whole(receive)
        with anyio.move_on_after(0.2) as patience:
            await receive()
        assert patience.cancelled_caught

    assert anyio.run(_attempt, _limits(reader, seconds=0.05), _sending(b"x")) is None


def test_all_bodies_together_are_bounded_and_counted_out_again() -> None:
    async def scenario() -> list[SimilisError | None]:
        answered = anyio.Event()

        async def reader(receive: Receive) -> None:
            await _whole(receive)
            await answered.wait()

        limits = _limits(reader, held=250)
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(_attempt, limits, _sending(b"x" * 100))
            await anyio.wait_all_tasks_blocked()
            third = await _attempt(limits, _sending(b"x" * 100))
            answered.set()
        return [third, await _attempt(limits, _sending(b"x" * 100))]

    third, later = anyio.run(scenario)
    assert isinstance(third, Overloaded)
    assert later is None
