"""Score curves that instances have by their own products."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    owner = sa.ForeignKey("instance.id", name="fk_score_curve_instance_id")
    op.create_table(
        "score_curve",
        sa.Column("instance_id", _ID, owner, primary_key=True, autoincrement=False),
        sa.Column("pictures", sa.BigInteger, nullable=False),
        sa.Column("figures", sa.Text, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )
