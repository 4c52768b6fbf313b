"""A running service, with the same verbs as `App`, over its REST interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Self

from similis.cli._remote_audit import RemoteAudit
from similis.cli._remote_customers import RemoteCustomers
from similis.cli._remote_transfers import RemoteConnections, RemoteTransfers
from similis.cli._transport import Transport
from similis.domain import (
    AccessKey,
    Added,
    Attributes,
    Category,
    DuplicateGroups,
    Filter,
    Instance,
    InstanceSpec,
    InstanceType,
    KeyLimit,
    NewAccessKey,
    OnDuplicate,
    Picture,
    PictureKey,
    Region,
    Role,
    SearchOptions,
    SearchResult,
    SettingValue,
    Tuning,
    access_key_from_json,
    added_from_json,
    as_json,
    duplicate_groups_from_json,
    format_filter,
    instance_from_json,
    new_access_key_from_json,
    picture_from_json,
    picture_key_from_json,
    search_result_from_json,
    tuning_from_json,
)


class RemoteApp:
    """One running service; may be used from several threads, and is closed after use.

    Args:
        endpoint: its address, such as `http://127.0.0.1:8000`.
        key: an access key as `ID:SECRET`.

    Every verb raises the same errors as the one of `App`, and besides:

    Raises:
        NotAuthenticated, PermissionDenied: the key is not accepted or does not reach so far.
        ServiceUnreachable: nothing answers at the endpoint, or something else than Similis.
    """

    def __init__(self, endpoint: str, key: str) -> None:
        self._transport = Transport(endpoint, key)
        self.instances = RemoteInstances(self._transport)
        self.pictures = RemotePictures(self._transport)
        self.search = RemoteSearch(self._transport)
        self.tuning = RemoteTunings(self._transport)
        self.duplicates = RemoteDuplicates(self._transport)
        self.access = RemoteAccess(self._transport)
        self.audit = RemoteAudit(self._transport)
        self.customers = RemoteCustomers(self._transport)
        self.connections = RemoteConnections(self._transport)
        self.transfers = RemoteTransfers(self._transport)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RemoteInstances:
    """The verbs of instances."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, spec: InstanceSpec, index: str = "faiss", model: str | None = None) -> Instance:
        """Make an empty instance."""
        form = {
            "name": spec.name,
            "type": str(spec.type),
            "region": spec.region,
            "capacity": spec.capacity,
            "index": index,
            "model": model,
        }
        return self._transport.call("POST", ("instances",), instance_from_json, json=form)

    def list(self) -> list[Instance]:
        """The instances that the key reaches, by name."""
        return self._transport.call(
            "GET", ("instances",), lambda answer: [instance_from_json(form) for form in answer["instances"]]
        )

    def get(self, name: str) -> Instance:
        """One instance with its figures."""
        return self._transport.call("GET", ("instances", name), instance_from_json)

    def set(self, name: str, **changes: SettingValue) -> Instance:
        """Change settings; None takes one away."""
        return self._transport.call("PATCH", ("instances", name), instance_from_json, json=changes)

    def delete(self, name: str) -> None:
        """Delete an instance with all it holds."""
        self._transport.call("DELETE", ("instances", name), lambda _: None)

    def rebuild(self, name: str) -> Instance:
        """Build the vector index anew from the stored features."""
        return self._transport.call("POST", ("instances", name, "rebuild"), instance_from_json, patient=True)

    def move(self, name: str, index: str) -> Instance:
        """Have an instance searched by another kind of index."""
        form = {"index": index}
        return self._transport.call("POST", ("instances", name, "move"), instance_from_json, json=form, patient=True)


class RemotePictures:
    """The verbs of pictures."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        name: str,
        data: bytes,
        key: PictureKey,
        *,
        category: Category | None = None,
        crop: bool = True,
        region: Region | None = None,
        custom_content: str | None = None,
        attributes: Attributes = Attributes(),
        on_duplicate: OnDuplicate = OnDuplicate.ALLOW,
    ) -> Added:
        """Add or replace a picture; the service keeps its features only."""
        fields = {
            **as_json(key),
            **_picture_fields(category, region),
            "crop": crop,
            "custom_content": custom_content,
            **attributes.as_dict(),
            "on_duplicate": str(on_duplicate),
        }
        return self._transport.call("POST", _pictures(name), added_from_json, fields=fields, files={"file": data})

    def get(self, name: str, key: PictureKey) -> Picture:
        """What is kept of a picture, beside its features."""
        return self._transport.call("GET", _pictures(name), picture_from_json, query=as_json(key))

    def update(self, name: str, key: PictureKey, changes: Mapping[str, int | str | None]) -> Picture:
        """Change attributes; None clears one."""
        return self._transport.call(
            "PATCH", _pictures(name), picture_from_json, query=as_json(key), json=dict(changes)
        )

    def delete(self, name: str, product_id: str, pic_name: str | None = None) -> list[PictureKey]:
        """Delete one picture, or all of a product; returns those that were there."""
        return self._delete(name, {"product_id": product_id, "pic_name": pic_name})

    def delete_matching(self, name: str, filter: Filter) -> list[PictureKey]:  # noqa: A002 - the field's own word
        """Delete all pictures that match a filter; returns them."""
        return self._delete(name, {"filter": format_filter(filter)})

    def _delete(self, name: str, query: Mapping[str, str | None]) -> list[PictureKey]:
        return self._transport.call(
            "DELETE",
            _pictures(name),
            lambda answer: [picture_key_from_json(form) for form in answer["deleted"]],
            query=query,
        )


class RemoteSearch:
    """The verbs of search."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def by_picture(
        self,
        name: str,
        data: bytes,
        options: SearchOptions = SearchOptions(),
        *,
        crop: bool = True,
        region: Region | None = None,
        subject: int | None = None,
    ) -> SearchResult:
        """Find the stored pictures most similar to an encoded picture."""
        part = {**_picture_fields(options.category, region), "crop": crop, "subject": subject}
        fields = {**_option_fields(options), **part}
        return self._transport.call(
            "POST", ("instances", name, "search"), search_result_from_json, fields=fields, files={"file": data}
        )

    def by_name(self, name: str, key: PictureKey, options: SearchOptions = SearchOptions()) -> SearchResult:
        """Find the stored pictures most similar to a stored one."""
        fields = {**_option_fields(options), **_picture_fields(options.category, None), **as_json(key)}
        return self._transport.call("POST", ("instances", name, "search"), search_result_from_json, fields=fields)

    def compare(self, first: bytes, second: bytes, kind: InstanceType = InstanceType.PRODUCT) -> float:
        """The score of two encoded pictures, 0..1."""
        return self._transport.call(
            "POST",
            ("compare",),
            lambda answer: float(answer["score"]),
            fields={"type": str(kind)},
            files={"first": first, "second": second},
        )


class RemoteTunings:
    """The verbs of tuning."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def tune(self, name: str, *, dry_run: bool = False) -> Tuning:
        """Learn from the instance's own products, and search by that if it surely helps."""
        return self._transport.call(
            "POST", ("instances", name, "tuning"), tuning_from_json, json={"dry_run": dry_run}, patient=True
        )

    def undo(self, name: str) -> Instance:
        """Search by the features as they are again."""
        return self._transport.call("DELETE", ("instances", name, "tuning"), instance_from_json, patient=True)


class RemoteDuplicates:
    """The verbs of duplicates."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def groups(self, name: str, min_similarity: float | None = None) -> DuplicateGroups:
        """Groups of near-identical pictures, the largest first."""
        query = {"min_similarity": min_similarity}
        return self._transport.call(
            "GET", ("instances", name, "duplicates"), duplicate_groups_from_json, query=query, patient=True
        )


class RemoteAccess:
    """The verbs of access keys."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        role: Role,
        instances: Iterable[str] = (),
        lifetime: timedelta | None = None,
        qps: float | None = None,
        *,
        pictures_per_day: int | None = None,
        max_body: int | None = None,
    ) -> NewAccessKey:
        """Make a key; its secret is shown this once."""
        minutes = None if lifetime is None else lifetime // timedelta(minutes=1)
        form = {
            "role": str(role),
            "instances": list(instances),
            "temporary_minutes": minutes,
            "qps": qps,
            "pictures_per_day": pictures_per_day,
            "max_body": max_body,
        }
        return self._transport.call("POST", ("keys",), new_access_key_from_json, json=form)

    def list(self) -> list[AccessKey]:
        """All keys, without their secrets."""
        return self._transport.call(
            "GET", ("keys",), lambda answer: [access_key_from_json(form) for form in answer["keys"]]
        )

    def set(self, identity: str, **limits: KeyLimit) -> AccessKey:
        """Change limits of a key; None takes one away."""
        return self._transport.call("PATCH", ("keys", identity), access_key_from_json, json=limits)

    def disable(self, identity: str) -> AccessKey:
        """Disable a key for good."""
        return self._transport.call("POST", ("keys", identity, "disable"), access_key_from_json)


def _pictures(name: str) -> tuple[str, ...]:
    return ("instances", name, "pictures")


def _picture_fields(category: Category | None, region: Region | None) -> dict[str, object]:
    return {
        "category_id": None if category is None else int(category),
        "region": None if region is None else str(region),
    }


def _option_fields(options: SearchOptions) -> dict[str, object]:
    return {
        "num": options.num,
        "start": options.start,
        "filter": None if options.filter is None else format_filter(options.filter),
        "distinct_product": options.distinct_product,
        "min_score": options.min_score,
        "good_match": options.good_match,
    }
