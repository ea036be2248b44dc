"""`python -m engine.checks`: what the interpreter that runs the engine can do.

For `timbre.py doctor`, which runs it under CHATTERBOX_PYTHON if that is set. Prints one JSON array
of `Check`s to stdout and nothing else.
"""

import importlib
import importlib.metadata
import platform
import sys
from collections.abc import Callable

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. `state` is "ok", "warning" (something is worse for it) or "error"."""

    name: str
    state: str
    detail: str


def main() -> int:
    """Run every check and print the results."""
    results = [_run(name, check) for name, check in CHECKS]
    sys.stdout.buffer.write(msgspec.json.encode(results))
    return 0


def _run(name: str, check: Callable[[], tuple[str, str]]) -> Check:
    try:
        return Check(name, *check())
    except Exception as error:  # a broken package may raise anything on import
        return Check(name, "error", f"{type(error).__name__}: {error}")


def _python() -> tuple[str, str]:
    return "ok", f"{platform.python_version()} ({sys.executable})"


def _torch() -> tuple[str, str]:
    import torch  # noqa: PLC0415 - slow, and may be what is broken

    return "ok", f"{torch.__version__}"


def _gpu() -> tuple[str, str]:
    import torch  # noqa: PLC0415

    if not torch.cuda.is_available():
        return "warning", "no CUDA GPU: the stock voice will speak, not members' own"
    properties = torch.cuda.get_device_properties(0)
    return "ok", (
        f"{properties.name}, compute capability {properties.major}.{properties.minor}, "
        f"{properties.total_memory / 2**30:.1f} GiB"
    )


def _chatterbox() -> tuple[str, str]:
    importlib.import_module("engine.reference.upstream")
    return "ok", f"{importlib.metadata.version('chatterbox-tts')}, watermarker loads"


def _stock() -> tuple[str, str]:
    from engine.stock.engine import StockEngine  # noqa: PLC0415

    info = StockEngine(threads=1, reason="").info  # loads the model and checks its weights
    return "ok", f"{info.model} loads, {len(info.stock_voices)} voices"


CHECKS: list[tuple[str, Callable[[], tuple[str, str]]]] = [
    ("engine's Python", _python),
    ("torch", _torch),
    ("GPU", _gpu),
    ("Chatterbox", _chatterbox),
    ("stock voice", _stock),
]


if __name__ == "__main__":
    sys.exit(main())
