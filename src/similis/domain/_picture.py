"""Pictures as the catalogue knows them: key, category, region and attributes – never pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from unicodedata import category

from similis.domain._attributes import Attributes
from similis.domain._category import Category
from similis.domain._errors import InvalidKey
from similis.domain._region import Region

MAX_KEY = 512
MAX_PICTURE_BYTES = 4 * 1024 * 1024
MIN_SIDE = 100
MAX_SIDE = 4096
_UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, halves of a pair, ends of lines and paragraphs


@dataclass(frozen=True, slots=True, order=True)
class PictureKey:
    """Names one picture inside an instance; adding the same key again replaces the picture.

    Raises:
        InvalidKey: a part is empty, above 512 characters, or has control characters.
    """

    product_id: str
    pic_name: str

    def __post_init__(self) -> None:
        check_key_part("product_id", self.product_id)
        check_key_part("pic_name", self.pic_name)


@dataclass(frozen=True, slots=True)
class Picture:
    """What is stored of one picture beside its features."""

    key: PictureKey
    category: Category
    region: Region
    custom_content: str | None = None
    attributes: Attributes = field(default_factory=Attributes)


def check_key_part(name: str, value: str) -> str:
    """Return a ProductId or PicName unchanged.

    Raises:
        InvalidKey: it is empty, above 512 characters, or has control characters.
    """
    if not 0 < len(value) <= MAX_KEY:
        raise InvalidKey(f"{name} has {len(value)} characters.", f"Give 1 to {MAX_KEY} characters.")
    # Not `isprintable`, which knows neither the wide space of Chinese names nor the joiners and the newest of emoji.
    plain = value.isascii() and value.isprintable()  # most are, and every search asks it of all that it found
    if not plain and any(category(character) in _UNFIT for character in value):
        raise InvalidKey(f"{name} contains control characters.", "Use a text of one line.")
    return value
