"""A target with a fault."""

from collections.abc import Iterator


def check(data: bytes) -> None:
    """Fail of what begins with certain bytes."""
    assert not data.startswith(b"bad")


def seeds() -> Iterator[bytes]:
    """One that fails and one that does not."""
    yield b"good"
    yield b"bad"
