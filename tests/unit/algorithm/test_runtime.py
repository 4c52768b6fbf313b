"""ONNX Runtime reports nothing: its packages would write a device id and events, and look their maker's host up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from similis.algorithm import ModelStore

_SCRIPT = """
import sys, time
from pathlib import Path
from similis.algorithm import ModelStore, Pipeline
Pipeline.load(ModelStore(Path(sys.argv[1])))
time.sleep(1)
"""


def test_loading_models_leaves_no_trace_at_home(models: ModelStore, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    hidden = {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(models.directory)], env={**environment, "HOME": str(home)}, check=True
    )
    assert list(home.rglob("*")) == []
