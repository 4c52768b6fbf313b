"""Who is let in on the wire: keys, clocks, nonces and security tokens of a real service."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, NewAccessKey, Role
from similis.gateway.alibaba import _acs3, _roa, _rpc
from similis.gateway.alibaba._caller import WINDOW, authenticate, authorise
from similis.gateway.alibaba._claim import HTTP_TIME, ISO_TIME
from similis.gateway.alibaba._errors import WireError
from similis.gateway.alibaba._request import WireRequest
from similis.service import App, Settings

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
Build = Callable[..., WireRequest]


def acs3(key_id: str, secret: str, *, token: str = "", nonce: str = "n", when: datetime = NOW) -> WireRequest:
    headers = {
        "host": "shop.example",
        "x-acs-date": when.strftime(ISO_TIME),
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": EMPTY,
        **({"x-acs-security-token": token} if token else {}),
    }
    proof = f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={';'.join(sorted(headers))},Signature="
    unsigned = request(headers={**headers, "authorization": proof + "00"})
    signature = _acs3.sign(_acs3.signed_text(unsigned, _acs3.read(unsigned)), secret)
    return request(headers={**headers, "authorization": proof + signature})


def rpc(key_id: str, secret: str, *, token: str = "", nonce: str = "n", when: datetime = NOW) -> WireRequest:
    query = {
        "AccessKeyId": key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": nonce,
        "Timestamp": when.strftime(ISO_TIME),
        **({"SecurityToken": token} if token else {}),
    }
    unsigned = request(query={**query, "Signature": "x"})
    signature = _rpc.sign(_rpc.signed_text(unsigned, _rpc.read(unsigned)), secret)
    return request(query={**query, "Signature": signature})


def roa(key_id: str, secret: str, *, token: str = "", nonce: str = "n", when: datetime = NOW) -> WireRequest:
    headers = {"date": when.strftime(HTTP_TIME)}
    if nonce:
        headers["x-acs-signature-nonce"] = nonce
    if token:
        headers["x-acs-security-token"] = token
    unsigned = request(headers={**headers, "authorization": f"acs {key_id}:x"})
    signature = _roa.sign(_roa.signed_text(unsigned, _roa.read(unsigned)), secret)
    return request(headers={**headers, "authorization": f"acs {key_id}:{signature}"})


def bearer(key_id: str, secret: str, *, token: str = "") -> WireRequest:
    parts = [key_id, secret, token] if token else [key_id, secret]
    return request(headers={"x-acs-bearer-token": ":".join(parts)})


def request(headers: dict[str, str] | None = None, query: dict[str, str] | None = None) -> WireRequest:
    return WireRequest("POST", "/", tuple((query or {}).items()), headers or {}, b"", (), "ID")


def refusal(app: App, given: WireRequest, now: datetime = NOW) -> tuple[int, str]:
    with pytest.raises(WireError) as caught:
        authenticate(app, given, now)
    return caught.value.status, caught.value.code


@pytest.fixture
def key(app: App) -> NewAccessKey:
    return app.access.create(Role.READER)


signed = pytest.mark.parametrize("build", [acs3, rpc, roa])
every = pytest.mark.parametrize("build", [acs3, rpc, roa, bearer])


@every
def test_a_key_is_known_by_its_proof(app: App, key: NewAccessKey, build: Build) -> None:
    assert authenticate(app, build(key.key.id, key.secret), NOW) == key.key


@signed
def test_wrong_secrets_unknown_and_disabled_keys_are_refused(app: App, key: NewAccessKey, build: Build) -> None:
    assert refusal(app, build(key.key.id, "wrong")) == (400, "SignatureDoesNotMatch")
    assert refusal(app, build("SIMnothing", key.secret)) == (404, "InvalidAccessKeyId.NotFound")
    app.access.disable(key.key.id)
    assert refusal(app, build(key.key.id, "wrong")) == (400, "SignatureDoesNotMatch")
    assert refusal(app, build(key.key.id, key.secret)) == (400, "InvalidAccessKeyId.Inactive")


def test_a_bearer_token_does_not_tell_what_was_wrong(app: App, key: NewAccessKey) -> None:
    refusals = []
    for token in (f"{key.key.id}:wrong", f"SIMnothing:{key.secret}", key.key.id, ":", "é:é"):
        with pytest.raises(WireError) as caught:
            authenticate(app, request(headers={"x-acs-bearer-token": token}), NOW)
        refusals.append((caught.value.status, caught.value.code, caught.value.message))
    assert set(refusals) == {(400, "InvalidBearerToken", "Specified bearer token is not valid.")}


def test_a_request_without_a_proof_is_refused(app: App) -> None:
    assert refusal(app, request()) == (400, "MissingAccessKeyId")


@signed
@pytest.mark.parametrize("way", [-1, 1])
def test_clocks_may_differ_by_a_quarter_of_an_hour(app: App, key: NewAccessKey, build: Build, way: int) -> None:
    at_edge = build(key.key.id, key.secret, when=NOW + way * WINDOW)
    beyond = build(key.key.id, key.secret, when=NOW + way * (WINDOW + SECOND), nonce="m")
    assert authenticate(app, at_edge, NOW) == key.key
    assert refusal(app, beyond) == (400, "InvalidTimeStamp.Expired")


@signed
def test_a_nonce_counts_once_for_each_key(app: App, key: NewAccessKey, build: Build) -> None:
    other = app.access.create(Role.READER)
    for new in (key, other):
        authenticate(app, build(new.key.id, new.secret), NOW)
        assert refusal(app, build(new.key.id, new.secret, when=NOW + SECOND)) == (400, "SignatureNonceUsed")


def test_a_refused_request_uses_up_no_nonce(app: App, key: NewAccessKey) -> None:
    assert refusal(app, acs3(key.key.id, "wrong")) == (400, "SignatureDoesNotMatch")
    assert authenticate(app, acs3(key.key.id, key.secret), NOW) == key.key


def test_the_classic_path_style_has_no_nonce(app: App, key: NewAccessKey) -> None:
    for _ in range(2):
        assert authenticate(app, roa(key.key.id, key.secret, nonce=""), NOW) == key.key


def test_a_nonce_is_remembered_across_a_restart_for_as_long_as_it_could_be_replayed(
    settings: Settings, pipeline: Pipeline
) -> None:
    with App.open(settings, pipeline) as app:
        new = app.access.create(Role.READER)
        ahead = acs3(new.key.id, new.secret, when=NOW + WINDOW)  # the longest that a nonce can live: 30 minutes
        authenticate(app, ahead, NOW)
    with App.open(settings, pipeline) as app:
        for later in (timedelta(0), WINDOW, 2 * WINDOW):
            assert refusal(app, ahead, NOW + later) == (400, "SignatureNonceUsed")
            authenticate(app, acs3(new.key.id, new.secret, nonce=str(later), when=NOW + later), NOW + later)
        assert refusal(app, ahead, NOW + 2 * WINDOW + SECOND) == (400, "InvalidTimeStamp.Expired")


def test_of_many_equal_requests_at_once_one_is_let_in(app: App, key: NewAccessKey) -> None:
    same = acs3(key.key.id, key.secret)

    def attempt(_: int) -> bool:
        try:
            authenticate(app, same, NOW)
        except WireError as error:
            assert error.code == "SignatureNonceUsed"
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 1


@every
def test_a_temporary_key_needs_its_token_until_its_end(app: App, key: NewAccessKey, build: Build) -> None:
    new = app.access.create(Role.WRITER, lifetime=timedelta(minutes=20))
    other = app.access.create(Role.WRITER, lifetime=timedelta(minutes=20))
    assert (new.security_token, new.key.expires_at) != (None, None)
    now = new.key.created_at

    def made(**fields: object) -> WireRequest:
        moment = {} if build is bearer else {"when": now}
        return build(new.key.id, new.secret, **{**moment, **fields})

    assert refusal(app, made(), now) == (400, "MissingSecurityToken")
    assert refusal(app, made(token=other.security_token), now) == (400, "InvalidSecurityToken.Malformed")
    assert authenticate(app, made(token=new.security_token), now) == new.key
    permanent = build(key.key.id, key.secret, token=new.security_token)
    assert refusal(app, permanent) == (400, "InvalidSecurityToken.Malformed")
    now += timedelta(minutes=20)
    assert refusal(app, made(token=new.security_token), now) == (400, "InvalidSecurityToken.Expired")


READING = "SearchImageByPic SearchImageByName SearchImageByText SearchImageByFilter CheckImageExists Detail"
READING += " CompareSimilarByImage IncreaseList AuthorizeFileUpload SearchImage SearchItem"
WRITING = "AddImage UpdateImage DeleteImage IncreaseInstance DumpMeta DumpMetaList AddItem DeleteItem"


def test_roles_allow_what_they_say(app: App) -> None:
    reader, writer, admin = (app.access.create(role).key for role in (Role.READER, Role.WRITER, Role.ADMIN))
    for action in READING.split():
        for key in (reader, writer, admin):
            authorise(key, action, "shop")
    for action in WRITING.split():
        for key in (writer, admin):
            authorise(key, action, "shop")
        with pytest.raises(WireError, match="role reader; this needs writer") as caught:
            authorise(reader, action, "shop")
        assert (caught.value.status, caught.value.code) == (403, "NoPermission")
        detail = caught.value.details["AccessDeniedDetail"]
        assert isinstance(detail, dict)
        assert detail["AuthAction"] == f"imagesearch:{action}"
        assert detail["AuthPrincipalDisplayName"] == reader.id


def test_a_limited_key_reaches_its_instances_and_calls_without_one(app: App) -> None:
    app.instances.create(InstanceSpec("mine"))
    app.instances.create(InstanceSpec("other"))
    key = app.access.create(Role.WRITER, ["mine"]).key
    authorise(key, "AddImage", "mine")
    authorise(key, "CompareSimilarByImage", "")
    for name in ("other", "nothing"):  # the same words, so that names of instances cannot be found out
        with pytest.raises(WireError, match="does not reach this instance") as caught:
            authorise(key, "SearchImageByPic", name)
        assert caught.value.status == 403
