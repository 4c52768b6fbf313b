"""Domain values from the JSON form that `as_json` writes.

Every function raises KeyError, TypeError or ValueError (or a domain error) when the object is not such a form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from similis.domain._access import AccessKey, NewAccessKey, Role
from similis.domain._attributes import INT_FIELDS, STR_FIELDS, Attributes
from similis.domain._category import Category, CategoryCandidate
from similis.domain._duplicates import Duplicate, DuplicateGroups
from similis.domain._errors import SimilisError
from similis.domain._instance import Instance, InstanceSpec, InstanceType
from similis.domain._picture import Picture, PictureKey
from similis.domain._region import Region
from similis.domain._search import Added, Match, SearchResult, Subject
from similis.domain._tuning import Tuning


def picture_key_from_json(form: Mapping[str, Any]) -> PictureKey:
    """Read a picture's key."""
    return PictureKey(form["product_id"], form["pic_name"])


def picture_from_json(form: Mapping[str, Any]) -> Picture:
    """Read a stored picture."""
    return Picture(
        key=picture_key_from_json(form),
        category=Category.of(form["category_id"]),
        region=Region.parse(form["region"]),
        custom_content=form["custom_content"],
        attributes=_attributes(form),
    )


def added_from_json(form: Mapping[str, Any]) -> Added:
    """Read the answer to an added picture."""
    return Added(
        category_id=form["category_id"],
        region=Region.parse(form["region"]),
        regions=_regions(form["regions"]),
        categories=_candidates(form["categories"]),
        replaced=form["replaced"],
        duplicates=tuple(picture_key_from_json(key) for key in form["duplicates"]),
    )


def match_from_json(form: Mapping[str, Any]) -> Match:
    """Read one result of a search."""
    return Match(
        product_id=form["product_id"],
        pic_name=form["pic_name"],
        category_id=form["category_id"],
        score=form["score"],
        sort_expr_values=form["sort_expr_values"],
        hamming_distance=form["hamming_distance"],
        custom_content=form["custom_content"],
        attributes=_attributes(form),
    )


def search_result_from_json(form: Mapping[str, Any]) -> SearchResult:
    """Read the answer to a search; the subject's category is the one that was searched in."""
    return SearchResult(
        matches=[match_from_json(match) for match in form["matches"]],
        found=form["found"],
        category_id=form["category_id"],
        subject=_subject(form),
        milliseconds=dict(form["milliseconds"]),
        threshold=form["threshold"],
    )


def instance_from_json(form: Mapping[str, Any]) -> Instance:
    """Read an instance; its numbers inside the service are not part of the form and come back empty."""
    spec = InstanceSpec(form["name"], InstanceType(form["type"]), form["region"], form["capacity"])
    return Instance(
        id=0,
        uid="",
        spec=spec,
        index=form["index"],
        model=form["model"],
        dimension=form["dimension"],
        created_at=datetime.fromisoformat(form["created_at"]),
        picture_count=form["picture_count"],
        tuning=None if form["tuning"] is None else tuning_from_json(form["tuning"]),
        retention_days=form["retention_days"],
        qps=form["qps"],
        max_body=form["max_body"],
        picture_url=form["picture_url"],
    )


def tuning_from_json(form: Mapping[str, Any]) -> Tuning:
    """Read how a tuning did."""
    return Tuning(**{**form, "tuned_at": datetime.fromisoformat(form["tuned_at"])})


def duplicate_groups_from_json(form: Mapping[str, Any]) -> DuplicateGroups:
    """Read groups of near-identical pictures."""
    groups = (
        tuple(Duplicate(picture_key_from_json(each), each["similarity"]) for each in group)
        for group in form["groups"]
    )
    return DuplicateGroups(tuple(groups), form["pictures"], form["min_similarity"], form["false_matches"])


def access_key_from_json(form: Mapping[str, Any]) -> AccessKey:
    """Read an access key without its secret."""
    return AccessKey(
        id=form["id"],
        role=Role(form["role"]),
        instances=tuple(form["instances"]),
        created_at=datetime.fromisoformat(form["created_at"]),
        disabled=form["disabled"],
        expires_at=None if form["expires_at"] is None else datetime.fromisoformat(form["expires_at"]),
        qps=form["qps"],
        pictures_per_day=form["pictures_per_day"],
        max_body=form["max_body"],
    )


def new_access_key_from_json(form: Mapping[str, Any]) -> NewAccessKey:
    """Read a key just made, with its secret."""
    return NewAccessKey(access_key_from_json(form), form["secret"], form["security_token"])


def error_from_json(form: Mapping[str, Any]) -> SimilisError:
    """Read an error as the class that has its code; a code of no class gives a plain `SimilisError`."""
    classes = {each.code: each for each in _below(SimilisError)}
    return classes.get(form["code"], SimilisError)(form["message"], form["hint"])


def _below(base: type[SimilisError]) -> Iterator[type[SimilisError]]:
    for each in base.__subclasses__():
        yield each
        yield from _below(each)


def _attributes(form: Mapping[str, Any]) -> Attributes:
    return Attributes(**{name: form[name] for name in (*INT_FIELDS, *STR_FIELDS)})


def _regions(texts: Iterable[str]) -> tuple[Region, ...]:
    return tuple(Region.parse(text) for text in texts)


def _candidates(forms: Iterable[Mapping[str, Any]]) -> tuple[CategoryCandidate, ...]:
    return tuple(CategoryCandidate(Category.of(each["category_id"]), each["probability"]) for each in forms)


def _subject(form: Mapping[str, Any]) -> Subject | None:
    if form["region"] is None:
        return None
    return Subject(
        category=Category.of(form["category_id"]),
        region=Region.parse(form["region"]),
        regions=_regions(form["regions"]),
        categories=_candidates(form["categories"]),
    )
