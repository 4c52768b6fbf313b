"""The schema: what is kept, in which columns."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
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


# docs/stored-fields.md is made from what each table and column says of itself: what it holds and, as every column of
# bytes must, how that is kept where it is not in clear.
ABOUT = "about"
KEPT = "kept"
_BY_INSTANCE_KEY = {KEPT: "encrypted by the instance's key"}
_TURNED_TOO = {KEPT: "turned and encrypted by the instance's key"}
_BY_MASTER_KEY = {KEPT: "encrypted by the master key"}
_DIGEST = {KEPT: "a digest"}


def _checksum() -> Column[int]:
    return Column("checksum", BigInteger, nullable=False, doc="CRC-32 of the row")


instance = Table(
    "instance",
    metadata,
    Column("id", Id, primary_key=True, doc="Number of the instance"),
    Column("uid", String(32), nullable=False, unique=True, doc="Random name that its key file and its index go by"),
    Column("name", String(MAX_NAME), nullable=False, unique=True, doc="Name that users gave it"),
    Column("type", String(16), nullable=False, doc="`product` or `generic`"),
    Column("region", Text, nullable=False, doc="Region that it is said to be in"),
    Column("capacity", BigInteger, nullable=False, doc="How many pictures it may hold"),
    Column("index_kind", String(32), nullable=False, doc="`faiss` or `milvus`"),
    Column("model", Text, nullable=False, doc="Feature model, with the digest of its weights"),
    Column("dimension", Integer, nullable=False, doc="Numbers in a feature vector"),
    Column("created_at", UtcDateTime, nullable=False, doc="When it was made"),
    Column("picture_count", BigInteger, nullable=False, default=0, doc="How many pictures it holds"),
    Column("retention_days", Integer, doc="So many days are pictures kept, if not for ever"),
    Column("qps", Double, doc="How many calls a second may be made on it, if there is a limit"),
    Column("picture_url", Text, doc="Where browsers find the shop's own pictures, with placeholders, if anywhere"),
    Column(
        "max_body", Integer, doc="How many bytes the body of a call on it may have, if there is a limit of its own"
    ),
    _checksum(),
    sqlite_autoincrement=True,
    info={ABOUT: "Instances"},
)

picture = Table(
    "picture",
    metadata,
    Column("id", Id, primary_key=True, doc="Number of the picture, never used again"),
    Column("instance_id", ForeignKey("instance.id"), nullable=False, doc="Instance that it is in"),
    Column("product_id", String(MAX_KEY), nullable=False, doc="ProductId"),
    Column("pic_name", String(MAX_KEY), nullable=False, doc="PicName"),
    Column("category_id", Integer, nullable=False, doc="Category"),
    *(
        Column(side, Integer, nullable=False, doc=f"{edge} edge of the region used, in pixels")
        for side, edge in {"x1": "Left", "x2": "Right", "y1": "Upper", "y2": "Lower"}.items()
    ),
    Column("custom_content", LargeBinary, doc="Custom content", info=_BY_INSTANCE_KEY),
    *(Column(name, Integer, doc="Whole number that the user gave it") for name in INT_FIELDS),
    *(Column(name, String(MAX_STRING), doc="Text that the user gave it") for name in STR_FIELDS),
    Column("added_at", UtcDateTime, nullable=False, doc="When it was added"),
    _checksum(),
    UniqueConstraint("instance_id", "product_id", "pic_name"),
    Index(None, "instance_id", "category_id"),
    sqlite_autoincrement=True,
    info={ABOUT: "Pictures, of which nothing but this is kept"},
)
for _name in INT_FIELDS + STR_FIELDS:
    # Partial: an absent attribute costs nothing, and no filter asks for it.
    _present = picture.c[_name].is_not(None)
    Index(None, picture.c.instance_id, picture.c[_name], sqlite_where=_present, postgresql_where=_present)

feature = Table(
    "feature",
    metadata,
    Column(
        "picture_id", ForeignKey("picture.id"), primary_key=True, autoincrement=False, doc="Picture that is described"
    ),
    Column("vector", LargeBinary, nullable=False, doc="Features of its region, 16-bit floats", info=_TURNED_TOO),
    _checksum(),
    info={ABOUT: "Their features"},
)

change = Table(
    "change",
    metadata,
    Column("seq", Id, primary_key=True, doc="Number of the change, in the order of commits"),
    Column("instance_id", ForeignKey("instance.id"), nullable=False, doc="Instance that was changed"),
    Column("operation", String(8), nullable=False, doc="What happened"),
    Column("picture_id", Id, nullable=False, doc="Picture that was added, changed or removed"),
    _checksum(),
    Index(None, "instance_id", "seq"),
    sqlite_autoincrement=True,
    info={ABOUT: "The order of additions, changes and removals"},
)

# Apart from each other: the report is read with the instance, the transform only when an index is filled.
tuning = Table(
    "tuning",
    metadata,
    Column(
        "instance_id", ForeignKey("instance.id"), primary_key=True, autoincrement=False, doc="Instance that was tuned"
    ),
    Column("report", Text, nullable=False, doc="How the tuning did: counts and shares, as JSON"),
    _checksum(),
    info={ABOUT: "How the last tuning of an instance did"},
)

transform = Table(
    "transform",
    metadata,
    Column(
        "instance_id", ForeignKey("instance.id"), primary_key=True, autoincrement=False, doc="Instance that was tuned"
    ),
    Column("sealed", LargeBinary, nullable=False, doc="Matrix that tuning learned", info=_BY_INSTANCE_KEY),
    _checksum(),
    info={ABOUT: "What it learned"},
)

# Which index on disk, or on a server, an instance is searched by, and what of the change log is in it.
index_state = Table(
    "index_state",
    metadata,
    Column(
        "instance_id",
        ForeignKey("instance.id"),
        primary_key=True,
        autoincrement=False,
        doc="Instance that is searched",
    ),
    Column("holder", String(64), primary_key=True, doc="Index directory or server that is meant"),
    Column("segment", String(64), nullable=False, doc="Segment or collection that counts"),
    Column("applied_seq", BigInteger, nullable=False, doc="Last change that is in it"),
    _checksum(),
    info={ABOUT: "Which index of an instance counts"},
)

# The curve that an instance's own products give its scores, and of how many pictures; `null` where these are too few.
score_curve = Table(
    "score_curve",
    metadata,
    Column(
        "instance_id",
        ForeignKey("instance.id"),
        primary_key=True,
        autoincrement=False,
        doc="Instance whose scores are read so",
    ),
    Column("pictures", BigInteger, nullable=False, doc="How many pictures it had then"),
    Column("figures", Text, nullable=False, doc="Three numbers of the curve, or null, as JSON"),
    _checksum(),
    info={ABOUT: "How the scores of an instance are read"},
)

# Their secrets come and go sealed; where they are NULL the environment has them.
connection = Table(
    "connection",
    metadata,
    Column("name", String(MAX_CONNECTION_NAME), primary_key=True, doc="Name that users gave it"),
    Column("provider", String(16), nullable=False, doc="`oss`, `s3` or `file`"),
    Column("endpoint", Text, doc="Address of the storage"),
    Column("region", Text, doc="Region of the storage"),
    Column("bucket", Text, doc="Bucket that is meant if a call names none"),
    Column("root", Text, doc="Directory that holds the buckets"),
    Column("role_arn", Text, doc="Role that is assumed there"),
    Column("instances", Text, nullable=False, doc="Instances that may import from it, as JSON"),
    Column("access_key_id", Text, doc="Id of the storage's access key"),
    Column("sealed_credentials", LargeBinary, doc="Secret and token of that key", info=_BY_MASTER_KEY),
    Column("created_at", UtcDateTime, nullable=False, doc="When it was made"),
    _checksum(),
    info={ABOUT: "Storage to import from"},
)

# `line` and `read_bytes` say how far increment.meta is applied; of an export, `until_seq` is the last change in it.
task = Table(
    "task",
    metadata,
    Column("id", Id, primary_key=True, doc="Number of the task"),
    Column("instance_id", ForeignKey("instance.id"), nullable=False, doc="Instance that it works on"),
    Column("kind", String(16), nullable=False, doc="What it does"),
    Column("status", String(16), nullable=False, doc="How it stands"),
    Column("connection", String(MAX_CONNECTION_NAME), doc="Connection that is imported from"),
    Column("bucket", Text, doc="Bucket that is imported from"),
    Column("path", Text, doc="Directory in it"),
    Column("callback", Text, doc="URL that is told of the end"),
    Column("caller", Text, doc="Id of the access key that asked for it"),
    Column("origin", Text, doc="URL at which the service was called"),
    Column("etag", Text, doc="Version of increment.meta that is read"),
    Column("line", BigInteger, nullable=False, doc="Line of increment.meta behind which it goes on"),
    Column("read_bytes", BigInteger, nullable=False, doc="How much of increment.meta is applied"),
    Column("total_bytes", BigInteger, doc="Size of increment.meta"),
    Column("until_seq", BigInteger, doc="Last change that is in an export"),
    *(
        Column(name, BigInteger, nullable=False, doc=f"How many {what}")
        for name, what in {
            "lines": "lines were read",
            "added": "pictures were added, or exported",
            "replaced": "pictures were replaced",
            "deleted": "pictures were deleted",
            "failed": "lines failed",
        }.items()
    ),
    Column("code", String(64), doc="Code of what ended it"),
    Column("message", Text, nullable=False, doc="What ended it, in words"),
    Column("cancelling", Boolean, nullable=False, doc="Whether it was asked to stop"),
    Column("holder", String(64), doc="Random name of the process that works on it"),
    Column("held_until", UtcDateTime, doc="When that claim ends"),
    Column("callback_state", String(16), nullable=False, doc="Whether the callback was told"),
    Column("callback_attempts", Integer, nullable=False, doc="How often that was tried"),
    Column("callback_at", UtcDateTime, nullable=False, doc="When it is tried next"),
    Column("created_at", UtcDateTime, nullable=False, doc="When it was asked for"),
    Column("updated_at", UtcDateTime, nullable=False, doc="When it last changed"),
    _checksum(),
    Index(None, "instance_id", "status"),
    Index(None, "status", "updated_at"),
    Index(None, "callback_state", "callback_at"),
    sqlite_autoincrement=True,
    info={ABOUT: "Imports, rebuilds, exports and changes of an instance's key, for 90 days"},
)

task_failure = Table(
    "task_failure",
    metadata,
    Column("task_id", ForeignKey("task.id"), primary_key=True, autoincrement=False, doc="Import that the line is of"),
    Column("number", BigInteger, primary_key=True, autoincrement=False, doc="Place among its failures"),
    Column("line", BigInteger, nullable=False, doc="Number of the line in increment.meta"),
    Column("product_id", String(MAX_KEY), doc="ProductId in that line"),
    Column("pic_name", String(MAX_KEY), doc="PicName in that line"),
    Column("code", String(64), nullable=False, doc="Code of what was wrong"),
    Column("message", Text, nullable=False, doc="What was wrong, in words"),
    _checksum(),
    info={ABOUT: "Lines of imports that failed"},
)

# Instances that users do not see: what a rebuild fills, and what one has replaced.
shadow = Table(
    "shadow",
    metadata,
    Column("instance_id", ForeignKey("instance.id"), primary_key=True, autoincrement=False, doc="Hidden instance"),
    Column(
        "task_id", ForeignKey("task.id"), nullable=False, unique=True, doc="Task that fills it or has replaced it"
    ),
    _checksum(),
    info={ABOUT: "Instances that rebuilds and changes of key fill or have replaced"},
)

access_key = Table(
    "access_key",
    metadata,
    Column("id", String(64), primary_key=True, doc="Id of the key"),
    Column("sealed_secret", LargeBinary, nullable=False, doc="Its secret", info=_BY_MASTER_KEY),
    Column("role", String(16), nullable=False, doc="`admin`, `writer` or `reader`"),
    Column("instances", Text, nullable=False, doc="Instances that it is limited to, as JSON"),
    Column("disabled", Boolean, nullable=False, default=False, doc="Whether it is refused"),
    Column("created_at", UtcDateTime, nullable=False, doc="When it was made"),
    Column("qps", Double, doc="How many calls a second it may make, if there is a limit"),
    Column("pictures_per_day", BigInteger, doc="How many pictures a day may be added with it, if there is a limit"),
    Column("max_body", Integer, doc="How many bytes the body of a call may have, if there is a limit of its own"),
    _checksum(),
    info={ABOUT: "Access keys"},
)

# Apart from the key, which is read with every call.
key_use = Table(
    "key_use",
    metadata,
    Column("key_id", String(64), primary_key=True, doc="Access key with a limit of pictures a day"),
    Column("day", String(10), nullable=False, doc="The day, by UTC"),
    Column("pictures", BigInteger, nullable=False, doc="How many pictures were added with it on that day"),
    _checksum(),
    info={ABOUT: "How much of their pictures a day access keys have used"},
)

temporary_key = Table(
    "temporary_key",
    metadata,
    Column("key_id", ForeignKey("access_key.id"), primary_key=True, doc="Access key that ends"),
    Column("token_digest", LargeBinary, nullable=False, doc="SHA-256 of its security token", info=_DIGEST),
    Column("expires_at", UtcDateTime, nullable=False, doc="When it ends"),
    _checksum(),
    info={ABOUT: "Access keys with an end"},
)

nonce = Table(
    "nonce",
    metadata,
    Column("digest", LargeBinary, primary_key=True, doc="SHA-256 of key and nonce, or of the session", info=_DIGEST),
    Column("until", UtcDateTime, nullable=False, doc="When it is forgotten"),
    _checksum(),
    Index(None, "until"),
    info={ABOUT: "Signed calls that were answered, for 15 minutes; ended sessions of the console, for 12 hours"},
)

setting = Table(
    "setting",
    metadata,
    Column("name", String(64), primary_key=True, doc="Name of the setting"),
    Column("value", Text, nullable=False, doc="Its value"),
    _checksum(),
    info={
        ABOUT: "Of the whole catalogue: which key directory it needs, which keys are still to be destroyed, how far "
        "the change log was shortened"
    },
)
