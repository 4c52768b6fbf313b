"""Quotas of access keys and instances: calls a second, counted by this process alone, and the size of bodies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from similis.domain import (
    MAX_BODY,
    AccessKey,
    Instance,
    InstanceNotFound,
    InstanceThrottled,
    KeyThrottled,
    PermissionDenied,
    TooManyRequests,
)
from similis.service import App

_MOST_BUCKETS = 10_000


class Quotas:
    """Token buckets of one second's worth, or one call if that is more, which fill up steadily.

    Only keys and instances with a quota have one, and none of a bucket that is full is remembered for long.

    Args:
        service: knows the instances.
        clock: seconds that only grow.
    """

    def __init__(self, service: App, clock: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def charge_key(self, key: AccessKey) -> None:
        """Count one call with a key, whatever else becomes of it: what is refused costs its work, too.

        Args:
            key: the caller's, which has been proven.

        Raises:
            KeyThrottled: it is one too many; then it counts nowhere.
        """
        if key.qps is not None:
            with self._lock:
                self._bucket("key", key.id, key.qps, _key_throttled).take()

    def charge_instance(self, key: AccessKey | None, instance: str | None, *, administering: bool = False) -> int:
        """Count one call on an instance, once it is found that its caller may make it: no stranger uses its quota up.

        A call on no instance, such as a comparison, is paid by whichever of the key's own instances can. What an
        administrator of the whole service does on an instance is free: else one could be locked out by its callers.

        Args:
            key: the caller's; None for who came by a signed link.
            instance: the one that is called on, if any; it need not exist.
            administering: whether the call takes the role of an admin.

        Returns:
            How many bytes the body of the call may have.

        Raises:
            InstanceThrottled: it is one too many; then it does not count on the instance.
        """
        if administering and key is not None and not key.instances:
            return least_body(key)
        instances = self._called_on(key, instance)
        with self._lock:
            payer = self._payer(instances)
            if payer is not None:
                payer.take()
        return least_body(key, *(each for each in instances if each.name == instance))

    def charge_more(self, key_id: str | None, instance: str, calls: int) -> None:
        """Count what a call that was let in turns out to be besides; the next ones then have to wait for longer."""
        with self._lock:
            for name in (("key", key_id or ""), ("instance", instance)):
                if name in self._buckets:
                    self._buckets[name].level -= calls

    def _called_on(self, key: AccessKey | None, instance: str | None) -> list[Instance]:
        names = (instance,) if instance is not None else key.instances if key is not None else ()
        found = []
        for name in names:
            with suppress(InstanceNotFound):
                found.append(self._service.instances.get(name))
        return found

    def _payer(self, instances: Sequence[Instance]) -> _Bucket | None:
        """The bucket of whichever instance has most left; none where one of them has no quota."""
        buckets = [
            self._bucket("instance", each.name, each.qps, _instance_throttled)
            for each in instances
            if each.qps is not None
        ]
        return max(buckets, key=lambda each: each.level) if buckets and len(buckets) == len(instances) else None

    def _bucket(self, kind: str, name: str, qps: float, error: _MakeError) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get((kind, name))
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[kind, name] = _Bucket(name, qps, error, now)
        bucket.fill(qps, now)
        return bucket

    def _make_room(self, now: float) -> None:
        """Forget full buckets, which are as new ones, and if there are too many others, the oldest."""
        if len(self._buckets) < _MOST_BUCKETS:
            return
        for each in list(self._buckets.values()):
            each.fill(each.qps, now)
        self._buckets = {name: each for name, each in self._buckets.items() if each.level < each.most}
        while len(self._buckets) >= _MOST_BUCKETS:
            del self._buckets[next(iter(self._buckets))]


def least_body(*limited: AccessKey | Instance | None) -> int:
    """How many bytes the body of a call may have, whose key and instance these are."""
    return min([MAX_BODY, *(each.max_body for each in limited if each is not None and each.max_body is not None)])


def check_import(key: AccessKey) -> None:
    """Check that a key may begin imports.

    Raises:
        PermissionDenied: it has a limit of pictures a day, and what is imported is not counted on keys.
    """
    if key.pictures_per_day is not None:
        raise PermissionDenied(
            "The access key has a limit of pictures a day, and an import has none.",
            "Use a key without one, or add the pictures one by one.",
        )


_MakeError = Callable[[str, float, float], TooManyRequests]


@dataclass(slots=True)
class _Bucket:
    name: str
    qps: float
    error: _MakeError
    filled_at: float
    level: float = float("inf")

    @property
    def most(self) -> float:
        return max(1.0, self.qps)

    def fill(self, qps: float, now: float) -> None:
        self.qps = qps  # it may have been changed
        self.level = min(self.most, self.level + (now - self.filled_at) * qps)
        self.filled_at = now

    def take(self) -> None:
        if self.level < 1:
            raise self.error(self.name, self.qps, (1 - self.level) / self.qps)
        self.level -= 1


def _key_throttled(_identity: str, qps: float, wait: float) -> TooManyRequests:
    return KeyThrottled(f"The access key may make {qps:g} calls a second.", _hint(wait), wait)


def _instance_throttled(name: str, qps: float, wait: float) -> TooManyRequests:
    return InstanceThrottled(f"The instance {name!r} allows {qps:g} calls a second.", _hint(wait), wait)


def _hint(wait: float) -> str:
    return f"Try again in {wait:.2g} seconds, or have the quota raised."
