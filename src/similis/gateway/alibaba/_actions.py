"""The actions of 2020-12-14 that are no searches, and the table of all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from similis.domain import (
    Added,
    Category,
    DamagedPicture,
    Instance,
    InstanceType,
    JsonObject,
    Subject,
    UnsupportedFormat,
)
from similis.gateway.alibaba._call import Actions, Call
from similis.gateway.alibaba._errors import Refused, told
from similis.gateway.alibaba._searches import (
    check_image_exists,
    search_image_by_filter,
    search_image_by_name,
    search_image_by_pic,
    search_image_by_text,
)
from similis.gateway.alibaba._shapes import done, found, pic_info
from similis.gateway.alibaba._tasks import dump_meta, dump_meta_list, increase_instance, increase_list
from similis.service import Orientation

SERVICE_TYPES = {InstanceType.PRODUCT: 0, InstanceType.GENERIC: 1}
CAPACITY_UNIT = 10_000
# An instance never expires; the field is not optional on the wire, so it has the last day that all clients can read.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
# One picture takes about a tenth of a second on one processor; answered where there is no quota.
PICTURES_PER_SECOND_AND_SLOT = 10


def add_picture(call: Call) -> Added:
    """Add the picture of a call; EXIF rotations are refused, as the contract says."""
    parameters = call.parameters
    add = partial(
        call.app.pictures.add,
        parameters.instance_name(),
        key=parameters.key(),
        category=parameters.category(),
        crop=parameters.crop(),
        region=call.region(),
        custom_content=parameters.custom_content(),
        attributes=parameters.attributes(),
        orientation=Orientation.REFUSE,
    )
    with call.app.access.adding_picture(call.key):
        return add(data=call.picture())


def add_image(call: Call) -> JsonObject:
    """AddImage."""
    added = add_picture(call)
    subject = Subject(Category(added.category_id), added.region, added.regions, added.categories)
    return done(PicInfo=pic_info(subject))


def update_image(call: Call) -> JsonObject:
    """UpdateImage: attributes and custom content; features stay as they are."""
    parameters = call.parameters
    call.app.pictures.update(parameters.instance_name(), parameters.key(), parameters.changes())
    return done()


def delete_image(call: Call) -> JsonObject:
    """DeleteImage: one picture, a product, or all that match a filter; success also when there was none."""
    parameters = call.parameters
    name = parameters.instance_name()
    if parameters.boolean("IsDeleteByFilter", default=False):
        deleted = call.app.pictures.delete_matching(name, parameters.required_filter())
    else:
        deleted = call.app.pictures.delete(name, parameters.product_id(), parameters.pic_name())
    return done(Data={"PicNames": [key.pic_name for key in deleted]})


def compare_similar_by_image(call: Call) -> JsonObject:
    """CompareSimilarByImage: the score of two pictures as the instance's searches give it."""
    name = call.parameters.instance_name()
    first, second = (_compared(call, each) for each in ("PrimaryPicContent", "SecondaryPicContent"))
    return found(Score=call.app.search.compare_in(name, first, second, orientation=Orientation.REFUSE))


def detail(call: Call) -> JsonObject:
    """Detail of an instance."""
    instance = call.app.instances.get(call.parameters.instance_name())
    return {"Success": True, "Instance": _instance(instance, call.app.analyst.slots)}


def _compared(call: Call, name: str) -> bytes:
    code = f"Invalid{name}"
    try:
        return call.picture(name, absent=code)
    except (UnsupportedFormat, DamagedPicture) as error:
        raise Refused(code, told(error)) from None


def _instance(instance: Instance, slots: int) -> JsonObject:
    return {
        "Name": instance.name,
        "Region": instance.spec.region,
        "ServiceType": SERVICE_TYPES[instance.spec.type],
        "TotalCount": instance.picture_count,
        "Capacity": -(-instance.spec.capacity // CAPACITY_UNIT),
        "Qps": PICTURES_PER_SECOND_AND_SLOT * slots if instance.qps is None else max(1, round(instance.qps)),
        "UtcCreate": _milliseconds(instance.created_at),
        "UtcExpireTime": _milliseconds(NEVER),
    }


def _milliseconds(moment: datetime) -> str:
    return str(int(1000 * moment.timestamp()))


V2020: Actions = {
    "AddImage": add_image,
    "CheckImageExists": check_image_exists,
    "CompareSimilarByImage": compare_similar_by_image,
    "DeleteImage": delete_image,
    "Detail": detail,
    "DumpMeta": dump_meta,
    "DumpMetaList": dump_meta_list,
    "IncreaseInstance": increase_instance,
    "IncreaseList": increase_list,
    "SearchImageByFilter": search_image_by_filter,
    "SearchImageByName": search_image_by_name,
    "SearchImageByPic": search_image_by_pic,
    "SearchImageByText": search_image_by_text,
    "UpdateImage": update_image,
}
V2020_FIRST: Actions = {
    name: V2020[name] for name in ("AddImage", "DeleteImage", "SearchImageByName", "SearchImageByPic")
}
READS = V2020.keys() - {"AddImage", "DeleteImage", "IncreaseInstance", "UpdateImage"} | {"AuthorizeFileUpload"}
"""Actions that may also be asked for by GET."""
