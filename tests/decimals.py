"""Finds numbers in answers that say more of features than six decimals do."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from similis.domain import SHOWN_DECIMALS
from similis.service._scoring import MAX_RELEVANCE

_NOT_OF_FEATURES = {"milliseconds", "qps", "SearchTime"}


def too_exact(value: object) -> Iterator[object]:
    """Yield the numbers of a JSON value that have more decimals, times aside."""
    if isinstance(value, float) and round(value, SHOWN_DECIMALS) != value:
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from too_exact(each)
    elif isinstance(value, dict):
        pair = value.get("sort_expr_values", value.get("SortExprValues"))
        if pair is not None:
            yield from _relevance_beyond(str(pair), value.get("score", value.get("Score")))
        for name, each in value.items():
            yield from [] if name in _NOT_OF_FEATURES else too_exact(each)


def _relevance_beyond(pair: str, score: float | None) -> Iterator[object]:
    """The relevance, unless a score of six decimals says all that it says."""
    relevance = pair.split(";", maxsplit=1)[0]
    shown = float(round(Decimal(relevance) / Decimal(MAX_RELEVANCE), SHOWN_DECIMALS))
    whole = score is None or score == shown
    if not whole or relevance not in {MAX_RELEVANCE, f"{float(Decimal(MAX_RELEVANCE) * Decimal(repr(shown))):.15g}"}:
        yield pair
