"""The table of failures in docs/import.md: each is made to happen, and is told as the table says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.importing import SOURCE, add_line, connect, in_this_process, run_import, write_bucket
from tests.servers.oss_server import Account, OssServer

from similis.domain import (
    Credentials,
    InstanceSpec,
    InstanceType,
    SimilisError,
    Task,
)
from similis.gateway.alibaba._error_table import DOMAIN
from similis.gateway.alibaba._task_codes import TASK_CODES, code_named
from similis.service import App
from similis.transfer import check_source
from similis.transfer._role import _refused

Draw = Callable[..., bytes]
PAGE = Path(__file__).parents[2] / "docs" / "import.md"
ROLE = "acs:ram::1234567890123456:role/similis-import"
_ROW = re.compile(r"^\| [^|]+ \| `(\w+)` \| `([\w.]+)` \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
TABLE = {code: (wire, begins) for code, wire, begins in _ROW.findall(PAGE.read_text())}


class Failures:
    """Makes each failure happen; gives its message."""

    def __init__(self, app: App, oss: OssServer, root: Path, picture: bytes) -> None:
        self._app = app
        self._oss = oss
        self._root = root
        self._picture = picture

    def region_mismatch(self) -> str:
        return self._checked(region="cn-beijing")

    def role_not_trusted(self) -> str:
        return _refused(self._oss.connection(role_arn=ROLE), '{"Code": "NoPermission"}').message

    def role_not_found(self) -> str:
        return _refused(self._oss.connection(role_arn=ROLE), '{"Code": "EntityNotExist.Role"}').message

    def source_denied(self) -> str:
        self._oss.accounts["limited"] = Account("secret", allowed=frozenset())
        return self._checked(credentials=Credentials("limited", "secret"))

    def invalid_arn(self) -> str:
        return _told(lambda: self._oss.connection(role_arn="acs:ram::similis-import"))

    def bucket_not_found(self) -> str:
        return self._checked(bucket="missing")

    def path_not_found(self) -> str:
        return self._checked(path="/missing")

    def meta_file_not_found(self) -> str:
        return self._checked(path="/other")

    def source_unreachable(self) -> str:
        return self._checked(endpoint="http://127.0.0.1:9")

    def clock_skewed(self) -> str:
        self._oss.ahead = timedelta(hours=1)
        return self._checked()

    def credentials_refused(self) -> str:
        return self._checked(credentials=Credentials("unknown", "secret"))

    def connection_not_found(self) -> str:
        return _told(lambda: self._app.connections.get("missing"))

    def source_changed(self) -> str:
        self._shop(*[add_line(f"p{number}", "a.png") for number in range(200)])
        task = self._app.transfers.start_import("shop", SOURCE)

        def stop(now: Task) -> None:
            if now.counts.added:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self._app.transfers.run(task.id, in_this_process(self._app), stop)
        write_bucket(self._root, [add_line("p", "a.png")], {})
        return self._app.transfers.run(task.id, in_this_process(self._app)).message

    def capacity_reached(self) -> str:
        self._shop(add_line("p", "a.png"), add_line("q", "a.png"), capacity=1)
        return run_import(self._app, "shop").message

    def instance_empty(self) -> str:
        self._shop(add_line("p", "a.png"))
        return _told(lambda: self._app.transfers.start_import("shop", SOURCE, rebuild=True))

    def too_many_failures(self) -> str:
        self._shop(add_line("p", "a.png"), add_line("q", "no.png"), add_line("r", "no.png"))
        run_import(self._app, "shop")
        return run_import(self._app, "shop", rebuild=True).message

    def task_cancelled(self) -> str:
        self._shop(add_line("p", "a.png"))
        return self._app.transfers.cancel(self._app.transfers.start_import("shop", SOURCE).id).message

    def task_running(self) -> str:
        self._shop(add_line("p", "a.png"))
        self._app.transfers.start_import("shop", SOURCE)
        return _told(lambda: self._app.transfers.start_import("shop", SOURCE))

    def _shop(self, *lines: dict[str, object], capacity: int = 1000) -> None:
        write_bucket(self._root, lines, {"a.png": self._picture})
        connect(self._app, self._root)
        self._app.instances.create(InstanceSpec("shop", InstanceType.GENERIC, capacity=capacity))

    def _checked(
        self,
        *,
        bucket: str = "pictures",
        credentials: Credentials | None = None,
        path: str = "/shoes",
        region: str = "cn-shanghai",
        **fields: str,
    ) -> str:
        self._oss.create_bucket("pictures")
        self._oss.put("pictures", "shoes/increment.meta", b"{}")
        self._oss.put("pictures", "other/a.jpg", b"a")
        connection = self._oss.connection(**fields)
        return check_source(connection, bucket, credentials or self._oss.credentials, path, region)[-1].message


def _told(step: Callable[[], object]) -> str:
    with pytest.raises(SimilisError) as caught:
        step()
    return caught.value.message


def test_the_table_has_every_failure_that_the_cloud_protocol_tells_apart() -> None:
    """All that have a code of their own beyond those of single calls, but for the kind that has no name."""
    own = {kind.code for kind in TASK_CODES.keys() - DOMAIN.keys()}
    assert own - set(TABLE) <= {"source_failed", "object_not_found"}
    assert len(TABLE) == len(_ROW.findall(PAGE.read_text()))


@pytest.mark.parametrize("code", TABLE)
def test_each_failure_is_told_as_the_table_says(
    code: str, app: App, oss_server: OssServer, tmp_path: Path, draw: Draw
) -> None:
    wire, begins = TABLE[code]
    assert code_named(code) == wire
    message = getattr(Failures(app, oss_server, tmp_path / "root", draw(1)), code)()
    pattern = "".join(".+" if part == "…" else re.escape(part) for part in re.split("(…)", begins))
    assert re.match(pattern, message), message
