"""Routes of the gateway that all served applications share: FastAPI takes longer to prepare one than to call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.routing import BaseRoute

_Included = TypeVar("_Included")
_Prepared = TypeVar("_Prepared")


def prepared_once(
    prepare: Callable[[_Included, BaseRoute], _Prepared],
) -> Callable[[_Included, BaseRoute], _Prepared]:
    """Do once what prepares a route of an included router: the gateway's are the same in all applications."""
    prepared: dict[int, tuple[BaseRoute, _Prepared]] = {}

    def remembered(included: _Included, route: BaseRoute) -> _Prepared:
        # The route is kept as well, as the number would else name another one day.
        if id(route) not in prepared:
            prepared[id(route)] = route, prepare(included, route)
        return prepared[id(route)][1]

    return remembered
