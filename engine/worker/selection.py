"""Which engine speaks on this machine, loaded, with the reason in a sentence for people.

"auto" prefers Chatterbox where it runs in real time and falls back to the stock voice, which
always works; it never lets the bot stay silent for want of a GPU. An engine or a model that was
asked for by name is loaded or refused, never replaced. Torch is imported only once the driver has
shown a GPU that is worth it, Nano's weights are here, or Chatterbox was asked for.
"""

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.chatterbox.shared import SharedParts
from engine.device import Gpu, NoGpu, apply_tf32, choose, confirm, detect
from engine.errors import OutOfMemory, WorkerUnavailable
from engine.failures import log_without_values
from engine.messages import EngineConfig, Progress, WorkerReport
from engine.protocol import Engine
from engine.weights.models import MODELS
from engine.worker import choosing
from engine.worker.choosing import Choice, free_bytes_of
from engine.worker.serial import SerialEngine

if TYPE_CHECKING:  # it imports torch
    from engine.chatterbox.engine import ChatterboxEngine

#: What marks speech and enrols voices; most of it is not imported before it is needed.
_UPSTREAM = ("chatterbox", "librosa", "onnx", "perth", "s3tokenizer", "torchaudio")
_log = logging.getLogger(__name__)


def load(
    config: EngineConfig,
    report: Callable[[WorkerReport], None],
    *,
    look: Callable[[], Gpu | NoGpu] = detect,
    free_bytes: Callable[[str], int | None] = free_bytes_of,
) -> Engine:
    """Load the engine that `config` asks for.

    `report` is called with progress now and with enrolled voices later; `look` finds the GPU,
    `free_bytes` how much memory a device has left, None where that is not known.
    Raises `WorkerUnavailable`, one sentence without paths, when the engine asked for cannot be
    loaded, and `OutOfMemory` when Chatterbox was asked for and another process has the memory.
    """
    if config.engine == "stock":
        return _stock(config, report, "The settings ask for the stock voice.")
    gpu = NoGpu("the settings ask for the CPU") if config.device == "cpu" else look()
    if config.engine == "chatterbox" or config.models:
        gpu = _confirmed(gpu, report)
        return _with_others(config, report, gpu, _asked_for(config, gpu), free_bytes)
    why = choosing.unsuitable(config, gpu)
    if why is None:
        gpu = _confirmed(gpu, report)
        why = choosing.unsuitable(config, gpu)
    if why is not None:
        if (lacking := choosing.without_nano(config)) is not None:
            return _stock(config, report, f"Without Chatterbox: {why}, and {lacking}.")
        gpu = NoGpu(why)
    loaded = _automatic(config, report, gpu)
    if isinstance(loaded, str):
        return _stock(config, report, f"Without Chatterbox: {loaded}")
    return loaded


def _asked_for(config: EngineConfig, gpu: Gpu | NoGpu) -> Choice:
    try:
        return choosing.usual(config, gpu)
    except WorkerUnavailable as error:
        raise _without_folder(error, config.weights) from error


def _automatic(
    config: EngineConfig, report: Callable[[WorkerReport], None], gpu: Gpu | NoGpu
) -> Engine | str:
    """The best model that can be loaded, or why none can: a sentence."""
    try:
        choice = _asked_for(config, gpu)
        try:
            return _chatterbox(config, report, gpu, choice)
        except WorkerUnavailable:
            second = choosing.fallback(config, choice)
            if second is None or isinstance(gpu, NoGpu):
                raise
            return _chatterbox(config, report, gpu, second)
    except (WorkerUnavailable, OutOfMemory) as error:
        return f"Chatterbox cannot be loaded. {error}"
    except Exception as error:  # whatever torch, Triton and the driver can raise
        log_without_values("Chatterbox cannot be loaded", error)
        on = gpu if isinstance(gpu, Gpu) else "the CPU"
        return f"Chatterbox cannot be loaded on {on} ({type(error).__name__}); the log has more."


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
    folder = config.stock_folder
    return SerialEngine(StockEngine(threads=config.threads, reason=reason, folder=folder))


def _with_others(
    config: EngineConfig,
    report: Callable[[WorkerReport], None],
    gpu: Gpu | NoGpu,
    chosen: Choice,
    free_bytes: Callable[[str], int | None],
) -> Engine:
    """The model `chosen`, and beside it those others that are named and that memory is left for."""
    shared = SharedParts()
    engines, left_out = [_chatterbox(config, report, gpu, chosen, shared=shared)], []
    for model in map(MODELS.__getitem__, config.models[1:]):
        beside = Choice(model, ", beside it,")
        try:
            engines.append(
                _chatterbox(config, report, gpu, beside, shared=shared, free_bytes=free_bytes)
            )
        except OutOfMemory:
            left_out.append(f"{model.title} is left out: there is not enough free memory.")
            _log.warning(left_out[-1])
    if len(config.models) < 2:
        return engines[0]
    from engine.chatterbox.resident import ResidentModels  # noqa: PLC0415 - it imports torch

    return ResidentModels(engines, left_out)


def _chatterbox(
    config: EngineConfig,
    report: Callable[[WorkerReport], None],
    gpu: Gpu | NoGpu,
    chosen: Choice,
    *,
    shared: SharedParts | None = None,
    free_bytes: Callable[[str], int | None] | None = None,
) -> "ChatterboxEngine":
    model = chosen.model
    turbo = model.family == "turbo"
    if free_bytes is not None and isinstance(gpu, Gpu):  # others have some of it by now
        gpu = msgspec.structs.replace(gpu, free_bytes=free_bytes("cuda"))
    choice = choose(gpu, config.device, config.precision, int8=turbo)
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
    slow = choosing.slowness(model, config.threads) if choice.device == "cpu" else None
    aside = f", and that is {slow}" if slow else ""
    reason = f"{model.title}{chosen.why} in {choice.reason.removesuffix('.')}{aside}."
    _log.log(logging.WARNING if slow else logging.INFO, reason)
    try:
        return loading.load(
            config,
            model,
            device=choice.device,
            precision=choice.precision,
            reason=reason,
            progress=lambda activity, fraction: report(Progress(activity, fraction)),
            report=report,
            shared=shared or SharedParts(),
            free_bytes=free_bytes and free_bytes(choice.device),
        )
    except WorkerUnavailable as error:
        raise _without_folder(error, config.weights) from error
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory("There is not enough free memory to load Chatterbox.") from error


def _without_folder(error: WorkerUnavailable, folder: str | None) -> WorkerUnavailable:
    """Leave paths out of what `/status` shows: of a file in `folder`, its name is enough."""
    _log.error("%s", error)  # names the file, with its folder, for the log alone
    sentence = str(error)
    if folder:
        inside = str(Path(folder) / "x").removesuffix("x")
        sentence = sentence.replace(inside, "").replace(str(Path(folder)), "the folder of weights")
    return WorkerUnavailable(sentence)
