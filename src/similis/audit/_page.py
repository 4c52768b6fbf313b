"""Writes a report as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from similis.audit._report import PrivacyReport
from similis.domain import ReportFailed


def write_report(report: PrivacyReport, folder: Path) -> Path:
    """Write `privacy.md` and `privacy.json` into a folder, which is made if need be; returns the former's path.

    Raises:
        ReportFailed: the files cannot be written.
    """
    page = folder / "privacy.md"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page.write_text("\n".join(_lines(report)) + "\n", encoding="utf-8")
        text = json.dumps(report.as_dict(), ensure_ascii=False, indent=2)
        (folder / "privacy.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ReportFailed(
            f"The report cannot be written to {folder}: {error.strerror}.", "Name a folder that you may write."
        ) from None
    return page


def _lines(report: PrivacyReport) -> Iterator[str]:
    yield "# Privacy audit"
    yield f"\n{report.verdict}\n"
    yield "## What was done\n"
    yield from _table(
        ("way", "pictures", "answers", "as meant"),
        (
            (each.name, each.canaries, _joined(each.statuses), "yes" if each.as_meant else "NO")
            for each in report.driven
        ),
    )
    yield "\n## What was searched\n"
    yield from _table(
        ("what", "places", "bytes"), ((each.name, f"{each.places:,}", f"{each.bytes:,}") for each in report.searched)
    )
    yield "\n## What was found\n"
    if report.findings:
        yield from _table(
            ("place", "offset", "picture", "form", "detail"),
            ((each.place, each.offset, each.canary, each.form, each.detail) for each in report.findings),
        )
    else:
        yield "Nothing."
    yield "\n## Notes\n"
    yield from (f"* {note}" for note in report.notes)


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in row)} |"


def _joined(statuses: Iterable[int]) -> str:
    return ", ".join(map(str, statuses))
