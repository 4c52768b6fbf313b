"""The page of errors, from the tree of errors and the cloud service's table."""

from __future__ import annotations

from collections.abc import Iterator

from tools.reference._markdown import summary, table, written

import similis.cli  # noqa: F401 - every room is loaded by it, and with it every error
from similis.domain import SimilisError
from similis.gateway._errors import status_of
from similis.gateway.alibaba._error_table import SENTENCES
from similis.gateway.alibaba._task_codes import TASK_CODES

_HEAD = """# Errors

This page is made from the code by `make reference`.

Every error has a code, a message – what was wrong – and a hint: what was expected and what to do. REST answers
`{code, message, hint, request_id}` with the status of the table; the command line prints message and hint, and with
`--json` all three; Python raises `similis.SimilisError` with the same. Codes do not change from version to version.
The last column has the code under which the [cloud service's protocol](../compatibility.md) tells the same."""
_WIRE = """## Codes of the cloud service

What the protocol's actions answer. Where an action lists another code, status or sentence, it is that one."""


def errors() -> list[type[SimilisError]]:
    """Every error of the package, the general one first, then by its code."""
    return sorted(set(_below(SimilisError)), key=lambda kind: (kind is not SimilisError, kind.code, kind.__name__))


def page() -> str:
    """The whole page."""
    rows = ((f"`{kind.code}`", str(_status(kind)), summary(kind), f"`{_wire(kind)}`") for kind in errors())
    sentences = ((str(status), f"`{code}`", text) for code, (status, text) in sorted(SENTENCES.items()))
    lines = [_HEAD, *table(("code", "HTTP", "when", "cloud protocol"), rows)]
    return written([*lines, _WIRE, *table(("HTTP", "code", "sentence"), sentences)])


def _below(kind: type[SimilisError]) -> Iterator[type[SimilisError]]:
    if kind.__module__.startswith("similis."):
        yield kind
        for each in kind.__subclasses__():
            yield from _below(each)


def _status(kind: type[SimilisError]) -> int:
    return status_of(kind.__new__(kind))  # the status is that of the class; what it takes to make one does not matter


def _wire(kind: type[SimilisError]) -> str:
    return next(TASK_CODES[each] for each in kind.__mro__ if each in TASK_CODES)
