"""`python -m engine.worker.checks`: what the interpreter that runs the engine can do.

For `timbre.py doctor`, which runs it under CHATTERBOX_PYTHON if that is set. Takes an
`EngineConfig` as JSON from stdin, prints one JSON array of `Check`s to stdout and nothing else.
"""

import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Callable

import msgspec

from engine.device import Gpu, NoGpu, choose, confirm, detect
from engine.errors import WorkerUnavailable
from engine.messages import EngineConfig
from engine.weights.models import MODELS


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. `state` is "ok", "warning" (something is worse for it) or "error"."""

    name: str
    state: str
    detail: str


_Look = Callable[[EngineConfig], tuple[str, str]]


def main() -> int:
    config = msgspec.json.decode(sys.stdin.buffer.read(), type=EngineConfig)
    results = [_run(name, check, config) for name, check in CHECKS]
    sys.stdout.buffer.write(msgspec.json.encode(results))
    return 0


def _run(name: str, check: _Look, config: EngineConfig) -> Check:
    try:
        state, detail = check(config)
    except Exception as error:  # a broken package may raise anything on import
        state, detail = "error", f"{type(error).__name__}: {error}"
    if state == "error" and config.engine in _GOES_WITHOUT.get(name, ()):
        state = "warning"
    return Check(name, state, detail)


#: The engines that speak all the same where a check fails. "auto" then has the stock voice.
_GOES_WITHOUT = {
    "torch": ("auto", "stock"),
    "GPU": ("auto", "stock"),
    "Chatterbox": ("auto", "stock"),
    "weights": ("auto", "stock"),
    "stock voice": ("chatterbox",),
}


def _python(_config: EngineConfig) -> tuple[str, str]:
    return "ok", f"{platform.python_version()} ({sys.executable})"


def _torch(_config: EngineConfig) -> tuple[str, str]:
    import torch  # noqa: PLC0415 - slow, and may be what is broken

    return "ok", str(torch.__version__)  # a class of its own, which is no JSON


def _detected(config: EngineConfig) -> Gpu | NoGpu:
    return NoGpu("the settings ask for the CPU") if config.device == "cpu" else detect()


def _gpu(config: EngineConfig) -> tuple[str, str]:
    """What the worker would find, judged as it would be."""
    from engine.worker import choosing  # noqa: PLC0415 - numpy comes with it

    if config.engine == "stock":
        return "ok", "not asked for: TIMBRE_ENGINE is stock"
    found = _detected(config)
    found = confirm(found) if isinstance(found, Gpu) else found
    why = choosing.unsuitable(config, found)
    if why is None:
        assert isinstance(found, Gpu)
        return "ok", f"{found}, {found.memory_bytes / 2**30:.1f} GiB"
    if config.engine == "auto" and config.model == "auto":
        lacking = choosing.without_nano(config)
        if lacking is None:
            return "ok", f"{why}: {MODELS['nano'].title} will speak, on the CPU"
        return "warning", f"the stock voice will speak, not members' own: {why}, and {lacking}"
    try:
        turbo = bool(config.models) and MODELS[config.models[0]].family == "turbo"
        choose(found, config.device, config.precision, int8=turbo)
    except WorkerUnavailable as error:
        return "error", str(error)
    return "warning", why


def _kernels(config: EngineConfig) -> tuple[str, str]:
    """Whether the GPU runs Timbre's own kernels; compiles and runs one."""
    found = NoGpu("not asked for") if config.engine == "stock" else _detected(config)
    found = confirm(found) if isinstance(found, Gpu) else found
    if isinstance(found, NoGpu):  # why is said of the GPU
        return "ok", "not needed: no GPU is used"
    import torch  # noqa: PLC0415 - slow, and may be what is broken

    from engine.chatterbox.cuda import available  # noqa: PLC0415 - likewise

    device = torch.device("cuda")
    why = available.why_not(device)
    if why is not None:
        return "warning", f"speech is many times slower than this card allows: {why}"
    return "ok", f"Timbre's own, compiled by {available.compiler(device)}"


def _chatterbox(_config: EngineConfig) -> tuple[str, str]:
    importlib.import_module("engine.upstream.package")
    return "ok", f"{importlib.metadata.version('chatterbox-tts')}, watermarker loads"


def _weights(config: EngineConfig) -> tuple[str, str]:
    if config.engine == "stock":
        return "ok", "not asked for: TIMBRE_ENGINE is stock"
    from huggingface_hub.constants import HF_HUB_OFFLINE  # noqa: PLC0415 - may be what is broken

    from engine.weights import checkpoint, hub  # noqa: PLC0415 - likewise
    from engine.weights.revisions import wanted  # noqa: PLC0415 - likewise
    from engine.worker import choosing  # noqa: PLC0415 - numpy comes with it

    found = _detected(config)
    if config.engine == config.model == "auto" and choosing.unsuitable(config, found):
        nano = MODELS["nano"]
        if not choosing.is_here(config, nano):
            return "ok", f"not needed: the stock voice will speak, until {nano.title}'s are here"
    try:
        here = []
        for name in config.models or [choosing.usual(config, found).model.name]:
            model = MODELS[name]
            if config.weights:
                folder = checkpoint.folder_of(config.weights, model)
            else:
                folder, _ = hub.place(config.weights_folder, model, revision=wanted(config, model))
                if not hub.is_fetched(folder, config.weights_folder, model):
                    size_gb = model.fetched_bytes / 1e9
                    missing = (
                        f"{model.title}'s are not in {folder} yet; `timbre.py weights fetch "
                        f"{model.name}` downloads {size_gb:.1f} GB"
                    )
                    return ("error" if HF_HUB_OFFLINE else "warning"), missing
            checkpoint.read_sizes(folder, model)
            here.append(f"{folder} has all files of {model.title}")
    except WorkerUnavailable as error:
        return "error", str(error)
    return "ok", "; ".join(here)


def _stock(_config: EngineConfig) -> tuple[str, str]:
    from engine.stock.engine import StockEngine  # noqa: PLC0415

    info = StockEngine(threads=1, reason="").info  # loads the model and checks its weights
    return "ok", f"{info.model} loads, {len(info.stock_voices)} voices"


CHECKS: list[tuple[str, _Look]] = [
    ("engine's Python", _python),
    ("torch", _torch),
    ("GPU", _gpu),
    ("GPU kernels", _kernels),
    ("Chatterbox", _chatterbox),
    ("weights", _weights),
    ("stock voice", _stock),
]


if __name__ == "__main__":
    sys.exit(main())
