"""The audit: sends canaries every way there is, and searches everything for them."""

from __future__ import annotations

import itertools
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import httpx

from similis.audit import _tracing
from similis.audit._canaries import Canary
from similis.audit._hunter import Finding, Hunter
from similis.audit._places import SHARED, Place, files, memory, named_files, sqlite_files, tables
from similis.audit._report import Driven, PrivacyReport, Searched
from similis.audit._serving import Runner, Scratch, Service, group
from similis.audit._site import Site, Way
from similis.audit._store import Store
from similis.audit._ways_fetched import FETCHED
from similis.audit._ways_ray import RAY
from similis.audit._ways_refused import QUICK_REFUSALS, REFUSALS
from similis.audit._ways_taken import QUICK_WAYS, WAYS
from similis.domain import Unavailable
from similis.service import Settings

Progress = Callable[[str, int, int], None]

_SIMILIS = (sys.executable, "-m", "similis")
_ENDS = (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV)
_IN_FLIGHT = 3
_FIRST_SECONDS = 0.5
_MOST_SECONDS = 60.0


def audit_privacy(
    settings: Settings,
    *,
    search: Sequence[Path] = (),
    trace: bool = True,
    quick: bool = False,
    ways: Sequence[Way] = (),
    command: Sequence[str] = _SIMILIS,
    progress: Progress = lambda *_: None,
) -> PrivacyReport:
    """Run the audit; nothing of the user's is touched.

    Args:
        settings: what to take the models, the PostgreSQL catalogue – empty, of its own – and Milvus from.
        search: further directories to search, such as a database server's own.
        trace: whether to trace system calls where that is possible.
        quick: only the most travelled ways, and one life of the service.
        ways: those to take instead.
        command: how Similis is started.
        progress: told what is being done, and how far it is.

    Raises:
        Unavailable: the service does not start.
    """
    with tempfile.TemporaryDirectory(prefix="similis-audit-") as folder, Store() as store:
        scratch = Scratch(Path(folder))
        scratch.make()
        reason = _tracing.why_not() if trace else "it was switched off"
        audit = _Audit(scratch, store, settings, command, search, traced=reason is None, progress=progress)
        return audit.run(
            ways or ((*QUICK_WAYS, *QUICK_REFUSALS) if quick else (*WAYS, *FETCHED, *RAY, *REFUSALS)),
            _ENDS[:1] if quick else _ENDS,
            [] if reason is None else [f"System calls were not traced: {reason}."],
        )


class _Audit:
    def __init__(
        self,
        scratch: Scratch,
        store: Store,
        settings: Settings,
        command: Sequence[str],
        search: Sequence[Path],
        *,
        traced: bool,
        progress: Progress,
    ) -> None:
        self._scratch = scratch
        self._settings = settings
        self._directories = search
        self._traced = traced
        self._progress = progress
        self._runner = Runner(scratch, settings, command, traced, {"SIMILIS_PRIVATE_PICTURE_HOSTS": store.place})
        self._site = Site(self._runner, "faiss" if settings.milvus is None else "milvus", store)
        self._notes: list[str] = []
        self._unseen: list[Finding] = []

    def run(self, ways: Sequence[Way], ends: Sequence[signal.Signals], notes: Sequence[str]) -> PrivacyReport:
        """Take all ways, end the service in all of these, and search."""
        self._notes += notes
        started = time.perf_counter()
        driven: list[Driven] = []
        for life, how in enumerate(ends):
            service = Service(self._runner, life)
            try:
                self._site.address, self._site.key = service.address, service.key
                if life == 0:
                    driven += self._drive(ways, service)
                    self._look_into_memory(service)
                driven.append(self._end(service, how))
            finally:
                service.end(signal.SIGKILL)
        hunter = Hunter(self._site.canaries)
        searched, findings = self._search_all(hunter)
        return PrivacyReport(
            tuple(driven),
            tuple(searched),
            tuple(findings),
            tuple(self._notes),
            self._traced,
            time.perf_counter() - started,
        )

    def _drive(self, ways: Sequence[Way], service: Service) -> list[Driven]:
        driven = []
        for number, way in enumerate(ways):
            self._progress("Sending pictures", number, len(ways))
            before, self._site.way = len(self._site.canaries), way.name
            statuses = self._take(way)
            sent = len(self._site.canaries) - before
            as_meant = bool(statuses) and all(status in way.statuses for status in statuses)
            driven.append(Driven(way.name, sent, tuple(sorted(set(statuses))), as_meant))
            self._site.look(group(service.process.pid))
        return driven

    def _take(self, way: Way) -> Sequence[int]:
        """The statuses of a way's answers; none when it could not be taken."""
        try:
            return way.run(self._site)
        except (httpx.HTTPError, OSError, LookupError, ValueError, Unavailable) as error:
            self._notes.append(f"{way.name}: {type(error).__name__}: {error}")
            return ()

    def _look_into_memory(self, service: Service) -> None:
        """Note what freed memory still holds: it is in no file, but it is there for whoever can look into it."""
        hunter, held, size = Hunter(self._site.canaries), set[str](), 0
        for data in memory(group(service.process.pid)):
            size += len(data)
            held |= hunter.pieces(data)
        told = f"pieces of {len(held)} of {len(self._site.canaries)} pictures" if size else "nobody but root may look"
        self._notes.append(f"Memory of the service at rest, {size:,} bytes: {told}.")

    def _end(self, service: Service, how: signal.Signals) -> Driven:
        """End the service while requests are under way."""
        self._site.way = f"end by {how.name} while pictures arrive"
        canaries = [self._site.canary("PNG") for _ in range(_IN_FLIGHT)]
        senders = [threading.Thread(target=self._send_until_the_end, args=(each,)) for each in canaries]
        for sender in senders:
            sender.start()
        time.sleep(_FIRST_SECONDS)
        service.end(how)
        for sender in senders:
            sender.join()
        return Driven(self._site.way, len(canaries), (), as_meant=True)

    def _send_until_the_end(self, canary: Canary) -> None:
        until = time.monotonic() + _MOST_SECONDS
        while time.monotonic() < until:
            try:
                self._site.add(canary)
            except httpx.HTTPError:
                return

    def _search_all(self, hunter: Hunter) -> tuple[list[Searched], list[Finding]]:
        places = self._places()
        searched, findings = [], []
        for number, (name, found) in enumerate(places.items()):
            self._progress("Searching", number, len(places))
            before = hunter.places, hunter.bytes
            for place, data in found:
                findings += hunter.search(place, data)
            searched.append(Searched(name, hunter.places - before[0], hunter.bytes - before[1]))
        return searched, sorted({*findings, *self._unseen})

    def _places(self) -> dict[str, Iterable[Place]]:
        """Everything that is searched; lazily, for one place is in memory at a time."""
        scratch = self._scratch
        places: dict[str, Iterable[Place]] = {
            "answers": self._site.answers,
            "open and fleeting files of the running service": self._site.glimpses.values(),
            "data, keys, temporary files, home and logs of the service": files([scratch.service]),
            "rows of the catalogue": itertools.chain.from_iterable(map(tables, self._catalogues())),
            # Where every file that the service opened is known, what lies deeper there is others'.
            "shared temporary directories": files(
                SHARED, since=self._site.begun, without=[scratch.root], deep=not self._traced
            ),
            "directories that were named": files(self._directories),
        }
        if self._traced:
            traced = _tracing.read_logs(scratch.traces)
            elsewhere = [Path(each) for each in traced.opened if not Path(each).is_relative_to(scratch.root)]
            places["files that it wrote elsewhere"] = named_files(elsewhere)
            places["traced writes to files"] = traced.places()
            self._notes += traced.notes()
            unseen = traced.unseen - {f"mmap of {path}" for path in self._site.looked_into}
            self._unseen = [Finding(each, 0, "?", "content not seen", "not in any trace") for each in unseen]
        return places

    def _catalogues(self) -> list[str]:
        if self._settings.catalogue is not None:
            return [self._settings.catalogue_url]
        return [f"sqlite:///{each}" for each in sqlite_files(self._scratch.service)]
