"""The service that is audited: a process group of its own, in a scratch directory of its own."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from similis.audit import _tracing
from similis.domain import Unavailable
from similis.service import Settings

_START_SECONDS = 180.0
_END_SECONDS = 60.0
_PAUSE = 0.05
_LOG_TAIL = 2000
_OWN = ("SIMILIS_MILVUS_", "SIMILIS_SUBJECT_FINDER", "SIMILIS_THREADS")


@dataclass(frozen=True, slots=True)
class Scratch:
    """The directory of one audit: everything of the service below `service`, everything of ours beside it.

    Attributes:
        root: the directory.
    """

    root: Path

    @property
    def service(self) -> Path:
        """What is searched at the end: data, keys, temporary files, home, working directory and output."""
        return self.root / "service"

    @property
    def pictures(self) -> Path:
        """Canaries in files, for imports and the command line: the user's own pictures, and not searched."""
        return self.root / "pictures"

    @property
    def traces(self) -> Path:
        """Logs of what was written."""
        return self.root / "traces"

    @property
    def data(self) -> Path:
        """The service's data directory."""
        return self.service / "data"

    def make(self) -> None:
        """Make the directories."""
        for name in ("tmp", "home", "work"):
            (self.service / name).mkdir(parents=True)
        self.pictures.mkdir()
        self.traces.mkdir()


class Runner:
    """Starts Similis' own commands in the scratch directory, traced where that is possible.

    Args:
        scratch: the directory.
        settings: what to take models and servers from.
        command: Similis itself.
        traced: whether to trace.
        variables: further environment.
    """

    def __init__(
        self, scratch: Scratch, settings: Settings, command: Sequence[str], traced: bool, variables: dict[str, str]
    ) -> None:
        self.scratch = scratch
        self._command = list(command)
        self._traced = traced
        self._environment = _environment(scratch, settings) | variables
        self._count = 0

    def start(self, *arguments: str, name: str, variables: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
        """Start a command; its output goes to `NAME.out` and `NAME.err`."""
        self._count += 1
        before = _tracing.command(self.scratch.traces / f"{self._count:03}-{name}") if self._traced else []
        return self.spawn([*before, *self._command, *arguments], name, variables)

    def spawn(self, command: Sequence[str], name: str, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start any program in the same place, untraced, in a process group of its own."""
        with self._output(name, "out").open("ab") as out, self._output(name, "err").open("ab") as err:
            process = subprocess.Popen(  # noqa: S603 - this installation
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env={**self._environment, **variables},
                cwd=self.scratch.service / "work", start_new_session=True,
            )  # fmt: skip
        # Whoever fails to switch core dumps off is to leave one.
        most = resource.prlimit(process.pid, resource.RLIMIT_CORE)[1]
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (most, most))
        return process

    def run(self, *arguments: str, name: str = "command", variables: Mapping[str, str] = {}) -> int:
        """Run a command to its end; gives its exit status."""
        process = self.start(*arguments, name=name, variables=variables)
        try:
            return process.wait(_START_SECONDS)
        finally:
            end(process, signal.SIGKILL)

    def printed(self, name: str, kind: str = "out") -> str:
        """What commands of a name have printed."""
        return self._output(name, kind).read_text(errors="replace")

    def _output(self, name: str, kind: str) -> Path:
        return self.scratch.service / f"{name}.{kind}"


class Service:
    """One life of `similis serve`."""

    def __init__(self, runner: Runner, life: int) -> None:
        self._runner = runner
        self._name = f"serve-{life}"
        self.process = runner.start(
            "serve", "--port", "0", "--show-key", "--json", "--data", str(runner.scratch.data), name=self._name
        )
        told = self._announced()
        self.address: str = told["address"]
        self.key: str = told["key"]

    def end(self, how: signal.Signals) -> None:
        """End it by a signal, and wait until the tracer has written all down."""
        end(self.process, how)

    def _announced(self) -> dict[str, str]:
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            text = self._runner.printed(self._name)
            if text.rstrip().endswith("}"):
                told: dict[str, str] = json.loads(text)
                return told
            time.sleep(_PAUSE)
        end(self.process, signal.SIGKILL)
        raise Unavailable(
            f"The service to audit did not start: {self._runner.printed(self._name, 'err')[-_LOG_TAIL:]}",
            "See whether `similis doctor` finds something, and whether `similis serve` starts.",
        )


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """End a process by a signal, then whatever is left of its group once tracers have written their logs."""
    tracer = _tracer(process.pid)
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(_END_SECONDS)
        until = time.monotonic() + _END_SECONDS
        while tracer and Path(f"/proc/{tracer}").exists() and time.monotonic() < until:
            time.sleep(_PAUSE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def group(leader: int) -> Iterator[int]:
    """The processes of a group, but for what traces them."""
    tracer = _tracer(leader)
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and entry.name != str(tracer):
            with suppress(ProcessLookupError):
                if os.getpgid(int(entry.name)) == leader:
                    yield int(entry.name)


def _tracer(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(status.partition("TracerPid:")[2].split()[0])


def _environment(scratch: Scratch, settings: Settings) -> dict[str, str]:
    """That of this process without settings of the user's, but for servers and models."""
    kept = {
        name: value for name, value in os.environ.items()
        if name.startswith(_OWN) or not (name.startswith("SIMILIS_") or name.lower().endswith("_proxy"))
    }  # fmt: skip
    catalogue = {"SIMILIS_CATALOGUE": settings.catalogue.get_secret_value()} if settings.catalogue else {}
    return kept | catalogue | {
        "SIMILIS_MODELS": str(settings.models.absolute()),
        "SIMILIS_IMPORT_ROOTS": str(scratch.pictures),
        "HOME": str(scratch.service / "home"),
        "TMPDIR": str(scratch.service / "tmp"),
    }  # fmt: skip
