"""Write the lock files: exact versions with hashes, for every platform, without any index address."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JUDGES = ROOT / "requirements" / "judges"
SERVERS = ROOT / "requirements" / "servers"
COMPILE = [
    sys.executable, "-m", "uv", "pip", "compile", "--universal", "--python-version", "3.11",
    "--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--quiet",
]  # fmt: skip
SCALE = ["--extra", "milvus", "--extra", "postgresql", "--extra", "telemetry"]
NPM_LOCK = ["npm", "install", "--package-lock-only", "--omit-lockfile-registry-resolved", "--silent"]


def lock(name: str, source: str, *arguments: str) -> None:
    """Compile one lock file below requirements/."""
    subprocess.run(  # noqa: S603 - our own fixed command
        [*COMPILE, source, *arguments, "--output-file", f"requirements/{name}.lock"], cwd=ROOT, check=True
    )


lock("run", "pyproject.toml")
lock("scale", "pyproject.toml", *SCALE, "--constraint", "requirements/run.lock")
lock("dev", "pyproject.toml", "--group", "dev", "--constraint", "requirements/run.lock")
for folder in (JUDGES, SERVERS):
    for each in sorted(folder.glob("*.in")):
        lock(f"{folder.name}/{each.stem}", str(each.relative_to(ROOT)))
subprocess.run(NPM_LOCK, cwd=JUDGES / "node", check=True)  # noqa: S603 - our own fixed command
