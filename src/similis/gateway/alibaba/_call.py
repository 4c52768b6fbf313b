"""One authorised call of an action: what it works on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from starlette.types import Scope

from similis.domain import AccessKey, JsonObject, Region
from similis.gateway._body import check_size
from similis.gateway._quotas import Quotas, least_body
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._fetch import Fetcher
from similis.gateway.alibaba._parameters import Parameters
from similis.gateway.alibaba._pic_content import resolve
from similis.gateway.alibaba._request import WireRequest
from similis.gateway.alibaba._upload_routes import UploadFlow
from similis.gateway.alibaba._uploads import Uploads
from similis.service import App


@dataclass(frozen=True, slots=True)
class Call:
    """A call, with the service and what pictures are taken from.

    Attributes:
        app: the service.
        request: the request as it came.
        scope: of the connection that it came by.
        uploads: pictures uploaded a moment ago.
        fetcher: fetches pictures from allowed hosts.
        upload_flow: permits uploads.
        quotas: bound how many calls a second are made.
        key: the caller's access key, once it is known.
    """

    app: App
    request: WireRequest
    scope: Scope
    uploads: Uploads
    fetcher: Fetcher
    upload_flow: UploadFlow
    quotas: Quotas
    key: AccessKey | None = None

    @property
    def caller(self) -> str | None:
        """Id of the caller's access key, once it is known."""
        return None if self.key is None else self.key.id

    @property
    def parameters(self) -> Parameters:
        """The parameters of query and body."""
        return Parameters(self.request.parameters)

    def region(self) -> Region | None:
        """The region to use, whatever Crop says unless the settings let Crop=false win.

        Raises:
            Refused: `InvalidRegion` or `BadRequest`.
        """
        region = self.parameters.region()
        ignored = self.app.settings.region_needs_crop and not self.parameters.crop()
        return None if ignored else region

    def picture(self, name: str = "PicContent", absent: str = "NoSpecifiedPicContent") -> bytes:
        """The encoded picture that a parameter stands for.

        Raises:
            Refused: `absent` when the parameter is missing; the URL gives no picture.
            InvalidPicture: it is no Base64 or too large.
            RequestTooLarge: it is larger than key and instance allow, even if it did not come with the call.
        """
        value = self.request.parameters.get(name, "")
        if not value.strip():  # not stripped for good: a form may have made the last "+" of Base64 a space
            raise Refused(absent, f"Give {name}: the picture in Base64 or the URL of an upload.")
        picture = resolve(value, self.uploads, self.fetcher, self.caller or "")
        check_size(len(picture), least_body(self.key, self.app.instances.get(self.parameters.instance_name())))
        return picture


Action: TypeAlias = Callable[[Call], JsonObject]
Actions: TypeAlias = Mapping[str, Action]
