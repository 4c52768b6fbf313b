"""Keeps secrets and what callers sent out of the log, whatever a library or a line of our own would write."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from functools import lru_cache
from types import TracebackType
from typing import TypeAlias

from structlog.typing import EventDict, WrappedLogger

GONE = "[redacted]"
MOST = 4000
"""Characters of one text; of a longer one, such as a trace, beginning and end are kept."""
_HEAD = 1000
_FORM_WORDS = 3

_Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

_HIDDEN = r"authorization|cookie|credential|passphrase|password|passwd|secret|signature|token|policy|api[-_]?key"
_NAMED = re.compile(_HIDDEN, re.IGNORECASE)
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd]")
# As Python shows them: of a picture, a form, a key.
_BYTES = re.compile(r"""\bb(?:'(?:[^'\\]|\\.){8,}'?|"(?:[^"\\]|\\.){8,}"?)""")
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic|acs)\s+[^\s\"',]+"), rf"\1 {GONE}"),
    (re.compile(r"\b(SIM[A-Z0-9]{8,}|LTAI\w{8,}|STS\.\w{8,}):[^\s\"',]+"), rf"\1:{GONE}"),
    (re.compile(rf"""(?i)((?:{_HIDDEN}|nonce)[\w.-]{{0,64}}["']?\s*[=:]\s*["']?)[^\s&;,"'}}\]]+"""), rf"\1{GONE}"),
    (re.compile(r"(://)[^\s/@]+@"), rf"\1{GONE}@"),  # passwords in URLs
    (re.compile(r"(?i)(https?://[^\s?\"'<>]+\?)[^\s\"'<>]+"), rf"\1{GONE}"),  # signed links
    (re.compile(r"[A-Za-z0-9+/_-]{120,}={0,2}"), GONE),  # base64: of a picture, of features
    (re.compile(r"[0-9a-fA-F]{96,}"), GONE),
)  # fmt: skip


_MARKS = frozenset(" =:@?'\"")
_LONG = 96


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take out of a line what has no business in a log; a processor of structlog."""
    return {name: _told(name, value) for name, value in event.items()}


def without_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn an exception into classes and places, without messages, which may quote what a caller sent; likewise."""
    raised = event.pop("exc_info", None)
    if isinstance(raised, tuple) and raised[0] is not None:
        event["error"] = raised[0].__name__
        event["exception"] = "".join(_places(raised))
    return event


@lru_cache(maxsize=1000)
def _is_secret(name: str) -> bool:
    return _NAMED.search(name) is not None


def clean(text: str) -> str:
    """A text as it may be logged."""
    if len(text) < _LONG and text.isprintable() and _MARKS.isdisjoint(text):  # as most are; every pattern needs more
        return text
    text = _at_words(_BYTES.sub(GONE, _up_to_no_text(text)))
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text if len(text) <= MOST else f"{text[:_HEAD]}…{text[_HEAD - MOST :]}"


def _up_to_no_text(text: str) -> str:
    """A text without the first word that is no text, and all that comes after it."""
    found = _NO_TEXT.search(text)
    if found is None:
        return text
    before = text[: found.start()]
    word = "" if not before or before[-1].isspace() else before.rsplit(maxsplit=1)[-1]
    return before.removesuffix(word) + GONE


def _at_words(text: str) -> str:
    """Beginning and end of a long text, for some patterns take very long for it.

    Between words, so that no secret is cut in two; the end begins some words later, for `secret = …` are three.
    """
    if len(text) <= 2 * MOST:
        return text
    first, last = text[:MOST].rsplit(maxsplit=1), text[-MOST:].split(maxsplit=_FORM_WORDS)
    return f"{first[0] if len(first) > 1 else GONE} … {last[-1] if len(last) > _FORM_WORDS else GONE}"


def _told(name: str, value: object) -> object:
    """A value as it may be logged under a name; those of structlog itself, which begin with `_`, are not logged."""
    if name.startswith("_"):
        return value
    if _is_secret(name):
        return GONE
    if isinstance(value, str):
        return clean(value)
    return value if value is None or isinstance(value, (bool, int, float)) else clean(str(value))


def _places(raised: _Raised) -> Iterator[str]:
    """The way to where it was raised, then the same of what it was caused by."""
    kind, error, trace = raised
    yield f"{kind.__name__}\n"
    yield from traceback.format_tb(trace)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield "caused by "
        yield from _places((type(cause), cause, cause.__traceback__))
