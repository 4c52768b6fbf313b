"""From similarities to what is shown: scores, and `SortExprValues`."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from similis.domain import SHOWN_DECIMALS

MAX_RELEVANCE = "7.33136443711219e+24"
_BELOW_ONE = 1 - 10**-SHOWN_DECIMALS


def displayed_scores(
    probabilities: npt.NDArray[np.float64], identical: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Round calibrated probabilities, float[n] in 0..1, to six decimals; 1.0 exactly where features are identical.

    Rounding does not keep features from whoever searches often: even one decimal hardly hinders it, see
    docs/red-team.md.
    """
    rounded = np.clip(np.round(probabilities, SHOWN_DECIMALS), 0.0, _BELOW_ONE)
    return np.where(identical, 1.0, rounded)


def sort_expr_values(score: float, hamming: int) -> str:
    """The pair `"<relevance>;<hamming>"` of the wire contract §6.5.

    The relevance is the score on the scale 0..7.33136443711219e+24, so that it is strictly monotone in the score.
    """
    if score == 1.0:
        return f"{MAX_RELEVANCE};{hamming}"
    relevance = float(Decimal(MAX_RELEVANCE) * Decimal(repr(float(score))))
    return f"{relevance:.15g};{hamming}"
