"""No licence of others binds those who use Similis, and the page and the bill of materials tell all of them."""

from __future__ import annotations

import json
import re

import pytest
from tools.licences import ALLOWED_FOR_EXTRAS, PAGE, bill, extras, is_allowed, licence, needed, page
from tools.sbom import ROOT, canonical, running, written


@pytest.mark.slow
def test_everything_that_is_needed_to_run_may_be_used_by_anybody() -> None:
    assert {name: text for name, text in needed().items() if not is_allowed(text)} == {}


@pytest.mark.slow
def test_extras_may_be_used_by_anybody_who_chooses_them() -> None:
    assert {name for name, (_, text) in extras().items() if not is_allowed(text, ALLOWED_FOR_EXTRAS)} == set()


@pytest.mark.slow
def test_the_page_tells_all_of_them() -> None:
    """What it lists besides is for other versions of Python than this one."""
    assert set(page().splitlines()) <= set(PAGE.read_text("utf-8").splitlines()), "Make it anew: make licences"


@pytest.mark.slow
def test_the_bill_has_what_is_locked_and_no_tool_of_development() -> None:
    names = {canonical(each["name"]) for each in running(bill())["components"]}
    locked = re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / "run.lock").read_text(), re.MULTILINE)
    assert {"fastapi", "numpy", "pydantic-core"} <= names <= set(locked)
    assert "pytest" in {each["name"] for each in bill()["components"]}


@pytest.mark.slow
def test_the_bill_depends_on_nothing_that_is_not_in_it() -> None:
    made = running(bill())
    references = {each["bom-ref"] for each in made["components"]}
    assert {each for entry in made["dependencies"] for each in entry["dependsOn"]} <= references


@pytest.mark.slow
def test_the_bill_keeps_to_the_schema_of_its_format() -> None:
    made = running(bill())
    assert json.loads(written(made)) == made
    with pytest.raises(ValueError, match=r"no sound CycloneDX 1\.6: 'libary' is not one of"):
        written({**made, "components": [{**made["components"][0], "type": "libary"}]})


@pytest.mark.parametrize(
    ("expression", "good"),
    [
        ("MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("Apache-2.0 AND GPL-3.0-only", False),
        ("(Apache-2.0 AND MIT) OR AGPL-3.0-only", True),
        ("AGPL-3.0-only", False),
        ("", False),
    ],
)
def test_which_licences_are_allowed(expression: str, good: bool) -> None:
    assert is_allowed(expression) is good


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ([{"expression": "MIT OR Apache-2.0"}], "MIT OR Apache-2.0"),
        ([{"license": {"id": "MIT"}}, {"license": {"name": "License :: OSI Approved :: MIT License"}}], "MIT"),
        ([{"license": {"id": "PSF-2.0"}}, {"license": {"id": "Python-2.0"}}], "PSF-2.0 AND Python-2.0"),
        ([], ""),
    ],
)
def test_licences_of_components(declared: list[dict[str, object]], expected: str) -> None:
    assert licence({"name": "thing", "licenses": declared}) == expected
