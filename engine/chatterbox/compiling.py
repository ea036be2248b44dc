"""Compiling a decode step's kernels for every size of batch before they are needed.

Triton compiles a kernel when it is first launched, for seconds, and then keeps it on disk. Without
this, all would fall silent the first time that two speak at once on a machine. It is done in a
process of its own, because compiling is Python's work to a good part and would hold up steps here.
"""

import hashlib
import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import torch

import engine
from engine.chatterbox.cuda.trial import triton_runs
from engine.chatterbox.t3 import kernels
from engine.chatterbox.t3.config import (
    CONTEXT_BUCKETS,
    DTYPES,
    SLOT_BUCKETS,
    DecoderConfig,
    bucket_for,
)
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.weights import load_t3

#: What the other process takes for a moment, with plenty to spare.
_FREE_BYTES = 3_000_000_000
_PATIENCE_S = 600.0

_log = logging.getLogger(__name__)


def compile_aside(file: Path, device: torch.device, precision: str, streams: int) -> None:
    """Have it done for `t3_cfg.safetensors`, unless that was done before or memory is short.

    `streams` is how many will be decoded at once at most. Returns at once.
    """
    if not triton_runs(device) or _note(device, precision, streams).exists():
        return
    free, _ = torch.cuda.mem_get_info(device)
    if free < _FREE_BYTES:
        _log.info("kernels are compiled when they are first needed: GPU memory is short")
        return
    command = [sys.executable, "-m", __name__, str(file), str(device), precision, str(streams)]
    threading.Thread(target=_run, args=(command,), name="compiling", daemon=True).start()


def step_every_size(file: Path, device: torch.device, precision: str, streams: int) -> list[int]:
    """Run an idle step for each size of batch; returns how many rows each had.

    One layer of the network is enough: all are alike.
    """
    weights = load_t3(file, device, DTYPES[precision], layers=1)
    t3 = T3(weights, DecoderConfig.for_streams(streams, weights.dtype))
    sizes = [places for places in SLOT_BUCKETS if places <= bucket_for(streams, SLOT_BUCKETS)]
    rows = []
    with torch.inference_mode():
        for guided in (True, False):
            for places in sizes[1:] + sizes[:1]:  # the worker does the smallest itself
                batch = t3.buffers.batch(places, guided=guided, context=CONTEXT_BUCKETS[0])
                t3.buffers.fill(batch, [])
                t3.step(batch)
                rows.append(batch.rows)
    return rows


def _note(device: torch.device, precision: str, streams: int) -> Path:
    """A file that is there once all was compiled, beside what Triton keeps and gone with it."""
    import triton  # noqa: PLC0415 - not everywhere

    try:
        folder = Path(triton.knobs.cache.dir)
    except AttributeError:  # before Triton 3.4
        folder = Path(os.environ.get("TRITON_CACHE_DIR", Path.home() / ".triton" / "cache"))
    known = [torch.__version__, triton.__version__, torch.cuda.get_device_name(device), precision]
    digest = hashlib.sha256("\n".join([*known, str(bucket_for(streams, SLOT_BUCKETS))]).encode())
    for source in sorted(Path(kernels.__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return folder / f"timbre-{digest.hexdigest()[:32]}"


def _run(command: list[str]) -> None:
    try:
        subprocess.run(
            command,
            check=True,
            cwd=Path(engine.__file__).parents[1],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        _log.warning("kernels could not be compiled ahead: %s", said.rpartition("\n")[2])
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("kernels could not be compiled ahead: %s", type(error).__name__)


def _main() -> None:
    file, name, precision, streams = sys.argv[1:]
    device = torch.device(name)
    # The worker that started this may be gone, and cannot end it then.
    end = threading.Timer(_PATIENCE_S, os._exit, (1,))
    end.daemon = True
    end.start()
    with suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(10)
    step_every_size(Path(file), device, precision, int(streams))
    torch.cuda.synchronize(device)
    note = _note(device, precision, int(streams))
    note.parent.mkdir(parents=True, exist_ok=True)
    note.touch()


if __name__ == "__main__":
    _main()
