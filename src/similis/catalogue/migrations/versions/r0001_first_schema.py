"""First schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def _text(length: int) -> sa.String:
    """Texts are compared by code points on every database, whatever language it is set up for."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables."""
    _create_instance()
    _create_picture()
    _create_feature()
    _create_change()
    _create_access_key()
    _create_setting()


def _create_instance() -> None:
    op.create_table(
        "instance",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("name", _text(20), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("capacity", sa.BigInteger, nullable=False),
        sa.Column("index_kind", sa.String(32), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("picture_count", sa.BigInteger, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("uid", name="uq_instance_uid"),
        sa.UniqueConstraint("name", name="uq_instance_name"),
        sqlite_autoincrement=True,
    )


def _create_picture() -> None:
    op.create_table(
        "picture",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("instance_id", _ID, sa.ForeignKey("instance.id", name="fk_picture_instance_id"), nullable=False),
        sa.Column("product_id", _text(512), nullable=False),
        sa.Column("pic_name", _text(512), nullable=False),
        sa.Column("category_id", sa.Integer, nullable=False),
        *(sa.Column(side, sa.Integer, nullable=False) for side in ("x1", "x2", "y1", "y2")),
        sa.Column("custom_content", sa.LargeBinary),
        *(sa.Column(name, sa.Integer) for name in ("int_attr", "int_attr2", "int_attr3", "int_attr4")),
        *(sa.Column(name, _text(128)) for name in ("str_attr", "str_attr2", "str_attr3", "str_attr4")),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        *_unique_keys(),
        sqlite_autoincrement=True,
    )
    if _on_postgresql():  # whose indexes cannot hold two long texts
        digest = sa.text("md5(pic_name)")
        op.create_index("uq_picture_instance_id", "picture", ["instance_id", "product_id", digest], unique=True)
    op.create_index("ix_picture_instance_id_category_id", "picture", ["instance_id", "category_id"])
    for kind in ("int", "str"):
        for number in ("", "2", "3", "4"):
            _create_attribute_index(f"{kind}_attr{number}")


def _unique_keys() -> list[sa.UniqueConstraint]:
    keys = sa.UniqueConstraint("instance_id", "product_id", "pic_name", name="uq_picture_instance_id")
    return [] if _on_postgresql() else [keys]


def _on_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _create_attribute_index(name: str) -> None:
    present = sa.column(name).is_not(None)
    op.create_index(
        f"ix_picture_instance_id_{name}",
        "picture",
        ["instance_id", name],
        sqlite_where=present,
        postgresql_where=present,
    )


def _create_feature() -> None:
    op.create_table(
        "feature",
        sa.Column(
            "picture_id",
            _ID,
            sa.ForeignKey("picture.id", name="fk_feature_picture_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )


def _create_change() -> None:
    op.create_table(
        "change",
        sa.Column("seq", _ID, primary_key=True),
        sa.Column("instance_id", _ID, sa.ForeignKey("instance.id", name="fk_change_instance_id"), nullable=False),
        sa.Column("operation", sa.String(8), nullable=False),
        sa.Column("picture_id", _ID, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_change_instance_id_seq", "change", ["instance_id", "seq"])


def _create_access_key() -> None:
    op.create_table(
        "access_key",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("instances", sa.Text, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )


def _create_setting() -> None:
    op.create_table(
        "setting",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
    )
