"""Where browsers find the pictures that instances are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; rows from before have none, and their checksums stay as they are."""
    op.add_column("instance", sa.Column("picture_url", sa.Text))
