"""What the driver is asked for, with its calls recorded: it is not there without a card."""

import ctypes
from typing import Any, cast

import pytest
import torch

from engine.chatterbox.cuda.driver import Driver, DriverError, Shape, TensorMap, _Config


class Library:
    """Answers every call with success, or `fails`; records the names and the last launch."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.launched: dict[str, Any] = {}
        self.mapped: list[Any] = []
        self.fails: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self._answer(name, arguments)

    def _answer(self, name: str, arguments: tuple[Any, ...]) -> int:
        if name == "cuGetErrorString":
            cast("Any", arguments[1])._obj.value = b"no kernel image"
            return 0
        self.called.append(name)
        if name in ("cuDevicePrimaryCtxRetain", "cuModuleLoadData", "cuModuleGetFunction"):
            arguments[0]._obj.value = 0xC0DE
        if name == "cuLaunchKernelEx":
            config: _Config = arguments[0]._obj
            attributes = config.attributes[: config.attribute_count]
            values = [ctypes.cast(p, ctypes.POINTER(ctypes.c_int))[0] for p in arguments[2]]
            self.launched = {
                "grid": tuple(config.grid),
                "block": tuple(config.block),
                "shared": config.shared,
                "stream": config.stream,
                "attributes": [(a.id, a.value.flag) for a in attributes],
                "arguments": values,
            }
        if name == "cuTensorMapEncodeTiled":
            assert arguments[0].value % 64 == 0
            ctypes.memset(arguments[0], 0xAB, ctypes.sizeof(TensorMap))
            self.mapped = [
                list(each) if isinstance(each, ctypes.Array) else getattr(each, "value", each)
                for each in arguments[1:]
            ]
        return self.fails.get(name, 0)


def test_a_launch_says_all_of_its_shape_in_the_context_of_its_device() -> None:
    library = Library()
    driver = Driver(cast("ctypes.CDLL", library))
    context = driver.context(0)
    function = driver.function(context, driver.load(context, b"cubin"), "step", 1000)
    library.called.clear()
    shape = Shape((3, 2, 1), 128, shared=1000, behind=True)
    driver.launch(context, function, shape, 77, [ctypes.c_int(5), ctypes.c_int(6)])
    assert library.called == ["cuCtxPushCurrent_v2", "cuLaunchKernelEx", "cuCtxPopCurrent_v2"]
    assert library.launched == {
        "grid": (3, 2, 1),
        "block": (128, 1, 1),
        "shared": 1000,
        "stream": 77,
        "attributes": [(6, 1)],
        "arguments": [5, 6],
    }


def test_a_map_of_a_matrix_says_where_it_lies_and_how_it_is_read() -> None:
    library = Library()
    driver = Driver(cast("ctypes.CDLL", library))
    made = driver.tensor_map(0xF000, (1024, 2, 150), [307_200, 2048], (64, 2, 36))
    bf16, rank, swizzled, promoted = 9, 3, 3, 3
    assert library.mapped == [
        *(bf16, rank, 0xF000, [1024, 2, 150], [307_200, 2048], [64, 2, 36], [1, 1, 1]),
        *(0, swizzled, promoted, 0),
    ]
    assert list(made.words) == 16 * [0xABABABABABABABAB]


def test_the_structures_are_laid_out_as_in_the_drivers_header() -> None:
    assert ctypes.sizeof(_Config) == 56
    assert _Config.stream.offset == 32
    attribute = _Config._fields_[4][1]._type_
    assert (ctypes.sizeof(attribute), attribute.value.offset) == (72, 8)


def test_a_failed_call_is_a_fault_of_the_device_and_leaves_no_context_behind() -> None:
    library = Library()
    driver = Driver(cast("ctypes.CDLL", library))
    library.fails = {"cuModuleLoadData": 209}
    with pytest.raises(DriverError, match="cuModuleLoadData: no kernel image"):
        driver.load(1, b"cubin")
    assert library.called[-1] == "cuCtxPopCurrent_v2"
    library.fails = {"cuModuleLoadData": 2}
    with pytest.raises(torch.OutOfMemoryError):
        driver.load(1, b"cubin")


def test_a_driver_that_is_too_old_for_a_call_is_told_as_one() -> None:
    """Which has one take PyTorch's kernels and say why; no such call at all was a crash."""
    with pytest.raises(DriverError, match="CUDA driver error: cuInit is not in this driver"):
        Driver(cast("ctypes.CDLL", object()))
