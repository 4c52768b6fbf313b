"""The searches of 2020-12-14."""

from __future__ import annotations

from similis.domain import MAX_TEXT, Category, JsonObject, PictureNotFound, SearchResult
from similis.gateway.alibaba._call import Call
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._shapes import (
    all_categories,
    auction,
    found,
    head,
    pic_info,
    region_info,
    stored_auction,
)
from similis.service import Orientation


def search_by_picture(call: Call) -> SearchResult:
    """Search with the picture of a call; EXIF rotations are refused, as the contract says."""
    parameters = call.parameters
    return call.app.search.by_picture(
        parameters.instance_name(),
        options=parameters.search_options(),
        crop=parameters.crop(),
        region=call.region(),
        data=call.picture(),
        orientation=Orientation.REFUSE,
    )


def search_by_name(call: Call) -> tuple[SearchResult, JsonObject]:
    """Search with a stored picture; the result, and what is known of that picture."""
    name, key, options = call.parameters.instance_name(), call.parameters.key(), call.parameters.search_options()
    result = call.app.search.by_name(name, key, options)
    region = call.app.pictures.get(name, key).region
    return result, {**region_info(result.category_id, region, [region]), **all_categories(Category)}


def search_image_by_pic(call: Call) -> JsonObject:
    """SearchImageByPic."""
    result = search_by_picture(call)
    return _answer(result, pic_info(result.subject) if result.subject else {})


def search_image_by_name(call: Call) -> JsonObject:
    """SearchImageByName."""
    return _answer(*search_by_name(call))


def search_image_by_text(call: Call) -> JsonObject:
    """SearchImageByText; refused while no text encoder is installed for the instance's features."""
    parameters = call.parameters
    result = call.app.search.by_text(parameters.instance_name(), _text(call), parameters.search_options())
    auctions = [auction(match) for match in result.matches]
    for each in auctions:
        del each["SortExprValues"]
    return found(Head=head(result), PicInfo=all_categories(Category), Auctions=auctions)


def search_image_by_filter(call: Call) -> JsonObject:
    """SearchImageByFilter: stored pictures that match, in the order in which they were added."""
    parameters = call.parameters
    name, tree, (num, start) = parameters.instance_name(), parameters.required_filter(), parameters.page()
    pictures = call.app.pictures.matching(name, tree, num=num, start=start)
    return found(Auctions=[stored_auction(picture) for picture in pictures])


def check_image_exists(call: Call) -> JsonObject:
    """CheckImageExists; `Auctions` is one object here, and absent when there is no such picture."""
    name, key = call.parameters.instance_name(), call.parameters.key()
    try:
        picture = call.app.pictures.get(name, key)
    except PictureNotFound:
        return found(Exists=False)
    return found(Exists=True, Auctions=stored_auction(picture))


def _text(call: Call) -> str:
    text = call.parameters.required("Text", "InvalidText")
    if len(text) > MAX_TEXT:
        raise Refused("InvalidTextLength", f"Text has {len(text)} characters; at most {MAX_TEXT} are allowed.")
    if not text.strip():
        raise Refused("InvalidText", "Text is blank.")
    return text


def _answer(result: SearchResult, info: JsonObject) -> JsonObject:
    return found(Head=head(result), PicInfo=info, Auctions=[auction(match) for match in result.matches])
