"""The targets of the fuzzer hold for what they begin with, and the fuzzer finds what does not hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.__main__ import TARGETS, fuzz
from fuzz.running import load
from fuzz.seeding import seeds_of

SECONDS = int(os.environ.get("SIMILIS_FUZZ_SECONDS", "60"))
"""For each target, one after the other: other tests have the rest of the machine."""


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_target_begins_with_holds(name: str) -> None:
    target = load(name)
    seeds = list(seeds_of(target))
    assert len(seeds) == len(set(seeds)) > 1
    for seed in seeds:
        target.check(seed)


@pytest.mark.slow
def test_a_fault_is_found_and_kept(tmp_path: Path) -> None:
    outcome = fuzz("tests.fuzz.planted", 10, tmp_path)
    assert outcome.failed
    assert outcome.finding
    assert Path(outcome.finding).read_bytes().startswith(b"bad")
    again = (sys.executable, "-m", "fuzz.running", outcome.target, outcome.finding)
    ran = subprocess.run(again, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert b"AssertionError" in ran.stdout


@pytest.mark.slow
@pytest.mark.timeout(len(TARGETS) * (SECONDS + 300))
def test_nothing_is_found(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "fuzz", "--seconds", str(SECONDS), "--jobs", "1", "--work", tmp_path)
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    counts = dict(re.findall(r"^(\w+) +([\d,]+) inputs   nothing found$", ran.stdout, re.MULTILINE))
    assert counts.keys() == set(TARGETS)
    assert all(int(count.replace(",", "")) > 100 for count in counts.values())
