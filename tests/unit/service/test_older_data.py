"""Data directories of earlier versions, kept in tests/data, are opened and answer as they did."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.data.make import DATA, DIRECTORY, describe, settings

from similis.algorithm import Pipeline
from similis.domain import PictureKey, Role, SearchOptions
from similis.engine._segment import _FORMAT
from similis.service import App

_KEPT = sorted(path.name.removesuffix(".tar.xz") for path in DIRECTORY.glob("*.tar.xz"))
_SCORES = 3e-4  # indexes of an earlier format are built anew, and other batches of a tuned space round otherwise


@pytest.mark.parametrize("name", _KEPT)
def test_a_kept_data_directory_answers_as_it_did(
    name: str, tmp_path: Path, pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    with tarfile.open(DIRECTORY / f"{name}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="tar")
    expected = json.loads((DIRECTORY / f"{name}.json").read_text("utf-8"))
    segments = sorted((tmp_path / DATA).glob("index/*/*/*"))
    manifests = [json.loads((each / "segment.json").read_text())[0] for each in segments]
    with App.open(settings(tmp_path), pipeline) as app:
        app.verify()
        for instance, answers in describe(app).items():
            _compare(answers, expected["instances"][instance])
        assert app.access.authenticate(**_identity(expected["key"])).role is Role.READER
        app.pictures.update("plain", PictureKey("p0", "v1"), {"str_attr4": "changed"})
        assert app.search.by_name("plain", PictureKey("p0", "v1"), SearchOptions(num=1)).matches[0].score == 1.0
    if all(manifest["format"] == _FORMAT for manifest in manifests):
        assert "built anew" not in caplog.text
        assert sorted((tmp_path / DATA).glob("index/*/*/*")) == segments


def test_there_is_one_of_this_version() -> None:
    assert _KEPT


def _identity(key: dict[str, str]) -> dict[str, str]:
    return {"identity": key["id"], "secret": key["secret"]}


def _compare(answers: dict[str, Any], expected: dict[str, Any]) -> None:
    searches, wanted = answers.pop("searches"), expected.pop("searches")
    assert answers == expected
    assert searches.keys() == wanted.keys()
    for asked, matches in searches.items():
        assert [match[:2] for match in matches] == [match[:2] for match in wanted[asked]]
        assert [match[2] for match in matches] == pytest.approx([match[2] for match in wanted[asked]], abs=_SCORES)
