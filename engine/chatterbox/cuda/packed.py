"""Several small tensors that go to the device in one copy.

A copy takes the host some ten microseconds, and three times as many where it did something else
before: so does each tensor that is made.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Arrays = Sequence[NDArray[Any]]

#: So that each tensor begins where any dtype may.
_ALIGNED = 16


class Packed:
    """Tensors on `device` that hold what `idle` does, until they are sent other values."""

    def __init__(self, idle: Arrays, device: torch.device) -> None:
        host = _joined(idle, device)
        self._idle = host.numpy().copy()
        self._memory = host.to(device) if device.type == "cuda" else host.clone()
        self.tensors = _views(self._memory, idle)
        self._shapes = [(array.shape, array.dtype) for array in idle]
        self._hosts: list[_Host] = []

    def begin(self) -> tuple[NDArray[Any], ...]:
        """Arrays for what `send` is to copy, as at first. Waits for nothing."""
        host = next((each for each in self._hosts if each.free), None)
        if host is None:
            host = _Host(self._memory, self._shapes)
        else:
            self._hosts.remove(host)
        self._hosts.append(host)
        host.memory[:] = self._idle
        return host.arrays

    def send(self) -> None:
        """Queue a copy of the arrays that `begin` gave last."""
        self._hosts[-1].send(self._memory)

    def forget(self) -> None:
        """Queue what leaves nothing of what was sent, on the device or in pinned memory."""
        self.begin()
        self.send()
        for host in self._hosts:
            host.take(self._memory)


class _Host:
    """Pinned memory, with arrays in it that need not be made again."""

    def __init__(self, like: Tensor, shapes: Sequence[tuple[tuple[int, ...], Any]]) -> None:
        self._pinned = torch.empty(like.shape, dtype=like.dtype, pin_memory=like.is_cuda)
        self._sent: torch.cuda.Event | None = None
        if like.is_cuda:
            self._sent = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch's
        self.memory = self._pinned.numpy()
        arrays, begin = [], 0
        for shape, dtype in shapes:
            size = int(np.prod(shape)) * dtype.itemsize
            arrays.append(self.memory[begin : begin + size].view(dtype).reshape(shape))
            begin += _padded(size)
        self.arrays = tuple(arrays)

    @property
    def free(self) -> bool:
        return self._sent is None or bool(self._sent.query())  # type: ignore[no-untyped-call]

    def send(self, memory: Tensor) -> None:
        memory.copy_(self._pinned, non_blocking=True)
        if self._sent is not None:
            self._sent.record()

    def take(self, memory: Tensor) -> None:
        """Queue a copy the other way, behind what is to be sent from here."""
        self._pinned.copy_(memory, non_blocking=True)
        if self._sent is not None:
            self._sent.record()


def upload(arrays: Arrays, device: torch.device) -> tuple[Tensor, ...]:
    """Copies on a device, without waiting for what it is doing."""
    return _views(_joined(arrays, device).to(device, non_blocking=True), arrays)


def _padded(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED


def _joined(arrays: Arrays, device: torch.device) -> Tensor:
    """All of them in one piece of torch's own pinned memory, which it keeps until it is copied.

    numpy's copies, not torch's: those spread over all cores, which first have to wake up.
    """
    size = sum(_padded(array.nbytes) for array in arrays)
    joined = torch.empty(size, dtype=torch.uint8, pin_memory=device.type == "cuda")
    memory, begin = joined.numpy(), 0
    memory[:] = 0
    for array in arrays:
        end = begin + array.nbytes
        memory[begin:end] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        begin += _padded(array.nbytes)
    return joined


def _views(memory: Tensor, like: Arrays) -> tuple[Tensor, ...]:
    views, begin = [], 0
    for array in like:
        piece = memory[begin : begin + array.nbytes]
        views.append(piece.view(torch.from_numpy(array).dtype).view(array.shape))
        begin += _padded(array.nbytes)
    return tuple(views)
