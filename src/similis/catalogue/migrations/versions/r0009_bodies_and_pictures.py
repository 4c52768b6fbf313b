"""How large bodies may be, and how many pictures a day may be added with an access key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add columns and table; rows from before have no limits, and their checksums stay as they are."""
    for table in ("instance", "access_key"):
        op.add_column(table, sa.Column("max_body", sa.Integer))
    op.add_column("access_key", sa.Column("pictures_per_day", sa.BigInteger))
    op.create_table(
        "key_use",
        sa.Column("key_id", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("pictures", sa.BigInteger, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )
