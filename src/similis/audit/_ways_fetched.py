"""The ways in which the service fetches pictures itself: by URL, and from object storage."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from similis.audit._canaries import Canary
from similis.audit._site import REFUSED, SHOP, TAKEN, Site, Way, caret_body, text_of
from similis.audit._store import Page, missing

_KEY = {"InstanceName": SHOP, "ProductId": "url", "PicName": "fetched"}
_TOO_LARGE = 5_000_000  # bytes
_TOO_LONG = 6.0  # seconds
_CARET = "application/octet-stream; charset=utf-8"
_BUCKET, _FOLDER = "pictures", "/shoes"
_REGIONS = {"s3": "us-east-1", "oss": "cn-shanghai"}


def _by_url(site: Site) -> list[int]:
    """In all generations, signed in all three schemes."""
    answers = [
        site.wire("AddImage", {**_KEY, "PicContent": _url(site, site.canary())}),
        site.wire("SearchImageByPic", {"InstanceName": SHOP, "PicContent": _url(site, site.canary("PNG"))}),
    ]
    for version in ("2020-12-14", "2020-02-12"):
        sought = {"InstanceName": SHOP, "PicContent": _url(site, site.canary())}
        answers += [
            site.rpc("AddImage", {**_KEY, "PicContent": _url(site, site.canary())}, version),
            site.rpc("SearchImageByPic", sought, version),
        ]
    both = {f"{which}PicContent": _url(site, site.canary()) for which in ("Primary", "Secondary")}
    answers.append(site.wire("CompareSimilarByImage", {"InstanceName": SHOP, **both}))
    return [answer.status_code for answer in answers] + _by_url_to_older(site)


def _by_url_to_older(site: Site) -> list[int]:
    added = urlencode({**_KEY, "PicContent": _url(site, site.canary())}).encode()
    sought = {"InstanceName": SHOP, "Type": "SearchByPic", "PicContent": _url(site, site.canary())}
    item = caret_body({"item_id": "url", "cat_id": "0"}, [_url(site, site.canary())])
    query = caret_body({"n": "2", "s": "0", "cat_id": "0"}, [_url(site, site.canary("WEBP"))])
    return [
        site.roa("/v2/image/add", added).status_code,
        site.roa("/v2/image/search", urlencode(sought).encode()).status_code,
        site.roa("/item/add", item, _CARET, instanceName=SHOP).status_code,
        site.roa("/item/search", query, _CARET, instanceName=SHOP).status_code,
    ]


def _by_url_in_vain(site: Site) -> list[int]:
    """Missing, cut off, too large, too slow, redirected – each with a picture in what is sent."""
    text = text_of(site.canary("GIF", 20))[:600]
    ways: tuple[Callable[[Canary], Page], ...] = (
        lambda canary: Page(canary.data, status=404),
        lambda canary: Page(canary.data, share=0.5),
        lambda canary: Page(canary.data[: len(canary.data) // 2]),
        lambda canary: Page(canary.repeated(_TOO_LARGE)),
        lambda canary: Page(canary.data, pause=_TOO_LONG),
        lambda canary: Page(canary.data, status=302, location=f"/{canary.name[:3]}"),
        lambda canary: Page(canary.data, status=302, location=f"http://192.168.0.1/{text}"),
    )
    statuses = [site.rpc("AddImage", {**_KEY, "PicContent": site.store.address + "/" + text}).status_code]
    for way in ways:
        canary = site.canary("PNG")
        url = site.store.put(f"/{canary.name[:3]}", way(canary))
        statuses.append(site.rpc("AddImage", {**_KEY, "PicContent": url}).status_code)
        item = caret_body({"item_id": "url", "cat_id": "0"}, [url])
        statuses.append(site.roa("/item/add", item, _CARET, instanceName=SHOP).status_code)
    return statuses


def _url(site: Site, canary: Canary) -> str:
    return site.store.put(f"/{canary.name[:3]}.{canary.form}", Page(canary.data))


def _import(site: Site, provider: str) -> list[int]:
    """An import that finds all sorts of objects, and a rebuild."""
    names = [_stored(site, Page(site.canary(form).data)) for form in ("JPEG", "PNG", "WEBP", "BMP")]
    names.append(_stored(site, Page(site.canary("PNG").data[:20_000])))
    names.append(_stored(site, missing(text_of(site.canary()))))
    names.append(_stored(site, Page(site.canary("PNG").repeated(_TOO_LARGE))))
    lines = [{"OperationType": "ADD", "ProductId": provider, "PicName": name} for name in (*names, "missing.pic")]
    meta = "".join(f"{json.dumps(line)}\n" for line in lines)
    site.store.put(f"/{_BUCKET}{_FOLDER}/increment.meta", Page(meta.encode()))
    connected = {
        "name": provider, "provider": provider, "endpoint": site.store.address, "region": _REGIONS[provider],
        "bucket": _BUCKET, "access_key_id": "identity", "access_key_secret": "secret",
    }  # fmt: skip
    statuses = [site.call("POST", "/api/v1/connections", json=connected).status_code]
    made = {"name": f"from-{provider}", "type": "generic", "index": site.index}
    statuses.append(site.call("POST", "/api/v1/instances", json=made).status_code)
    imported = (site.import_pictures(made["name"], provider, _FOLDER, rebuild=rebuild) for rebuild in (False, True))
    return [*statuses, *imported]


def _stored(site: Site, page: Page) -> str:
    """Let an object lie beside the others; gives its name."""
    name = f"{len(site.store.pages):03}.pic"
    site.store.put(f"/{_BUCKET}{_FOLDER}/{name}", page)
    return name


FETCHED = (
    Way("pictures by URL, every generation", TAKEN, _by_url),
    Way("pictures by URL that cannot be fetched", REFUSED, _by_url_in_vain),
    Way("import and rebuild from S3", TAKEN, partial(_import, provider="s3")),
    Way("import and rebuild from OSS", TAKEN, partial(_import, provider="oss")),
)
"""All."""
