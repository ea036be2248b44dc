"""ONNX models on the CPU, and nothing reported about it.

onnxruntime tells Microsoft of every machine that imports it unless the environment forbids it
first (`Privacy.md` in its wheel), so no other file here imports it.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime


def cpu_session(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning wins 8 % on an idle machine and starves the process that plays on a busy one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
