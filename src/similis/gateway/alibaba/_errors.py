"""Errors of the wire protocol: `Code`, HTTP status and message as the contract lists them."""

from __future__ import annotations


class WireError(Exception):
    """An answer that is an error.

    Attributes:
        status: of HTTP.
        code: such as `InvalidInstance`.
        message: the contract's sentence, with what was wrong behind it where that helps.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
