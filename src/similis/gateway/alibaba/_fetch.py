"""Fetches pictures from URLs of allowed hosts, guarded by `similis.service.Outbound`."""

from __future__ import annotations

import httpx

from similis.domain import MAX_PICTURE_BYTES, InvalidUrl, PictureTooLarge
from similis.gateway.alibaba._errors import Refused
from similis.service import Outbound, OutboundAnswer, OutboundRequest

MAX_SECONDS = 5.0
_MAX_REDIRECTS = 3
_HINT = (
    "Upload the picture, send it in Base64, or have its host allowed by SIMILIS_PICTURE_HOSTS, or by "
    "SIMILIS_PRIVATE_PICTURE_HOSTS where it lies in a private network."
)


class Fetcher:
    """Fetches pictures over HTTP.

    Args:
        outbound: carries the requests, to the hosts that it allows.
        seconds: time for everything together, redirects included.
    """

    def __init__(self, outbound: Outbound, seconds: float = MAX_SECONDS) -> None:
        self._outbound = outbound
        self._seconds = seconds

    def fetch(self, url: str) -> bytes:
        """The bytes at a URL. Blocks; must not be called on an event loop.

        Raises:
            Refused: `InvalidPicUrl` when it is refused or nothing is there, `TimeoutForTransferImage`.
            PictureTooLarge: there are more bytes than a picture may have.
        """
        answer = self._send(
            OutboundRequest(
                "GET",
                url,
                {"accept": "image/*"},
                seconds=self._seconds,
                most=MAX_PICTURE_BYTES,
                redirects=_MAX_REDIRECTS,
            )
        )
        if answer.status != httpx.codes.OK:
            raise _invalid(f"Its host answered with status {answer.status}.")
        if len(answer.content) > MAX_PICTURE_BYTES:
            raise PictureTooLarge(
                f"The picture at the URL is above {MAX_PICTURE_BYTES:,} bytes.", "Use a smaller picture."
            )
        return answer.content

    def _send(self, request: OutboundRequest) -> OutboundAnswer:
        try:
            return self._outbound.send(request)
        except InvalidUrl as error:
            raise _invalid(f"{error.message} {_HINT}") from None
        except TimeoutError:
            raise Refused("TimeoutForTransferImage") from None
        except ConnectionError:
            raise _invalid("It could not be fetched.") from None


def _invalid(why: str) -> Refused:
    return Refused("InvalidPicUrl", why)
