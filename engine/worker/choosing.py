"""Which Chatterbox suits this machine, where the settings leave that open, and why.

Looks at the settings, at the GPU that was found and at which weights are on the disk; fetches and
loads nothing.
"""

import importlib.util
import sys
import time
from pathlib import Path
from typing import NamedTuple

from engine.device import FLOAT16_SINCE, LEAST_MEMORY_BYTES, Gpu, NoGpu, too_small
from engine.messages import EngineConfig
from engine.weights import checkpoint
from engine.weights.checkpoint import WeightsError
from engine.weights.models import ENGLISH, MODELS, MULTILINGUAL, Model
from engine.weights.revisions import wanted

#: Card memory from which on `auto` speaks 23 languages. Multilingual's networks are English's but
#: for a larger vocabulary of text; cards sold as "4 GB" have nothing to spare with English.
MULTILINGUAL_MEMORY_BYTES = 5_000_000_000
#: What a CPU must do of a product like Nano's, in GFLOP/s, for it to speak about as fast as people
#: listen. A core that does 98 takes 1.7 s of its time for a second of speech (random weights, real
#: size, int8); upstream's code takes about half as long on two cores as on one.
NANO_GFLOPS = 150.0
_PRODUCT = (256, 768, 3072)  # rows, width, and width of the MLP: Nano's T3 at its prompt
_MEASURED_S = 0.3

#: How a model that is no Nano speaks without a GPU.
_SLOW = {"turbo": "several times", "english": "about 30 times", "multilingual": "about 30 times"}


class Choice(NamedTuple):
    """A model, and why it: reads on after its title."""

    model: Model
    why: str


def unsuitable(config: EngineConfig, gpu: Gpu | NoGpu) -> str | None:
    """Why the GPU is of no use to Chatterbox unasked; None if it is.

    A sentence without capital and full stop. Looks at nothing but its arguments.
    """
    if isinstance(gpu, NoGpu):
        return gpu.why
    if gpu.capability < FLOAT16_SINCE:
        return f"{gpu} is too old to run Chatterbox in real time"
    if config.device == "auto" and gpu.memory_bytes < LEAST_MEMORY_BYTES:
        return too_small(gpu)
    return None


def usual(config: EngineConfig, gpu: Gpu | NoGpu) -> Choice:
    """The model that the settings name, or else the one that is best for this machine.

    Of a folder that TIMBRE_WEIGHTS names, the best of what it holds. Raises `WeightsError` where it
    holds nothing.
    """
    if config.models:
        return Choice(MODELS[config.models[0]], ", as the settings ask,")
    order = _in_order(config, gpu)
    if config.weights is None:
        return order[0]
    held = checkpoint.models_in(Path(config.weights))
    best = next(choice.model for choice in order if choice.model in held)
    return Choice(best, ", the best of what the folder of weights holds,")


def fallback(config: EngineConfig, choice: Choice) -> Choice | None:
    """What speaks on a GPU where `choice` cannot be had: English, if it is on this machine."""
    if choice.model is ENGLISH or config.weights is not None or not is_here(config, ENGLISH):
        return None
    return Choice(ENGLISH, f", because {choice.model.title} cannot be loaded,")


def is_here(config: EngineConfig, model: Model) -> bool:
    """Whether a model's weights are on this machine, whole."""
    from engine.weights import hub  # noqa: PLC0415 - not where a folder is given

    try:
        if config.weights is not None:
            checkpoint.read_sizes(checkpoint.folder_of(config.weights, model), model)
            return True
        folder, _ = hub.place(config.weights_folder, model, revision=wanted(config, model))
        checkpoint.read_sizes(folder, model)
        return hub.is_fetched(folder, config.weights_folder, model)
    except WeightsError:
        return False


def without_nano(config: EngineConfig) -> str | None:
    """Why Nano does not speak here unasked, on a CPU; None if it does. Imports torch where it may.

    A sentence without capital and full stop. Its weights are not fetched for it: 2 GB that nobody
    asked for, while the stock voice speaks at once.
    """
    nano = MODELS["nano"]
    if not is_here(config, nano):
        if config.weights is not None:
            return f"the folder of weights does not hold {nano.title}, which a CPU can run"
        return (
            f"{nano.title}, which a CPU can run, is not here: `timbre.py weights fetch nano` "
            f"downloads {nano.fetched_bytes / 1e9:.1f} GB"
        )
    if importlib.util.find_spec("torch") is None:
        return "PyTorch, which Chatterbox needs, is not installed"
    if (gflops := measured_gflops(config.threads)) < NANO_GFLOPS:
        return (
            f"{nano.title} needs a CPU that does {NANO_GFLOPS:.0f} GFLOP/s, and this one does "
            f"{gflops:.0f}; TIMBRE_MODEL=nano makes it speak all the same"
        )
    return None


def slowness(model: Model, threads: int) -> str | None:
    """How much slower than real time a model speaks on this CPU; None if it keeps up."""
    if model.name in _SLOW:
        return f"{_SLOW[model.name]} slower than real time"
    if measured_gflops(threads) < NANO_GFLOPS:
        return "slower than real time on this CPU"
    return None


def measured_gflops(threads: int) -> float:
    """What the CPU does of a product like Nano's, at its best in a third of a second.

    With so many threads, 0 for all, which PyTorch keeps.
    """
    import torch  # noqa: PLC0415 - seconds, and only where Nano may speak

    if threads:
        torch.set_num_threads(threads)
    rows, width, wider = _PRODUCT
    activations, weight = torch.ones(rows, width), torch.ones(width, wider)
    best_s, until = float("inf"), time.perf_counter() + _MEASURED_S
    while (began := time.perf_counter()) < until:
        activations @ weight
        best_s = min(best_s, time.perf_counter() - began)
    return 2e-9 * rows * width * wider / best_s


def free_bytes_of(device: str) -> int | None:
    """The memory that is free on a device, by torch's name for it; None where that is not known."""
    if device != "cpu":
        import torch  # noqa: PLC0415 - another model is loaded already

        return int(torch.cuda.mem_get_info(device)[0])
    if sys.platform != "linux":
        return None
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _in_order(config: EngineConfig, gpu: Gpu | NoGpu) -> list[Choice]:
    """Every model, the best for this machine first."""
    names = ["multilingual", "english", "turbo", "nano"]
    why = f", chosen for its {len(MULTILINGUAL)} languages,"
    if unsuitable(config, gpu) is not None:
        names = ["nano", "turbo", "english", "multilingual"]
        why = ", chosen because a CPU can run it,"
    elif isinstance(gpu, Gpu) and gpu.memory_bytes < MULTILINGUAL_MEMORY_BYTES:
        names = ["english", "multilingual", "turbo", "nano"]
        why = ", chosen because the card has too little memory for more languages,"
    return [Choice(MODELS[name], why) for name in names]
