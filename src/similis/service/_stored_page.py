"""The page of everything that is stored, for `docs/stored-fields.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from similis.algorithm import ModelStore, Pipeline
from similis.domain import StoredField, StoredPlace
from similis.service._settings import Settings
from similis.service._stored_places import StoredPlaces, stored_places

_HEAD = """\
# Every field that is stored

This page is made from the code by `similis audit fields --markdown`. A test compares it with the code, others compare
the code with real databases, index files, Milvus collections, data and key directories. `similis audit fields` does
so with yours: it names whatever is there and not on this page, and then ends with status 1.

**Of a picture are kept**: one feature vector of the region used, 16 bits for each of the numbers that its feature
model gives{example}; the four edges of that region; its
category; and what its owner wrote: ProductId, PicName, custom content and attributes. The vector is turned by the
instance's key and then encrypted by it, and so is custom content, which is not turned; of all else the tables below
say whether it is in clear. The files of an index hold copies of vectors – the same 16 bits a number and a code of
1 bit a number – and means of such vectors of many pictures, all encrypted by keys of their own, which the instance's
key encrypts. A Milvus server has them turned but not encrypted: 32 bits a number, which say no more than the 16 that
they were made from. After [tuning](tuning.md) there are such copies in the tuned space, too.

What others keep for themselves is not here: PostgreSQL's and Milvus' logs and internal tables, backups, and what your
own programs write of what they ask for. Names in capitals in paths stand for random names and dates.
"""


def stored_page(settings: Settings) -> str:
    """The page in Markdown; the built-in features, which it gives as an example, must have been fetched.

    Raises:
        ModelNotFound: they were not.
    """
    places, dimension = stored_places(), Pipeline.load(ModelStore(settings.models)).dimension
    example = f" – {dimension} numbers of the built-in features, {16 * dimension:,} bits"
    return "\n".join([_HEAD.format(example=example), *_sections(places)])


def _sections(places: StoredPlaces) -> Iterator[str]:
    yield from _section("Tables of the catalogue", places.tables)
    yield from _section("Files of the data directory", places.data)
    yield from _section("Files of the key directory", places.keys)
    yield from _section("Collections on a Milvus server", places.collections)


def _section(title: str, places: Iterable[StoredPlace]) -> Iterator[str]:
    yield f"## {title}\n"
    for place in places:
        yield f"### `{place.name}`\n\n{place.about}.\n"
        yield "| field | type | what it is | kept |\n|---|---|---|---|"
        yield "\n".join(map(_row, place.fields)) + "\n"


def _row(field: StoredField) -> str:
    return f"| `{field.name}` | {field.type} | {field.about} | {field.kept} |"
