"""One request of the wire protocol, taken apart once: what signatures cover, and what parameters it carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as it came.

    Attributes:
        method: in capitals.
        path: percent-encoded as sent, without scheme and host of an absolute-form target; `/` at least.
        query: decoded pairs in order; a key without `=` has the value "".
        headers: by lower-case name; repeated ones are joined by ",".
        body: the raw bytes.
        form: decoded pairs of a form or JSON body, for which the signature of the old RPC style counts; else empty.
        request_id: upper-case UUID that the answer carries.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    form: tuple[tuple[str, str], ...]
    request_id: str
    parameters: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        # Parameters are split between query and body in ways that differ by SDK: both places count, the body first.
        object.__setattr__(self, "parameters", {**dict(self.query), **dict(self.form)})
