"""ONNX models on the CPU, and nothing reported about it.

onnxruntime tells Microsoft of every machine that imports it unless the environment forbids it
first (`Privacy.md` in its wheel), so no other file here imports it.
"""

import os
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from onnxruntime import InferenceSession

__all__ = ["VERSION", "InferenceSession", "cpu_session", "optimise"]

VERSION: str = onnxruntime.__version__
_PROVIDERS = ["CPUExecutionProvider"]


def cpu_session(model: bytes, threads: int) -> InferenceSession:
    return InferenceSession(model, _options(threads), providers=_PROVIDERS)


def optimise(model: bytes, to: Path) -> None:
    """Write what onnxruntime makes of a model before it runs it, which it then need not do again.

    Without what it does for the layout of one kind of processor alone: it does that when it loads.
    Raises one of onnxruntime's own exceptions where `to` cannot be written.
    """
    options = _options(threads=1)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(to)
    options.add_session_config_entry("session.disable_prepacking", "1")  # it is never run
    InferenceSession(model, options, providers=_PROVIDERS)


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning wins 8 % on an idle machine and starves the process that plays on a busy one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
