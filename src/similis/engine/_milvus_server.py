"""The calls to a Milvus server; what goes wrong in them becomes one kind of error, within seconds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from similis.domain import INT_FIELDS, MAX_STRING, STR_FIELDS, IndexUnavailable
from similis.engine._index import Hit
from similis.engine._milvus_filter import ABSENT_INT, ABSENT_STR
from similis.engine._tail import Row

_BYTES_A_CHARACTER = 4
_AT_ONCE = 256  # rows a call: about 1 MB at 512 dimensions
_QUERIES_AT_ONCE = 64
_NO_SUCH_COLLECTION = 100
# A row that holds no picture but the last change that was sent: unlike a note elsewhere it is restored with the rows.
_MARK = -1


class MilvusConsistency(StrEnum):
    """What a search of the server waits for: nothing, or everything written before it (some 200 ms)."""

    BOUNDED = "bounded"
    STRONG = "strong"


class MilvusIndexType(StrEnum):
    """A graph of float32 vectors, or cells of vectors of a byte a dimension: a quarter of the memory."""

    HNSW = "hnsw"
    IVF_SQ8 = "ivf_sq8"


@dataclass(frozen=True, slots=True)
class MilvusSettings:
    """How to use a Milvus server.

    Attributes:
        uri: its address, such as `http://127.0.0.1:19530`.
        token: `user:password` or an API key; empty where it asks for none.
        prefix: begins the names of collections, so that several Similis can share a server.
        consistency: what a search waits for; with `bounded`, what may not show yet is searched here.
        index_type: of the collections made from now on.
        staleness: seconds after which what was written surely shows in a bounded search; more than the server's
            `common.gracefulTime`.
        timeout: seconds that a call may take.
    """

    uri: str
    token: str = field(default="", repr=False)
    prefix: str = "similis"
    consistency: MilvusConsistency = MilvusConsistency.BOUNDED
    index_type: MilvusIndexType = MilvusIndexType.HNSW
    staleness: float = 10.0
    timeout: float = 10.0

    @property
    def patience(self) -> float:
        """Seconds for what a server does slowly even when it is well."""
        return 12 * self.timeout


_CELLS = 1024
_INDEXES: Mapping[MilvusIndexType, tuple[str, dict[str, int]]] = {
    MilvusIndexType.HNSW: ("HNSW", {"M": 16, "efConstruction": 200}),
    MilvusIndexType.IVF_SQ8: ("IVF_SQ8", {"nlist": _CELLS}),
}


class MilvusServer:
    """A server and the collections on it. Connects when first used; threads may share it.

    Attributes:
        settings: how it is used.
    """

    def __init__(self, settings: MilvusSettings) -> None:
        self.settings = settings
        self._connecting = threading.Lock()
        self._connected: Any = None

    def create(self, collection: str, dimension: int) -> None:
        """Make an empty collection, ready to be searched."""
        with self._failures():
            client, types = self._client, _pymilvus().DataType
            schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("id", types.INT64, is_primary=True)
            schema.add_field("vector", types.FLOAT_VECTOR, dim=dimension)
            schema.add_field("seq", types.INT64)
            schema.add_field("category", types.INT32)
            for name in INT_FIELDS:
                schema.add_field(name, types.INT64)
            for name in STR_FIELDS:
                schema.add_field(name, types.VARCHAR, max_length=MAX_STRING * _BYTES_A_CHARACTER)
            kind, parameters = _INDEXES[self.settings.index_type]
            indexes = client.prepare_index_params()
            # Of unit vectors the inner product is the cosine.
            indexes.add_index("vector", index_type=kind, metric_type="IP", params=parameters)
            client.create_collection(
                collection,
                schema=schema,
                index_params=indexes,
                consistency_level="Bounded",
                timeout=self.settings.patience,
            )
            client.load_collection(collection, timeout=self.settings.patience)

    def mark(self, collection: str) -> int | None:
        """Return the sequence that the collection holds, 0 where it holds nothing, None where there is none."""
        with self._failures():
            client = self._client
            if not client.has_collection(collection, timeout=self.settings.timeout):
                return None
            client.load_collection(collection, timeout=self.settings.patience)
            rows = self._rows(collection, [_MARK], "seq")
            return int(rows[_MARK]) if rows else 0

    def write(self, collection: str, rows: Sequence[Row], seq: int, dimension: int) -> None:
        """Bring rows of pictures up to date, then mark the collection as holding the log up to `seq`."""
        removed = [row.picture_id for row in rows if row.vector is None]
        living = [_as_entity(row) for row in rows if row.vector is not None]
        mark = _as_entity(Row(seq, _MARK, np.zeros(dimension, np.float32))) | {"category": _MARK}
        with self._failures():
            for ids in _parts(removed):
                self._client.delete(collection, ids=ids, timeout=self.settings.timeout)
            for entities in [*_parts(living), [mark]]:
                self._client.upsert(collection, entities, timeout=self.settings.timeout)

    def vectors(self, collection: str, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return vectors by picture id; ids that are not there are left out."""
        with self._failures():
            found: dict[int, Any] = {}
            for part in _parts(ids):
                found |= self._rows(collection, part, "vector")
        return {picture_id: np.array(vector, np.float32) for picture_id, vector in found.items()}

    def search(
        self,
        collection: str,
        queries: NDArray[np.float32],
        count: int,
        condition: str,
        *,
        strongly: bool,
        candidates: int,
    ) -> list[list[Hit]]:
        """Return the nearest pictures of each query, at most `count` and sometimes one less."""
        hnsw = self.settings.index_type is MilvusIndexType.HNSW
        strongly |= self.settings.consistency is MilvusConsistency.STRONG
        effort = {"ef": candidates} if hnsw else {"nprobe": min(max(candidates // 8, 32), _CELLS)}
        hits: list[list[Hit]] = []
        with self._failures():
            for part in _parts(queries, _QUERIES_AT_ONCE):
                answers = self._client.search(
                    collection,
                    part.tolist(),
                    filter=condition,
                    limit=count,
                    search_params={"params": effort},
                    consistency_level="Strong" if strongly else "Bounded",
                    timeout=self.settings.timeout,
                )
                hits += [[Hit(hit["id"], hit["distance"]) for hit in each if hit["id"] != _MARK] for each in answers]
        return hits

    def seal(self, collection: str) -> None:
        """Have the graphs of the latest rows built, which the server else leaves to a coarse index of its own."""
        with self._failures():
            self._client.flush(collection, timeout=self.settings.patience)

    def sealed(self, collection: str) -> int:
        """Return about how many rows are sealed."""
        with self._failures():
            stats = self._client.get_collection_stats(collection, timeout=self.settings.timeout)
            return int(stats["row_count"])

    def count(self, collection: str) -> int:
        """Return the number of pictures in a collection."""
        with self._failures():
            [row] = self._client.query(
                collection,
                filter=f"id != {_MARK}",
                output_fields=["count(*)"],
                consistency_level="Strong",
                timeout=self.settings.timeout,
            )
            return int(row["count(*)"])

    def version(self) -> str:
        """Return the server's version, such as `2.3.5`."""
        with self._failures():
            return str(self._client.get_server_version(timeout=self.settings.timeout)).removeprefix("v")

    def collections(self, prefix: str) -> list[str]:
        """Return the names of the collections that begin so."""
        with self._failures():
            names: list[str] = self._client.list_collections(timeout=self.settings.timeout)
            return [name for name in names if name.startswith(prefix)]

    def fields(self, collection: str) -> list[str]:
        """Return the names of the fields of a collection, and in words what lets it have others."""
        with self._failures():
            told = self._client.describe_collection(collection, timeout=self.settings.timeout)
        open_to_others = [name for name in ("enable_dynamic_field", "functions", "description") if told.get(name)]
        return [*(field["name"] for field in told["fields"]), *open_to_others]

    def drop(self, collection: str) -> None:
        """Remove a collection; it is no error when it is gone."""
        with self._failures():
            self._client.drop_collection(collection, timeout=self.settings.patience)

    def close(self) -> None:
        """Close the connection; the next call makes another."""
        with self._connecting:
            if self._connected is not None:
                self._connected.close()
            self._connected = None

    @property
    def _client(self) -> Any:  # noqa: ANN401 - pymilvus is imported only where it is used
        with self._connecting:
            if self._connected is None:
                settings = self.settings
                self._connected = _pymilvus().MilvusClient(
                    settings.uri, token=settings.token, timeout=settings.timeout
                )
            return self._connected

    def _rows(self, collection: str, ids: Sequence[int], name: str) -> dict[int, Any]:
        rows = self._client.query(
            collection,
            filter=f"id in {list(ids)}",
            output_fields=["id", name],
            consistency_level="Strong",
            timeout=self.settings.timeout,
        )
        return {row["id"]: row[name] for row in rows}

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn what the client raises into IndexUnavailable; its own text may quote filters and is left out."""
        grpc_error, milvus_error = _client_errors()
        try:
            yield
        except milvus_error as error:
            raise self._unavailable(getattr(error, "code", None)) from error
        except grpc_error as error:
            raise self._unavailable(None) from error

    def _unavailable(self, code: object) -> IndexUnavailable:
        if code == _NO_SUCH_COLLECTION:
            return IndexUnavailable(
                f"A collection of the Milvus server at {self.settings.uri} is gone.",
                "Ask again: it is looked for, or built anew from the catalogue.",
            )
        return IndexUnavailable(
            f"The Milvus server at {self.settings.uri} cannot be used (error {code}).",
            "Check that it runs, SIMILIS_MILVUS_URI and SIMILIS_MILVUS_TOKEN. Pictures can be added meanwhile; "
            "searches resume when it is back.",
        )


def _as_entity(row: Row) -> dict[str, Any]:
    attributes = row.attributes.as_dict()
    numbers = {name: ABSENT_INT if attributes[name] is None else attributes[name] for name in INT_FIELDS}
    texts = {name: ABSENT_STR if attributes[name] is None else attributes[name] for name in STR_FIELDS}
    vector = [] if row.vector is None else row.vector.tolist()
    known = {"seq": row.seq, "category": row.category.value}
    return {"id": row.picture_id, "vector": vector, **known, **numbers, **texts}


def _parts(things: Any, count: int = _AT_ONCE) -> Iterator[Any]:  # noqa: ANN401 - sequences and arrays
    for start in range(0, len(things), count):
        yield things[start : start + count]


def _pymilvus() -> Any:  # noqa: ANN401 - it is an extra, and slow to import
    try:
        import pymilvus  # noqa: PLC0415 - only where an instance uses it
    except ImportError:
        raise IndexUnavailable(
            "The index milvus needs the package pymilvus.", 'Install it: pip install "similis[milvus]".'
        ) from None
    # It logs every error by itself, with all that the call was about.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
    return pymilvus


def _client_errors() -> tuple[type[Exception], type[Exception]]:
    exceptions = _pymilvus().MilvusException
    import grpc  # noqa: PLC0415 - comes with pymilvus

    return grpc.RpcError, exceptions
