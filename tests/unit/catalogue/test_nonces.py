"""Nonces of calls that come at once are written by few commits, and each call is still told about its own."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select

from similis.catalogue import Catalogue
from similis.catalogue._tables import nonce as nonce_table
from similis.domain import StorageFailed

NOW = datetime(2030, 1, 2, tzinfo=UTC)
Remember = Callable[[str], bool]
Noting = Callable[[], AbstractContextManager[Connection]]


class Gate:
    """Holds the first transaction up until told otherwise, and counts all of them."""

    def __init__(self, noting: Noting) -> None:
        self._noting = noting
        self.entered, self.open = threading.Event(), threading.Event()
        self.count = 0
        self.failure: Exception | None = None

    @contextmanager
    def __call__(self) -> Iterator[Connection]:
        self.count += 1
        self.entered.set()
        assert self.open.wait(30)
        with self._noting() as connection:
            if self.count > 1 and self.failure is not None:
                raise self.failure
            yield connection


@pytest.fixture
def gate(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate(catalogue._database.noting)
    monkeypatch.setattr(catalogue._database, "noting", gate)
    return gate


@pytest.fixture
def remember(catalogue: Catalogue) -> Remember:
    return lambda nonce: catalogue.access_keys.remember_nonce("key", nonce, until=NOW + timedelta(1), now=NOW)


def behind_one_another(gate: Gate, catalogue: Catalogue, remember: Remember, nonces: list[str]) -> list[Future[bool]]:
    """One call whose nonce is being written while others come; answers of all."""
    with ThreadPoolExecutor(len(nonces) + 1) as threads:
        calls = [threads.submit(remember, "first")]
        assert gate.entered.wait(30)
        calls += [threads.submit(remember, nonce) for nonce in nonces]
        while len(catalogue.access_keys._nonces._waiting) < len(nonces):
            threading.Event().wait(0.001)
        gate.open.set()
    return calls


def test_all_that_wait_are_written_by_one_commit(gate: Gate, catalogue: Catalogue, remember: Remember) -> None:
    calls = behind_one_another(gate, catalogue, remember, [str(number) for number in range(20)])
    assert all(each.result() for each in calls)
    assert gate.count == 2
    with catalogue._database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(nonce_table)).scalar() == 21
    catalogue.verify()


def test_of_equal_ones_that_wait_together_one_is_new(gate: Gate, catalogue: Catalogue, remember: Remember) -> None:
    calls = behind_one_another(gate, catalogue, remember, ["first", "a", "a", "b", "a"])
    assert [each.result() for each in calls][:2] == [True, False]
    assert sum(each.result() for each in calls[2:]) == 2


@pytest.mark.parametrize(("failure", "others"), [
    (StorageFailed("The disk is full."), {"The disk is full."}),
    (ZeroDivisionError("unforeseen"), {"unforeseen", "The call could not be noted."}),
])  # fmt: skip
def test_when_it_fails_nobody_is_let_in_and_the_next_is_tried(
    gate: Gate, catalogue: Catalogue, remember: Remember, failure: Exception, others: set[str]
) -> None:
    gate.failure = failure
    first, *rest = behind_one_another(gate, catalogue, remember, ["a", "b", "c"])
    assert first.result()
    assert {str(each.exception()) for each in rest} == others
    gate.failure = None
    assert remember("a")


def test_what_is_remembered_of_the_catalogue_stays(catalogue: Catalogue, remember: Remember) -> None:
    """A search by name, signed, would else read the instance anew each time."""
    before = catalogue._database._writes
    assert remember("a")
    assert catalogue._database._writes == before
    with suppress(ZeroDivisionError), catalogue._database.writing():
        raise ZeroDivisionError
    assert catalogue._database._writes == before + 1
