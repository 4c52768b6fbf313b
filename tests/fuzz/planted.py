"""A target with a fault."""

from collections.abc import Iterator


def check(data: bytes) -> None:
    """Fail of what begins with certain bytes, which are compared one by one, as parsers do."""
    if data[:1] == b"b":  # noqa: SIM102 - each is a branch of its own, which guides the fuzzer
        if data[1:2] == b"a":
            assert data[2:3] != b"d"


def seeds() -> Iterator[bytes]:
    """One that does not fail."""
    yield b"good"
