"""`similis serve` as its own process, and the command line working on it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

Similis = Callable[..., Any]
Draw = Callable[..., bytes]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A service on a free port, and what it announced."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "similis",
        "serve",
        "--port",
        str(port),
        "--data",
        str(tmp_path / "served"),
        "--json",
    ]
    environment = {
        name: value for name, value in os.environ.items() if name not in {"SIMILIS_DATA", "PYTHONUNBUFFERED"}
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        announced = ""
        while not announced.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, "the service ended before it was up"
            announced += line
        yield process, json.loads(announced)
        process.kill()


@pytest.mark.slow
def test_the_command_line_works_on_a_running_service(
    served: tuple[subprocess.Popen[str], dict[str, str]], similis: Similis, tmp_path: Path, draw: Draw
) -> None:
    process, announced = served
    target = ("--endpoint", announced["address"], "--key", announced["key"])
    (tmp_path / "photos").mkdir()
    for product in range(2):
        (tmp_path / "photos" / f"{product}.png").write_bytes(draw(product))
    (tmp_path / "photos" / "bad.png").write_text("bad")
    assert similis("instance", "create", "shop", "--type", "generic", *target).status == 0
    added = similis("add", "shop", tmp_path / "photos", "--product-id-from", "stem", "--json", *target)
    assert (added.status, added.json["added"], added.json["failed"][0]["code"]) == (1, 2, "unsupported_format")
    found = similis("search", "shop", tmp_path / "photos" / "1.png", "--json", *target).json
    assert (found["matches"][0]["product_id"], found["matches"][0]["score"]) == ("1", 1.0)
    assert similis("instance", "list", *target[:2], "--key", "SIMX:wrong").status == 3
    assert httpx.get(f"{announced['address']}/healthz").status_code == 200
    held = similis("instance", "list", "--data", announced["data"])
    assert held.status == 3
    assert "data_directory_locked" in held.err
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_a_port_in_use_is_explained(similis: Similis) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = similis("serve", "--port", taken.getsockname()[1])
    assert ran.status == 3
    assert "port" in ran.err


def test_a_certificate_without_its_key_is_explained(similis: Similis) -> None:
    ran = similis("serve", "--tls-cert", "server.pem")
    assert ran.status == 2
    assert "--tls-key" in ran.err


def test_a_setting_that_cannot_be_used_is_explained(similis: Similis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMILIS_PICTURE_HOSTS", "http://img.example.com")
    ran = similis("instance", "list")
    assert ran.status == 2
    assert "SIMILIS_PICTURE_HOSTS" in ran.err


def test_the_url_of_a_catalogue_is_checked_and_not_repeated(similis: Similis) -> None:
    ran = similis("instance", "list", "--catalogue", "postgresql://user:se@cret:words/shop")
    assert ran.status == 2
    assert "is no URL of a PostgreSQL database" in ran.err
    assert "cret" not in ran.out + ran.err
