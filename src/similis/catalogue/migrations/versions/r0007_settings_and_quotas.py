"""How long instances keep pictures, and how many calls instances and access keys allow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns; rows from before have no limits, and their checksums stay as they are."""
    op.add_column("instance", sa.Column("retention_days", sa.Integer))
    for table in ("instance", "access_key"):
        op.add_column(table, sa.Column("qps", sa.Double))
