"""The ways in which pictures are refused, broken off, or come where none belongs."""

from __future__ import annotations

import base64
from urllib.parse import quote, urlencode

from similis.audit import _signing
from similis.audit._site import BROKEN, FAILED, REFUSED, SHOP, Site, Way, multipart, text_of
from similis.audit._ways_taken import upload

_PICTURES = f"/api/v1/instances/{SHOP}/pictures"
_SHARES = (0.1, 0.5, 0.97)
_TOO_LARGE, _FAR_TOO_LARGE = 5_000_000, 9_000_000  # bytes: above the limit of pictures, and of bodies
_NAMED = {"product_id": "p", "pic_name": "n"}


def _broken(site: Site) -> list[int]:
    statuses = []
    for canary in site.each_form():
        half, head = len(canary.data) // 2, len(canary.data) // 5
        garbled = canary.data[:half] + canary.data[head:half][::-1]
        for data in (canary.data[:half], garbled):
            files = {"file": ("picture", data)}
            statuses.append(site.call("POST", _PICTURES, data=_NAMED, files=files).status_code)
    return [status for status in statuses if status not in range(200, 300)] or [400]  # some forms lose nothing


def _foreign(site: Site) -> list[int]:
    """No format that is read, and one that claims to have far too many pixels."""
    canary, bomb = site.canary(), bytearray(site.canary("PNG").data)
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    files = ({"file": ("picture", data)} for data in (b"\0\0\0\x18ftypheic" + canary.data, bytes(bomb)))
    return [site.call("POST", _PICTURES, data=_NAMED, files=each).status_code for each in files]


def _too_large(site: Site) -> list[int]:
    canary, other = site.canary(), site.canary("PNG")
    statuses = [site.add_bytes(canary, canary.repeated(size)) for size in (_TOO_LARGE, _FAR_TOO_LARGE)]
    large = base64.b64encode(other.repeated(_TOO_LARGE)).decode()
    return [*statuses, site.wire("SearchImageByPic", {"InstanceName": SHOP, "PicContent": large}).status_code]


def _strangers(site: Site) -> list[int]:
    """Wrong keys and signatures."""
    identity, _ = site.identity
    wrong = {"authorization": f"Bearer {identity}:wrong"}
    files = {"file": ("picture", site.canary().data)}
    form = {"InstanceName": SHOP, "ProductId": "p", "PicName": "n", "PicContent": text_of(site.canary())}
    small = {**form, "PicContent": text_of(site.canary("GIF", 20))[:900]}
    statuses = [site.call("POST", _PICTURES, data=_NAMED, files=files, headers=wrong).status_code]
    statuses += [site.rpc("AddImage", each, secret="wrong").status_code for each in (form, small)]  # noqa: S106 - it is wrong
    body = urlencode(form).encode()
    headers = _signing.acs3(identity, "wrong", site.host, "AddImage", "2020-12-14", body, {})
    statuses.append(site.plain("POST", "/", content=body, headers=headers).status_code)
    headers = _signing.roa(identity, "wrong", "/v2/image/add", body, _signing.FORM, {})
    statuses.append(site.plain("POST", "/v2/image/add", content=body, headers=headers).status_code)
    return statuses


def _elsewhere(site: Site) -> list[int]:
    """Instances, actions and fields that do not exist."""
    form = {"InstanceName": "nothing", "ProductId": "p", "PicName": "n", "PicContent": text_of(site.canary())}
    return [
        site.add(site.canary(), instance="nothing"),
        site.add(site.canary(), unknown="field"),
        site.add(site.canary(), category_id="many"),
        site.add(site.canary(), region="1,2,3"),
        site.search(site.canary().data, filter="int_attr >>> 1"),
        site.wire("AddImage", form).status_code,
        site.wire("NoSuchAction", form).status_code,
        site.wire("AddImage", {**form, "InstanceName": SHOP, "CategoryId": "x"}).status_code,
    ]


def _as_texts(site: Site) -> list[int]:
    """A picture in every field that is meant for something else."""
    fields = (
        *("product_id", "pic_name", "custom_content", "str_attr", "int_attr", "category_id", "region", "crop"),
        *("on_duplicate", "nonsense"),
    )
    statuses = [site.add(site.canary(), **{name: text_of(site.canary())}) for name in fields]
    texts = {**_NAMED, "file": text_of(site.canary())}
    statuses.append(
        site.call("POST", _PICTURES, files={name: (None, text) for name, text in texts.items()}).status_code
    )
    name = {"name": text_of(site.canary()), "type": "generic"}
    statuses.append(site.call("POST", "/api/v1/instances", json=name).status_code)
    statuses.append(site.call("POST", "/api/v1/instances", content=site.canary().data).status_code)
    return statuses


def _as_wire_texts(site: Site) -> list[int]:
    good = {"InstanceName": SHOP, "ProductId": "p", "PicName": "n"}
    fields = (
        *(
            "InstanceName",
            "ProductId",
            "PicName",
            "CategoryId",
            "Region",
            "Crop",
            "IntAttr",
            "StrAttr",
            "CustomContent",
        ),
        *("Filter", "Num"),
    )
    statuses = [
        site.wire("SearchImageByPic" if name in {"Filter", "Num"} else "AddImage", {
            **good, "PicContent": text_of(site.canary()), name: text_of(site.canary()),
        }).status_code
        for name in fields
    ]  # fmt: skip
    statuses.append(site.wire("AddImage", {**good, "PicContent": "!" + text_of(site.canary())}).status_code)
    statuses.append(
        site.wire("AddImage", {**good, "PicContent": "http://127.0.0.1/" + text_of(site.canary())}).status_code
    )
    caret = b"item_id,0,3#" + text_of(site.canary()).encode() + b"^" + site.canary().data
    statuses.append(site.roa("/item/add", caret, "application/octet-stream", instanceName=SHOP).status_code)
    return statuses


def _in_the_head(site: Site) -> list[int]:
    """In the path, the query and headers; small ones, for servers refuse long heads unread."""
    piece = text_of(site.canary())[3000:3600]
    safe = quote(piece, safe="")
    statuses = [
        site.call("GET", f"/api/v1/{safe}").status_code,
        site.call("GET", f"/api/v1/instances/{safe}").status_code,
        site.call("GET", f"{_PICTURES}?product_id={safe}&pic_name=n").status_code,
        site.call("DELETE", f"{_PICTURES}?{safe}=1").status_code,
        site.call("GET", "/nothing", headers={"x-picture": piece, "x-request-id": piece}).status_code,
        site.call("GET", "/api/v1/instances/nothing", headers={"user-agent": piece}).status_code,
        site.plain("GET", "/api/v1/instances", headers={"authorization": f"Bearer {piece}"}).status_code,
        site.plain("POST", "/", content=b"", headers={"x-acs-action": piece, "x-acs-version": piece}).status_code,
        site.plain("POST", f"/v2/image/{safe}", content=b"").status_code,
    ]
    query = _signing.rpc(site.identity[0], "wrong", "GET", {
        "Action": "SearchImageByPic", "Version": "2020-12-14", "InstanceName": SHOP, "PicContent": piece,
    }, {})  # fmt: skip
    return [*statuses, site.plain("GET", "/", params=query).status_code]


def _malformed(site: Site) -> list[int]:
    """Bodies that are not what their type says."""
    data = site.canary().data
    kinds = (
        "multipart/form-data; boundary=edge", "multipart/form-data", "application/json",
        "application/x-www-form-urlencoded", "image/jpeg",
    )  # fmt: skip
    statuses = [
        site.call("POST", _PICTURES, content=data, headers={"content-type": kind}).status_code for kind in kinds
    ]
    headers, body = multipart(site.canary())
    wrong = (body.replace(b"--edge--", b""), body.replace(b'name="file"', b'name="file\r\nX' + data[3000:3400]))
    statuses += [site.call("POST", _PICTURES, content=each, headers=headers).status_code for each in wrong]
    for path in ("/", "/v2/image/add", "/item/add"):
        statuses += [
            site.plain("POST", path, content=site.canary().data, headers={"content-type": kind}).status_code
            for kind in kinds
        ]
    return statuses


def _failing_uploads(site: Site) -> list[int]:
    """Uploads named by calls that fail, and uploads that were not permitted."""
    _, url = upload(site, site.canary().data)
    failed = site.rpc("AddImage", {"InstanceName": "nothing", "ProductId": "p", "PicName": "n", "PicContent": url})
    _, url = upload(site, site.canary("PNG").data[:9000])
    broken = site.rpc("SearchImageByPic", {"InstanceName": SHOP, "PicContent": url})
    unsigned = site.plain("POST", "/_oss/b.e", data={"key": "k"}, files={"file": ("picture", site.canary().data)})
    return [failed.status_code, broken.status_code, unsigned.status_code]


def _cut_off(site: Site) -> list[int]:
    for share in _SHARES:
        headers, body = multipart(site.canary("PNG"))
        site.cut_off(_PICTURES, {**headers, "authorization": f"Bearer {site.key}"}, body, share)
        form = urlencode({"InstanceName": SHOP, "PicContent": text_of(site.canary())}).encode()
        signed = _signing.acs3(*site.identity, site.host, "SearchImageByPic", "2020-12-14", form, {})
        site.cut_off("/", signed, form, share)
        site.cut_off("/item/add", {"content-type": "application/octet-stream"}, site.canary().data, share)
        headers, body = multipart(site.canary())
        site.cut_off("/_oss/b.e", headers, body, share)
    return [0]


def _console_refused(site: Site) -> list[int]:
    """Pictures as the key to sign in with, as a session, and by a session without its proof."""
    text, piece = text_of(site.canary()), text_of(site.canary("PNG"))[3000:3600]
    keys = (
        {"key": text},
        {"key": f"{site.identity[0]}:{text}"},
        {"key": f"{site.key}:{piece}"},
        {text[:2000]: "key"},
    )
    answers = [site.plain("POST", "/console/session", json=key) for key in keys]
    answers.append(site.plain("POST", "/console/session", content=site.canary().data))
    begun = site.plain("POST", "/console/session", json={"key": site.key})
    signed_in = f"similis_session={begun.cookies['similis_session']}"
    for head in (
        {"cookie": f"similis_session={piece}"},
        {"cookie": signed_in},
        {"cookie": signed_in, "x-similis-csrf": piece},
        {"cookie": signed_in, "x-similis-csrf": begun.json()["csrf"], "sec-fetch-site": piece},
    ):
        headers, body = multipart(site.canary())
        answers.append(site.plain("POST", _PICTURES, content=body, headers=headers | head))
    return [answer.status_code for answer in answers]


def _bad_commands(site: Site) -> list[int]:
    folder = site.runner.scratch.pictures / "bad"
    folder.mkdir(exist_ok=True)
    (folder / "cut.jpg").write_bytes(site.canary().data[:9000])
    (folder / "foreign.png").write_bytes(b"????" + site.canary().data)
    target = ("--endpoint", site.address, "--key", site.key)
    return [
        site.runner.run("add", SHOP, str(folder), *target),
        site.runner.run("search", SHOP, str(folder / "cut.jpg"), *target),
    ]


QUICK_REFUSALS = (
    Way("broken and cut-off pictures", REFUSED, _broken),
    Way("wrong keys and signatures", REFUSED, _strangers),
    Way("pictures as texts of other fields", REFUSED, _as_texts),
    Way("requests cut off in the middle", BROKEN, _cut_off),
)
"""Those that a short audit takes."""

REFUSALS = (
    *QUICK_REFUSALS,
    Way("unknown formats, and a decompression bomb", REFUSED, _foreign),
    Way("too large", REFUSED, _too_large),
    Way("unknown instances, actions and fields", REFUSED, _elsewhere),
    Way("pictures as other parameters of the cloud protocol", REFUSED, _as_wire_texts),
    Way("pictures in path, query and headers", REFUSED, _in_the_head),
    Way("bodies that are not what they are declared to be", REFUSED, _malformed),
    Way("uploads of calls that fail", REFUSED, _failing_uploads),
    Way("console without a session, or by a foreign page", REFUSED, _console_refused),
    Way("command line with broken files", FAILED, _bad_commands),
)
"""All."""
