"""Connects this process to a Ray cluster, or starts one on this machine for as long as it is needed."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from similis.domain import InvalidInput, Unavailable

_CONNECT_SECONDS = 5.0
# Ray gives its processes 30 seconds to start, which a busy machine may not manage, and cannot be told to wait longer.
_STARTS = 3
# Nothing that is large goes through the object store; this is the least that Ray takes.
_OBJECT_STORE_BYTES = 80 * 1024 * 1024
_START_HINT = (
    "See that there are free memory and room for temporary files, then try again; or import without Ray, or give the "
    "address of a running cluster."
)
_JOIN_HINT = (
    "Give the address of a running cluster to which this machine belongs, with the same versions of Python and Ray."
)
_QUIET: Mapping[str, Any] = {"log_to_driver": False, "configure_logging": False}


def ray_package() -> Any:  # noqa: ANN401 - an extra, and slow to import
    """The package ray.

    Raises:
        Unavailable: it is not installed.
    """
    try:
        import ray  # noqa: PLC0415 - only where an import uses it
    except ImportError:
        raise Unavailable(
            "The engine ray needs the package ray.", "Install it: pip install 'similis[ray]'."
        ) from None
    logging.getLogger("ray").setLevel(logging.ERROR)
    # Ray prints which processes died on standard output, where answers of commands go, and has no setting for that.
    ray._private.worker._worker_logs_enabled = False  # noqa: SLF001
    # Ray tells its makers about its use unless this is said where its processes are started.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    return ray


def check_ray(address: str | None) -> None:
    """See whether Ray could be used before anything depends on it: a task that cannot use it ends.

    Raises:
        InvalidInput: the address is none.
        Unavailable: Ray is not installed, or nothing answers at the address.
    """
    if address is None:
        _keep_to_this_machine()
    else:
        _check_answers(address)
    ray_package()


@contextmanager
def connected(address: str | None, workers: int | None = None) -> Iterator[Any]:
    """Be a driver of a Ray cluster; yields the package ray.

    Args:
        address: `host:port` of a cluster to which this machine belongs; None starts one of this machine alone, which
            nobody else can use and which is ended, with its files, at the end.
        workers: processors that such a one uses; all by default.

    Raises:
        InvalidInput: the address is none.
        Unavailable: Ray is not installed, is used by this process already, or cannot be reached.
    """
    if address is None:
        _keep_to_this_machine()
    ray = ray_package()
    if ray.is_initialized():
        raise Unavailable("This process uses Ray already.", "Run one import at a time in it.")
    if address is None:
        with _on_this_machine(ray, workers):
            yield ray
    else:
        with _on_cluster(ray, address):
            yield ray


def _keep_to_this_machine() -> None:
    """Set what Ray reads when it is imported and when it starts its processes, for as long as this process lives."""
    # Listen to 127.0.0.1 only, as Ray does by itself on desktop systems; asked for that address it takes another.
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    # And let no other user of the machine in; without this, Ray would leave a token in the home directory.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    # Searches go before, but by less than Ray has it, whose processes get next to nothing of a busy machine.
    os.environ.setdefault("RAY_worker_niceness", "5")


@contextmanager
def _on_this_machine(ray: Any, workers: int | None) -> Iterator[None]:  # noqa: ANN401 - the package
    directory = _begin_here(ray, workers)
    try:
        yield
    finally:
        ray.shutdown()
        shutil.rmtree(directory, ignore_errors=True)


def _begin_here(ray: Any, workers: int | None, starts: int = _STARTS) -> str:  # noqa: ANN401 - the package
    """Start a cluster of this machine alone; returns the directory of Ray's own logs and sockets."""
    directory = tempfile.mkdtemp(f"-{os.getpid()}", "similis-ray-")
    alone = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES, "_temp_dir": directory}
    try:
        _begin(ray, address="local", num_cpus=workers, **alone)
    except BaseException as error:
        _clear_away(ray, directory)
        if starts == 1 or not isinstance(error, Unavailable):
            raise
        return _begin_here(ray, workers, starts - 1)
    return directory


def _clear_away(ray: Any, directory: str) -> None:  # noqa: ANN401 - the package
    """Remove what a start that failed leaves: Ray forgets the processes that it had started until then."""
    ray.shutdown()
    for command in Path("/proc").glob("[0-9]*/cmdline"):  # elsewhere than on Linux they end with this process
        with suppress(OSError):
            if directory.encode() in command.read_bytes():
                os.kill(int(command.parent.name), signal.SIGKILL)
    shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _on_cluster(ray: Any, address: str) -> Iterator[None]:  # noqa: ANN401 - the package
    _check_answers(address)
    try:
        _begin(ray, address=address)
        yield
    finally:
        ray.shutdown()


def _begin(ray: Any, **options: Any) -> None:  # noqa: ANN401 - Ray's own
    try:
        ray.init(**_QUIET, **options)
    except Exception as error:  # Ray raises many kinds, Exception itself among them
        raise Unavailable(
            f"Ray cannot be used: {_first_line(error)}", _START_HINT if options["address"] == "local" else _JOIN_HINT
        ) from error


def _check_answers(address: str) -> None:
    """Look whether anything answers: Ray itself would try for minutes and then end the process."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise InvalidInput(f"The address of Ray is {address[:80]!r}.", "Give it as host:port, such as 10.0.0.1:6379.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise Unavailable(
            f"Nothing answers at {address}: {error}.",
            "Start Ray there with `ray start --head`, or leave the address out to use this machine alone.",
        ) from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
