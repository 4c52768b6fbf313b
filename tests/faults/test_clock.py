"""The clock of the machine jumps: what counts on it is refused or held back, and goes on once it is right again.

Retention and the audit log have tests of their own, tests/unit/service/test_retention.py and test_audit_log.py; so do
claims of tasks and callbacks, tests/unit/catalogue/test_tasks.py and test_callbacks.py.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from similis.domain import NewAccessKey, NotAuthenticated, PermissionDenied, Role
from similis.gateway.alibaba import _acs3
from similis.gateway.alibaba._caller import authenticate
from similis.gateway.alibaba._claim import ISO_TIME
from similis.gateway.alibaba._errors import WireError
from similis.gateway.alibaba._request import WireRequest
from similis.gateway.alibaba._upload_policy import UploadPolicies, UploadRefused
from similis.service import App
from similis.service._links import Links
from similis.service._opening import open_keyring

JUMPS = pytest.mark.parametrize(
    "jump", [timedelta(days=-365), timedelta(hours=-2), timedelta(hours=2), timedelta(days=365)]
)
SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def made(app: App) -> NewAccessKey:
    return app.access.create(Role.READER)


def _signed(made: NewAccessKey, nonce: str, when: datetime) -> WireRequest:
    headers = {
        "host": "shop.example",
        "x-acs-content-sha256": hashlib.sha256().hexdigest(),
        "x-acs-date": when.strftime(ISO_TIME),
        "x-acs-signature-nonce": nonce,
    }
    proof = f"ACS3-HMAC-SHA256 Credential={made.key.id},SignedHeaders={';'.join(headers)},Signature="
    unsigned = WireRequest("POST", "/", (), {**headers, "authorization": f"{proof}00"}, b"", (), "ID")
    signature = _acs3.sign(_acs3.signed_text(unsigned, _acs3.read(unsigned)), made.secret)
    return WireRequest("POST", "/", (), {**headers, "authorization": proof + signature}, b"", (), "ID")


def _refusal(app: App, request: WireRequest, moment: datetime) -> WireError:
    with pytest.raises(WireError) as caught:
        authenticate(app, request, moment)
    return caught.value


@JUMPS
def test_signed_calls_wait_for_the_right_time(app: App, made: NewAccessKey, now: datetime, jump: timedelta) -> None:
    before, during = _signed(made, "before", now), _signed(made, "during", now)
    authenticate(app, before, now)
    told = _refusal(app, during, now + jump)
    assert told.code == "InvalidTimeStamp.Expired"
    assert (now + jump).strftime(ISO_TIME) in told.message  # so that whoever calls sees whose clock is wrong
    assert authenticate(app, during, now + SECOND) == made.key
    for once in (before, during):
        assert _refusal(app, once, now + 2 * SECOND).code == "SignatureNonceUsed"


def test_what_goes_on_while_the_clock_is_ahead_forgets_no_call_and_no_sign_out(
    app: App, made: NewAccessKey, now: datetime
) -> None:
    ahead = timedelta(days=2)
    before = _signed(made, "before", now)
    authenticate(app, before, now)
    session, token = app.sessions.start(made.key, now)
    app.sessions.end(session, now)
    authenticate(app, _signed(made, "ahead", now + ahead), now + ahead)
    assert _refusal(app, before, now + SECOND).code == "SignatureNonceUsed"
    with pytest.raises(NotAuthenticated):
        app.sessions.find(token, now + SECOND)


@JUMPS
def test_sessions_outlive_a_jump_and_those_that_ended_stay_so(
    app: App, made: NewAccessKey, now: datetime, jump: timedelta
) -> None:
    session, token = app.sessions.start(made.key, now)
    left, left_token = app.sessions.start(made.key, now)
    app.sessions.end(left, now)
    if now + jump >= session.expires_at:
        with pytest.raises(NotAuthenticated):
            app.sessions.find(token, now + jump)
    assert app.sessions.find(token, now + SECOND) == session
    with pytest.raises(NotAuthenticated):
        app.sessions.find(left_token, now + SECOND)
    with pytest.raises(NotAuthenticated):
        app.sessions.find(token, session.expires_at)


def test_a_temporary_key_is_there_again_when_the_clock_is_right(app: App, now: datetime) -> None:
    made = app.access.create(Role.READER, lifetime=timedelta(hours=1))
    assert made.key.expired(now + timedelta(days=365))
    assert not app.access.reveal(made.key.id)[0].expired(now)


def test_links_and_uploads_are_good_again(app: App, now: datetime) -> None:
    links = Links(open_keyring(app.settings, create=False))
    query = {name: each[0] for name, each in parse_qs(links.sign(7, "export", now)).items()}
    with pytest.raises(PermissionDenied):
        links.check(7, "export", **query, now=now + timedelta(days=365))
    links.check(7, "export", **query, now=now + SECOND)

    clock = [now]
    policies = UploadPolicies(lambda: clock[0])
    permitted = policies.issue("SIM")
    form = {
        "ossaccesskeyid": "similis-upload",
        "policy": permitted.policy,
        "signature": permitted.signature,
        "key": permitted.key,
    }
    clock[0] = now + timedelta(hours=2)
    with pytest.raises(UploadRefused):
        policies.check(form)
    clock[0] = now - timedelta(hours=2)
    assert policies.check(form) == permitted.key
