"""Run as `python -m tools.reference`, or `make reference`."""

from tools.reference import DIRECTORY, PAGES

for name, page in PAGES.items():
    (DIRECTORY / name).write_text(page(), encoding="utf-8")
