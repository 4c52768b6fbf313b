"""ONNX Runtime, told to keep to itself."""

from __future__ import annotations

import os
from pathlib import Path

# Its packages report the machine they run on to their maker. Only this variable, set before the library is loaded,
# ends that; nobody who serves pictures privately wants it, so it is not left to the user.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime


def cpu_session(model: Path | bytes, threads: int) -> onnxruntime.InferenceSession:
    """Load an ONNX model, a file or its bytes, for the CPU with a bounded number of threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
