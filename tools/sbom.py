"""The bill of materials in CycloneDX: what runs beside Similis's own code, as it is installed here.

Run as `python -m tools.sbom FILE`, or `make sbom`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[1]
_LOCKED = re.compile(r"^([a-z0-9._-]+)==", re.MULTILINE)
_COMMAND = [
    *(sys.executable, "-m", "cyclonedx_py", "environment", "--no-validate", "--output-reproducible"),
    *("--pyproject", str(ROOT / "pyproject.toml"), sys.executable),
]


def installed() -> dict[str, Any]:
    """The bill of the whole environment, development tools included."""
    ran = subprocess.run(_COMMAND, capture_output=True, text=True, check=True)  # noqa: S603 - our own fixed command
    bill: dict[str, Any] = json.loads(ran.stdout)
    return bill


def running(bill: dict[str, Any]) -> dict[str, Any]:
    """The same without what is not needed to run: left is what `requirements/run.lock` names."""
    locked = set(_LOCKED.findall((ROOT / "requirements" / "run.lock").read_text("utf-8")))
    kept = [each for each in bill["components"] if canonical(each["name"]) in locked]
    references = {each["bom-ref"] for each in kept} | {bill["metadata"]["component"]["bom-ref"]}
    dependencies = [_within(each, references) for each in bill["dependencies"] if each["ref"] in references]
    return {**bill, "components": kept, "dependencies": dependencies}


def written(bill: dict[str, Any]) -> str:
    """The bill as the text of a file.

    Raises:
        ValueError: it does not keep to the schema of its version of CycloneDX.
    """
    text = json.dumps(bill, indent=1) + "\n"
    validator = JsonStrictValidator(SchemaVersion.from_version(bill["specVersion"]))
    if wrong := validator.validate_str(text):
        raise ValueError(f"The bill of materials is no sound CycloneDX {bill['specVersion']}: {wrong}")
    return text


def canonical(name: str) -> str:
    """A distribution's name as lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _within(dependency: dict[str, Any], references: set[str]) -> dict[str, Any]:
    """What an optional part would need, and is not there, is left out."""
    return {**dependency, "dependsOn": [each for each in dependency.get("dependsOn", ()) if each in references]}


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(written(running(installed())), encoding="utf-8")
