"""`similis search`, `similis compare`, `similis delete`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from similis.cli._session import Session, Target, with_session
from similis.domain import (
    InvalidInput,
    Match,
    PictureKey,
    SearchOptions,
    SearchResult,
    Subject,
    as_json,
    parse_filter,
)
from similis.service import as_region, as_search_options, read_picture, require_one_way_to_delete

ComparedFile = Annotated[Path, typer.Argument(help="Picture file.")]
InstanceName = Annotated[str, typer.Argument(metavar="INSTANCE", help="The instance's name.")]
Product = Annotated[str | None, typer.Option("--product-id", help="ProductId of a stored picture.")]
PicName = Annotated[str | None, typer.Option("--pic-name", help="PicName of a stored picture.")]
FilterText = Annotated[str | None, typer.Option("--filter", help='Such as: int_attr>=2 AND str_attr="red".')]


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (search, compare, delete):
        root.command()(with_session(command))


def search(
    session: Session,
    instance: InstanceName,
    picture: Annotated[Path | None, typer.Argument(help="Picture file to search with.")] = None,
    product_id: Product = None,
    pic_name: PicName = None,
    num: Annotated[int, typer.Option("--num", help="Results wanted, 1-100.")] = 10,
    start: Annotated[int, typer.Option("--start", help="Pass over so many of the best.")] = 0,
    category: Annotated[int | None, typer.Option("--category", help="Search in this category.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="Use this rectangle: x1,x2,y1,y2.")] = None,
    no_crop: Annotated[bool, typer.Option("--no-crop", help="Use the whole picture.")] = False,
    subject: Annotated[int | None, typer.Option("--subject", help="Use the subject found in this place.")] = None,
    filter: FilterText = None,  # noqa: A002 - the option's name
    distinct_product: Annotated[bool, typer.Option("--distinct-product", help="One result a product.")] = False,
    min_score: Annotated[float, typer.Option("--min-score", help="Only results scoring at least this.")] = 0.0,
    good_match: Annotated[
        float | None, typer.Option("--good-match", help="Score from which a match is good.")
    ] = None,
) -> None:
    """Find the stored pictures most similar to a picture file, or to a stored picture named by its key."""
    options = as_search_options(num, start, category, filter, distinct_product, min_score, good_match)
    _check_query(picture is not None, product_id or pic_name, region or no_crop or subject)
    with session.target() as target:
        if picture is None:
            result = target.search.by_name(instance, _key(product_id, pic_name), options)
        else:
            result = _by_picture(target, instance, picture, options, region, no_crop, subject)
    session.output.data(as_json(result))
    _print(session, result)


def compare(session: Session, first: ComparedFile, second: ComparedFile) -> None:
    """Print how alike two picture files are, from 0 to 1."""
    with session.anywhere() as target:
        score = target.search.compare(read_picture(first), read_picture(second))
    session.output.data({"score": score})
    session.output.say(f"{score:.4f}")


def delete(
    session: Session,
    instance: InstanceName,
    product_id: Product = None,
    pic_name: PicName = None,
    filter: FilterText = None,  # noqa: A002 - the option's name
) -> None:
    """Delete one picture, all pictures of a product, or all that match a filter."""
    require_one_way_to_delete(product_id, pic_name, filter)
    with session.target() as target:
        if filter is not None:
            deleted = target.pictures.delete_matching(instance, parse_filter(filter))
        else:
            deleted = target.pictures.delete(instance, product_id or "", pic_name)
        session.audited.count = len(deleted)
    session.output.data({"deleted": [as_json(key) for key in deleted]})
    session.output.say(f"Deleted {len(deleted)} pictures.")


def _by_picture(
    target: Target,
    instance: str,
    picture: Path,
    options: SearchOptions,
    region: str | None,
    no_crop: bool,
    subject: int | None,
) -> SearchResult:
    data = read_picture(picture)
    return target.search.by_picture(
        instance, data, options, crop=not no_crop, region=as_region(region), subject=subject
    )


def _check_query(picture: bool, name: object, part: object) -> None:
    if picture and name:
        raise InvalidInput(
            "The search has two queries.", "Give a picture file, or --product-id with --pic-name, not both."
        )
    if part and not picture:
        raise InvalidInput("--region, --no-crop and --subject only go with a picture file.", "Leave them out.")


def _key(product_id: str | None, pic_name: str | None) -> PictureKey:
    if product_id is None or pic_name is None:
        raise InvalidInput(
            "What to search with is not clear.", "Give a picture file, or --product-id with --pic-name."
        )
    return PictureKey(product_id, pic_name)


def _print(session: Session, result: SearchResult) -> None:
    if result.subject is not None:
        session.output.say(f"{_seen(result.subject)}, {sum(result.milliseconds.values()):.0f} ms")
    rows = ((rank, *_row(match)) for rank, match in enumerate(result.matches, start=1))
    session.output.table(("", "SCORE", "PRODUCT", "PICTURE", "CATEGORY", "ATTRIBUTES"), rows)
    session.output.say(_verdict(result))


def _seen(subject: Subject) -> str:
    others = [str(region) for region in subject.regions[:-1] if region != subject.region]
    also = f" (other subjects: {'; '.join(others)})" if others else ""
    return f"Category {subject.category.label}, region {subject.region}{also}"


def _verdict(result: SearchResult) -> str:
    if not result.matches:
        return "Nothing found."
    good = sum(match.score >= result.threshold for match in result.matches)
    named = {0: "No good match", 1: "1 good match"}.get(good, f"{good} good matches")
    return f"{named}: a good one scores at least {result.threshold:.2f}."


def _row(match: Match) -> tuple[object, ...]:
    attributes = ", ".join(
        f"{name}={value}" for name, value in match.attributes.as_dict().items() if value is not None
    )
    return f"{match.score:.4f}", match.product_id, match.pic_name, match.category_id, attributes
