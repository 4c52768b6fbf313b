"""What an audit did and found."""

from __future__ import annotations

from dataclasses import dataclass

from similis.audit._hunter import Finding


@dataclass(frozen=True, slots=True)
class Driven:
    """A way that was taken.

    Attributes:
        name: what was done.
        canaries: how many pictures were sent.
        statuses: of all answers, each once.
        as_meant: whether these are the statuses that show that it was done.
    """

    name: str
    canaries: int
    statuses: tuple[int, ...]
    as_meant: bool

    def as_dict(self) -> dict[str, object]:
        """As JSON can hold it."""
        return {
            "name": self.name, "canaries": self.canaries, "statuses": list(self.statuses), "as_meant": self.as_meant,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Searched:
    """A sort of places that were searched: how many, and how many bytes."""

    name: str
    places: int
    bytes: int

    def as_dict(self) -> dict[str, object]:
        """As JSON can hold it."""
        return {"name": self.name, "places": self.places, "bytes": self.bytes}


@dataclass(frozen=True, slots=True)
class PrivacyReport:
    """The whole result.

    Attributes:
        driven: the ways, in the order in which they were taken.
        searched: what was searched, in the order of time.
        findings: traces of pictures.
        notes: what could not be looked at, and why.
        traced: whether system calls were traced.
        seconds: how long it took.
    """

    driven: tuple[Driven, ...]
    searched: tuple[Searched, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    traced: bool
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether every way was driven as it was meant, and nothing was found."""
        return not self.findings and all(each.as_meant for each in self.driven)

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        sent, failed = sum(each.canaries for each in self.driven), sum(not each.as_meant for each in self.driven)
        found = f"{len(self.findings)} traces of them were found" if self.findings else "no trace of them was found"
        places, size = sum(each.places for each in self.searched), sum(each.bytes for each in self.searched)
        told = (
            f"{sent} pictures were sent in {len(self.driven)} ways; {found} in {size:,} bytes of {places:,} places."
        )
        return f"{told} {failed} ways could not be taken as meant: nothing is shown of them." if failed else told

    def as_dict(self) -> dict[str, object]:
        """As JSON can hold it."""
        return {
            "kept": self.kept,
            "traced": self.traced,
            "seconds": round(self.seconds, 1),
            "driven": [each.as_dict() for each in self.driven],
            "searched": [each.as_dict() for each in self.searched],
            "findings": [each.as_dict() for each in self.findings],
            "notes": list(self.notes),
        }
