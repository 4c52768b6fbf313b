"""Write the lock files: exact versions with hashes, for every platform, without any index address."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = [
    sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11",
    "--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--quiet",
]  # fmt: skip


def lock(name: str, *arguments: str) -> None:
    """Compile one lock file below requirements/."""
    subprocess.run(  # noqa: S603 - our own fixed command
        [*COMPILE, *arguments, "--output-file", f"requirements/{name}.lock"], cwd=ROOT, check=True
    )


lock("run")
lock("dev", "--group", "dev", "--constraint", "requirements/run.lock")
