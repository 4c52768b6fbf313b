"""Which action a request asks for: by action and version, or by path in the older generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from similis.domain import JsonObject
from similis.gateway.alibaba._actions import READS, V2020, V2020_FIRST
from similis.gateway.alibaba._call import Action, Actions, Call
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._request import WireRequest
from similis.gateway.alibaba._v2018 import V2018
from similis.gateway.alibaba._v2019 import V2019

UPLOAD_ACTION = "AuthorizeFileUpload"


@dataclass(frozen=True, slots=True)
class Target:
    """An action that was found.

    Attributes:
        api: the name under which the error table lists it, such as `2020-12-14:AddImage`.
        name: such as `AddImage`.
        run: carries it out.
    """

    api: str
    name: str
    run: Action


@dataclass(frozen=True, slots=True)
class _Generation:
    versions: tuple[str, ...]
    actions: Actions
    paths: Mapping[str, str]


def _authorize_file_upload(call: Call) -> JsonObject:
    return call.upload_flow.authorize(call.request, call.scope, call.caller or "")


_RPC: Mapping[str, tuple[str, Actions]] = {
    "2020-12-14": ("2020-12-14", V2020),
    "2020-02-12": ("2020-12-14", V2020_FIRST),
    "2019-12-19": ("2019-12-19", {UPLOAD_ACTION: _authorize_file_upload}),
}
_ROA = (
    _Generation(
        ("2019-03-25",),
        V2019,
        {"/v2/image/search": "SearchImage", "/v2/image/add": "AddImage", "/v2/image/delete": "DeleteImage"},
    ),
    _Generation(
        ("2018-01-20", "2018-03-19"),
        V2018,
        {"/item/search": "SearchItem", "/item/add": "AddItem", "/item/delete": "DeleteItem"},
    ),
)

APIS = (
    *sorted({f"{version}:{name}" for version, actions in _RPC.values() for name in actions}),
    *(f"{each.versions[0]}:{name}" for each in _ROA for name in each.actions),
)
"""Every action that there is, under the name that the error table uses."""


def find(request: WireRequest) -> Target:
    """The action of a request.

    Raises:
        Refused: there is no such action, version, path or method.
    """
    return _find_rpc(request) if request.path == "/" else _find_roa(request)


def _find_rpc(request: WireRequest) -> Target:
    action, version = _named(request, "Action"), _named(request, "Version")
    if not action:
        raise Refused("MissingAction", "Name it in the header x-acs-action or the query.")
    if not any(action in actions for _, actions in _RPC.values()):
        raise Refused("InvalidAction.NotFound", f"There is no action {action[:60]!r}.")
    if not version:
        raise Refused("MissingVersion", "Name it in the header x-acs-version or the query.")
    listed_under, actions = _RPC.get(version, ("", {}))
    if action not in actions:
        raise Refused("InvalidVersion", f"There is no {action} in version {version[:40]!r}.")
    if request.method != "POST" and not (request.method == "GET" and action in READS):
        raise Refused("UnsupportedHTTPMethod", f"{action} takes POST, not {request.method[:20]}.")
    return Target(f"{listed_under}:{action}", action, actions[action])


def _find_roa(request: WireRequest) -> Target:
    generation = next((each for each in _ROA if request.path in each.paths), None)
    if generation is None:
        raise Refused("InvalidApi.NotFound", f"There is nothing at {request.path[:60]!r}.")
    name = generation.paths[request.path]
    # A signature of the RPC style does not cover the path: it must not turn one action into another.
    if _named(request, "Action") not in {name, ""}:
        raise Refused("InvalidApi.NotFound", f"{request.path} is {name}.")
    version = _named(request, "Version")
    if version and version not in generation.versions:
        raise Refused("InvalidVersion", f"{request.path} is of version {generation.versions[0]}.")
    if request.method != "POST":
        raise Refused("UnsupportedHTTPMethod", f"{name} takes POST, not {request.method[:20]}.")
    return Target(f"{generation.versions[0]}:{name}", name, generation.actions[name])


def _named(request: WireRequest, name: str) -> str:
    """Action or version. A parameter goes before a header, which signatures of the RPC style do not cover."""
    return request.parameters.get(name) or request.headers.get(f"x-acs-{name.lower()}", "")
