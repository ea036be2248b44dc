"""The few calls of the CUDA driver that loading and launching a kernel take."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

_OUT_OF_MEMORY = 2
_BEHIND = 6  # CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
_MOST_DYNAMIC_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES


#: Of a tensor map: the type's number, and how rows of 128 bytes lie in shared memory.
_BF16, _SWIZZLED_128, _PROMOTED_256 = 9, 3, 3


class DriverError(RuntimeError):
    """A call of the driver failed. Begins as `engine.failures` knows a device's failures."""


class _Value(ctypes.Union):
    _fields_ = (
        ("flag", ctypes.c_int),
        ("padding", ctypes.c_char * 64),
        ("aligned", ctypes.c_uint64),
    )


class _Attribute(ctypes.Structure):
    _fields_ = (("id", ctypes.c_uint), ("padding", ctypes.c_char * 4), ("value", _Value))


class _Config(ctypes.Structure):
    _fields_ = (
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared", ctypes.c_uint),
        ("stream", ctypes.c_void_p),
        ("attributes", ctypes.POINTER(_Attribute)),
        ("attribute_count", ctypes.c_uint),
    )


class TensorMap(ctypes.Structure):
    """How Hopper's copies find boxes of a matrix: opaque, and passed to kernels by value."""

    _fields_ = (("words", ctypes.c_uint64 * 16),)


@dataclass(frozen=True)
class Shape:
    """How a kernel is launched.

    `shared` is dynamic shared memory, in bytes a block. `behind` lets it start while the kernel
    before it still runs (compute capability 9.0).
    """

    grid: tuple[int, int, int]
    block: int
    shared: int = 0
    behind: bool = False


class Driver:
    """A loaded driver. Functions and contexts are its handles."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._call("cuInit", 0)

    def context(self, device: int) -> int:
        """The context that torch works in on a device, by the driver's own ordinal."""
        handle, context = ctypes.c_int(), ctypes.c_void_p()
        self._call("cuDeviceGet", ctypes.byref(handle), device)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), handle)
        assert context.value is not None
        return context.value

    def load(self, context: int, cubin: bytes) -> int:
        """A module; it is there until the process ends."""
        module = ctypes.c_void_p()
        with _Current(self, context):
            self._call("cuModuleLoadData", ctypes.byref(module), cubin)
        assert module.value is not None
        return module.value

    def function(self, context: int, module: int, name: str, shared: int) -> int:
        """A module's kernel, which may ask for so much dynamic shared memory."""
        function = ctypes.c_void_p()
        handle = ctypes.c_void_p(module)
        with _Current(self, context):
            self._call("cuModuleGetFunction", ctypes.byref(function), handle, name.encode())
            if shared:
                self._call("cuFuncSetAttribute", function, _MOST_DYNAMIC_SHARED, shared)
        assert function.value is not None
        return function.value

    def launch(
        self, context: int, function: int, shape: Shape, stream: int, arguments: list[Any]
    ) -> None:
        """Queue a kernel; `arguments` are ctypes values of the kernel's parameter types."""
        attributes = (_Attribute * 1)()
        attributes[0].id, attributes[0].value.flag = _BEHIND, 1
        config = _Config(
            (ctypes.c_uint * 3)(*shape.grid),
            (ctypes.c_uint * 3)(shape.block, 1, 1),
            shape.shared,
            stream,
            attributes,
            int(shape.behind),
        )
        pointers = (ctypes.c_void_p * len(arguments))(*map(ctypes.addressof, arguments))
        with _Current(self, context):
            handle = ctypes.c_void_p(function)
            self._call("cuLaunchKernelEx", ctypes.byref(config), handle, pointers, None)

    def tensor_map(
        self, address: int, shape: Sequence[int], strides: Sequence[int], box: Sequence[int]
    ) -> TensorMap:
        """Of a bf16 tensor and what a copy takes of it, the innermost dimension first in all.

        `strides` are in bytes, of all but the innermost dimension, of which a box has 64: in shared
        memory chunk c of a box's row r, of 16 bytes, lies at place c ^ (r % 8). What lies outside
        the tensor is read as zeros. Strides are multiples of 16.
        """
        room = (ctypes.c_char * (ctypes.sizeof(TensorMap) + 64))()
        aligned = ctypes.addressof(room) + -ctypes.addressof(room) % 64
        rank = len(shape)
        self._call(
            "cuTensorMapEncodeTiled",
            ctypes.c_void_p(aligned),
            _BF16,
            rank,
            ctypes.c_void_p(address),
            (ctypes.c_uint64 * rank)(*shape),
            (ctypes.c_uint64 * (rank - 1))(*strides),
            (ctypes.c_uint32 * rank)(*box),
            (ctypes.c_uint32 * rank)(*[1] * rank),
            0,
            _SWIZZLED_128,
            _PROMOTED_256,
            0,
        )
        return TensorMap.from_buffer_copy(ctypes.string_at(aligned, ctypes.sizeof(TensorMap)))

    def _call(self, name: str, *arguments: Any) -> None:
        try:
            call = getattr(self._library, name)
        except AttributeError as error:
            raise DriverError(f"CUDA driver error: {name} is not in this driver") from error
        status = call(*arguments)
        if status:
            said = ctypes.c_char_p()
            self._library.cuGetErrorString(status, ctypes.byref(said))
            reason = (said.value or b"unknown").decode(errors="replace")
            if status == _OUT_OF_MEMORY:
                raise torch.OutOfMemoryError(f"{name}: {reason}")
            raise DriverError(f"CUDA driver error: {name}: {reason}")


class _Current:
    """Makes a context current in this thread, and what was current before afterwards."""

    def __init__(self, driver: Driver, context: int) -> None:
        self._driver, self._context = driver, ctypes.c_void_p(context)

    def __enter__(self) -> None:
        self._driver._call("cuCtxPushCurrent_v2", self._context)  # noqa: SLF001 - its other half

    def __exit__(self, *_: object) -> None:
        popped = ctypes.c_void_p()
        self._driver._call("cuCtxPopCurrent_v2", ctypes.byref(popped))  # noqa: SLF001
