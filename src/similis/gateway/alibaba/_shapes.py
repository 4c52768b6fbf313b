"""The JSON shapes of answers that the generations share."""

from __future__ import annotations

import math
from collections.abc import Iterable

from similis.domain import Attributes, Category, JsonObject, Match, Picture, Region, SearchResult, Subject


def done(**fields: object) -> JsonObject:
    """The success of an action that changes pictures."""
    return {"Success": True, "Code": 0, "Message": "success", **fields}


def found(**fields: object) -> JsonObject:
    """The success of an action that reads; its text field has another name."""
    return {"Success": True, "Code": 0, "Msg": "success", **fields}


def head(result: SearchResult) -> JsonObject:
    """How many were found in all and returned, as the names say, and the time in whole milliseconds."""
    milliseconds = math.ceil(sum(result.milliseconds.values()))
    return {"DocsFound": result.found, "DocsReturn": len(result.matches), "SearchTime": milliseconds}


def pic_info(subject: Subject) -> JsonObject:
    """What was found in a picture."""
    return {
        **region_info(subject.category, subject.region, subject.regions),
        **all_categories(candidate.category for candidate in subject.categories),
    }


def region_info(category: int, region: Region, regions: Iterable[Region]) -> JsonObject:
    """Category and region used, with all regions."""
    return {
        "CategoryId": int(category),
        "Region": str(region),
        "MultiRegion": [{"Region": str(each)} for each in regions],
    }


def all_categories(categories: Iterable[Category]) -> JsonObject:
    """Categories that may be given, in this order."""
    return {"AllCategories": [{"Id": int(each), "Name": each.label} for each in categories]}


def auction(match: Match) -> JsonObject:
    """One result of a search; absent fields are left out."""
    stored = _stored(match.product_id, match.pic_name, match.category_id, match.custom_content, match.attributes)
    return {**stored, "Score": match.score, "SortExprValues": match.sort_expr_values}


def stored_auction(picture: Picture) -> JsonObject:
    """A stored picture as a result without scores; absent fields are left out."""
    key = picture.key
    return _stored(key.product_id, key.pic_name, picture.category, picture.custom_content, picture.attributes)


def _stored(
    product_id: str, pic_name: str, category: int, custom_content: str | None, attributes: Attributes
) -> JsonObject:
    fields = {
        "ProductId": product_id,
        "PicName": pic_name,
        "CategoryId": int(category),
        "CustomContent": custom_content,
        **{_wire_name(name): value for name, value in attributes.as_dict().items()},
    }
    return {name: value for name, value in fields.items() if value is not None}


def _wire_name(field: str) -> str:
    """`int_attr2` as the wire writes it, `IntAttr2`."""
    return field.replace("_", " ").title().replace(" ", "")
