"""`similis serve` as a process of its own, to have accidents."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

INSTANCE = "/api/v1/instances/shop"


@dataclass(frozen=True)
class Served:
    """A service that runs, where it answers, and a client with an admin's key."""

    process: subprocess.Popen[str]
    address: str
    client: httpx.Client

    def create(self) -> None:
        """Make the instance `shop`."""
        made = self.client.post("/api/v1/instances", json={"name": "shop", "type": "generic"})
        assert made.status_code == 201, made.text

    def add(self, product: str, picture: bytes) -> httpx.Response:
        """Add a picture of a product to `shop`."""
        form = {"product_id": product, "pic_name": "a"}
        return self.client.post(f"{INSTANCE}/pictures", data=form, files={"file": picture})

    def holds(self, product: str) -> bool:
        """Whether the picture of a product is in `shop`."""
        return self.client.get(f"{INSTANCE}/pictures?product_id={product}&pic_name=a").status_code == 200

    def finds(self, product: str) -> bool:
        """Whether a search by the name of a picture finds it, as identical."""
        found = self.client.post(f"{INSTANCE}/search", data={"product_id": product, "pic_name": "a", "num": "100"})
        return found.status_code == 200 and product in {
            match["product_id"] for match in found.json()["matches"] if match["score"] == 1
        }


@contextmanager
def served(data: Path, **settings: str) -> Iterator[Served]:
    """Serve a data directory, with settings as variables of the environment, until the block ends."""
    command = [sys.executable, "-m", "similis", "serve", "--port", "0", "--data", str(data), "--show-key", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **settings})
    assert process.stdout is not None
    try:
        text = ""
        while not text.endswith("\n}\n"):
            line = process.stdout.readline()
            assert line, "the service ended before it was up"
            text += line
        told = json.loads(text)
        headers = {"authorization": f"Bearer {told['key']}"}
        with httpx.Client(base_url=told["address"], headers=headers, timeout=60) as client:
            yield Served(process, told["address"], client)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
