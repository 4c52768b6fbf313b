"""The actions of 2018-01-20, `/item/*`: one item has several pictures, and the body is a `^` body."""

from __future__ import annotations

from dataclasses import replace

from similis.domain import JsonObject, Match, PictureKey, SearchResult
from similis.gateway._audit import audit_entry
from similis.gateway.alibaba._actions import add_picture
from similis.gateway.alibaba._call import Actions, Call
from similis.gateway.alibaba._errors import Refused, refusing
from similis.gateway.alibaba._item_body import ItemBody
from similis.gateway.alibaba._searches import search_by_picture
from similis.gateway.alibaba._shapes import done, head

_RENAMED = {
    "item_id": "ProductId",
    "cat_id": "CategoryId",
    "cust_content": "CustomContent",
    "int_attr": "IntAttr",
    "str_attr": "StrAttr",
    "crop": "Crop",
    "region": "Region",
    "filter": "Filter",
    "n": "Num",
    "s": "Start",
}


def add_item(call: Call) -> JsonObject:
    """AddItem: each picture of the body in turn; the first that cannot be used ends it, those before it stay."""
    body = ItemBody.parse(call.request.body)
    _item_id(call, body)
    pictures = _pictures(body, "NoSpecifiedAddPic")
    call.quotas.charge_more(call.caller, call.parameters.instance_name(), len(pictures) - 1)
    for name, content in pictures:
        add_picture(_translated(call, body, PicName=name, PicContent=content))
    return done()


def search_item(call: Call) -> JsonObject:
    """SearchItem: exactly one picture."""
    body = ItemBody.parse(call.request.body)
    pictures = _pictures(body, "NoSpecifiedSearchPic")
    if len(pictures) > 1:
        raise Refused("InvalidPicList", f"It names {len(pictures)} pictures. Search with one.")
    return _search_answer(search_by_picture(_translated(call, body, PicContent=pictures[0][1])))


def delete_item(call: Call) -> JsonObject:
    """DeleteItem: the pictures named, or all of the item when none is."""
    body = ItemBody.parse(call.request.body)
    name, product_id = call.parameters.instance_name(), _item_id(call, body)
    names = body.picture_names().values()
    with refusing("InvalidPicList"):
        keys = [PictureKey(product_id, pic_name) for pic_name in names]
    for key in keys:
        call.app.pictures.delete(name, key.product_id, key.pic_name)
    if not keys:
        call.app.pictures.delete(name, product_id)
    return done()


def _item_id(call: Call, body: ItemBody) -> str:
    if not (item_id := body.text("item_id")):
        raise Refused("NoSpecifiedItemId", "Give item_id.")
    with refusing("BadRequest"):
        product_id = PictureKey(item_id, "any").product_id
    audit_entry(call.scope).picture(product_id, None)
    return product_id


def _pictures(body: ItemBody, none_given: str) -> list[tuple[str, str]]:
    """Name and Base64 of each picture in the body."""
    if "pic_list" not in body.entries:
        raise Refused("NoPicList", "Give pic_list.")
    pictures = []
    for key, name in body.picture_names().items():
        content = body.text(key)
        if not content:
            raise Refused("NoSpecifiedPic", f"There is no entry {key[:40]!r}.")
        pictures.append((name, content))
    if not pictures:
        raise Refused(none_given, "pic_list is empty.")
    return pictures


def _translated(call: Call, body: ItemBody, **fields: str) -> Call:
    """The call as if its parameters had come under the names of the later generations."""
    renamed = {new: body.text(old) for old, new in _RENAMED.items() if old in body.entries}
    form = {"InstanceName": call.parameters.instance_name(), **renamed, **fields}
    return replace(call, request=replace(call.request, query=(), form=tuple(form.items())))


def _search_answer(result: SearchResult) -> JsonObject:
    subject = result.subject
    candidates = subject.categories if subject else ()
    categories = [{"Id": str(int(each.category)), "Name": each.category.label} for each in candidates]
    info = {"Category": str(int(result.category_id)), "AllCategory": {"Category": categories}}
    if subject:
        info["Region"] = str(subject.region)
    return done(Head=head(result), PicInfo=info, Auctions={"Auction": [_auction(match) for match in result.matches]})


def _auction(match: Match) -> JsonObject:
    """One result; the two clients of this generation read the item's id under different names."""
    return {
        "ItemId": match.product_id,
        "ProductId": match.product_id,
        "PicName": match.pic_name,
        "CatId": str(match.category_id),
        "CustContent": match.custom_content or "",
        "SortExprValues": match.sort_expr_values,
    }


V2018: Actions = {"SearchItem": search_item, "AddItem": add_item, "DeleteItem": delete_item}
