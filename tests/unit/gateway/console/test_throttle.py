"""Who guesses access keys is slowed down, and nobody else is."""

import pytest

from similis.domain import SignInThrottled
from similis.gateway.console import _throttle
from similis.gateway.console._throttle import FREE_FAILURES, WAIT, SignInThrottle

KEY = "SIMONE"


class Clock:
    """Seconds that go by when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> SignInThrottle:
    return SignInThrottle(clock)


def _fail(throttle: SignInThrottle, address: str, times: int = FREE_FAILURES, key_id: str = KEY) -> None:
    for _ in range(times):
        throttle.check(address, key_id)
        throttle.failed(address, key_id)


def _refused(throttle: SignInThrottle, address: str, key_id: str = KEY) -> bool:
    try:
        throttle.check(address, key_id)
    except SignInThrottled:
        return True
    return False


def test_after_ten_failures_one_attempt_in_six_seconds_is_free(throttle: SignInThrottle, clock: Clock) -> None:
    _fail(throttle, "192.0.2.1")
    for _ in range(3):
        with pytest.raises(SignInThrottled, match="Too many") as refused:
            throttle.check("192.0.2.1", KEY)
        assert refused.value.retry_after == WAIT
        assert refused.value.hint == "Try again in 6 seconds."
        clock.now += WAIT - 0.5
        assert _refused(throttle, "192.0.2.1")
        clock.now += 0.5
        _fail(throttle, "192.0.2.1", 1)


def test_time_pays_for_failures(throttle: SignInThrottle, clock: Clock) -> None:
    _fail(throttle, "192.0.2.1")
    clock.now += FREE_FAILURES * WAIT
    _fail(throttle, "192.0.2.1")
    assert _refused(throttle, "192.0.2.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "192.0.2.1", False),
        ("a-name", "another-name", False),
    ],
)
def test_addresses_that_one_caller_can_choose_from_are_one(
    throttle: SignInThrottle, one: str, other: str, same: bool
) -> None:
    _fail(throttle, one)
    assert _refused(throttle, one)
    assert _refused(throttle, other) is same


def test_it_forgets_the_oldest_when_there_are_too_many(
    throttle: SignInThrottle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_throttle, "_MOST_COUNTS", 3)
    for address in ("a", "b", "c"):
        _fail(throttle, address)
    throttle.failed("a", KEY)  # makes it the youngest
    throttle.failed("d", KEY)
    assert [_refused(throttle, each) for each in ("a", "b", "c", "d")] == [True, False, True, False]


def test_who_guesses_one_key_keeps_nobody_from_another(throttle: SignInThrottle) -> None:
    """Behind a proxy all have one address."""
    _fail(throttle, "192.0.2.1")
    assert _refused(throttle, "192.0.2.1")
    assert not _refused(throttle, "192.0.2.1", "SIMOTHER")
    assert not _refused(throttle, "192.0.2.2")


def test_ids_that_no_key_has_are_counted_as_one(throttle: SignInThrottle) -> None:
    for number in range(FREE_FAILURES):
        _fail(throttle, "192.0.2.1", 1, "\x00" * number)
    assert _refused(throttle, "192.0.2.1", "x" * 2_000)
    assert not _refused(throttle, "192.0.2.1")
