"""What calls on an instance or with an access key are limited to: how many a second, how large, how many pictures."""

from __future__ import annotations

from similis.domain._errors import InvalidInput, SimilisError

MIN_QPS, MAX_QPS = 0.01, 100_000.0
MIN_BODY, MAX_BODY = 64 * 1024, 8 * 1024 * 1024
"""Bytes; with less, not even the limit itself could be changed again."""
MAX_PICTURES_PER_DAY = 1_000_000_000


class TooManyRequests(SimilisError):
    """More calls are made than a quota allows, or than can be answered.

    Attributes:
        retry_after: seconds after which one more is allowed.
    """

    code = "too_many_requests"

    def __init__(self, message: str, hint: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message, hint)
        self.retry_after = retry_after


class InstanceThrottled(TooManyRequests):
    """More calls are made on an instance than its quota allows."""

    code = "instance_throttled"


class KeyThrottled(TooManyRequests):
    """More calls are made with an access key than its quota allows."""

    code = "key_throttled"


class SignInThrottled(TooManyRequests):
    """Too many attempts to sign in by one key from one address have failed."""

    code = "sign_in_throttled"


class QueueFull(TooManyRequests):
    """So many pictures wait to be analysed that one more would wait for too long."""

    code = "queue_full"


def check_qps(qps: float | None) -> float | None:
    """Return the calls a second that are allowed, None for no limit, once they are found right.

    Raises:
        InvalidInput: they are out of range.
    """
    if qps is not None and not MIN_QPS <= qps <= MAX_QPS:  # so said, NaN is out of it, too
        raise InvalidInput(f"{qps:g} calls a second are no quota.", f"Give {MIN_QPS:g} to {MAX_QPS:,.0f}, or none.")
    return None if qps is None else float(qps)


def check_max_body(size: int | None) -> int | None:
    """Return the bytes of a body that are allowed, None for as many as the service takes, once they are found right.

    Raises:
        InvalidInput: they are out of range.
    """
    if size is not None and not (isinstance(size, int) and MIN_BODY <= size <= MAX_BODY):
        raise InvalidInput(
            f"Bodies cannot be limited to {size} bytes.", f"Give whole bytes, {MIN_BODY:,} to {MAX_BODY:,}, or none."
        )
    return size


def check_pictures_per_day(count: int | None) -> int | None:
    """Return the pictures a day that are allowed, None for no limit, once they are found right.

    Raises:
        InvalidInput: they are out of range.
    """
    if count is not None and not 1 <= count <= MAX_PICTURES_PER_DAY:
        raise InvalidInput(f"{count} pictures a day are no quota.", f"Give 1 to {MAX_PICTURES_PER_DAY:,}, or none.")
    return count
