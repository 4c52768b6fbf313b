"""Pictures are looked up by their ids: no search walks through all pictures of an instance to find a few."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pytest
from sqlalchemy import event

from similis.catalogue import Catalogue, NewPicture
from similis.domain import Category, Instance

MakePicture: TypeAlias = Callable[..., NewPicture]
MakeInstance: TypeAlias = Callable[..., Instance]
Statements: TypeAlias = list[tuple[str, Any]]

READERS: dict[str, Callable[[Catalogue, Instance, list[int]], object]] = {
    "pictures": lambda catalogue, instance, ids: catalogue.pictures(instance, ids),
    "names": lambda catalogue, instance, ids: catalogue.names(instance, ids),
    "categories": lambda catalogue, instance, ids: catalogue.categories(instance, ids),
    "vectors": lambda catalogue, instance, ids: catalogue.vectors(instance, ids),
    "changes": lambda catalogue, instance, _: list(catalogue.changes(instance, 0)),
}


@contextmanager
def _noted(catalogue: Catalogue) -> Iterator[Statements]:
    """The statements of a block that name their pictures."""
    noted: Statements = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        if " IN (" in statement:
            noted.append((statement, values))

    engine = catalogue._database._reader
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield noted
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("database_kind", ["sqlite"])  # PostgreSQL knows by its statistics
@pytest.mark.parametrize("reader", READERS)
def test_no_reader_walks_through_an_instance(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture, reader: str
) -> None:
    catalogue.add(instance, [new_picture(str(number)) for number in range(50)])
    ids = catalogue.select_ids(instance, None, None).tolist()[:20]
    with _noted(catalogue) as statements:
        READERS[reader](catalogue, instance, ids)
    assert statements
    with catalogue._database._reader.connect() as connection:
        for statement, values in statements:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert plan
            assert all("USING INTEGER PRIMARY KEY" in step for step in plan), plan


@pytest.mark.parametrize("reader", [name for name in READERS if name != "changes"])
def test_pictures_of_others_are_not_found(
    catalogue: Catalogue, instance: Instance, make_instance: MakeInstance, new_picture: MakePicture, reader: str
) -> None:
    other = make_instance("other")
    catalogue.add(other, [new_picture("theirs")])
    [theirs] = catalogue.select_ids(other, None, None).tolist()
    assert list(READERS[reader](catalogue, other, [theirs])) == [theirs]  # type: ignore[call-overload] # of a mapping
    assert not READERS[reader](catalogue, instance, [theirs])


def test_counting_ends_at_what_is_asked_for(
    catalogue: Catalogue, instance: Instance, make_instance: MakeInstance, new_picture: MakePicture
) -> None:
    catalogue.add(instance, [new_picture(str(number), category=Category.BAG) for number in range(7)])
    catalogue.add(instance, [new_picture("other", category=Category.SHOES)])
    catalogue.add(make_instance("other"), [new_picture("theirs", category=Category.BAG)])
    counted = [catalogue.count(instance, category, most) for category in (None, Category.BAG) for most in (3, 500)]
    assert counted == [3, 8, 3, 7]
    assert catalogue.count(instance, Category.BOTTLE_DRINK, 500) == 0
