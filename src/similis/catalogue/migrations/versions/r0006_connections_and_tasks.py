"""Connections to storage, tasks that import from it, rebuild from it or export, and instances that rebuilds fill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _create_connection()
    _create_task()
    _create_task_failure()
    _create_shadow()


def _create_connection() -> None:
    name = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")  # ordered alike everywhere
    op.create_table(
        "connection",
        sa.Column("name", name, primary_key=True),
        sa.Column("provider", sa.String(16), nullable=False),
        *(sa.Column(each, sa.Text) for each in ("endpoint", "region", "bucket", "root", "role_arn")),
        sa.Column("instances", sa.Text, nullable=False),
        sa.Column("access_key_id", sa.Text),
        sa.Column("sealed_credentials", sa.LargeBinary),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )


def _create_task() -> None:
    counts = "lines", "added", "replaced", "deleted", "failed"
    op.create_table(
        "task",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("instance_id", _ID, sa.ForeignKey("instance.id", name="fk_task_instance_id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("connection", sa.String(40)),
        *(sa.Column(each, sa.Text) for each in ("bucket", "path", "callback", "caller", "origin", "etag")),
        *(sa.Column(each, sa.BigInteger, nullable=False) for each in ("line", "read_bytes")),
        *(sa.Column(each, sa.BigInteger) for each in ("total_bytes", "until_seq")),
        *(sa.Column(each, sa.BigInteger, nullable=False) for each in counts),
        sa.Column("code", sa.String(64)),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("cancelling", sa.Boolean, nullable=False),
        sa.Column("holder", sa.String(64)),
        sa.Column("held_until", _MOMENT),
        sa.Column("callback_state", sa.String(16), nullable=False),
        sa.Column("callback_attempts", sa.Integer, nullable=False),
        *(sa.Column(each, _MOMENT, nullable=False) for each in ("callback_at", "created_at", "updated_at")),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    for columns in (["instance_id", "status"], ["status", "updated_at"], ["callback_state", "callback_at"]):
        op.create_index(f"ix_task_{'_'.join(columns)}", "task", columns)


def _create_task_failure() -> None:
    owner = sa.ForeignKey("task.id", name="fk_task_failure_task_id")
    op.create_table(
        "task_failure",
        sa.Column("task_id", _ID, owner, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("product_id", sa.String(512)),
        sa.Column("pic_name", sa.String(512)),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )


def _create_shadow() -> None:
    instance = sa.ForeignKey("instance.id", name="fk_shadow_instance_id")
    op.create_table(
        "shadow",
        sa.Column("instance_id", _ID, instance, primary_key=True, autoincrement=False),
        sa.Column("task_id", _ID, sa.ForeignKey("task.id", name="fk_shadow_task_id"), nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("task_id", name="uq_shadow_task_id"),
    )
