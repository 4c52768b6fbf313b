"""Tunings of instances: how each did, and the transform that it learned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their tables."""
    _create("tuning", sa.Column("report", sa.Text, nullable=False))
    _create("transform", sa.Column("sealed", sa.LargeBinary, nullable=False))


def _create(table: str, content: sa.Column[str] | sa.Column[bytes]) -> None:
    owner = sa.ForeignKey("instance.id", name=f"fk_{table}_instance_id")
    op.create_table(
        table,
        sa.Column("instance_id", _ID, owner, primary_key=True, autoincrement=False),
        content,
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )
