"""The table of errors is whole: everything that can be raised has a status and a sentence for every action."""

import pytest

from similis.domain import (
    InstanceNotFound,
    InstanceRebuilding,
    InvalidFilter,
    KeyringFailed,
    SimilisError,
    StorageFailed,
    TaskRunning,
)
from similis.gateway.alibaba._dispatch import APIS
from similis.gateway.alibaba._error_table import DOMAIN, RENAMED, SENTENCES, VARIANTS, code_of, listed
from similis.gateway.alibaba._errors import Refused, WireError, wire_error


def below(kind: type[SimilisError]) -> list[type[SimilisError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in below(child))]


@pytest.mark.parametrize("kind", below(SimilisError), ids=lambda kind: kind.__name__)
def test_every_error_of_the_domain_has_a_code_for_every_action(kind: type[SimilisError]) -> None:
    error = kind("Wrong.", "Do right.")
    for api in ("", *APIS):
        answer = wire_error(api, error)
        assert answer.message.endswith("Wrong. Do right.")
        assert answer.status in {400, 403, 409, 500}


def test_the_table_names_known_actions_and_codes_only() -> None:
    assert set(DOMAIN.values()) <= SENTENCES.keys()
    assert set(RENAMED.values()) <= SENTENCES.keys()
    assert {code for code, _ in (*RENAMED, *VARIANTS)} <= SENTENCES.keys()
    assert {api for _, api in (*RENAMED, *VARIANTS)} <= set(APIS)


def test_the_nearest_ancestor_decides() -> None:
    assert code_of(InvalidFilter("")) == "InvalidFilterClause"
    assert code_of(type("Newer", (InvalidFilter,), {})("")) == "InvalidFilterClause"


def test_sentences_differ_by_action() -> None:
    assert listed("2020-12-14:AddImage", "InvalidPicContent")[2].endswith("greater than 4 * 1024 * 1024.")
    assert listed("2020-12-14:CompareSimilarByImage", "InvalidPicContent")[2] == "The image size exceeds 4 MB."
    assert listed("2019-03-25:AddImage", "InstanceStatusError")[1] == 409
    assert listed("2020-12-14:AddImage", "InstanceStatusError")[1] == 400


@pytest.mark.parametrize(
    ("api", "error", "code"),
    [
        ("2020-12-14:Detail", InstanceNotFound(""), "Console.InstanceNotFound"),
        ("2020-12-14:Detail", KeyringFailed(""), "Console.CallServiceError"),
        ("2020-12-14:AddImage", KeyringFailed(""), "AccessEngineFailed"),
        ("2020-12-14:Detail", StorageFailed(""), "Console.InternalError"),
        ("2020-12-14:AddImage", StorageFailed(""), "InternalTableStoreError"),
        ("2020-12-14:AddImage", RuntimeError("secret"), "UnknownException"),
        ("2020-12-14:UpdateImage", RuntimeError("secret"), "InternalError"),
        ("2019-03-25:DeleteImage", RuntimeError("secret"), "InternalException"),
        ("2020-12-14:DumpMeta", Refused("InvalidInstanceName"), "MissingInstanceName"),
        ("2020-12-14:DumpMeta", TaskRunning(""), "Console.TaskAlreadyExist"),
        ("2020-12-14:IncreaseInstance", TaskRunning(""), "Console.IncrementStatusError"),
        ("2020-12-14:IncreaseInstance", InstanceRebuilding(""), "Console.InstanceStatusError"),
        ("2020-12-14:DeleteImage", InstanceRebuilding(""), "InstanceStatusError"),
    ],
)
def test_codes_differ_by_action(api: str, error: Exception, code: str) -> None:
    answer = wire_error(api, error)
    assert answer.code == code
    assert "secret" not in answer.message


def test_a_ready_error_is_renamed_and_keeps_its_details() -> None:
    ready = WireError(403, "NoPermission", f"{SENTENCES['NoPermission'][1]} Because.", {"AccessDeniedDetail": {}})
    answer = wire_error("2020-12-14:Detail", ready)
    assert (answer.code, answer.message) == (
        "Console.NoPermission",
        "You are not authorized to this operation. Because.",
    )
    assert answer.details == {"AccessDeniedDetail": {}}
    assert wire_error("2020-12-14:AddImage", ready) is ready
