"""What a package offers is what its `__all__` says; the linter keeps it sorted."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import similis

PACKAGES = [
    module.name
    for module in pkgutil.walk_packages(similis.__path__, "similis.")
    if module.ispkg and "migrations" not in module.name
]


@pytest.mark.parametrize("name", ["similis", *PACKAGES])
def test_all_names_everything_public_and_nothing_else(name: str) -> None:
    package = importlib.import_module(name)
    offered = {
        attribute
        for attribute, value in vars(package).items()
        if not attribute.startswith("_") and not isinstance(value, ModuleType)
    }
    listed = list(getattr(package, "__all__", ()))
    assert len(listed) == len(set(listed))
    assert offered == {each for each in listed if not isinstance(getattr(package, each), ModuleType)}


@pytest.mark.parametrize("name", PACKAGES)
def test_modules_are_private(name: str) -> None:
    package = importlib.import_module(name)
    public = {module.name for module in pkgutil.iter_modules(package.__path__) if not module.ispkg}
    assert {each for each in public if not each.startswith("_")} == set()
