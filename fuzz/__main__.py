"""Fuzzes what strangers' bytes reach first: a process a target, some at a time.

    python -m fuzz [TARGET…] [--seconds 60] [--jobs 2] [--work build/fuzz]

What is found is kept as a file, and the command that shows it again is printed. What was learnt of a target is kept
below `--work`, so that the next run goes on from there.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
TARGETS = ("decode", "filters", "increment", "item_body", "signatures", "multipart")
_FINDING = re.compile(r"Test unit written to (\S+)")
_RUNS = re.compile(r"^(?:Done|stat::number_of_executed_units:) *(\d+)", re.MULTILINE)
_SHOWN = 4000  # characters of a log, from its end
_SLACK = 600  # seconds to start in, on a busy machine, and to bring the last input to its end


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a target fared.

    Attributes:
        target: its name.
        runs: inputs that were tried.
        finding: the file with the input that failed; None without one.
        log: what the fuzzer and the target wrote.
        failed: whether something was found, or the fuzzer did not run.
    """

    target: str
    runs: int
    finding: str | None
    log: str
    failed: bool


def main() -> int:
    """Fuzz, print a line a target as it ends, and the end of the log of what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", default=TARGETS, metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--jobs", type=int, default=2, help="targets at a time")
    parser.add_argument("--work", type=Path, default=Path("build/fuzz"), help="what was learnt and found")
    options = parser.parse_args()
    with ThreadPoolExecutor(options.jobs) as threads:
        outcomes = threads.map(lambda target: fuzz(target, options.seconds, options.work / target), options.targets)
        return 1 if sum(map(_tell, outcomes)) else 0


def fuzz(target: str, seconds: int, work: Path) -> Outcome:
    """Fuzz one target; what it learns and finds goes below `work`."""
    learnt = work / "corpus"
    learnt.mkdir(parents=True, exist_ok=True)
    limits = (f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=4096")
    told = ("-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={work}/")
    command = (sys.executable, "-m", "fuzz.running", target, learnt, *limits, *told)
    ran = subprocess.run(  # noqa: S603 - our own
        command, capture_output=True, text=True, errors="replace", check=False, timeout=seconds + _SLACK
    )
    log = ran.stdout + ran.stderr
    found, runs = _FINDING.search(log), _RUNS.search(log)
    return Outcome(target, int(runs[1]) if runs else 0, found[1] if found else None, log, ran.returncode != 0)


def _tell(outcome: Outcome) -> bool:
    """Print how a target fared; whether it failed."""
    told = "FAILED" if outcome.failed else "nothing found"
    print(f"{outcome.target:12}{outcome.runs:>12,} inputs   {told}", flush=True)
    if outcome.failed:
        print(outcome.log[-_SHOWN:])
    if outcome.finding:
        print(f"Again: python -m fuzz.running {outcome.target} {outcome.finding}")
    return outcome.failed


if __name__ == "__main__":
    sys.exit(main())
