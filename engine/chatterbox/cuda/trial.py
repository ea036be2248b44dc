"""Whether Triton really works on a device, found out by running it.

An installed Triton proves nothing: it compiles as it goes, with a C compiler and a driver that may
be missing or may not fit, and says so only when a kernel is launched.
"""

import importlib.util
import logging
from functools import cache

import torch

#: The compute capability that our kernels need: Ampere's.
TRITON_SINCE = (8, 0)

_log = logging.getLogger(__name__)


def triton_runs(device: torch.device) -> bool:
    """Whether our Triton kernels can be used on a device. The first call for it runs one."""
    return (
        device.type == "cuda"
        and torch.version.cuda is not None
        and torch.cuda.get_device_capability(device) >= TRITON_SINCE
        and importlib.util.find_spec("triton") is not None
        and _tried_out(device)
    )


@cache
def _tried_out(device: torch.device) -> bool:
    try:
        _run_a_kernel(device)
    except torch.OutOfMemoryError:
        raise  # which says nothing about Triton
    except Exception as error:  # whatever it lacks, it raises something of its own
        _log.warning("Triton does not run here (%s): sound takes longer", type(error).__name__)
        return False
    return True


def _run_a_kernel(device: torch.device) -> None:
    from engine.chatterbox.cuda import launch  # noqa: PLC0415 - Triton

    ones, out = torch.ones(16, device=device), torch.zeros(16, device=device)
    launch.double_kernel[(1,)](ones, out, COUNT=16, **launch.chain_options(device))
    if not torch.equal(out, 2 * ones):
        raise RuntimeError("a kernel gave a wrong result")
