"""Settings and quotas on the command line; and what a key of one customer can do with it on a served Similis."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.cli.conftest import Similis

from similis.domain import InstanceSpec, Role
from similis.service import App


@pytest.fixture
def customers(app: App) -> App:
    """Instances of two customers."""
    for name in ("mine", "yours"):
        app.instances.create_for(InstanceSpec(name, region=f"region-of-{name}"), "faiss", "model", 8)
    return app


def test_settings_of_an_instance(app: App, address: str, similis: Similis, tmp_path: Path) -> None:
    app.instances.create(InstanceSpec("bags"))
    made = app.access.create(Role.ADMIN)
    remote = ("--endpoint", address, "--key", f"{made.key.id}:{made.secret}")
    local = ("--data", tmp_path / "local")
    assert similis("instance", "create", "bags", "--type", "product", *local).status == 0
    for where in (local, remote):
        shown = similis("instance", "set", "bags", "--retention-days", 30, "--qps", 2.5, "--json", *where).json
        assert (shown["retention_days"], shown["qps"]) == (30, 2.5)
        assert "for 30 days, 2.5 calls" in similis("instance", "show", "bags", *where).out
        shown = similis("instance", "set", "bags", "--qps", "none", "--json", *where).json
        assert (shown["retention_days"], shown["qps"]) == (30, None)
        url = "https://shop.example/{product_id}/{pic_name}"
        assert similis("instance", "set", "bags", "--picture-url", url, "--json", *where).json["picture_url"] == url
        assert f"pictures at {url}" in " ".join(similis("instance", "show", "bags", *where).out.split())
        shown = similis("instance", "set", "bags", "--picture-url", "none", "--json", *where).json
        assert (shown["retention_days"], shown["picture_url"]) == (30, None)
        for wrong in (
            ("--picture-url", "https://shop.example/"),
            ("--qps", "many"),
            ("--qps", 0),
            ("--retention-days", 1.5),
            ("--max-body", 65_535),
            ("--capacity", 0),
            ("--capacity", "none"),
            (),
        ):
            assert similis("instance", "set", "bags", *wrong, *where).status == 2
        assert similis("instance", "set", "nowhere", "--qps", 1, *where).status == 3
        shown = similis("instance", "set", "bags", "--capacity", 250_000, "--json", *where).json
        assert (shown["capacity"], shown["retention_days"]) == (250_000, 30)
        assert "bags: up to 250,000 pictures" in " ".join(similis("instance", "show", "bags", *where).out.split())
        shown = similis("instance", "set", "bags", "--max-body", 100_000, "--json", *where).json
        assert (shown["retention_days"], shown["max_body"]) == (30, 100_000)
        assert "of 100,000 bytes at most" in " ".join(similis("instance", "show", "bags", *where).out.split())
        limits = ("--qps", 5, "--pictures-per-day", 2000, "--max-body", 100_000)
        made = similis("key", "create", *limits, "--json", *where).json
        assert (made["qps"], made["pictures_per_day"], made["max_body"]) == (5, 2000, 100_000)
        listed = " ".join(similis("key", "list", *where).out.split())
        assert "LIMITS" in listed
        assert "bytes/call" in listed
        for wrong in (("--qps", 0), ("--pictures-per-day", 0), ("--max-body", 1000)):
            assert similis("key", "create", *wrong, *where).status == 2
            assert similis("key", "set", made["id"], *wrong, *where).status == 2
        changes = ("--qps", "none", "--max-body", 200_000)
        shown = similis("key", "set", made["id"], *changes, "--json", *where).json
        assert (shown["qps"], shown["pictures_per_day"], shown["max_body"]) == (None, 2000, 200_000)
        for nothing in ((), ("--qps", "many")):
            assert similis("key", "set", made["id"], *nothing, *where).status == 2
        assert similis("key", "set", "nobody", "--qps", 1, *where).status == 3


def test_a_customers_key_reaches_nothing_else(customers: App, address: str, similis: Similis) -> None:
    before = customers.instances.get("yours"), customers.access.list()
    made = customers.access.create(Role.ADMIN, ["mine"])
    remote = ("--endpoint", address, "--key", f"{made.key.id}:{made.secret}")
    assert [each["name"] for each in similis("instance", "list", "--json", *remote).json["instances"]] == ["mine"]
    for command in (
        ("instance", "show", "{}"), ("instance", "set", "{}", "--retention-days", 1), ("instance", "rebuild", "{}"),
        ("instance", "move", "{}", "--index", "faiss"), ("instance", "tune", "{}"),
        ("instance", "delete", "{}", "--yes"),
        ("search", "{}", "--product-id", "p", "--pic-name", "a"), ("delete", "{}", "--product-id", "p"),
        ("duplicates", "{}"), ("task", "list", "{}"), ("export", "{}", "file"), ("key", "create", "--instance", "{}"),
        ("key", "list"), ("connection", "list"),
    ):  # fmt: skip
        told = []
        for name in ("yours", "nowhere"):
            ran = similis(*(str(part).replace("{}", name) for part in command), *remote)
            assert ran.status == 3, ran
            told.append((ran.out + ran.err).replace(name, "…"))
        assert told[0] == told[1]
        assert "region-of-yours" not in told[0]
    assert (customers.instances.get("yours"), customers.access.list()[:-1]) == before
