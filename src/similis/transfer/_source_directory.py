"""Where in a bucket `increment.meta` lies, and the pictures that it names."""

from __future__ import annotations

from dataclasses import dataclass

from similis.domain import InvalidInput, InvalidKey

META_FILE = "increment.meta"
_UNFIT = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class SourceDirectory:
    """The directory of a bucket that is imported.

    Attributes:
        path: from the root of the bucket: `/`, or `/a/b` without a slash at its end.

    Raises:
        InvalidInput: the path is not of this form.
    """

    path: str

    def __post_init__(self) -> None:
        if self.path != "/" and not (self.path.startswith("/") and _fit(self.path[1:])):
            raise InvalidInput(
                f"The path is {self.path[:60]!r}.",
                "Give the directory of increment.meta as /a/b: with a slash before it, none behind it, no . or ..",
            )

    @property
    def meta_file(self) -> str:
        """Name of the object `increment.meta`."""
        return self._below(META_FILE)

    def objects(self, pic_name: str) -> tuple[str, ...]:
        """Names of the objects that may be the picture, the first that exists is: below the path, below the root.

        The cloud service does not say which of the two a PicName is relative to.

        Raises:
            InvalidKey: no object can have this name; so none leads out of the bucket.
        """
        if not _fit(pic_name):
            raise InvalidKey(
                f"No picture in a bucket is named {pic_name[:60]!r}.",
                "Give its name as a/b.jpg: no slash before or behind it, no . or ..",
            )
        return tuple(dict.fromkeys((self._below(pic_name), pic_name)))

    def _below(self, name: str) -> str:
        return f"{self.path}/{name}".lstrip("/")


def _fit(name: str) -> bool:
    return "\0" not in name and _UNFIT.isdisjoint(name.split("/"))
