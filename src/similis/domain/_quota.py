"""How many calls a second may be made on an instance or with an access key, and how many pictures may wait."""

from __future__ import annotations

from similis.domain._errors import InvalidInput, SimilisError

MIN_QPS, MAX_QPS = 0.01, 100_000.0


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
