"""What indexes store: as it is declared, and as a segment on disk or a collection on a server has it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from similis.domain import INT_FIELDS, STR_FIELDS, StoredField, StoredPlace
from similis.engine._columns import TEXTS, TYPES
from similis.engine._encryption import KeySealer
from similis.engine._segment import CELLS, COLUMNS, FILES, LISTS, MANIFEST, VECTORS, SegmentReader

_faiss: Any = faiss  # its stubs describe the C++ constructors, not those of Python
_TURNED = "turned by the instance's key"
_ENCRYPTED = "encrypted by the segment's key"
_BOTH = f"{_TURNED}, {_ENCRYPTED}"
_CENTRES = StoredField("centres", "32-bit floats", "Means of the vectors of each cell", _BOTH)
_CODEBOOK = StoredField("codebook", "32-bit floats", "Means of parts of vectors, which codes stand for", _BOTH)
_ABOUT_SEGMENT = {
    "name": "Name of the segment",
    "format": "Version of these files",
    "dimension": "Numbers in a vector",
    "rows": "How many pictures are in it",
    "trained_on": "How many there were when the cells were found",
    "fresh_reach": "How far a search had to look then",
    "tuned.reach": "How far a search looks",
    "tuned.spare": "How many candidates it judges",
    "tuned.recall": "Share of the true nearest that it then finds",
    "digest": "Digest of all this, with the segment's key",
    **{f"files.{name}": "Size, time and digest of that file, with the segment's key" for name in FILES},
}
_ABOUT_ROW = {
    "picture_id": "Number of the picture",
    "alive": "Whether it is there still",
    "category": "Category",
    TEXTS: "The texts of attributes, each once",
    **dict.fromkeys(INT_FIELDS, "Whole number that the user gave the picture"),
    **{f"{name}_known": "Whether there is such a number" for name in INT_FIELDS},
    **dict.fromkeys(STR_FIELDS, "Which of the texts the user gave the picture"),
}


def stored_segment_files() -> tuple[StoredPlace, ...]:
    """Everything that a segment of the embedded index may hold, by file."""
    return (
        StoredPlace(
            MANIFEST,
            "What is to know of a segment",
            (
                *(StoredField(name, "JSON", about) for name, about in _ABOUT_SEGMENT.items()),
                StoredField("key", "JSON", "The segment's key", "encrypted by the instance's key"),
            ),
        ),
        StoredPlace(
            COLUMNS,
            "What filters need to know of each picture",
            tuple(StoredField(name, _type(name), about, _ENCRYPTED) for name, about in _ABOUT_ROW.items()),
        ),
        StoredPlace(
            VECTORS,
            "Feature vectors",
            (StoredField("vectors", "16-bit floats", "The vectors of the catalogue's `feature`, row by row", _BOTH),),
        ),
        StoredPlace(
            LISTS,
            "Cells with short codes of the vectors in them",
            (
                _CENTRES,
                _CODEBOOK,
                StoredField("codes", "1 bit a dimension", "Which means each vector is nearest to", _BOTH),
                StoredField("ids", "integer", "Number of the row", _ENCRYPTED),
            ),
        ),
        StoredPlace(CELLS, "The same cells, without vectors", (_CENTRES, _CODEBOOK)),
    )


def stored_collection() -> StoredPlace:
    """Everything that a collection on a Milvus server may hold; one row is no picture but the last change sent."""
    attributes = (StoredField(name, "integer", "Whole number that the user gave it") for name in INT_FIELDS)
    texts = (StoredField(name, "text", "Text that the user gave it") for name in STR_FIELDS)
    return StoredPlace(
        "PREFIX_INSTANCE_COLLECTION",
        "An instance that a Milvus server searches",
        (
            StoredField("id", "integer", "Number of the picture"),
            StoredField("vector", "32-bit floats", "The vector of the catalogue's `feature`, at length one", _TURNED),
            StoredField("seq", "integer", "Last change that the row has"),
            StoredField("category", "integer", "Category"),
            *attributes,
            *texts,
        ),
    )


def found_in_file(file: Path, sealer: KeySealer) -> list[str]:
    """Return the names of everything that a file of a segment holds, and in words what it should not.

    Args:
        file: of a segment.
        sealer: reads the segment's key.

    Raises:
        UNREADABLE: it is not such a file.
    """
    if file.name == MANIFEST:
        return list(_in_manifest(file))
    reader = SegmentReader(file.parent, sealer)
    reader.check_file(file.name)
    return list(_IN_CLEAR[file.name](reader, file.stat().st_size))


def _type(column: str) -> str:
    if column == TEXTS:
        return "text"
    return "yes or no" if TYPES[column] is np.bool_ else "integer"


def _in_manifest(file: Path) -> Iterator[str]:
    content, _ = json.loads(file.read_text())
    yield "digest"
    for name, value in content.items():
        yield from (f"{name}.{inner}" for inner in value) if isinstance(value, Mapping) else [name]


def _in_columns(reader: SegmentReader, _: int) -> Iterator[str]:
    content = reader.in_clear(COLUMNS)
    with zipfile.ZipFile(content) as members, np.load(content, allow_pickle=False) as arrays:
        rows = len(arrays["picture_id"])
        for member in members.namelist():
            name = member.removesuffix(".npy")
            fitting = name == TEXTS or (name in TYPES and arrays[name].shape == (rows,))
            yield name if fitting else f"an array {name} of shape {arrays[member].shape}"


def _in_vectors(reader: SegmentReader, size: int) -> Iterator[str]:
    stated = np.dtype("<f2").itemsize * reader.about.rows * reader.about.dimension
    yield "vectors" if size == stated else f"{size} bytes where {stated} are declared"


def _in_inverted_file(reader: SegmentReader, size: int, name: str) -> Iterator[str]:
    """An inverted file of faiss has nothing but these; its size says that nothing follows it."""
    index: Any = reader.inverted_file(name)
    plain = isinstance(index, faiss.IndexIVFPQFastScan) and index.direct_map.type == _faiss.DirectMap.NoMap
    if not plain or len(_faiss.serialize_index(index)) != size:
        yield f"{size} bytes of a {type(index).__name__}"
    yield from (_CENTRES.name, _CODEBOOK.name)
    if index.ntotal:
        yield from ("codes", "ids")


_IN_CLEAR: Mapping[str, Callable[[SegmentReader, int], Iterator[str]]] = {
    COLUMNS: _in_columns,
    VECTORS: _in_vectors,
    LISTS: partial(_in_inverted_file, name=LISTS),
    CELLS: partial(_in_inverted_file, name=CELLS),
}
