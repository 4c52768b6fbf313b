"""What can be told of image and compose files without running them: they are well-formed and give nothing away."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from similis.service import Settings

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "packaging" / "docker"
IMAGE = (DOCKER / "Dockerfile").read_text("utf-8")
FINAL = IMAGE[IMAGE.rindex("\nFROM ") :]
COMPOSE = {path.name: path for path in sorted(DOCKER.glob("compose*.yaml"))}
OURS = [("compose.yaml", "similis"), ("compose.scale.yaml", "gateway-1"), ("compose.scale.yaml", "gateway-2")]
OUR_NAMES = {service for _, service in OURS}
HEALTHY = {"condition": "service_healthy"}


def _services(name: str) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(COMPOSE[name].read_text("utf-8"))["services"]
    return services


def test_compose_files_keep_to_the_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    ran = subprocess.run([*command, *map(str, COMPOSE.values())], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(("name", "service"), OURS)
def test_our_containers_may_do_as_little_as_possible(name: str, service: str) -> None:
    settings = _services(name)[service]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in settings["security_opt"]
    assert settings["ulimits"]["core"] == 0
    assert settings["image"].removeprefix("similis:").removesuffix("-scale") == version("similis")
    assert {volume.partition(":")[2] for volume in settings["volumes"]} == set(re.findall(r'"(/\w+)"', FINAL))


@pytest.mark.parametrize("name", COMPOSE)
def test_ports_are_open_on_this_machine_only(name: str) -> None:
    ports = [port for service in _services(name).values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", COMPOSE)
def test_files_that_are_named_are_there(name: str) -> None:
    for service in _services(name).values():
        mounted = [volume.partition(":")[0] for volume in service.get("volumes", ()) if volume.startswith(".")]
        assert [path for path in mounted if not (DOCKER / path).is_file()] == []
        if build := service.get("build"):
            assert (DOCKER / build["context"] / build["dockerfile"]).is_file()
            lock = build.get("args", {}).get("LOCK", "run")
            assert (ROOT / "requirements" / f"{lock}.lock").is_file()


@pytest.mark.parametrize("name", COMPOSE)
def test_what_is_named_in_a_file_is_declared_in_it(name: str) -> None:
    services, volumes = _services(name), yaml.safe_load(COMPOSE[name].read_text("utf-8"))["volumes"]
    kept = [volume.partition(":")[0] for each in services.values() for volume in each.get("volumes", ())]
    assert {each for each in kept if not each.startswith(".")} == set(volumes)
    for each in services.values():
        for needed in each.get("depends_on", ()):
            assert needed in services


@pytest.mark.parametrize("name", COMPOSE)
def test_who_waits_until_another_is_healthy_waits_for_one_that_says_so(name: str) -> None:
    services = _services(name)
    for each in services.values():
        needed = each.get("depends_on", ())
        healthy = [other for other in needed if isinstance(needed, dict) and needed[other] == HEALTHY]
        assert [other for other in healthy if "healthcheck" not in services[other] and other not in OUR_NAMES] == []


@pytest.mark.parametrize(("name", "service"), OURS)
def test_environments_and_image_set_what_there_is_to_set(name: str, service: str) -> None:
    given = {*_services(name)[service].get("environment", ()), *re.findall(r"(SIMILIS_\w+)=", IMAGE)}
    known = {f"SIMILIS_{field}".upper() for field in Settings.model_fields}
    assert given
    assert given <= known


def test_the_image_is_built_from_locked_versions_and_does_not_run_as_root() -> None:
    assert "--require-hashes" in IMAGE
    assert re.findall(r"^USER (\S+)$", IMAGE, re.MULTILINE) == ["10001:10001"]
    assert "HEALTHCHECK" in FINAL
    assert "/readyz" in FINAL
    assert "pip" not in FINAL


def test_what_the_image_copies_is_there_and_let_through() -> None:
    let_through = set(re.findall(r"^!(\S+)$", (DOCKER / "Dockerfile.dockerignore").read_text(), re.MULTILINE))
    copied = [names.split()[:-1] for names in re.findall(r"^COPY (?!--from)(.+)$", IMAGE, re.MULTILINE)]
    for name in (each for names in copied for each in names):
        pattern = "requirements/*.lock" if name.startswith("requirements/") else name
        assert pattern in let_through
        assert "*" in pattern or (ROOT / name).exists()


def test_the_lock_of_scale_adds_to_that_of_run() -> None:
    run, scale = (_pins(name) for name in ("run", "scale"))
    assert run <= scale
    assert {"psycopg", "psycopg-binary", "pymilvus"} <= {pin.partition("==")[0] for pin in scale}


def _pins(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.lock").read_text("utf-8")
    return set(re.findall(r"^[a-z0-9._-]+==[^ ;]+", text, re.MULTILINE))
