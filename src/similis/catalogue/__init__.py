"""The durable truth: instances, pictures, features, their change log and access keys, in a SQL database."""

from similis.catalogue._catalogue import Catalogue
from similis.catalogue._customers import ErasureBegun
from similis.catalogue._database import NotRemembered
from similis.catalogue._postgresql import postgresql_url
from similis.catalogue._rows import (
    Batch,
    Callback,
    CallbackState,
    Checkpoint,
    Claim,
    Compaction,
    DescribedPicture,
    FeatureSealer,
    IndexState,
    LoggedChange,
    NewPicture,
    Removal,
    ScoreCurve,
    Sealer,
    StoredPicture,
    StoredVector,
)
from similis.catalogue._sqlite import sqlite_url
from similis.catalogue._stored import found_columns, stored_tables

__all__ = [
    "Batch",
    "Callback",
    "CallbackState",
    "Catalogue",
    "Checkpoint",
    "Claim",
    "Compaction",
    "DescribedPicture",
    "ErasureBegun",
    "FeatureSealer",
    "IndexState",
    "LoggedChange",
    "NewPicture",
    "NotRemembered",
    "Removal",
    "ScoreCurve",
    "Sealer",
    "StoredPicture",
    "StoredVector",
    "found_columns",
    "postgresql_url",
    "sqlite_url",
    "stored_tables",
]
