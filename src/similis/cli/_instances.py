"""`similis instance …`: create, list, show, set, delete, rebuild, move, tune."""

from __future__ import annotations

from typing import Annotated

import typer

from similis.cli._changes import given_changes
from similis.cli._session import Session, with_session
from similis.domain import (
    DEFAULT_CAPACITY,
    DEFAULT_REGION,
    AuditAction,
    Instance,
    InstanceSpec,
    InstanceType,
    InvalidInput,
    SettingValue,
    Tuning,
    as_json,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The instance's name.")]
_HEADINGS = ("NAME", "TYPE", "PICTURES", "CAPACITY", "REGION", "INDEX", "MODEL", "CREATED")


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Make, list and delete instances (searchable collections).", no_args_is_help=True)
    for name, command in (
        ("create", create), ("list", list_all), ("show", show), ("set", change_settings),
        ("delete", delete), ("rebuild", rebuild), ("move", move), ("tune", tune),
    ):  # fmt: skip
        group.command(name)(with_session(command))
    root.add_typer(group, name="instance")


def create(
    session: Session,
    name: Name,
    type: Annotated[InstanceType, typer.Option("--type", help="Product search knows categories.")],  # noqa: A002 - the option's name
    region: Annotated[str, typer.Option("--region", help="Region reported on the wire.")] = DEFAULT_REGION,
    capacity: Annotated[int, typer.Option("--capacity", help="Pictures at most.")] = DEFAULT_CAPACITY,
    index: Annotated[
        str, typer.Option("--index", help="Vector index: faiss, or milvus (SIMILIS_MILVUS_URI).")
    ] = "faiss",
    model: Annotated[
        str | None, typer.Option("--model", help="An image encoder added by manifest; else the built-in features.")
    ] = None,
) -> None:
    """Make an empty instance."""
    with session.target(make=True) as target:
        instance = target.instances.create(InstanceSpec(name, type, region, capacity), index, model)
    session.output.data(as_json(instance))
    session.output.say(f"Made {type} instance {name}. Add pictures with: similis add {name} FOLDER")


def list_all(session: Session) -> None:
    """List all instances."""
    with session.target() as target:
        instances = target.instances.list()
    session.output.data({"instances": [as_json(instance) for instance in instances]})
    session.output.table(_HEADINGS, (_row(instance) for instance in instances))


def show(session: Session, name: Name) -> None:
    """Show one instance."""
    with session.target() as target:
        instance = target.instances.get(name)
    session.output.data(as_json(instance))
    session.output.table(_HEADINGS, [_row(instance)])
    session.output.say(f"{name}: {_limits(instance)}.")
    if instance.tuning is not None:
        _say_tuning(session, instance.tuning)


def change_settings(
    session: Session,
    name: Name,
    capacity: Annotated[
        int | None, typer.Option("--capacity", help="Pictures at most, and not fewer than there are.")
    ] = None,
    retention_days: Annotated[
        str | None,
        typer.Option("--retention-days", metavar="N|none", help="Pictures are removed after N days."),
    ] = None,
    qps: Annotated[
        str | None, typer.Option("--qps", metavar="N|none", help="Calls a second that may be made on it over HTTP.")
    ] = None,
    max_body: Annotated[
        str | None,
        typer.Option(
            "--max-body", metavar="BYTES|none", help="Bytes that the body of a call on it may have over HTTP."
        ),
    ] = None,
    picture_url: Annotated[
        str | None,
        typer.Option(
            "--picture-url",
            metavar="URL|none",
            help="Where the console shows the shop's own pictures: https://shop.example/{product_id}/{pic_name}",
        ),
    ] = None,
) -> None:
    """Change how many pictures are kept, how long, which calls are allowed, or where browsers find pictures."""
    changes: dict[str, SettingValue] = given_changes(
        retention_days=(retention_days, int),
        qps=(qps, float),
        max_body=(max_body, int),
        picture_url=(picture_url, str),
    )
    if capacity is not None:
        changes["capacity"] = capacity
    with session.target() as target:
        instance = target.instances.set(name, **changes)
    session.output.data(as_json(instance))
    session.output.say(f"{name}: {_limits(instance)}.")


def delete(
    session: Session,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Delete it with all its pictures, for good.")] = False,
) -> None:
    """Delete an instance with all it holds and destroy its key."""
    if not yes:
        raise typer.BadParameter(f"This deletes {name} and all it holds for good; repeat with --yes.")
    with session.target() as target:
        target.instances.delete(name)
    session.output.data({"deleted": name})
    session.output.say(f"Deleted {name}.")


def rebuild(session: Session, name: Name) -> None:
    """Build the vector index anew from the stored features."""
    with session.target() as target:
        instance = target.instances.rebuild(name)
    session.output.data(as_json(instance))
    session.output.say(f"Rebuilt the index of {name}: {instance.picture_count} pictures.")


def move(
    session: Session,
    name: Name,
    index: Annotated[str, typer.Option("--index", help="Vector index to move to: faiss or milvus.")],
) -> None:
    """Have an instance searched by another vector index; searches and changes go on meanwhile."""
    with session.target() as target, session.output.working(f"Moving {name}"):
        instance = target.instances.move(name, index)
    session.output.data(as_json(instance))
    session.output.say(f"{name} is searched by {index}: {instance.picture_count} pictures.")


def tune(
    session: Session,
    name: Name,
    undo: Annotated[bool, typer.Option("--undo", help="Search by the features as they are again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell whether it would help.")] = False,
) -> None:
    """Learn from the instance's own products, and search by that from then on if it surely helps."""
    if undo and dry_run:
        raise InvalidInput("--undo and --dry-run exclude each other.", "Give one of them.")
    with session.target() as target:
        if undo:
            session.audited.action = AuditAction.TUNING_UNDO
            instance = target.tuning.undo(name)
        else:
            with session.output.working(f"Tuning {name}"):
                tuning = target.tuning.tune(name, dry_run=dry_run)
    if undo:
        session.output.data(as_json(instance))
        session.output.say(f"{name} is searched by its features as they are.")
    else:
        session.output.data(as_json(tuning))
        _say_tuning(session, tuning)


def _limits(instance: Instance) -> str:
    kept = "for ever" if instance.retention_days is None else f"for {instance.retention_days} days"
    calls = "any number of" if instance.qps is None else f"{instance.qps:g}"
    shown = "nowhere" if instance.picture_url is None else f"at {instance.picture_url}"
    size = "" if instance.max_body is None else f" of {instance.max_body:,} bytes at most"
    held = f"up to {instance.capacity:,} pictures are kept {kept}"
    return f"{held}, {calls} calls a second{size} are allowed, browsers find pictures {shown}"


def _say_tuning(session: Session, tuning: Tuning) -> None:
    session.output.say(
        f"Tuning of {tuning.tuned_at:%Y-%m-%d %H:%M}, from {tuning.pictures} pictures of {tuning.products} products, "
        f"{tuning.method}. Of {tuning.queries} pictures of held-out products, the best match was right for "
        f"{tuning.recall_before:.1%} before and for {tuning.recall_after:.1%} after; of the ten best, "
        f"{tuning.precision_before:.1%} before and {tuning.precision_after:.1%} after "
        f"(difference {tuning.gain_low:+.1%} to {tuning.gain_high:+.1%} with 95 % confidence). {tuning.reason}"
    )


def _row(instance: Instance) -> tuple[object, ...]:
    spec = instance.spec
    created = f"{instance.created_at:%Y-%m-%d %H:%M}"
    return (
        spec.name,
        spec.type,
        instance.picture_count,
        spec.capacity,
        spec.region,
        instance.index,
        instance.model,
        created,
    )
