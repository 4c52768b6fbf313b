"""Temporary access keys, and the nonces of signed requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "temporary_key",
        sa.Column(
            "key_id",
            sa.String(64),
            sa.ForeignKey("access_key.id", name="fk_temporary_key_key_id"),
            primary_key=True,
        ),
        sa.Column("token_digest", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "nonce",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("until", _MOMENT, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_nonce_until", "nonce", ["until"])
