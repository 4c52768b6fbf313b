"""A tuning that was adopted, for tests that need one and not what it says."""

from __future__ import annotations

from datetime import UTC, datetime

from similis.domain import Tuning

ADOPTED = Tuning(
    adopted=True, reason="", method="", products=1, pictures=2, queries=2, recall_before=0, recall_after=1,
    precision_before=0, precision_after=1, gain_low=1, gain_high=1, tuned_at=datetime(2030, 1, 2, tzinfo=UTC),
)  # fmt: skip
