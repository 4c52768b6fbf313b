"""Errors of the wire protocol: `Code`, HTTP status and message as the contract lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from similis.domain import InvalidInput, SimilisError
from similis.gateway.alibaba._error_table import RENAMED, SENTENCES, code_of, listed


class WireError(Exception):
    """An answer that is an error.

    Attributes:
        status: of HTTP.
        code: such as `InvalidInstance`.
        message: the contract's sentence, with what was wrong behind it where that helps.
        details: further fields of the answer, such as `AccessDeniedDetail`.
        retry_after: seconds after which the call may be made again, where that is known.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, object] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.retry_after = retry_after


class Refused(Exception):
    """A request that fails with a code of the table; status and sentence depend on the action and are found later.

    Attributes:
        code: a key of the table.
        what: what exactly was wrong, put behind the contract's sentence.
    """

    def __init__(self, code: str, what: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.what = what


@contextmanager
def refusing(code: str) -> Iterator[None]:
    """Give what the domain finds wrong in a value the code of the parameter that the value came from."""
    try:
        yield
    except InvalidInput as error:
        raise Refused(code, told(error)) from None


def told(error: SimilisError) -> str:
    """Message and hint of an error as one text."""
    return f"{error.message} {error.hint}".strip()


def wire_error(api: str, error: Exception) -> WireError:
    """The answer of `api` (such as `2020-12-14:AddImage`) that failed with `error`."""
    if isinstance(error, Refused):
        return _answer(api, error.code, error.what)
    if isinstance(error, SimilisError):
        return _answer(api, code_of(error), told(error), getattr(error, "retry_after", None))
    if isinstance(error, WireError):
        return _renamed(api, error)
    return _answer(api, "UnknownException", "")


def _renamed(api: str, error: WireError) -> WireError:
    """The error under the code, and with the sentence, that the action lists for it."""
    if (error.code, api) not in RENAMED:
        return error
    code, status, sentence = listed(api, error.code)
    message = error.message.replace(SENTENCES[error.code][1], sentence, 1)
    return WireError(status, code, message, error.details)


def _answer(api: str, code: str, what: str, retry_after: float | None = None) -> WireError:
    code, status, sentence = listed(api, code)
    return WireError(status, code, f"{sentence} {what}".strip(), retry_after=retry_after)
