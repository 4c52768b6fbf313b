"""docs/compatibility.md: its examples run in the judges' environments, and its table is what the tests say."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.contract.judging import ENVIRONMENTS, Key, Served, plain_environment
from tests.contract.table import PAGE, page

Draw = Callable[..., bytes]
EXAMPLE = re.compile(r"^<!-- judge: (\w+) -->\n```(?:python|js)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))


def test_the_table_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make compatibility`"


def test_every_piece_of_code_has_a_judge() -> None:
    assert len(EXAMPLES) == PAGE.read_text(encoding="utf-8").count("```") / 2


@pytest.fixture(scope="module")
def key(similis: Served, storage: Path) -> Key:
    """A writer's key, for the instance and the bucket that the page speaks of."""
    similis.operator.post("/api/v1/instances", json={"name": "shop", "type": "product"}).raise_for_status()
    (storage / "photos" / "spring").mkdir(parents=True)
    (storage / "photos" / "spring" / "increment.meta").write_text('{"OperationType": "DELETE", "ProductId": "p"}\n')
    form = {"name": "photos", "provider": "file", "bucket": "photos", "root": str(storage)}
    similis.operator.post("/api/v1/connections", json=form).raise_for_status()
    return similis.key()


@pytest.mark.parametrize(("judge", "code"), EXAMPLES)
def test_examples(judge: str, code: str, similis: Served, key: Key, draw: Draw, tmp_path: Path) -> None:
    (tmp_path / "boot.jpg").write_bytes(draw(0, form="JPEG"))
    shutil.copy(similis.authority, tmp_path / "ca.pem")
    for written, meant in {
        "127.0.0.1:8000": similis.place, "SIMABCDEFGHJKLMNPQRST": key.id, "the-secret": key.secret,
    }.items():  # fmt: skip
        assert written in code
        code = code.replace(written, meant)
    environment = ENVIRONMENTS / judge
    command = ["node", "-e"] if judge == "node" else [str(environment / "bin" / "python"), "-c"]
    ran = subprocess.run(
        [*command, code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**plain_environment(), "NODE_PATH": str(environment / "node_modules")},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
