"""The contract's errors as data: status and sentence of every code that Similis answers, and what differs by action.

The sentences are the contract's own, mistakes of spelling included: clients compare them.
"""

from __future__ import annotations

from collections.abc import Mapping

from similis.domain import (
    AccessDenied,
    CapacityReached,
    Conflict,
    IncorrectOrientation,
    InstanceNotFound,
    InstanceThrottled,
    InvalidCategory,
    InvalidFilter,
    InvalidInput,
    InvalidName,
    InvalidPicture,
    InvalidRegion,
    InvalidText,
    KeyThrottled,
    NoTextEncoder,
    NotFound,
    PictureNotFound,
    PicturesUsedUp,
    PictureTooLarge,
    SimilisError,
    StorageFailed,
    TaskRunning,
    TooManyRequests,
    Unavailable,
    UnsupportedPixels,
)

_2020, _2019, _2018 = "2020-12-14:", "2019-03-25:", "2018-01-20:"
CONSOLE = tuple(_2020 + name for name in ("Detail", "DumpMeta", "DumpMetaList", "IncreaseInstance", "IncreaseList"))
ROA_2019 = tuple(_2019 + name for name in ("SearchImage", "AddImage", "DeleteImage"))
ROA_2018 = tuple(_2018 + name for name in ("SearchItem", "AddItem", "DeleteItem"))
_COMPARE = (_2020 + "CompareSimilarByImage",)

SENTENCES: Mapping[str, tuple[int, str]] = {
    "BadRequest": (400, "The request has invalid parameters."),
    "Console.BadRequest": (400, "The request has invalid parameters."),
    "Console.InstanceNotFound": (400, "The specified ImageSearch instance is not found."),
    "EmptyMeta": (400, "The body content has an empty meta field."),
    "IncorrectOrientation": (400, "The image contains incorrect rotation flags in the meta data."),
    "InstanceOverQuota": (400, "The number of items exceeds the limit."),
    "InstanceStatusError": (400, "Your instance is unavailable."),
    "InvalidCategory": (400, "The specified category is invalid."),
    "InvalidCustomContent": (400, "The specified parameter CustomContent is not valid."),
    "InvalidFilterClause": (400, "The specified filtering condition is invalid."),
    "InvalidInstance": (400, "The specified instance name is invalid."),
    "InvalidInstanceName": (400, "The parameter instanceName is not specified."),
    "InvalidIntAttr": (400, "The specified int_attr field is invalid."),
    "InvalidIntAttr2": (400, "The specified parameter IntAttr2 is not valid."),
    "InvalidIntAttr3": (400, "The specified parameter IntAttr3 is not valid."),
    "InvalidIntAttr4": (400, "The specified parameter IntAttr4 is not valid."),
    "InvalidMetaItem": (400, "The meta field is invalid."),
    "InvalidNumParameter": (400, "The specified parameter num is invalid."),
    "InvalidPicContent": (400, "The specified parameter PicContent length greater than 4 * 1024 * 1024."),
    "InvalidPicList": (400, "The specified pic_list parameter is invalid."),
    "InvalidPicName": (400, "The specified parameter PicName is not valid."),
    "InvalidPicUrl": (400, "The search picture does not exist at the specific url."),
    "InvalidPrimaryPicContent": (400, "The specified parameter PrimaryPicContent is not valid."),
    "InvalidProductId": (400, "The specified parameter ProductId is not valid."),
    "InvalidRegion": (400, "The specific region is illegal."),
    "InvalidSecondaryPicContent": (400, "The specified parameter SecondaryPicContent is not valid."),
    "InvalidStartParameter": (400, "The specified parameter start is inavlid."),
    "InvalidStrAttr": (400, "The specified parameter StrAttr is not valid."),
    "InvalidStrAttr2": (400, "The specified parameter StrAttr2 is not valid."),
    "InvalidStrAttr3": (400, "The specified parameter StrAttr3 is not valid."),
    "InvalidStrAttr4": (400, "The specified parameter StrAttr4 is not valid."),
    "InvalidText": (400, "The specified parameter Text is not valid."),
    "InvalidTextLength": (400, "Invalid text clause."),
    "InvalidType": (400, "The specified parameter Type is not valid."),
    "MissingAction": (400, "Action is mandatory for this action."),
    "MissingInstanceName": (400, "InstanceName is mandatory for this action."),
    "MissingVersion": (400, "Version is mandatory for this action."),
    "NoCaretSeperator": (400, "The body content is missing the ^ separator."),
    "NoPicList": (400, "The body content is missing the pic_list parameter."),
    "NoSpecifiedAddPic": (400, "The image to insert is not specified."),
    "NoSpecifiedItemId": (400, "The item_id parameter is not specified."),
    "NoSpecifiedPic": (400, "The content of an image is not specified in the HTTP POST body."),
    "NoSpecifiedPicContent": (400, "The parameter PicContent no specified."),
    "NoSpecifiedPicName": (400, "The parameter PicName no specified."),
    "NoSpecifiedProductId": (400, "The parameter ProductId no specified."),
    "NoSpecifiedSearchPic": (400, "The search image is not specified."),
    "OverflowMaxResultNum": (400, "The specified number of total results exceeds the maximum of 500."),
    "OverflowMaxReturnNum": (400, "The specified number of results for each request exceeds the maximum of 100."),
    "PicNotExist": (400, "The search picture does not exist."),
    "TimeoutForTransferImage": (400, "Timeout after 5 seconds waiting for images transfer to complete."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
    "UnsupportedHTTPMethod": (400, "This http method is not supported."),
    "UnsupportedPicFormat": (400, "The specified image format is invalid."),
    "UnsupportedPicPixels": (400, "The specified pixels is not supported."),
    "DeniedRequest": (403, "Your request was denied due to instance flow control."),
    "Console.NoPermission": (403, "You are not authorized to this operation."),
    "NoPermission": (403, "You are not authorized to perform this operation."),
    "InvalidAction.NotFound": (404, "Specified api is not found, please check your url and method."),
    "InvalidApi.NotFound": (404, "Specified api is not found, please check your url and method."),
    "InvalidVersion": (404, "Specified parameter Version is not valid."),
    "Console.IncrementStatusError": (409, "Current Increment status not supported this opreate."),
    "Console.InstanceStatusError": (409, "Current Instance status not supported this opreate."),
    "Console.TaskAlreadyExist": (409, "A task that is in progress already exists."),
    "AccessEngineFailed": (500, "An error occurred while accessing the search engine."),
    "Console.CallServiceError": (500, "Fail to call service."),
    "Console.InternalError": (500, "The request processing has failed due to some unknown error."),
    "InternalError": (500, "An internal server error occurred."),
    "InternalException": (500, "An internal server error occurred."),
    "InternalTableStoreError": (500, "An internal Table Store error occurred."),
    "UnknownException": (500, "An internal server error occurred."),
    "UnsupportedOperationType": (500, "The specified action is not supported."),
}

_VARIANTS: tuple[tuple[str, tuple[str, ...], int, str], ...] = (
    ("Console.CallServiceError", (_2020 + "DumpMeta", _2020 + "DumpMetaList"), 500,
     "An internal service error occurred."),
    ("DeniedRequest", (_2020 + "Detail",), 400, "Your request was denied due to instance flow control."),
    ("InstanceStatusError", _COMPARE, 400, "The current instance status does not support this operation."),
    ("InstanceStatusError", ROA_2019, 409, "Your instance is unavailable."),
    ("InvalidNumParameter", ROA_2018, 400, "The specified parameter n is invalid."),
    ("InvalidPicContent", _COMPARE, 400, "The image size exceeds 4 MB."),
    ("InvalidPicUrl", _COMPARE, 400, "The specified parameter PicUrl is not valid."),
    ("InvalidStartParameter", ROA_2018, 400, "The specified parameter s is inavlid."),
    ("NoSpecifiedProductId", (_2020 + "DeleteImage", _2019 + "DeleteImage"), 400, "You must specify ProductId."),
    ("TimeoutForTransferImage", _COMPARE, 400, "Image transfer timed out."),
)  # fmt: skip

_RENAMED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("AccessEngineFailed", CONSOLE, "Console.CallServiceError"),
    ("BadRequest", CONSOLE, "Console.BadRequest"),
    ("Console.TaskAlreadyExist", (_2020 + "IncreaseInstance",), "Console.IncrementStatusError"),
    ("InstanceStatusError", CONSOLE, "Console.InstanceStatusError"),
    ("InternalTableStoreError", CONSOLE, "Console.InternalError"),
    ("InvalidInstance", CONSOLE, "Console.InstanceNotFound"),
    ("InvalidInstanceName", (*CONSOLE, *ROA_2019, *_COMPARE), "MissingInstanceName"),
    ("NoPermission", CONSOLE, "Console.NoPermission"),
    ("UnknownException", CONSOLE, "Console.InternalError"),
    ("UnknownException", (_2020 + "SearchImageByName", _2020 + "UpdateImage"), "InternalError"),
    ("UnknownException", (_2019 + "DeleteImage",), "InternalException"),
)

VARIANTS: Mapping[tuple[str, str], tuple[int, str]] = {
    (code, api): (status, sentence) for code, apis, status, sentence in _VARIANTS for api in apis
}
"""By code and action: where status or sentence differ from `SENTENCES`."""

RENAMED: Mapping[tuple[str, str], str] = {(code, api): name for code, apis, name in _RENAMED for api in apis}
"""By code and action: the code that this action lists instead."""

DOMAIN: Mapping[type[SimilisError], str] = {
    InvalidName: "InvalidInstance",
    InvalidCategory: "InvalidCategory",
    InvalidRegion: "InvalidRegion",
    InvalidFilter: "InvalidFilterClause",
    InvalidText: "InvalidText",
    PictureTooLarge: "InvalidPicContent",
    UnsupportedPixels: "UnsupportedPicPixels",
    IncorrectOrientation: "IncorrectOrientation",
    InvalidPicture: "UnsupportedPicFormat",
    InvalidInput: "BadRequest",
    InstanceNotFound: "InvalidInstance",
    PictureNotFound: "PicNotExist",
    NotFound: "BadRequest",
    CapacityReached: "InstanceOverQuota",
    PicturesUsedUp: "InstanceOverQuota",
    NoTextEncoder: "UnsupportedOperationType",
    TaskRunning: "Console.TaskAlreadyExist",
    Conflict: "InstanceStatusError",
    InstanceThrottled: "DeniedRequest",
    KeyThrottled: "Throttling.User",
    TooManyRequests: "Throttling.User",
    AccessDenied: "NoPermission",
    StorageFailed: "InternalTableStoreError",
    Unavailable: "AccessEngineFailed",
    SimilisError: "UnknownException",
}
"""The code of an error is that of its nearest ancestor in this table."""


def code_of(error: SimilisError) -> str:
    """The code of a domain error, before an action's own names are applied."""
    return next(DOMAIN[each] for each in type(error).__mro__ if each in DOMAIN)


def listed(api: str, code: str) -> tuple[str, int, str]:
    """Code, status and sentence as `api`, such as `2020-12-14:AddImage`, lists them."""
    name = RENAMED.get((code, api), code)
    status, sentence = VARIANTS.get((name, api)) or SENTENCES[name]
    return name, status, sentence
