"""What each action of the wire protocol does, in the words of the audit log."""

from __future__ import annotations

from collections.abc import Mapping

from similis.domain import AuditAction
from similis.gateway._audit import AuditEntry
from similis.gateway.alibaba._request import WireRequest

AUDIT_ACTIONS: Mapping[str, AuditAction] = {
    "AddImage": AuditAction.PICTURE_ADD,
    "AddItem": AuditAction.PICTURE_ADD,
    "AuthorizeFileUpload": AuditAction.PICTURE_UPLOAD,
    "CheckImageExists": AuditAction.PICTURE_SHOW,
    "CompareSimilarByImage": AuditAction.PICTURE_COMPARE,
    "DeleteImage": AuditAction.PICTURE_DELETE,
    "DeleteItem": AuditAction.PICTURE_DELETE,
    "Detail": AuditAction.INSTANCE_SHOW,
    "DumpMeta": AuditAction.TASK_START,
    "DumpMetaList": AuditAction.TASK_LIST,
    "IncreaseInstance": AuditAction.TASK_START,
    "IncreaseList": AuditAction.TASK_LIST,
    "SearchImage": AuditAction.PICTURE_SEARCH,
    "SearchImageByFilter": AuditAction.PICTURE_SEARCH,
    "SearchImageByName": AuditAction.PICTURE_SEARCH,
    "SearchImageByPic": AuditAction.PICTURE_SEARCH,
    "SearchImageByText": AuditAction.PICTURE_SEARCH,
    "SearchItem": AuditAction.PICTURE_SEARCH,
    "UpdateImage": AuditAction.PICTURE_UPDATE,
}
"""By the action's name, in all generations; a test sees that all are here."""


def name_call(entry: AuditEntry, action: str, request: WireRequest) -> None:
    """Note what a call asks for, before anything of it is believed."""
    parameters = request.parameters
    entry.action = AUDIT_ACTIONS[action]
    entry.request_id = request.request_id
    if entry.action is not AuditAction.PICTURE_UPLOAD:  # is for no instance, whatever it names
        entry.instance = parameters.get("instanceName") or parameters.get("InstanceName")


def name_picture(entry: AuditEntry, request: WireRequest) -> None:
    """Note which picture it is about, for a caller whom its instance knows: nobody else's words go into its log."""
    if entry.action is not None and entry.action.about_pictures:
        entry.picture(request.parameters.get("ProductId"), request.parameters.get("PicName"))
