"""A card of any kind, as far as it takes to see what is compiled for it: nothing runs."""

import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

from engine.chatterbox.cuda import available, cubins, program
from engine.chatterbox.cuda.nvrtc import Compiled
from engine.chatterbox.s3gen import kernels as s3gen

#: What finds out once for all what runs on a device.
_FOUND_OUT = (
    s3gen.kernels_for,
    s3gen.vocoder_kernels_for,
    s3gen.mark_kernels_for,
    s3gen.encoder_kernels_for,
    s3gen.noise_kernel_for,
)
#: Modules that need Triton.
_TRITONS = [f"engine.chatterbox.{name}" for name in ("cuda.launch", "s3gen.kernels.blocks")] + [
    "engine.chatterbox.s3gen.kernels.fused"
]

Source = tuple[str, tuple[str, ...]]  # its name, and its options


class Recorder:
    """In place of NVRTC: what was compiled, ahead and not."""

    version = "13.0"

    def __init__(self) -> None:
        self.ahead: list[Source] = []
        self.late: list[Source] = []
        self.threads: set[str] = set()  # that compiled ahead

    def compile(
        self, _text: str, name: str, _architecture: str, options: tuple[str, ...], _headers: object
    ) -> Compiled:
        thread = threading.current_thread().name
        if begun := thread.startswith("nvrtc"):
            self.threads.add(thread)
        (self.ahead if begun else self.late).append((name, options))
        return Compiled(b"code", "")


class _OnTheCpu(TorchFunctionMode):
    """Tensors of a card that is not there."""

    def __torch_function__(
        self, func: Any, _types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        return func(*args, **(kwargs | {"device": "cpu"} if "device" in kwargs else kwargs))


@contextmanager
def card(folder: Path, capability: tuple[int, int], *, triton: bool) -> Iterator[Recorder]:
    """`folder` is where compiled kernels are kept."""
    recorder = Recorder()
    properties = SimpleNamespace(multi_processor_count=1, max_threads_per_multi_processor=1024)
    with pytest.MonkeyPatch.context() as patch, _OnTheCpu():
        patch.setattr(torch.cuda, "get_device_capability", lambda _=None: capability)
        patch.setattr(torch.cuda, "get_device_properties", lambda _=None: properties)
        patch.setattr(torch.cuda, "current_stream", lambda _=None: None)
        patch.setattr(program, "_loaded_nvrtc", lambda: recorder)
        patch.setattr(program, "_loaded_driver", _Driver)
        patch.setattr(available, "why_not", lambda _: None)
        patch.setattr(s3gen, "triton_runs", lambda _: triton)
        patch.setattr(s3gen.NoiseKernel, "draws_as_torch", lambda *_: True)
        patch.setattr(cubins, "user_cache_path", lambda *_, **__: folder)
        patch.setattr(cubins, "_begun", {})
        if stubbed := importlib.util.find_spec("triton") is None:
            patch.setitem(sys.modules, "triton.language", _module(constexpr=int))
            patch.setitem(sys.modules, "triton", _module(jit=lambda function: function))
            sys.modules["triton"].language = sys.modules["triton.language"]  # type: ignore[attr-defined]
        for found_out in _FOUND_OUT:
            found_out.cache_clear()
        try:
            yield recorder
        finally:
            for found_out in _FOUND_OUT:
                found_out.cache_clear()
            for name in _TRITONS if stubbed else ():
                sys.modules.pop(name, None)


class _Driver:
    def context(self, _device: int) -> int:
        return 1

    def load(self, _context: int, _cubin: bytes) -> int:
        return 1

    def function(self, _context: int, _module: int, _name: str, _shared: int) -> int:
        return 1


def _module(**content: object) -> ModuleType:
    module = ModuleType("triton")
    vars(module).update(content, extra=SimpleNamespace(cuda=SimpleNamespace()))
    return module
