"""The category that a search looks in."""

from __future__ import annotations

from similis.domain import Category, Instance, InstanceType, Picture, SearchOptions
from similis.service._pictures import applied_category


def named_category(instance: Instance, options: SearchOptions, picture: Picture) -> Category:
    """The category of a search for what is like a stored picture: the given one, else its own."""
    given = applied_category(instance, options.category)
    return picture.category if given is None else given


def inside(instance: Instance, category: Category | None) -> Category | None:
    """The category that a search stays in; None where it looks in all."""
    return category if instance.spec.type is InstanceType.PRODUCT else None
