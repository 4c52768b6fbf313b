"""What a shop attaches to a picture: four whole numbers, four short strings, free custom content."""

from __future__ import annotations

from dataclasses import dataclass, fields

from similis.domain._errors import InvalidAttribute

INT_FIELDS = ("int_attr", "int_attr2", "int_attr3", "int_attr4")
STR_FIELDS = ("str_attr", "str_attr2", "str_attr3", "str_attr4")
MAX_STRING = 128
MAX_CUSTOM_CONTENT = 4096
INT32 = range(-(2**31), 2**31)
_FORBIDDEN = frozenset("\\¥$&%")


@dataclass(frozen=True, slots=True)
class Attributes:
    r"""Filterable attributes; None means absent, and an absent attribute matches no filter.

    Raises:
        InvalidAttribute: an integer outside 32 bits, a string above 128 characters or with one of ``\ ¥ $ & %``.
    """

    int_attr: int | None = None
    int_attr2: int | None = None
    int_attr3: int | None = None
    int_attr4: int | None = None
    str_attr: str | None = None
    str_attr2: str | None = None
    str_attr3: str | None = None
    str_attr4: str | None = None

    def __post_init__(self) -> None:
        for name in INT_FIELDS:
            if (value := getattr(self, name)) is not None:
                _check_int(name, value)
        for name in STR_FIELDS:
            if (value := getattr(self, name)) is not None:
                _check_str(name, value)

    def as_dict(self) -> dict[str, int | str | None]:
        """All eight attributes by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def check_custom_content(text: str | None) -> str | None:
    """Return the custom content unchanged.

    Raises:
        InvalidAttribute: above 4,096 characters, or with some that cannot be stored.
    """
    if text is not None and len(text) > MAX_CUSTOM_CONTENT:
        raise InvalidAttribute(
            f"custom_content has {len(text)} characters.", f"At most {MAX_CUSTOM_CONTENT} are kept."
        )
    _check_characters("custom_content", text or "")
    return text


def _check_int(name: str, value: object) -> None:
    if type(value) is not int or value not in INT32:
        raise InvalidAttribute(f"{name} is {value!r}.", "Give a whole number of 32 bits (±2,147,483,647).")


def _check_str(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidAttribute(f"{name} is {value!r}.", "Give a string.")
    if len(value) > MAX_STRING:
        raise InvalidAttribute(f"{name} has {len(value)} characters.", f"At most {MAX_STRING} are allowed.")
    if bad := _FORBIDDEN.intersection(value):
        raise InvalidAttribute(
            f"{name} contains {' '.join(sorted(bad))}.", "The characters \\ ¥ $ & % are not allowed."
        )
    _check_characters(name, value)


def _check_characters(name: str, value: str) -> None:
    # Databases refuse both: half of a surrogate pair is no character, and NUL ends a text for some of them.
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidAttribute(f"{name} has characters that cannot be stored.", "Give valid Unicode without NUL.")
