"""Permissions to upload: only what was issued, in time, for its own key, within its size."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.domain import MAX_PICTURE_BYTES
from similis.gateway.alibaba._upload_policy import ACCESS_KEY_ID, LIFETIME, UploadPolicies, UploadRefused, check_size

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
POLICIES = UploadPolicies(lambda: NOW)


def form(policies: UploadPolicies = POLICIES, **changed: str) -> dict[str, str]:
    permission = policies.issue()
    given = {
        "ossaccesskeyid": ACCESS_KEY_ID,
        "policy": permission.policy,
        "signature": permission.signature,
        "key": permission.key,
    }
    return {**given, **changed}


def refused(fields: dict[str, str], policies: UploadPolicies = POLICIES) -> tuple[int, str]:
    with pytest.raises(UploadRefused) as error:
        policies.check(fields)
    return error.value.status, error.value.code


def test_what_was_issued_is_taken() -> None:
    fields = form()
    assert POLICIES.check(fields) == fields["key"]


def test_the_policy_says_what_it_permits() -> None:
    fields = form()
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert policy == {
        "expiration": "2026-11-24T12:05:00Z",
        "conditions": [["content-length-range", 1, MAX_PICTURE_BYTES], ["eq", "$key", fields["key"]]],
        "owner": "",
    }


def test_keys_cannot_be_guessed_and_fit_a_url() -> None:
    keys = {POLICIES.issue().key for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) > 40 and key.replace("-", "").isalnum() for key in keys)


@pytest.mark.parametrize("name", ["ossaccesskeyid", "policy", "signature", "key"])
def test_every_field_is_needed(name: str) -> None:
    assert refused({each: value for each, value in form().items() if each != name}) == (403, "AccessDenied")
    assert refused({**form(), name: ""}) == (403, "AccessDenied")


def test_another_key_id_or_signature_or_object_key_is_refused() -> None:
    assert refused(form(ossaccesskeyid="LTAI")) == (403, "InvalidAccessKeyId")
    assert refused(form(signature="é")) == (403, "SignatureDoesNotMatch")
    assert refused(form(signature=form()["signature"])) == (403, "SignatureDoesNotMatch")
    assert refused(form(key=form()["key"])) == (403, "AccessDenied")
    assert refused(form(UploadPolicies(lambda: NOW))) == (403, "SignatureDoesNotMatch")  # of another process


@given(st.text())
def test_a_policy_of_the_callers_own_is_refused(policy: str) -> None:
    code = refused(form(policy=policy))[1]
    assert code == ("SignatureDoesNotMatch" if policy else "AccessDenied")


def test_it_expires() -> None:
    times = iter([NOW, NOW + LIFETIME - timedelta(seconds=1), NOW + LIFETIME])
    policies = UploadPolicies(lambda: next(times))
    fields = form(policies)
    assert policies.check(fields) == fields["key"]
    with pytest.raises(UploadRefused, match="Policy expired"):
        policies.check(fields)


def test_its_size_is_limited() -> None:
    check_size(1)
    check_size(MAX_PICTURE_BYTES)
    for size, code in ((0, "EntityTooSmall"), (MAX_PICTURE_BYTES + 1, "EntityTooLarge")):
        with pytest.raises(UploadRefused) as error:
            check_size(size)
        assert (error.value.status, error.value.code) == (400, code)
