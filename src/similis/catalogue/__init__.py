"""The durable truth: instances, pictures, features, their change log and access keys, in a SQL database."""

from similis.catalogue._catalogue import Catalogue
from similis.catalogue._database import sqlite_url
from similis.catalogue._rows import IndexState, LoggedChange, NewPicture, Sealer, StoredPicture, StoredVector

__all__ = [
    "Catalogue",
    "IndexState",
    "LoggedChange",
    "NewPicture",
    "Sealer",
    "StoredPicture",
    "StoredVector",
    "sqlite_url",
]
