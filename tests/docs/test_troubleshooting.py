"""The page on troubles lists exactly what the doctor looks at."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = (
    "service/_doctor.py", "service/_check_machine.py", "service/_check_places.py", "cli/_check_listening.py",
    "cli/_check_endpoint.py",
)  # fmt: skip
_NAME = re.compile(r"""(?:Finding\(|attempt\(|check(?:, \w+)? =)\s*f?"([^"{]+?) ?["{]""")


def test_the_page_lists_what_the_doctor_looks_at() -> None:
    code = "".join((ROOT / "src" / "similis" / source).read_text() for source in SOURCES)
    rows = re.findall(r"^\| (.+?) \| ", (ROOT / "docs" / "troubleshooting.md").read_text(), re.MULTILINE)
    told = {name.removesuffix(" …") for row in rows if row != "check" for name in row.split(", ")}
    looked_at = set(_NAME.findall(code))
    assert len(looked_at) > 20
    assert told == looked_at
