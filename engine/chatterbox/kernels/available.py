"""Whether Triton really runs on a device: it says late that it lacks something."""

import functools
import importlib.util
import logging

import torch

#: The compute capability that Triton needs: Ampere's.
TRITON_SINCE = (8, 0)

_log = logging.getLogger(__name__)


@functools.cache
def triton_runs(device: torch.device) -> bool:
    """Whether a kernel can be compiled and run there; tried once.

    Triton needs a C compiler and a driver that fits, and finds out when the first kernel is built.
    """
    on_nvidia = device.type == "cuda" and torch.version.cuda is not None
    if not on_nvidia or importlib.util.find_spec("triton") is None:
        return False
    if torch.cuda.get_device_capability(device) < TRITON_SINCE:
        return False
    try:
        _try_out(device)
    except Exception as error:
        _log.warning("Triton does not run here (%s): speech is slower", type(error).__name__)
        return False
    return True


def _try_out(device: torch.device) -> None:
    from engine.chatterbox.kernels.launch import Chain, may_start_early  # noqa: PLC0415 - Triton
    from engine.chatterbox.kernels.matrix import gated_kernel  # noqa: PLC0415 - likewise

    ones = torch.ones(2, 16, device=device)
    out = torch.zeros(1, 16, device=device)
    chain = Chain(early=may_start_early(device))
    gated_kernel[(1, 1)](ones, out, WIDTH=16, BLOCK=16, **chain.options)
    if not torch.allclose(out, torch.nn.functional.silu(ones[:1])):
        raise RuntimeError("a kernel gave a wrong result")
