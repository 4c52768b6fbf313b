"""`docs/stored-fields.md` says what the code declares."""

from pathlib import Path

from similis.service import Settings, stored_page

_PAGE = Path(__file__).parents[2] / "docs" / "stored-fields.md"


def test_the_page_of_stored_fields_is_up_to_date() -> None:
    assert _PAGE.read_text("utf-8") == stored_page(Settings()), (
        "Make it anew: similis audit fields --markdown > docs/stored-fields.md"
    )
