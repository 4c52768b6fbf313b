"""A clock is believed as long as it goes as this process does; jumps forward only after a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from similis.catalogue._steady_time import SteadyTime

NOW = datetime(2030, 1, 2, tzinfo=UTC)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
Look = Callable[[timedelta, timedelta], datetime]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    """What is believed when so much time has really gone by, and the clock is ahead by so much."""
    time = SteadyTime()

    def look(gone: timedelta, ahead: timedelta) -> datetime:
        monkeypatch.setattr("similis.catalogue._steady_time.monotonic", lambda: 1000 + gone.total_seconds())
        return time.believed(NOW + gone + ahead)

    return look


def test_a_clock_that_goes_right_or_is_drawn_slowly_is_believed(look: Look) -> None:
    for hours in range(100):
        drawn = hours * MINUTE
        assert look(hours * HOUR, drawn) == NOW + hours * HOUR + drawn


@pytest.mark.parametrize("jump", [2 * MINUTE, HOUR, 365 * DAY])
def test_a_jump_forward_is_believed_after_a_day(look: Look, jump: timedelta) -> None:
    look(HOUR, timedelta(0))
    for gone in (2 * HOUR, 3 * HOUR, 2 * HOUR + DAY - MINUTE):
        assert look(gone, jump) == NOW + gone
    assert look(2 * HOUR + DAY, jump) == NOW + 2 * HOUR + DAY + jump
    assert look(3 * HOUR + DAY, jump) == NOW + 3 * HOUR + DAY + jump


def test_a_clock_that_was_set_right_is_believed_at_once_and_another_jump_is_not(look: Look) -> None:
    look(HOUR, timedelta(0))
    look(2 * HOUR, DAY)
    assert look(3 * HOUR, timedelta(0)) == NOW + 3 * HOUR
    assert look(2 * DAY, DAY) == NOW + 2 * DAY


def test_a_jump_back_is_believed(look: Look) -> None:
    look(HOUR, timedelta(0))
    assert look(2 * HOUR, -DAY) == NOW + 2 * HOUR - DAY


def test_the_first_moment_is_believed(look: Look) -> None:
    assert look(HOUR, 365 * DAY) == NOW + HOUR + 365 * DAY
