"""The upload flow of the SDKs' advance calls: AuthorizeFileUpload, then PostObject as OSS answers it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from html import escape

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.types import Scope

from similis.domain import ACTOR_LINK, AuditAction, InvalidInput, Overloaded, RequestTooLarge
from similis.gateway._audit import audit_entry
from similis.gateway._multipart import Part, read_parts
from similis.gateway.alibaba._fetch import Fetcher
from similis.gateway.alibaba._request import WireRequest
from similis.gateway.alibaba._upload_place import PLAIN_PATH, choose_place
from similis.gateway.alibaba._upload_policy import ACCESS_KEY_ID, UploadPolicies, UploadRefused, check_size, too_large
from similis.gateway.alibaba._uploads import Uploads, UploadsFull
from similis.service import Outbound, Settings

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
router = APIRouter(include_in_schema=False)


class UploadFlow:
    """Permits uploads and takes them in.

    Args:
        uploads: where they wait for the call that uses them.
        upload_host: the public `name[:port]` for uploads over TLS, if set.
        tls_port: the port on which this process listens for TLS, if it does.
    """

    def __init__(self, uploads: Uploads, upload_host: str | None = None, tls_port: int | None = None) -> None:
        self._uploads = uploads
        self._policies = UploadPolicies()
        self._upload_host = upload_host
        self._tls_port = tls_port

    def authorize(self, request: WireRequest, scope: Scope, owner: str) -> dict[str, object]:
        """The answer to AuthorizeFileUpload; the caller was authenticated before, and only it can use the upload.

        Raises:
            Refused: this client needs TLS for its upload, and there is none.
        """
        place = choose_place(request.headers, scope, self._upload_host, self._tls_port)
        permission = self._policies.issue(owner)
        return {
            "RequestId": request.request_id,
            "AccessKeyId": ACCESS_KEY_ID,
            "Bucket": place.bucket,
            "Endpoint": place.endpoint,
            "EncodedPolicy": permission.policy,
            "ObjectKey": permission.key,
            "Signature": permission.signature,
            "UseAccelerate": False,
        }

    async def receive(self, request: Request) -> tuple[str, bytes]:
        """Take in an upload and return its key and content. Of what was not permitted the file is not even read.

        Raises:
            UploadRefused: it was not permitted, is no single file, too large, or too many uploads wait.
            InvalidInput: it is no readable form.
        """
        parts = await read_parts(request, self._check)
        files = [value for name, value in parts if name == "file" and isinstance(value, bytes)]
        if len(files) != 1:
            raise UploadRefused(400, "InvalidArgument", "POST requires exactly one file upload per request.")
        key, content, owner = self._check(parts), files[0], self._policies.owner_of(_fields(parts))
        check_size(len(content))
        try:
            self._uploads.put(key, content, owner)
        except UploadsFull:
            raise UploadRefused(503, "ServiceUnavailable", "Too many uploads wait for their calls. Retry.") from None
        return key, content

    def _check(self, parts: Sequence[Part]) -> str:
        return self._policies.check(_fields(parts))


def _fields(parts: Sequence[Part]) -> dict[str, str]:
    return {name.lower(): value for name, value in parts if isinstance(value, str)}


def add_upload_flow(api: FastAPI, settings: Settings, tls_port: int | None) -> None:
    """Give an application the store, the flow and the fetcher that its routes use, and the upload's own route."""
    api.state.uploads = Uploads()
    api.state.upload_flow = UploadFlow(api.state.uploads, settings.upload_host, tls_port)
    api.state.fetcher = Fetcher(Outbound(settings.picture_hosts, settings.private_picture_hosts))
    api.include_router(router)


def is_post_object(request: Request) -> bool:
    """Whether a request to `/` is an upload, not a call."""
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
    is_call = "x-acs-action" in request.headers or "Action" in request.query_params
    return request.method == "POST" and is_form and not is_call


@router.post(PLAIN_PATH + "/{place}")
@router.post(PLAIN_PATH + "/{place}/")
async def post_object(request: Request) -> Response:
    """PostObject: always answers 201 with XML, which the SDKs ask for and cannot do without."""
    flow: UploadFlow = request.app.state.upload_flow
    entry = audit_entry(request.scope)
    entry.action = AuditAction.PICTURE_UPLOAD
    try:
        key, content = await flow.receive(request)
    except UploadRefused as refused:
        return _refusal(request, refused)
    except RequestTooLarge:
        return _refusal(request, too_large())
    except Overloaded as error:
        return _refusal(request, UploadRefused(503, "ServiceUnavailable", f"{error.message} {error.hint}"))
    except InvalidInput as error:
        return _refusal(request, UploadRefused(400, "MalformedPOSTRequest", f"{error.message} {error.hint}"))
    entry.actor = ACTOR_LINK
    return _created(request, key, content)


def _created(request: Request, key: str, content: bytes) -> Response:
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest().upper()}"'
    host = request.headers.get("host", "")
    location = f"{request.url.scheme}://{host}/{key}"
    members = {"Bucket": host.partition(".")[0], "Location": location, "Key": key, "ETag": etag}
    return _xml(request, 201, "PostResponse", members, {"ETag": etag})


def _refusal(request: Request, refused: UploadRefused) -> Response:
    audit_entry(request.scope).outcome = refused.code
    members = {"Code": refused.code, "Message": refused.message, "HostId": request.headers.get("host", "")}
    return _xml(request, refused.status, "Error", {**members, "RequestId": request.state.request_id}, {})


def _xml(request: Request, status: int, root: str, members: dict[str, str], headers: dict[str, str]) -> Response:
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in members.items())
    headers = {**headers, "x-oss-request-id": request.state.request_id}
    return Response(f"{_XML}<{root}>{inside}</{root}>", status, headers, "application/xml")
