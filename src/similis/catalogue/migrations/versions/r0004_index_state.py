"""Where indexes outside the catalogue are, and how far they have followed the change log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "index_state",
        sa.Column(
            "instance_id",
            _ID,
            sa.ForeignKey("instance.id", name="fk_index_state_instance_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("holder", sa.String(64), primary_key=True),
        sa.Column("segment", sa.String(64), nullable=False),
        sa.Column("applied_seq", sa.BigInteger, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )
