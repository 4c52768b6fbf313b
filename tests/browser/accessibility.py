"""axe as judge: WCAG 2.2 on levels A and AA, and its own best practices."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page
from tests.contract.judging import ENVIRONMENTS

AXE = ENVIRONMENTS / "node" / "node_modules" / "axe-core" / "axe.min.js"
_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
_PRACTICES = ["best-practice"]
_RUN = """async (tags) => {
  // A colour on its way to another has no contrast of its own.
  const passing = document.getAnimations().filter(({ effect }) => effect.getTiming().iterations !== Infinity);
  await Promise.allSettled(passing.map(({ finished }) => finished));
  scrollTo(0, 0); // else what the header that stays covers just now has its links for neighbours
  const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html} (${failureSummary})`).join("; ")}`);
}"""


def violations(page: Page, *, practices: bool = True) -> list[str]:
    """What axe finds wrong on the page as it is; an open menu that hides the rest breaks `practices`, but no law."""
    assert AXE.exists(), "axe is missing: run `make judges`"
    if not page.evaluate("'axe' in window"):
        page.evaluate(Path(AXE).read_text())  # as a debugger would, past the page's security policy
    found: list[str] = page.evaluate(_RUN, [*_WCAG, *_PRACTICES] if practices else _WCAG)
    return found


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width
