"""What the lines of `increment.meta` say: pictures to add, pictures to delete, or why a line says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from similis.domain import Attributes, Category, Picture, PictureKey, Region, SimilisError


@dataclass(frozen=True, slots=True)
class Addition:
    """One picture to add; None means: predict the category, find the subject.

    Attributes:
        key: its PicName also says where the picture is, see `SourceDirectory.objects`.
        category: of the product.
        crop: whether to use the main subject only.
        region: what to use instead of the subject that would be found, in pixels.
        custom_content: kept with the picture.
        attributes: to filter by.
    """

    key: PictureKey
    category: Category | None = None
    crop: bool = True
    region: Region | None = None
    custom_content: str | None = None
    attributes: Attributes = Attributes()

    @classmethod
    def of(cls, picture: Picture) -> Addition:
        """What adds a stored picture again: in its category, by the region that was used of it."""
        return cls(picture.key, picture.category, True, picture.region, picture.custom_content, picture.attributes)


@dataclass(frozen=True, slots=True)
class Deletion:
    """One picture to delete, or all of a product when `pic_name` is None."""

    product_id: str
    pic_name: str | None = None


Entry: TypeAlias = Addition | Deletion


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """A line that could be read.

    Attributes:
        line: its number in the file, from 1.
        end: byte of the file at which the next line begins.
        entries: one, or in the form of 2018 one for each picture of the list.
    """

    line: int
    end: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class FailedLine:
    """A line, or one picture of it, that was not applied.

    It keeps texts, not the error: that would keep the frames it went through, and all they know, in memory.

    Attributes:
        line: its number in the file, from 1.
        end: byte of the file at which the next line begins.
        product_id: as far as it is known and valid.
        pic_name: as far as it is known and valid.
        code: of the error, see `SimilisError.code`.
        message: what was wrong and what was expected.
    """

    line: int
    end: int
    product_id: str | None
    pic_name: str | None
    code: str
    message: str

    @classmethod
    def of(
        cls, line: int, end: int, error: SimilisError, product_id: str | None = None, pic_name: str | None = None
    ) -> FailedLine:
        """A line that failed with this error."""
        return cls(line, end, product_id, pic_name, error.code, f"{error.message} {error.hint}".strip())
