"""Memory of the host that kernels write to, so that the host reads what they found without a copy.

A copy behind each step would keep the next one waiting, and the host with it.
"""

from typing import Any

import torch
from torch import Tensor


class _Pinned:
    """Pinned memory as torch takes the device's: it is at the same address there."""

    def __init__(self, tensor: Tensor) -> None:
        self._kept = tensor  # as long as torch keeps this
        self.__cuda_array_interface__: dict[str, Any] = {
            "shape": tuple(tensor.shape),
            "typestr": tensor.numpy().dtype.str,
            "data": (tensor.data_ptr(), False),
            "strides": None,
            "version": 3,
        }


def mapped(values: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    """`values`, which are on the CPU, as `device` writes them and as the host reads them.

    What a kernel wrote is there for the host once an event behind it has happened; words of 32 bits
    come whole before. On a CPU both are one tensor.
    """
    if device.type != "cuda":
        return values, values
    host = values.pin_memory()
    of_device = torch.as_tensor(_Pinned(host), device=device)
    assert of_device.data_ptr() == host.data_ptr(), "torch made a copy of mapped memory"
    return of_device, host
