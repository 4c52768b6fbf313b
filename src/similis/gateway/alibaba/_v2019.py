"""The actions of 2019-03-25, `/v2/image/*`."""

from __future__ import annotations

from similis.domain import JsonObject
from similis.gateway.alibaba._actions import add_picture, delete_image
from similis.gateway.alibaba._call import Actions, Call
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._searches import search_image_by_name, search_image_by_pic
from similis.gateway.alibaba._shapes import done

# The documentation names the strings; metadata of the time declares a number.
_SEARCHES = {
    "SearchByPic": search_image_by_pic,
    "0": search_image_by_pic,
    "SearchByName": search_image_by_name,
    "1": search_image_by_name,
}


def search_image(call: Call) -> JsonObject:
    """SearchImage, by picture or by name."""
    kind = call.parameters.text("Type") or "SearchByPic"
    if kind not in _SEARCHES:
        raise Refused("InvalidType", f"It is {kind[:40]!r}. Give SearchByPic or SearchByName.")
    return _SEARCHES[kind](call)


def add_image(call: Call) -> JsonObject:
    """AddImage."""
    added = add_picture(call)
    return done(PicInfo={"CategoryId": int(added.category_id), "Region": str(added.region)})


def delete_image_2019(call: Call) -> JsonObject:
    """DeleteImage, which names nothing that it deleted."""
    delete_image(call)
    return done()


V2019: Actions = {"SearchImage": search_image, "AddImage": add_image, "DeleteImage": delete_image_2019}
