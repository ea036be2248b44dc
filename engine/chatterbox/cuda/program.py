"""CUDA C++ sources of this package as kernels that are launched on torch's current stream.

    program = Program(SourceFile("engine.chatterbox.t3.kernels", "step.cu"), device)
    double = program.kernel("double_kernel")
    double((blocks,), 128, source, out, len(out))

Launches are captured into CUDA graphs like torch's own. Sources are read as text, and may include
`common.cuh` of this folder and the `.cuh` files of their own.
"""

import ctypes
import hashlib
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any

import torch
from torch import Tensor

from engine.chatterbox.cuda.cubins import CubinCache
from engine.chatterbox.cuda.driver import Driver, Shape, TensorMap
from engine.chatterbox.cuda.libraries import NVRTC_MAJORS, load_driver, load_nvrtc
from engine.chatterbox.cuda.nvrtc import Compiled, Nvrtc

_COMMON = ("engine.chatterbox.cuda", "common.cuh")
#: Since here a kernel may start before the one that it follows has ended.
BEHIND_SINCE = (9, 0)
#: Whose products of four warps no other architecture has.
HOPPER = (9, 0)
#: Sources that are compiled at a time: each takes some 150 MB meanwhile.
_MOST_AT_ONCE = 8


@dataclass(frozen=True)
class SourceFile:
    """A `.cu` file of a package, and the macros that it is compiled with."""

    package: str
    name: str
    defines: Mapping[str, str | int] | None = None

    @property
    def text(self) -> str:
        return files(self.package).joinpath(self.name).read_text(encoding="utf-8")

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(f"--define-macro={name}={value}" for name, value in _sorted(self.defines))

    @property
    def headers(self) -> dict[str, str]:
        """What it may include, by name."""
        own = {
            file.name: file.read_text(encoding="utf-8")
            for file in files(self.package).iterdir()
            if file.name.endswith(".cuh")
        }
        return own | {_COMMON[1]: _common()}

    @property
    def digest(self) -> str:
        """Of all that is compiled."""
        texts = [self.text, *(text for _, text in sorted(self.headers.items()))]
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()

    def compile(self, nvrtc: Nvrtc, architecture: str) -> Compiled:
        """Raises `CompileError`."""
        return nvrtc.compile(self.text, self.name, architecture, self.options, self.headers)

    def key(self, nvrtc: Nvrtc, architecture: str) -> tuple[str, ...]:
        """What its machine code depends on."""
        return (self.name, self.digest, *self.options, architecture, nvrtc.version)


class Kernel:
    """One compiled kernel of a `Program`. Calling it queues a launch."""

    def __init__(self, driver: Driver, device: torch.device, context: int, function: int) -> None:
        self._driver, self._device = driver, device
        self._context, self._function = context, function

    def __call__(
        self,
        grid: tuple[int, ...],
        block: int,
        *arguments: Any,
        shared: int = 0,
        behind: bool = False,
    ) -> None:
        """Launch on the device's current stream; see `Shape`.

        A tensor is passed as its address, an int as `int`, a float as `float`, a bool as `bool`;
        other types as ctypes values.
        """
        x, y, z = (*grid, 1, 1)[:3]
        shape = Shape((x, y, z), block, shared, behind)
        stream = torch.cuda.current_stream(self._device).cuda_stream
        given = [_argument(value) for value in arguments]
        self._driver.launch(self._context, self._function, shape, stream, given)


class Program:
    """The kernels of one source on one device: compiled, or read from the cache, and loaded.

    Raises `LibraryMissing`, `CompileError` or `DriverError`.
    """

    def __init__(
        self, source: SourceFile, device: torch.device, kept: CubinCache | None = None
    ) -> None:
        index = torch.cuda.current_device() if device.index is None else device.index
        self._device = torch.device("cuda", index)
        major, minor = torch.cuda.get_device_capability(self._device)
        self.behind = (major, minor) >= BEHIND_SINCE
        nvrtc, self._driver = _nvrtc(), _driver()
        architecture = architecture_of(major, minor)
        key = source.key(nvrtc, architecture)
        cubin = (kept or CubinCache()).get(key, partial(_cubin, source, nvrtc, architecture))
        torch.cuda.current_stream(self._device)  # torch's context comes first
        self._context = self._driver.context(_ordinal(self._device))
        self._module = self._driver.load(self._context, cubin)

    def tensor_map(self, matrix: Tensor, box: int, *, halves: bool = False) -> TensorMap:
        """Of a contiguous bf16 matrix, for copies of `box` rows: see `Driver.tensor_map`.

        With `halves` a copy has `box` rows of either half of them, one by the other.
        """
        assert matrix.is_contiguous(), "copies know one stride"
        assert matrix.dtype == torch.bfloat16, "the map says so"
        rows, columns = matrix.shape
        row = columns * matrix.itemsize
        if halves:
            shape, strides = (columns, 2, rows // 2), (row * (rows // 2), row)
            return self._driver.tensor_map(matrix.data_ptr(), shape, strides, (64, 2, box))
        return self._driver.tensor_map(matrix.data_ptr(), (columns, rows), (row,), (64, box))

    def kernel(self, name: str, *, shared: int = 0) -> Kernel:
        """The kernel `name`, whose launches may ask for so much dynamic shared memory."""
        function = self._driver.function(self._context, self._module, name, shared)
        return Kernel(self._driver, self._device, self._context, function)


def compile_ahead(sources: Sequence[SourceFile], device: torch.device) -> None:
    """Begin to compile what is not kept yet, on several cores: a `Program` waits for its own.

    NVRTC lets go of the interpreter. Where nothing is to be compiled, there need not be one.
    Raises `LibraryMissing`.
    """
    if not sources:
        return
    nvrtc, architecture = _nvrtc(), architecture_of(*torch.cuda.get_device_capability(device))
    pool = ThreadPoolExecutor(min(_MOST_AT_ONCE, _cores()), "nvrtc")
    for source in sources:
        key = source.key(nvrtc, architecture)
        CubinCache().begin(key, partial(_cubin, source, nvrtc, architecture), pool)
    pool.shutdown(wait=False)


def _cores() -> int:
    """Those that this process may use: a container may have few of a machine's."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _cubin(source: SourceFile, nvrtc: Nvrtc, architecture: str) -> bytes:
    return source.compile(nvrtc, architecture).cubin


def architecture_of(major: int, minor: int) -> str:
    """What to compile for on a compute capability: on Hopper, its own instructions too."""
    return f"sm_{major}{minor}{'a' if (major, minor) == HOPPER else ''}"


def nvrtc_version() -> str:
    """Of the compiler that is used. Raises `LibraryMissing`."""
    return _nvrtc().version


def _argument(value: Any) -> Any:
    if isinstance(value, Tensor):
        return ctypes.c_void_p(value.data_ptr())
    if isinstance(value, bool):
        return ctypes.c_bool(value)
    if isinstance(value, int):
        return ctypes.c_int(value)
    if isinstance(value, float):
        return ctypes.c_float(value)
    return value


def _ordinal(device: torch.device) -> int:
    """Torch and the driver number the same devices, those that CUDA_VISIBLE_DEVICES shows."""
    assert device.index is not None
    return device.index


def _sorted(defines: Mapping[str, str | int] | None) -> list[tuple[str, str | int]]:
    return sorted((defines or {}).items())


@cache
def _common() -> str:
    package, name = _COMMON
    return files(package).joinpath(name).read_text(encoding="utf-8")


_loading = threading.Lock()


def _nvrtc() -> Nvrtc:
    with _loading:
        return _loaded_nvrtc()


def _driver() -> Driver:
    with _loading:
        return _loaded_driver()


@cache
def _loaded_nvrtc() -> Nvrtc:
    """That of the CUDA version that torch was built with, which the installed driver runs."""
    built = torch.version.cuda
    return Nvrtc(load_nvrtc(NVRTC_MAJORS if built is None else [int(built.split(".")[0])]))


@cache
def _loaded_driver() -> Driver:
    return Driver(load_driver())
