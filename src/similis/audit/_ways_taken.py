"""The ways in which pictures are taken: every interface that has one."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from similis.audit._site import SHOP, SUCCEEDED, TAKEN, Site, Way, caret_body, multipart, pieces, text_of

_LARGE = 1_200_000  # bytes: more than web frameworks keep in memory
_RECENT = "2020-12-14"


def _instance(site: Site) -> list[int]:
    made = [
        {"name": name, "type": kind, "index": site.index} for name, kind in ((SHOP, "product"), ("things", "generic"))
    ]
    return [site.call("POST", "/api/v1/instances", json=each).status_code for each in made]


def _add(site: Site) -> list[int]:
    return [site.add(canary) for canary in site.each_form()]


def _add_large(site: Site) -> list[int]:
    canary = site.canary("PNG")
    return [site.add_bytes(canary, canary.repeated(_LARGE), "things", crop="false")]


def _add_chunked(site: Site) -> list[int]:
    canary = site.canary("PNG")
    headers, body = multipart(canary, canary.repeated(_LARGE))
    return [
        site.call("POST", f"/api/v1/instances/{SHOP}/pictures", content=pieces(body), headers=headers).status_code
    ]


def _replace(site: Site) -> list[int]:
    first, second = site.canary(), site.canary("PNG")
    key = {"product_id": "twice", "pic_name": "same"}
    return [site.add(first, **key), site.add(second, **key, custom_content="text", region="10,150,10,140")]


def _duplicates(site: Site) -> list[int]:
    canary = site.canary()
    statuses = [site.add(canary), site.add(canary, pic_name="again", on_duplicate="report")]
    statuses.append(site.call("GET", f"/api/v1/instances/{SHOP}/duplicates").status_code)
    return statuses


def _search(site: Site) -> list[int]:
    ways: list[dict[str, str]] = [{}, {"crop": "false"}, {"region": "5,170,5,140"}, {"subject": "1"}]
    statuses = [
        site.search(canary.data, **way) for canary, way in zip(site.each_form(), [*ways, *ways], strict=False)
    ]
    return [*statuses, site.search(site.canary().data, instance="things", num="5")]


def _compare(site: Site) -> list[int]:
    files = [("first", ("a", site.canary().data)), ("second", ("b", site.canary("WEBP").data))]
    return [site.call("POST", "/api/v1/compare", files=files).status_code]


def _tuning(site: Site) -> list[int]:
    statuses = [
        site.add(site.canary(), instance="things", product_id=f"p{number // 2}", pic_name=str(number))
        for number in range(4)
    ]
    tried = site.call("POST", "/api/v1/instances/things/tuning", json={"dry_run": True})
    return [*statuses, 200 if tried.status_code == 409 else tried.status_code]  # noqa: PLR2004 - too few products is an answer


def _current(site: Site) -> list[int]:
    key = {"InstanceName": SHOP, "ProductId": "wire"}
    added = site.wire("AddImage", {**key, "PicName": "acs3", "PicContent": text_of(site.canary())})
    found = site.wire("SearchImageByPic", {"InstanceName": SHOP, "PicContent": text_of(site.canary("PNG"))})
    both = {"PrimaryPicContent": text_of(site.canary()), "SecondaryPicContent": text_of(site.canary("BMP"))}
    compared = site.wire("CompareSimilarByImage", {"InstanceName": SHOP, **both})
    return [added.status_code, found.status_code, compared.status_code]


def _rpc(site: Site) -> list[int]:
    key = {"InstanceName": SHOP, "ProductId": "wire", "PicName": "rpc"}
    statuses = []
    for version in (_RECENT, "2020-02-12"):
        added = site.rpc("AddImage", {**key, "PicContent": text_of(site.canary())}, version)
        found = site.rpc("SearchImageByPic", {"InstanceName": SHOP, "PicContent": text_of(site.canary())}, version)
        statuses += [added.status_code, found.status_code]
    return statuses


def _v2019(site: Site) -> list[int]:
    key = {"InstanceName": SHOP, "ProductId": "wire", "PicName": "2019"}
    added = site.roa("/v2/image/add", urlencode({**key, "PicContent": text_of(site.canary())}).encode())
    query = {"InstanceName": SHOP, "Type": "SearchByPic", "PicContent": text_of(site.canary())}
    return [added.status_code, site.roa("/v2/image/search", urlencode(query).encode()).status_code]


def _v2018(site: Site) -> list[int]:
    kind = "application/octet-stream; charset=utf-8"
    added = caret_body({"item_id": "wire", "cat_id": "0"}, [text_of(site.canary()), text_of(site.canary("PNG"))])
    sought = caret_body({"n": "2", "s": "0", "cat_id": "0"}, [text_of(site.canary())])
    return [
        site.roa("/item/add", added, kind, instanceName=SHOP).status_code,
        site.roa("/item/search", sought, kind, instanceName=SHOP).status_code,
    ]


def upload(site: Site, data: bytes) -> tuple[int, str]:
    """Send a picture before the call that names it: the status, and the URL to name it by."""
    signed = site.rpc("AuthorizeFileUpload", {"Product": "ImageSearch"}, "2019-12-19")
    told = signed.json()
    place = f"{told['Bucket']}.{told['Endpoint']}"
    fields = {
        "OSSAccessKeyId": told["AccessKeyId"], "policy": told["EncodedPolicy"], "Signature": told["Signature"],
        "key": told["ObjectKey"], "success_action_status": "201",
    }  # fmt: skip
    sent = site.plain("POST", urlsplit(place).path, data=fields, files={"file": ("picture", data)})
    return sent.status_code, f"{place}/{told['ObjectKey']}"


def _upload_flow(site: Site) -> list[int]:
    status, url = upload(site, site.canary("PNG").repeated(_LARGE))
    key = {"InstanceName": SHOP, "ProductId": "wire", "PicName": "uploaded"}
    added = site.rpc("AddImage", {**key, "PicContent": url})
    again, other = upload(site, site.canary().data)
    found = site.rpc("SearchImageByPic", {"InstanceName": SHOP, "PicContent": other})
    return [status, added.status_code, again, found.status_code]


def _upload_unnamed(site: Site) -> list[int]:
    return [upload(site, site.canary(form).data)[0] for form in ("JPEG", "PNG", "WEBP")]


def imported_folder(site: Site, name: str) -> Path:
    """A directory to import from: pictures, a broken one, and one that is not there."""
    folder = site.runner.scratch.pictures / name
    folder.mkdir(exist_ok=True)
    names = [_stored(site, folder / f"{form}.pic", form) for form in ("JPEG", "PNG", "WEBP", "BMP")]
    lines = [{"OperationType": "ADD", "ProductId": "imported", "PicName": name} for name in names]
    lines.append({"OperationType": "ADD", "ProductId": "imported", "PicName": "missing.pic"})
    (folder / "broken.pic").write_bytes(site.canary("PNG").data[:20_000])
    lines.append({"OperationType": "ADD", "ProductId": "imported", "PicName": "broken.pic"})
    (folder / "increment.meta").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return folder


def _import(site: Site) -> list[int]:
    connected = {"name": "store", "provider": "file", "root": str(imported_folder(site, "store"))}
    statuses = [site.call("POST", "/api/v1/connections", json=connected).status_code]
    site.call("POST", "/api/v1/instances", json={"name": "imported", "type": "generic"})
    return [*statuses, *(site.import_pictures("imported", "store", "/", rebuild=each) for each in (False, True))]


def _stored(site: Site, path: Path, form: str) -> str:
    path.write_bytes(site.canary(form).data)
    return path.name


def _folder(site: Site, name: str) -> str:
    folder = site.runner.scratch.pictures / name
    for number in range(4):
        (folder / str(number // 2)).mkdir(parents=True, exist_ok=True)
        (folder / str(number // 2) / f"{number}.jpg").write_bytes(site.canary().data)
    rows = [f"{number // 2}/{number}.jpg,{number // 2}" for number in range(4)]
    (folder / "labels.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    return str(folder)


def _commands(site: Site) -> list[int]:
    """On a data directory of their own."""
    folder = _folder(site, "commands")
    data = ("--data", str(site.runner.scratch.service / "other-data"))
    first, second = f"{folder}/0/0.jpg", f"{folder}/1/2.jpg"
    return [
        site.runner.run(*command, *data)
        for command in (
            ("instance", "create", "shop", "--type", "generic"),
            ("add", "shop", folder),
            ("search", "shop", first, "--json"),
            ("compare", first, second),
            ("evaluate", f"{folder}/labels.csv", "--instance-type", "generic", "--crop", "--no-floors", "--json"),
        )
    ]


def _commands_remote(site: Site) -> list[int]:
    """On the running service."""
    folder = _folder(site, "remote")
    target = ("--endpoint", site.address, "--key", site.key)
    first, second = f"{folder}/0/0.jpg", f"{folder}/1/2.jpg"
    commands = [("add", SHOP, folder), ("search", SHOP, first), ("compare", first, second)]
    return [site.runner.run(*command, *target) for command in commands]


def _console(site: Site) -> list[int]:
    """What the console's page sends: from its own origin, with the cookie of a session and its proof."""
    begun = site.plain("POST", "/console/session", json={"key": site.key}, headers={"origin": site.address})
    session = {
        "cookie": f"similis_session={begun.cookies['similis_session']}", "x-similis-csrf": begun.json()["csrf"],
        "origin": site.address, "referer": f"{site.address}/", "sec-fetch-site": "same-origin",
    }  # fmt: skip
    answers = [begun, site.plain("GET", "/", headers=session)]
    for canary, action in ((site.canary(), "pictures"), (site.canary("PNG"), "search")):
        headers, body = multipart(canary, named=action == "pictures")
        path = f"/api/v1/instances/{SHOP}/{action}"
        answers.append(site.plain("POST", path, content=body, headers=headers | session))
    answers.append(site.plain("DELETE", "/console/session", headers=session))
    return [answer.status_code for answer in answers]


QUICK_WAYS = (
    Way("make instances", TAKEN, _instance),
    Way("add by REST, every format", TAKEN, _add),
    Way("add by REST, a megabyte", TAKEN, _add_large),
    Way("search by REST", TAKEN, _search),
    Way("cloud protocol 2020-12-14, signed headers", TAKEN, _current),
    Way("upload first, named later", TAKEN, _upload_flow),
)
"""Those that a short audit takes."""

WAYS = (
    *QUICK_WAYS,
    Way("add by REST, chunked transfer", TAKEN, _add_chunked),
    Way("add and search as the console does, with a session", TAKEN, _console),
    Way("replace a picture", TAKEN, _replace),
    Way("report duplicates", TAKEN, _duplicates),
    Way("compare by REST", TAKEN, _compare),
    Way("tuning", TAKEN, _tuning),
    Way("cloud protocol 2020-12-14 and 2020-02-12, signed parameters", TAKEN, _rpc),
    Way("cloud protocol 2019-03-25", TAKEN, _v2019),
    Way("cloud protocol 2018-01-20", TAKEN, _v2018),
    Way("upload first, never named", TAKEN, _upload_unnamed),
    Way("import and rebuild from a directory", TAKEN, _import),
    Way("command line on a data directory", SUCCEEDED, _commands),
    Way("command line on the service", SUCCEEDED, _commands_remote),
)
"""All."""
