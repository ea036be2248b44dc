"""Which engine speaks on this machine, loaded, with the reason in a sentence for people.

"auto" prefers Chatterbox where it runs in real time and falls back to the stock voice, which
always works; it never lets the bot stay silent for want of a GPU. An engine that was asked for by
name is loaded or refused, never replaced. Torch is imported only once the driver has shown a GPU
that is worth it, or Chatterbox was asked for.
"""

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path

from engine.device import (
    FLOAT16_SINCE,
    LEAST_MEMORY_BYTES,
    Gpu,
    NoGpu,
    apply_tf32,
    choose,
    confirm,
    detect,
    too_small,
)
from engine.errors import OutOfMemory, WorkerUnavailable
from engine.failures import log_without_values
from engine.messages import EngineConfig, Progress, WorkerReport
from engine.protocol import Engine
from engine.weights.models import MODELS
from engine.worker.serial import SerialEngine

#: What marks speech and enrols voices; most of it is not imported before it is needed.
_UPSTREAM = ("chatterbox", "librosa", "onnx", "perth", "s3tokenizer", "torchaudio")
_SLOW = "about 30 times slower than real time"
_log = logging.getLogger(__name__)


def load(
    config: EngineConfig,
    report: Callable[[WorkerReport], None],
    *,
    look: Callable[[], Gpu | NoGpu] = detect,
) -> Engine:
    """Load the engine that `config` asks for.

    `report` is called with progress now and with enrolled voices later; `look` finds the GPU.
    Raises `WorkerUnavailable`, one sentence without paths, when the engine asked for cannot be
    loaded, and `OutOfMemory` when Chatterbox was asked for and another process has the memory.
    """
    if config.engine == "stock":
        return _stock(config, report, "The settings ask for the stock voice.")
    gpu = NoGpu("the settings ask for the CPU") if config.device == "cpu" else look()
    if config.engine == "chatterbox":
        return _chatterbox(config, report, _confirmed(gpu, report))
    why = unsuitable(config, gpu)
    if why is None:
        gpu = _confirmed(gpu, report)
        why = unsuitable(config, gpu)
    if why is None:
        try:
            return _chatterbox(config, report, gpu)
        except (WorkerUnavailable, OutOfMemory) as error:
            why = f"Chatterbox cannot be loaded. {error}"
        except Exception as error:  # whatever torch, Triton and the driver can raise
            log_without_values("Chatterbox cannot be loaded", error)
            why = (
                f"Chatterbox cannot be loaded on {gpu} ({type(error).__name__}); the log has more."
            )
    return _stock(config, report, f"Without Chatterbox: {why}")


def unsuitable(config: EngineConfig, gpu: Gpu | NoGpu) -> str | None:
    """Why Chatterbox is not worth trying unasked on this machine; None if it is.

    A sentence without its capital. Looks at nothing but its arguments.
    """
    if isinstance(gpu, NoGpu):
        return f"{gpu.why}, and Chatterbox on a CPU is {_SLOW}."
    if gpu.capability < FLOAT16_SINCE:
        return f"{gpu} is too old to run Chatterbox in real time."
    if config.device == "auto" and gpu.memory_bytes < LEAST_MEMORY_BYTES:
        return f"{too_small(gpu)}."
    return None


def _confirmed(gpu: Gpu | NoGpu, report: Callable[[WorkerReport], None]) -> Gpu | NoGpu:
    if isinstance(gpu, NoGpu):
        return gpu
    report(Progress("Starting PyTorch"))
    return confirm(gpu)


def _stock(config: EngineConfig, report: Callable[[WorkerReport], None], reason: str) -> Engine:
    _log.info(reason)
    # CHATTERBOX_PYTHON's environment need not have what only the stock voice wants.
    try:
        from engine.stock.engine import StockEngine  # noqa: PLC0415 - see above
    except ImportError as error:
        raise WorkerUnavailable(
            f"The stock voice is not installed completely: {error.name} cannot be imported."
        ) from error
    report(Progress("Loading the stock voice"))
    return SerialEngine(StockEngine(threads=config.threads, reason=reason))


def _chatterbox(
    config: EngineConfig, report: Callable[[WorkerReport], None], gpu: Gpu | NoGpu
) -> Engine:
    choice = choose(gpu, config.device, config.precision)
    slow = f", and that is {_SLOW}" if choice.device == "cpu" else ""
    reason = f"Chatterbox in {choice.reason.removesuffix('.')}{slow}."
    _log.log(logging.WARNING if slow else logging.INFO, reason)
    # Upstream itself is imported beside the first speech; a new voice is late to find a hole.
    if missing := [name for name in _UPSTREAM if importlib.util.find_spec(name) is None]:
        raise WorkerUnavailable(
            f"Chatterbox is not installed completely: {', '.join(missing)} cannot be found."
        )
    try:
        import torch  # noqa: PLC0415 - seconds, and not for the stock voice

        from engine.chatterbox import loading  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise WorkerUnavailable(
            f"Chatterbox is not installed completely: {error.name} cannot be imported."
        ) from error
    apply_tf32(choice)
    model = MODELS["english" if config.model == "auto" else config.model]
    try:
        return loading.load(
            config,
            model,
            device=choice.device,
            precision=choice.precision,
            reason=reason,
            progress=lambda activity, fraction: report(Progress(activity, fraction)),
            report=report,
        )
    except WorkerUnavailable as error:
        _log.error("%s", error)  # names the file, with its folder, for the log alone
        raise WorkerUnavailable(_without_folder(str(error), config.weights)) from error
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory("There is not enough free memory to load Chatterbox.") from error


def _without_folder(sentence: str, folder: str | None) -> str:
    """Leave paths out of what `/status` shows: of a file in `folder`, its name is enough."""
    if not folder:
        return sentence
    inside = str(Path(folder) / "x").removesuffix("x")
    return sentence.replace(inside, "").replace(str(Path(folder)), "the folder of weights")
