"""Several small tensors that go to the device in one copy: each takes the host ten microseconds."""

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
    """Memory on `device` for tensors of such shapes and dtypes. `tensors` are at first zero."""

    def __init__(self, like: Arrays, device: torch.device) -> None:
        self._memory = torch.zeros(_size(like), dtype=torch.uint8, device=device)
        self.tensors = _views(self._memory, like)

    def fill(self, arrays: Arrays) -> None:
        """Queue a copy of what the tensors are to hold. Does not wait for the device."""
        self._memory.copy_(_joined(arrays, self._memory.device), non_blocking=True)


def upload(arrays: Arrays, device: torch.device) -> tuple[Tensor, ...]:
    """Copies on a device, without waiting for what it is doing."""
    return _views(_joined(arrays, device).to(device, non_blocking=True), arrays)


def _size(arrays: Arrays) -> int:
    return sum(-(-array.nbytes // _ALIGNED) * _ALIGNED for array in arrays)


def _joined(arrays: Arrays, device: torch.device) -> Tensor:
    """All of them in one piece of torch's own pinned memory, which it keeps until it is copied.

    numpy's copies, not torch's: those spread over all cores, which first have to wake up.
    """
    joined = torch.empty(_size(arrays), dtype=torch.uint8, pin_memory=device.type == "cuda")
    memory, begin = joined.numpy(), 0
    for array in arrays:
        end = begin + array.nbytes
        memory[begin:end] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        begin += -(-array.nbytes // _ALIGNED) * _ALIGNED
    return joined


def _views(memory: Tensor, like: Arrays) -> tuple[Tensor, ...]:
    views, begin = [], 0
    for array in like:
        piece = memory[begin : begin + array.nbytes]
        views.append(piece.view(torch.from_numpy(array).dtype).view(array.shape))
        begin += -(-array.nbytes // _ALIGNED) * _ALIGNED
    return tuple(views)
