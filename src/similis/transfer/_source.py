"""What all storage looks like from here: objects in one bucket, which have names, a size and a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as it was when it was looked at.

    Attributes:
        size: in bytes.
        etag: another one means another content.
    """

    size: int
    etag: str


class Source(Protocol):
    """The bucket of a connection, opened; several threads may use it at once.

    Names are those of `SourceDirectory`. Failures that may pass by themselves were tried again before they are
    raised. Every verb may raise any `SourceFailed`; one that ends all of an import says the same of every object,
    except `SourceDenied`, which may be about one object only.
    """

    def stat(self, name: str) -> ObjectInfo:
        """Look at an object without reading it.

        Raises:
            ObjectNotFound: there is none of that name.
        """
        ...

    def read(self, name: str, start: int = 0, length: int | None = None, etag: str | None = None) -> bytes:
        """Read an object or a part of it into memory.

        Args:
            name: of the object.
            start: first byte; behind the end nothing is read.
            length: at most so many bytes, fewer at the end; None reads to the end.
            etag: the version to read; None reads whichever is there.

        Raises:
            ObjectNotFound: there is none of that name.
            SourceChanged: its version is another than `etag`.
        """
        ...

    def location(self) -> str | None:
        """The region of the bucket; None where storage has none.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        ...

    def holds(self, prefix: str) -> bool:
        """Whether the name of any object begins with this: empty, or `a/b/`.

        Raises:
            BucketNotFound: there is no such bucket.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files; closing twice does nothing."""
        ...
