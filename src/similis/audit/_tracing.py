"""What a process and all that it starts write to files, by `strace`: also into files that are gone again at once.

Each thread has a log of its own, so that lines are whole; contents are logged in full and in hexadecimal.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_WRITING = ("write", "pwrite64", "writev", "pwritev", "pwritev2")
_COPYING = ("sendfile", "copy_file_range", "splice", "vmsplice", "io_uring_setup")
_OPENING = ("open", "openat", "creat", "memfd_create", "mmap")
_MOST = 32 * 1024 * 1024  # bytes of one write; twice what a request may have, and more
_CALL = re.compile(r"^(\w+)\((.*)$", re.DOTALL)
_TARGET = re.compile(r"[0-9]+<((?:\\x[0-9a-f]{2})*)>")
_QUOTED = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_PATH_OPENED = re.compile(r"= [0-9]+<((?:\\x[0-9a-f]{2})*)>")
_FOR_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE")
_SIZE = re.compile(r"[^,]*, ([0-9]+),")
_LEAST_MAPPED = 64  # bytes; semaphores have fewer
_DIGITS = 2
_NO_FILE = ("pipe:", "socket:", "anon_inode:", "/dev/null", "/dev/pts", "/dev/tty", "UNIX", "TCP", "NETLINK")
_OF_SQLITE = "-shm"  # marks of locks and an index of the log: page numbers only


@dataclass(slots=True)
class Traced:
    """What the logs hold.

    Attributes:
        writes: bytes written, by thread and file, in order and joined.
        opened: files opened for writing.
        unseen: what was written in ways whose content no log shows.
        calls: how many writes.
        torn: lines that could not be read.
    """

    writes: dict[tuple[str, str], bytearray] = field(default_factory=lambda: defaultdict(bytearray))
    opened: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    calls: int = 0
    torn: int = 0

    def places(self) -> Iterator[tuple[str, bytes]]:
        """What was written, by file; of a thread in one piece, however small its writes."""
        for (_, path), data in self.writes.items():
            yield f"written to {path}", bytes(data)

    def notes(self) -> list[str]:
        """What the logs do not tell."""
        notes = [f"{self.calls:,} writes to {len({path for _, path in self.writes}):,} files were traced."]
        if self.torn:
            notes.append(f"{self.torn} lines of traces could not be read; what they quote was searched.")
        return notes


def why_not() -> str | None:
    """Why nothing can be traced here; None where it can."""
    program = shutil.which("strace")
    if program is None:
        return "strace is not installed"
    tried = subprocess.run([*command(Path(os.devnull)), "true"], capture_output=True, text=True, check=False)  # noqa: S603 - a tracer of true
    return None if tried.returncode == 0 else f"strace may not trace: {tried.stderr.strip().splitlines()[-1:]}"


def command(logs: Path) -> list[str]:
    """What to put before a command to have it traced; the traced process keeps its place, the tracer stands aside.

    Args:
        logs: the logs' common beginning.
    """
    calls = [*_WRITING, *_COPYING, *_OPENING]
    options = ["-D", "-f", "-qq", "-y", "-xx", "-s", str(_MOST), "--seccomp-bpf", "-e", "signal=none"]
    if logs != Path(os.devnull):
        options.append("-ff")
    if os.geteuid():  # a process without dumps is closed to tracers without privileges
        calls.append("prctl")
        options += ["-e", "inject=prctl:retval=0"]
    return ["strace", *options, "-e", f"trace={','.join(f'?{call}' for call in calls)}", "-o", str(logs)]


def read_logs(folder: Path) -> Traced:
    """Read all logs of a folder."""
    traced = Traced()
    for log in sorted(folder.iterdir()):
        with log.open("r", encoding="ascii", errors="replace") as lines:
            for line in lines:
                _read(line, log.name, traced)
    return traced


def _read(line: str, thread: str, traced: Traced) -> None:
    call = _CALL.match(line)
    if call is None:
        traced.torn += not line.startswith(("+++", "---", "<..."))
        traced.writes[thread, "torn lines"] += b"".join(_texts(line))
        return
    name, rest = call[1], call[2]
    if name in _WRITING:
        _write(rest, thread, traced)
    elif name in _COPYING:
        traced.unseen.add(f"{name} of {', '.join(map(_text, _TARGET.findall(rest)))}")
    elif name == "mmap":
        _mapped(rest, traced)
    elif name == "memfd_create":
        traced.unseen.add(f"memfd_create of {b''.join(_texts(rest)).decode(errors='replace')}")
    elif (path := _PATH_OPENED.search(rest)) and (name == "creat" or _FOR_WRITING.search(rest)):
        traced.opened.add(_text(path[1]))


def _write(rest: str, thread: str, traced: Traced) -> None:
    target = _TARGET.match(rest)
    path = _text(target[1]) if target else "?"
    if path.startswith(_NO_FILE):
        return
    traced.calls += 1
    content = rest[target.end() :] if target else rest
    traced.writes[thread, path] += b"".join(_texts(content))
    if "..." in content or "iov_base=0x" in content or content.startswith(", 0x"):
        traced.unseen.add(f"write to {path}")


def _mapped(rest: str, traced: Traced) -> None:
    target = _TARGET.search(rest)
    if target is None or "MAP_SHARED" not in rest or "PROT_WRITE" not in rest:
        return
    size = _SIZE.match(rest)
    if not _text(target[1]).endswith(_OF_SQLITE) and not (size and int(size[1]) < _LEAST_MAPPED):
        traced.unseen.add(f"mmap of {_text(target[1])}")


def _texts(rest: str) -> Iterator[bytes]:
    for found in _QUOTED.finditer(rest):
        yield bytes.fromhex(found[1].replace("\\x", ""))
    if rest.count('"') % 2:  # a line that a killed tracer cut off
        whole = rest.rpartition('"')[2].rstrip("\n").split("\\x")[1:]
        yield bytes.fromhex("".join(each for each in whole if len(each) == _DIGITS))


def _text(escaped: str) -> str:
    return bytes.fromhex(escaped.replace("\\x", "")).decode(errors="replace")
