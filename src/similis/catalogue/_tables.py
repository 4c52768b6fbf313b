"""The schema: what is kept, in which columns."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from similis.domain import INT_FIELDS, MAX_CONNECTION_NAME, MAX_KEY, MAX_NAME, MAX_STRING, STR_FIELDS


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, also on databases that know no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


# SQLite counts up only in columns of exactly this type.
Id = BigInteger().with_variant(Integer(), "sqlite")
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _checksum() -> Column[int]:
    return Column("checksum", BigInteger, nullable=False)


instance = Table(
    "instance",
    metadata,
    Column("id", Id, primary_key=True),
    Column("uid", String(32), nullable=False, unique=True),
    Column("name", String(MAX_NAME), nullable=False, unique=True),
    Column("type", String(16), nullable=False),
    Column("region", Text, nullable=False),
    Column("capacity", BigInteger, nullable=False),
    Column("index_kind", String(32), nullable=False),
    Column("model", Text, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("picture_count", BigInteger, nullable=False, default=0),
    _checksum(),
    sqlite_autoincrement=True,
)

picture = Table(
    "picture",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False),
    Column("product_id", String(MAX_KEY), nullable=False),
    Column("pic_name", String(MAX_KEY), nullable=False),
    Column("category_id", Integer, nullable=False),
    *(Column(side, Integer, nullable=False) for side in ("x1", "x2", "y1", "y2")),
    Column("custom_content", LargeBinary),
    *(Column(name, Integer) for name in INT_FIELDS),
    *(Column(name, String(MAX_STRING)) for name in STR_FIELDS),
    Column("added_at", UtcDateTime, nullable=False),
    _checksum(),
    UniqueConstraint("instance_id", "product_id", "pic_name"),
    Index(None, "instance_id", "category_id"),
    sqlite_autoincrement=True,
)
for _name in INT_FIELDS + STR_FIELDS:
    # Partial: an absent attribute costs nothing, and no filter asks for it.
    _present = picture.c[_name].is_not(None)
    Index(None, picture.c.instance_id, picture.c[_name], sqlite_where=_present, postgresql_where=_present)

feature = Table(
    "feature",
    metadata,
    Column("picture_id", ForeignKey("picture.id"), primary_key=True, autoincrement=False),
    Column("vector", LargeBinary, nullable=False),
    _checksum(),
)

change = Table(
    "change",
    metadata,
    Column("seq", Id, primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False),
    Column("operation", String(8), nullable=False),
    Column("picture_id", Id, nullable=False),
    _checksum(),
    Index(None, "instance_id", "seq"),
    sqlite_autoincrement=True,
)

# Apart from each other: the report is read with the instance, the transform only when an index is filled.
tuning = Table(
    "tuning",
    metadata,
    Column("instance_id", ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    Column("report", Text, nullable=False),
    _checksum(),
)

transform = Table(
    "transform",
    metadata,
    Column("instance_id", ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    _checksum(),
)

# Which index on disk, or on a server, an instance is searched by, and what of the change log is in it.
index_state = Table(
    "index_state",
    metadata,
    Column("instance_id", ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    Column("holder", String(64), primary_key=True),
    Column("segment", String(64), nullable=False),
    Column("applied_seq", BigInteger, nullable=False),
    _checksum(),
)

# The curve that an instance's own products give its scores, and of how many pictures; `null` where these are too few.
score_curve = Table(
    "score_curve",
    metadata,
    Column("instance_id", ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    Column("pictures", BigInteger, nullable=False),
    Column("figures", Text, nullable=False),
    _checksum(),
)

# Their secrets come and go sealed; where they are NULL the environment has them.
connection = Table(
    "connection",
    metadata,
    Column("name", String(MAX_CONNECTION_NAME), primary_key=True),
    Column("provider", String(16), nullable=False),
    *(Column(name, Text) for name in ("endpoint", "region", "bucket", "root", "role_arn")),
    Column("instances", Text, nullable=False),
    Column("access_key_id", Text),
    Column("sealed_credentials", LargeBinary),
    Column("created_at", UtcDateTime, nullable=False),
    _checksum(),
)

# `line` and `read_bytes` say how far increment.meta is applied; of an export, `until_seq` is the last change in it.
task = Table(
    "task",
    metadata,
    Column("id", Id, primary_key=True),
    Column("instance_id", ForeignKey("instance.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("connection", String(MAX_CONNECTION_NAME)),
    *(Column(name, Text) for name in ("bucket", "path", "callback", "caller", "origin", "etag")),
    *(Column(name, BigInteger, nullable=False) for name in ("line", "read_bytes")),
    *(Column(name, BigInteger) for name in ("total_bytes", "until_seq")),
    *(Column(name, BigInteger, nullable=False) for name in ("lines", "added", "replaced", "deleted", "failed")),
    Column("code", String(64)),
    Column("message", Text, nullable=False),
    Column("cancelling", Boolean, nullable=False),
    Column("holder", String(64)),
    Column("held_until", UtcDateTime),
    Column("callback_state", String(16), nullable=False),
    Column("callback_attempts", Integer, nullable=False),
    Column("callback_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    _checksum(),
    Index(None, "instance_id", "status"),
    Index(None, "status", "updated_at"),
    Index(None, "callback_state", "callback_at"),
    sqlite_autoincrement=True,
)

task_failure = Table(
    "task_failure",
    metadata,
    Column("task_id", ForeignKey("task.id"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("line", BigInteger, nullable=False),
    Column("product_id", String(MAX_KEY)),
    Column("pic_name", String(MAX_KEY)),
    Column("code", String(64), nullable=False),
    Column("message", Text, nullable=False),
    _checksum(),
)

# Instances that users do not see: what a rebuild fills, and what one has replaced.
shadow = Table(
    "shadow",
    metadata,
    Column("instance_id", ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    Column("task_id", ForeignKey("task.id"), nullable=False, unique=True),
    _checksum(),
)

access_key = Table(
    "access_key",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("role", String(16), nullable=False),
    Column("instances", Text, nullable=False),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    _checksum(),
)

temporary_key = Table(
    "temporary_key",
    metadata,
    Column("key_id", ForeignKey("access_key.id"), primary_key=True),
    Column("token_digest", LargeBinary, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    _checksum(),
)

nonce = Table(
    "nonce",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
    _checksum(),
    Index(None, "until"),
)

setting = Table(
    "setting",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    _checksum(),
)
