"""Whether the audit log is as it was written: each line's signature covers that of the line before."""

from __future__ import annotations

from similis.domain import AuditVerification
from similis.service._audit_files import AuditFiles
from similis.service._audit_lines import AuditLines, SignedLine


class AuditVerifier:
    """Goes through all lines, the oldest first."""

    def __init__(self, files: AuditFiles, lines: AuditLines) -> None:
        self._files = files
        self._lines = lines
        self._before: str | None = None
        self._own = False  # whether a line was found that the present master key signed
        self._events = 0
        self._unverifiable = 0
        self._problems: list[str] = []

    def verify(self) -> AuditVerification:
        """Check every line; that the newest ones or the oldest files are missing cannot be told."""
        for day in self._files.days():
            for number, line in enumerate(self._files.lines(day), start=1):
                self._events += 1
                problem = self._problem(line, first=number == 1)
                if problem is not None:
                    self._problems.append(f"{day}, line {number}: {problem}")
        return AuditVerification(self._events, self._unverifiable, tuple(self._problems))

    def _problem(self, line: bytes, *, first: bool) -> str | None:
        parsed = SignedLine.parse(line)
        if parsed is None:
            self._before = None
            return "it is none of ours."
        before, self._before = self._before, parsed.chain
        told = str(parsed.values.get("after"))
        if first and before not in {None, told}:
            return "what came before is missing."
        if parsed.values.get("signer") != self._lines.signer:
            return self._of_another_signer()
        expected = told if first else before
        if expected is None or self._lines.signature(parsed.body, expected) != parsed.chain:
            return "it, or what came before, is not as it was written."
        self._own = True
        return None

    def _of_another_signer(self) -> str | None:
        """Lines of an earlier master key come before all of the present one: later ones were not written by us."""
        if self._own:
            return "it is not signed with the present master key, as lines before it are."
        self._unverifiable += 1
        return None
