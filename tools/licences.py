"""Writes `docs/licences.md`: under which licences that stands which Similis is given away with or fetches.

Run as `python -m tools.licences`, or `make licences`. The tests refuse a licence that is not in `ALLOWED`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from license_expression import LicenseExpression, LicenseSymbol, get_spdx_licensing
from tools.reference._markdown import table, written
from tools.sbom import ROOT, canonical, installed, running

from similis.service import Settings, model_store

PAGE = ROOT / "docs" / "licences.md"
ALLOWED = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
    "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
})  # fmt: skip
"""What may be used in a product of any licence; MPL-2.0 as long as its own files are not changed."""
ALLOWED_FOR_EXTRAS = ALLOWED | {"LGPL-3.0-only"}
"""Who installs an extra chooses it; a library under the LGPL may be used by any program that can exchange it."""
_CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_NO_MODELS = Settings(models=ROOT / "nowhere")  # in the directory of models there may be manifests of the user's own
_IN_WORDS_ONLY = {"protobuf": "BSD-3-Clause", "ray": "Apache-2.0"}
"""Their metadata has a sentence in place of a licence's name."""
_HEAD = """# Licences of others

This page is made by `make licences`; a test compares it with what is installed, and refuses licences that would bind
those who use Similis. Similis itself is under Apache-2.0. `make sbom` writes the exact versions into
`build/similis.cdx.json`, a bill of materials in CycloneDX.

## Needed to run"""
_EXTRAS = """## Extras

Nothing of this is installed unless you ask for it: `pip install 'similis[milvus]'`. What these need in turn is not
listed."""
_MODELS = """## Models

Fetched by `similis models fetch`, never given away with Similis; [models](models.md) tells of them. The heads that
come with Similis were trained by it."""


@cache
def bill() -> dict[str, Any]:
    """What is installed here."""
    return installed()


def needed() -> dict[str, str]:
    """The licence of everything that is needed to run, by name."""
    return {canonical(each["name"]): licence(each) for each in running(bill())["components"]}


def extras() -> dict[str, tuple[str, str]]:
    """What the extras name themselves: extra and licence, by name."""
    by_name = {canonical(each["name"]): each for each in bill()["components"]}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = {_name(each): extra for extra, wanted in declared.items() for each in wanted}
    return {name: (extra, licence(by_name[name])) for name, extra in sorted(named.items())}


def licence(component: Mapping[str, Any]) -> str:
    """The licence of a component as an SPDX expression, empty where its metadata has none."""
    if (known := _IN_WORDS_ONLY.get(canonical(component["name"]))) is not None:
        return known
    declared = [each.get("expression") or _spdx(each["license"]) for each in component.get("licenses", ())]
    return " AND ".join(dict.fromkeys(declared))


def is_allowed(expression: str, allowed: frozenset[str] = ALLOWED) -> bool:
    """Whether one of the licences that may be chosen is allowed."""
    return bool(expression) and _holds(get_spdx_licensing().parse(expression), allowed)


def page() -> str:
    """The whole page."""
    rows = [(f"`{name}`", text) for name, text in sorted(needed().items())]
    optional = [(f"`{extra}`", f"`{name}`", text) for name, (extra, text) in extras().items()]
    models = [(f"`{each.name}`", each.licence) for each in model_store(_NO_MODELS).manifests()]
    lines = [_HEAD, *table(("package", "licence"), rows), _EXTRAS, *table(("extra", "package", "licence"), optional)]
    return written([*lines, _MODELS, *table(("model", "licence"), models)])


def _holds(node: LicenseExpression, allowed: frozenset[str]) -> bool:
    if isinstance(node, LicenseSymbol):
        return node.key in allowed
    parts: Iterator[bool] = (_holds(each, allowed) for each in node.args)
    return any(parts) if node.operator.strip() == "OR" else all(parts)


def _spdx(declared: Mapping[str, str]) -> str:
    name = declared.get("id") or declared["name"]
    return _CLASSIFIERS.get(name, name)


def _name(requirement: str) -> str:
    return canonical(requirement.partition(">")[0].partition("[")[0])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
