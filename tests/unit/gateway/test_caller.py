"""Where a caller is looked at: in the thread that reads calls as long as nothing of it takes a while."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from similis.domain import AccessKey, Role
from similis.service import App

Client = Callable[..., httpx.Client]
SHOWN = "/api/v1/instances/shop"


@pytest.fixture
def waited(app: App, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each call whether it took a thread to find out whose it is."""
    calls: list[bool] = []
    authenticate = app.access.authenticate

    def noted(*proof: str) -> AccessKey:
        key = authenticate(*proof)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            calls.append(True)
        else:
            calls.append(False)
        return key

    monkeypatch.setattr(app.access, "authenticate", noted)
    return calls


@pytest.mark.usefixtures("api")
def test_who_reads_is_known_at_once_until_something_is_written(app: App, client: Client, waited: list[bool]) -> None:
    reader = client(Role.READER)
    assert [reader.get(SHOWN).status_code for _ in range(3)] == [200] * 3
    assert waited == [True, False, False]
    app.instances.set("shop", qps=100.0)
    assert reader.get(SHOWN).json()["qps"] == 100
    assert waited[3:] == [True]


def test_what_is_known_at_once_holds_no_longer_than_it_is_true(app: App, api: httpx.Client, client: Client) -> None:
    reader = client(Role.READER)
    assert [reader.get(SHOWN).status_code for _ in range(2)] == [200] * 2
    [key] = [each for each in app.access.list() if each.role is Role.READER]
    wrong = {"authorization": f"Bearer {key.id}:wrong"}
    assert reader.get(SHOWN, headers=wrong).json()["code"] == "not_authenticated"
    assert api.post(f"/api/v1/keys/{key.id}/disable").json()["disabled"]
    assert reader.get(SHOWN).json()["code"] == "not_authenticated"


@pytest.mark.usefixtures("api")
def test_a_call_counts_once_however_often_it_is_looked_at(app: App, address: str, waited: list[bool]) -> None:
    """The key is in memory and the instance is not: only that is looked for once more, in a thread."""
    made = app.access.create(Role.READER, qps=0.01)
    app.access.authenticate(made.key.id, made.secret)
    headers = {"authorization": f"Bearer {made.key.id}:{made.secret}"}
    codes = [httpx.get(f"{address}{SHOWN}", headers=headers, timeout=30).status_code for _ in range(2)]
    assert codes == [200, 429]
    assert waited[1:] == [False, False]


@pytest.mark.usefixtures("api")
def test_other_calls_take_a_thread(client: Client, waited: list[bool]) -> None:
    writer = client(Role.WRITER)
    for _ in range(2):
        assert writer.delete(f"{SHOWN}/pictures?product_id=p").status_code in {200, 404}
        assert writer.get("/api/v1/instances").status_code == 200
    assert waited == [True] * 4
