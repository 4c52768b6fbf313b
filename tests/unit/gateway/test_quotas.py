"""Quotas: how many calls are let in, who pays, and what the others are answered."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from tests.unit.gateway.alibaba.calling import Wire, base64_of, refusal_of

from similis.catalogue._tables import nonce
from similis.domain import (
    AccessKey,
    InstanceSpec,
    InstanceThrottled,
    KeyThrottled,
    NewAccessKey,
    PictureKey,
    Role,
    TooManyRequests,
)
from similis.gateway import _quotas
from similis.gateway._quotas import Quotas
from similis.service import App

Client = Callable[..., httpx.Client]


class Clock:
    """Seconds that pass when told so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def key(*instances: str, qps: float | None = None, identity: str = "id", role: Role = Role.WRITER) -> AccessKey:
    return AccessKey(identity, role, instances, datetime.now(UTC), qps=qps)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quotas(app: App, clock: Clock) -> Quotas:
    """Quotas of a service with `a` (two calls a second), `b` (one in two seconds) and `free`."""
    for name, qps in (("a", 2.0), ("b", 0.5), ("free", None)):
        app.instances.create_for(InstanceSpec(name), "faiss", "model", 8)
        app.instances.set(name, qps=qps)
    return Quotas(app, clock)


def bearer(made: NewAccessKey) -> dict[str, str]:
    return {"authorization": f"Bearer {made.key.id}:{made.secret}"}


def nonces(app: App) -> int | None:
    """How many are noted."""
    with app._catalogue._database.reading() as connection:
        return connection.execute(select(func.count()).select_from(nonce)).scalar()


def charge(quotas: Quotas, caller: AccessKey | None, instance: str | None, *, administering: bool = False) -> None:
    """Count a call as the gateway does, that its caller may make."""
    if caller is not None:
        quotas.charge_key(caller)
    quotas.charge_instance(caller, instance, administering=administering)


def let_in(
    quotas: Quotas, caller: AccessKey | None, instance: str | None, *, tries: int = 20, administering: bool = False
) -> int:
    """How many of some calls at one moment are let in."""
    count = 0
    for _ in range(tries):
        with suppress(TooManyRequests):
            charge(quotas, caller, instance, administering=administering)
            count += 1
    return count


def test_an_instance_lets_in_one_second_of_calls_and_then_as_many_as_its_quota(quotas: Quotas, clock: Clock) -> None:
    assert let_in(quotas, key("a"), "a") == 2
    clock.now += 0.5
    assert let_in(quotas, key(), "a") == 1
    clock.now += 100
    assert let_in(quotas, None, "a") == 2
    assert let_in(quotas, key("b"), "b") == 1
    clock.now += 1.9
    with pytest.raises(InstanceThrottled) as caught:
        charge(quotas, key("b"), "b")
    assert caught.value.retry_after == pytest.approx(0.1)
    clock.now += 0.11
    assert let_in(quotas, key("b"), "b") == 1


def test_without_a_quota_all_calls_are_let_in(quotas: Quotas) -> None:
    assert let_in(quotas, key(), "free") == let_in(quotas, key(), None) == let_in(quotas, key(), "nowhere") == 20
    assert quotas._buckets == {}


def test_a_key_has_its_own_quota_whatever_it_calls(quotas: Quotas, clock: Clock) -> None:
    limited = key("a", "free", qps=3)
    assert let_in(quotas, limited, "free") == 3
    with pytest.raises(KeyThrottled):
        charge(quotas, limited, "a")
    assert let_in(quotas, key("a"), "a") == 2, "what was refused for the key was counted on the instance"
    clock.now += 1
    assert let_in(quotas, key("a", identity="other"), "a") == 2
    with pytest.raises(InstanceThrottled):
        charge(quotas, limited, "a")
    assert let_in(quotas, limited, "free") == 2, "what was refused for the instance cost the key nothing"


def test_a_call_on_no_instance_is_paid_by_whichever_of_the_keys_own_can(quotas: Quotas) -> None:
    assert let_in(quotas, key("a", "b"), None) == 3
    assert let_in(quotas, key("a"), None) == 0
    assert let_in(quotas, key("a", "gone"), None) == 0
    assert let_in(quotas, key("a", "free"), None) == 20


def test_the_administrator_of_the_whole_service_is_not_locked_out(quotas: Quotas) -> None:
    let_in(quotas, key("a"), "a")
    operator = key(role=Role.ADMIN)
    assert let_in(quotas, operator, "a", administering=True) == 20
    assert let_in(quotas, operator, "a") == 0
    assert let_in(quotas, key("a", role=Role.ADMIN), "a", administering=True) == 0


def test_a_changed_quota_counts_at_once(quotas: Quotas, app: App, clock: Clock) -> None:
    let_in(quotas, key(), "a")
    app.instances.set("a", qps=None)
    assert let_in(quotas, key(), "a") == 20
    app.instances.set("a", qps=5)
    clock.now += 1
    assert let_in(quotas, key(), "a") == 5


def test_a_call_that_is_several_is_paid_for_later(quotas: Quotas, clock: Clock) -> None:
    caller = key("a", qps=100)
    charge(quotas, caller, "a")
    quotas.charge_more(caller.id, "a", 10)
    clock.now += 4
    assert let_in(quotas, caller, "a") == 0
    clock.now += 1.01
    assert let_in(quotas, caller, "a") == 1


def test_memory_is_bounded(quotas: Quotas, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_quotas, "_MOST_BUCKETS", 3)
    for number in range(10):
        charge(quotas, key(qps=1, identity=str(number)), None)
        assert len(quotas._buckets) <= 3
    assert let_in(quotas, key(qps=1, identity="9"), None) == 0
    clock.now += 2
    charge(quotas, key(qps=1, identity="new"), None)
    assert list(quotas._buckets) == [("key", "new")]


@given(qps=st.floats(0.01, 50), pauses=st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_the_quota_and_one_second_of_it(qps: float, pauses: list[float]) -> None:
    clock = Clock()
    quotas, caller = Quotas(None, clock), key(qps=qps)  # type: ignore[arg-type] # no instance is asked for
    begun, count = clock.now, 0
    for pause in pauses:
        clock.now += pause
        count += let_in(quotas, caller, None, tries=3)
    assert count <= max(1, qps) + (clock.now - begun) * qps + 1e-6


def test_rest_answers_429_before_it_reads_a_body(api: httpx.Client, client: Client, app: App) -> None:
    app.instances.set("shop", qps=0.01)
    searcher = client(Role.READER, "shop")
    picture = {"product_id": "p", "pic_name": "a"}
    assert searcher.post("/api/v1/instances/shop/search", data=picture).status_code != 429

    multipart = {"content-type": "multipart/form-data; boundary=x"}
    for answer in (
        searcher.post("/api/v1/instances/shop/search", data=picture),
        searcher.get("/api/v1/instances/shop"),
        searcher.post("/api/v1/compare", content=b"no form at all", headers=multipart),
    ):
        assert answer.status_code == 429, answer.text
        assert answer.json()["code"] == "instance_throttled"
        assert 98 <= int(answer.headers["retry-after"]) <= 100
    assert searcher.get("/healthz").status_code == 200
    assert api.patch("/api/v1/instances/shop", json={"qps": None}).json()["qps"] is None
    assert searcher.get("/api/v1/instances/shop").status_code == 200


def test_a_key_with_a_quota_over_rest(api: httpx.Client, address: str) -> None:
    made = api.post("/api/v1/keys", json={"role": "reader", "qps": 2}).json()
    assert made["qps"] == 2
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {made['id']}:{made['secret']}"}) as caller:
        statuses = [caller.get("/api/v1/instances").status_code for _ in range(8)]
        assert statuses.count(429) >= 4
        assert caller.get("/api/v1/instances").json()["code"] == "key_throttled"


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "instances/things", 403),  # not the key's
        ("POST", "instances/things/pictures", 403),
        ("POST", "instances/shop/pictures", 403),  # takes a writer
        ("GET", "tasks/999", 404),
        ("POST", "instances/shop/search", 400),  # no picture
    ],
)
def test_what_is_refused_costs_the_keys_quota(
    app: App, client: Client, address: str, method: str, path: str, refusal: int
) -> None:
    app.instances.set("things", qps=0.01)
    app.instances.set("shop", qps=1000)
    made = app.access.create(Role.READER, ["shop"], qps=2)
    with httpx.Client(base_url=address, headers=bearer(made)) as caller:
        answers = [caller.request(method, f"/api/v1/{path}") for _ in range(10)]
    assert {each.status_code for each in answers} == {refusal, 429}
    assert {each.json()["code"] for each in answers if each.status_code == 429} == {"key_throttled"}
    assert client(Role.READER, "things").get("/api/v1/instances/things").status_code == 200


@pytest.mark.usefixtures("api")
def test_what_is_refused_costs_the_keys_quota_on_the_wire(app: App, address: str) -> None:
    app.instances.set("things", qps=0.01)
    stranger = Wire(address, app.access.create(Role.READER, ["shop"], qps=0.01))
    refused = [refusal_of(stranger.call("Detail", {"InstanceName": "things"}))[1] for _ in range(3)]
    assert refused == ["Console.NoPermission", "Throttling.User", "Throttling.User"]
    owner = Wire(address, app.access.create(Role.READER, ["things"]))
    assert owner("Detail", InstanceName="things")["Success"], "a stranger used up the quota"
    for each in (stranger, owner):
        each.http.close()


@pytest.mark.parametrize("qps", [0, -1, 0.001, 1e9, math.nan, math.inf])
def test_a_quota_out_of_range_is_refused(api: httpx.Client, qps: float) -> None:
    content = f'{{"qps": {qps}}}'.replace("nan", "NaN").replace("inf", "Infinity")
    headers = {"content-type": "application/json"}
    assert api.patch("/api/v1/instances/shop", content=content, headers=headers).status_code == 400


@pytest.mark.parametrize(
    "changes", [{}, {"qps": "1"}, {"retention_days": 0}, {"retention_days": 1.5}, {"name": "x"}, {"picture_url": "x"}]
)
def test_settings_that_cannot_be_are_refused(api: httpx.Client, changes: dict[str, object]) -> None:
    assert api.patch("/api/v1/instances/shop", json=changes).status_code == 400
    assert api.get("/api/v1/instances/shop").json()["qps"] is None


def test_settings_stay_unless_they_are_named(api: httpx.Client) -> None:
    changed = [{"qps": 7}, {"retention_days": 30}, {"qps": None}]
    answers = [api.patch("/api/v1/instances/shop", json=each).json() for each in changed]
    assert [(each["qps"], each["retention_days"]) for each in answers] == [(7, None), (7, 30), (None, 30)]


def test_who_is_held_back_cannot_lift_the_quota(api: httpx.Client, client: Client) -> None:
    own = client(Role.ADMIN, "shop")
    assert own.patch("/api/v1/instances/shop", json={"retention_days": 9}).json()["retention_days"] == 9
    for changes in ({"qps": 5}, {"qps": None}, {"retention_days": 8, "qps": 5}):
        assert own.patch("/api/v1/instances/shop", json=changes).status_code == 403
    assert api.get("/api/v1/instances/shop").json()["retention_days"] == 9
    assert client(Role.WRITER).patch("/api/v1/instances/shop", json={"retention_days": 7}).status_code == 403


@pytest.mark.usefixtures("api")
def test_the_wire_says_it_in_the_contracts_words(app: App, address: str, pictures: list[bytes]) -> None:
    app.instances.set("shop", qps=0.01)
    caller = Wire(address, app.access.create(Role.WRITER, ["shop"]))
    assert caller("Detail", InstanceName="shop")["Instance"]["Qps"] == 1
    form = {"InstanceName": "shop", "ProductId": "p", "PicName": "a", "PicContent": base64_of(pictures[0])}
    assert refusal_of(caller.call("AddImage", form))[:2] == (403, "DeniedRequest")
    refused = caller.call("Detail", {"InstanceName": "shop"})
    assert refusal_of(refused)[:2] == (400, "DeniedRequest")
    assert "instance flow control" in refusal_of(refused)[2]
    assert 98_000 < int(refused.headers["x-acs-retry-after"]) <= 100_000
    assert refusal_of(caller.call("AuthorizeFileUpload", version="2019-12-19"))[:2] == (403, "DeniedRequest")
    assert app.instances.get("shop").picture_count == 0
    slow = Wire(address, app.access.create(Role.READER, qps=0.01))
    assert slow("Detail", InstanceName="things")["Success"]
    assert refusal_of(slow.call("Detail", {"InstanceName": "things"}))[:2] == (400, "Throttling.User")
    for each in (caller, slow):
        each.http.close()


@pytest.mark.usefixtures("api")
def test_what_is_refused_uses_up_no_nonce_and_foreign_calls_no_quota_of_the_instance(app: App, address: str) -> None:
    app.instances.set("shop", qps=0.01)
    stranger = Wire(address, app.access.create(Role.WRITER, ["things"]))
    for _ in range(3):
        assert refusal_of(stranger.call("Detail", {"InstanceName": "shop"}))[1] == "Console.NoPermission"
    owner = Wire(address, app.access.create(Role.WRITER, ["shop"]))
    assert owner("Detail", InstanceName="shop")["Success"], "a stranger used up the quota"
    written = nonces(app)
    assert refusal_of(owner.call("Detail", {"InstanceName": "shop"}))[1] == "DeniedRequest"
    assert nonces(app) == written == 1
    for each in (stranger, owner):
        each.http.close()


@pytest.mark.slow
@pytest.mark.usefixtures("api")
def test_a_flood_on_one_instance_keeps_nobody_from_another(app: App, address: str, pictures: list[bytes]) -> None:
    app.pictures.add("things", pictures[0], PictureKey("p", "a"))
    app.instances.set("shop", qps=1)
    made = {name: app.access.create(Role.WRITER, [name]) for name in ("shop", "things")}

    def search(name: str) -> int:
        form = {"file": pictures[1]}
        path = f"{address}/api/v1/instances/{name}/search"
        return httpx.post(path, files=form, headers=bearer(made[name]), timeout=60).status_code

    with ThreadPoolExecutor(8) as threads:
        flood = [threads.submit(search, "shop") for _ in range(60)]
        assert [search("things") for _ in range(5)] == [200] * 5
        statuses = [each.result() for each in flood]
    assert set(statuses) == {200, 429}
    assert statuses.count(429) > statuses.count(200)
