"""The JSON form of domain values, the same in the REST interface and in the CLI; `_from_json` reads it back.

Regions are text (`x1,x2,y1,y2`), attributes lie flat beside the key, times are ISO 8601 with their zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Any, TypeAlias

from similis.domain._access import AccessKey, NewAccessKey
from similis.domain._category import CategoryCandidate
from similis.domain._duplicates import Duplicate, DuplicateGroups
from similis.domain._errors import SimilisError
from similis.domain._instance import Instance
from similis.domain._picture import Picture, PictureKey
from similis.domain._region import Region
from similis.domain._search import Added, Match, SearchResult
from similis.domain._tuning import Tuning

JsonObject: TypeAlias = dict[str, Any]


@singledispatch
def as_json(value: object) -> JsonObject:
    """Return the JSON object of an instance, picture, key, match, search result, answer to an add, or error.

    Raises:
        TypeError: the value has no JSON form.
    """
    raise TypeError(f"{type(value).__name__} has no JSON form")


@as_json.register
def _(value: PictureKey) -> JsonObject:
    return {"product_id": value.product_id, "pic_name": value.pic_name}


@as_json.register
def _(value: Picture) -> JsonObject:
    return {
        **as_json(value.key),
        "category_id": int(value.category),
        "region": str(value.region),
        "custom_content": value.custom_content,
        **value.attributes.as_dict(),
    }


@as_json.register
def _(value: CategoryCandidate) -> JsonObject:
    return {
        "category_id": int(value.category),
        "name": value.category.label,
        "probability": value.probability,
    }


@as_json.register
def _(value: Added) -> JsonObject:
    return {
        "category_id": value.category_id,
        **_found(value.region, value.regions, value.categories),
        "replaced": value.replaced,
        "duplicates": [as_json(key) for key in value.duplicates],
    }


@as_json.register
def _(value: Match) -> JsonObject:
    return {
        "product_id": value.product_id,
        "pic_name": value.pic_name,
        "category_id": value.category_id,
        "score": value.score,
        "sort_expr_values": value.sort_expr_values,
        "hamming_distance": value.hamming_distance,
        "custom_content": value.custom_content,
        **value.attributes.as_dict(),
    }


@as_json.register
def _(value: SearchResult) -> JsonObject:
    subject = value.subject
    found = _found(subject.region, subject.regions, subject.categories) if subject else _found(None, (), ())
    return {
        "matches": [as_json(match) for match in value.matches],
        "found": value.found,
        "good_match": value.good_match,
        "threshold": value.threshold,
        "category_id": value.category_id,
        **found,
        "milliseconds": dict(value.milliseconds),
    }


@as_json.register
def _(value: Instance) -> JsonObject:
    return {
        "name": value.name,
        "type": str(value.spec.type),
        "region": value.spec.region,
        "capacity": value.spec.capacity,
        "picture_count": value.picture_count,
        "index": value.index,
        "model": value.model,
        "dimension": value.dimension,
        "created_at": value.created_at.isoformat(),
        "tuning": None if value.tuning is None else as_json(value.tuning),
        "retention_days": value.retention_days,
        "qps": value.qps,
        "max_body": value.max_body,
        "picture_url": value.picture_url,
    }


@as_json.register
def _(value: Tuning) -> JsonObject:
    return {
        "adopted": value.adopted,
        "reason": value.reason,
        "method": value.method,
        "products": value.products,
        "pictures": value.pictures,
        "queries": value.queries,
        "recall_before": value.recall_before,
        "recall_after": value.recall_after,
        "precision_before": value.precision_before,
        "precision_after": value.precision_after,
        "gain_low": value.gain_low,
        "gain_high": value.gain_high,
        "tuned_at": value.tuned_at.isoformat(),
    }


@as_json.register
def _(value: Duplicate) -> JsonObject:
    return {**as_json(value.key), "similarity": value.similarity}


@as_json.register
def _(value: DuplicateGroups) -> JsonObject:
    return {
        "groups": [[as_json(each) for each in group] for group in value.groups],
        "pictures": value.pictures,
        "min_similarity": value.min_similarity,
        "false_matches": value.false_matches,
    }


@as_json.register
def _(value: AccessKey) -> JsonObject:
    return {
        "id": value.id,
        "role": str(value.role),
        "instances": list(value.instances),
        "disabled": value.disabled,
        "created_at": value.created_at.isoformat(),
        "expires_at": None if value.expires_at is None else value.expires_at.isoformat(),
        "qps": value.qps,
        "pictures_per_day": value.pictures_per_day,
        "max_body": value.max_body,
    }


@as_json.register
def _(value: NewAccessKey) -> JsonObject:
    return {**as_json(value.key), "secret": value.secret, "security_token": value.security_token}


@as_json.register
def _(value: SimilisError) -> JsonObject:
    return {"code": value.code, "message": value.message, "hint": value.hint}


def _found(region: Region | None, regions: Iterable[Region], categories: Iterable[CategoryCandidate]) -> JsonObject:
    return {
        "region": None if region is None else str(region),
        "regions": [str(each) for each in regions],
        "categories": [as_json(candidate) for candidate in categories],
    }
