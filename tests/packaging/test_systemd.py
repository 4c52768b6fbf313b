"""systemd reads the unit, and finds little that the service could do beside its work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.packaging.conftest import ROOT

from similis.service import Settings

UNIT = ROOT / "packaging" / "systemd" / "similis.service"
MOST = "20"  # tenths of the exposure that systemd reckons from 0 to 10
_OFFLINE_SINCE = 250


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the program at a place where there is one."""
    program = Path(sys.executable).with_name("similis")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/similis/bin/similis", str(program)), encoding="utf-8")
    return unit


def _analyze(*arguments: str) -> str:
    ran = subprocess.run(
        ["systemd-analyze", *arguments],  # noqa: S607 - of the system
        capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], "SYSTEMD_PAGER": ""},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def _version() -> int:
    """Of systemd, whose first words are such as `systemd 252 (252.38-1)`; 0 where there is none."""
    if shutil.which("systemd-analyze") is None:
        return 0
    found = re.match(r"systemd (\d+)", _analyze("--version"))
    return int(found[1]) if found else 0


def test_the_unit_is_understood(unit: Path) -> None:
    assert UNIT.name not in _analyze("verify", "--man=no", str(unit))


@pytest.mark.skipif(_version() < _OFFLINE_SINCE, reason="this systemd judges only units that are installed")
def test_the_service_may_do_little(unit: Path) -> None:
    assert "Overall exposure level" in _analyze("security", "--offline=true", f"--threshold={MOST}", str(unit))


def test_every_setting_of_the_unit_is_one() -> None:
    named = re.findall(r"^Environment=SIMILIS_(\w+)=", UNIT.read_text("utf-8"), re.MULTILINE)
    assert {"data", "keys", "models"} == {name.lower() for name in named} & set(Settings.model_fields)
