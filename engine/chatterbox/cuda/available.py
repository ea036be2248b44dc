"""Whether our own CUDA kernels work on a device, found out by running one."""

import logging
from functools import cache

import torch

from engine.chatterbox.cuda.driver import DriverError
from engine.chatterbox.cuda.libraries import LibraryMissing
from engine.chatterbox.cuda.nvrtc import CompileError
from engine.chatterbox.cuda.program import Program, SourceFile, nvrtc_version
from engine.chatterbox.cuda.trial import triton_runs

#: The compute capability that our kernels need: Turing's, the oldest that CUDA 13 compiles for.
KERNELS_SINCE = (7, 5)
#: Of bf16 arithmetic. Cards before it have fp16, which the decoder is run in there.
BF16_SINCE = (8, 0)

TRIAL = SourceFile("engine.chatterbox.cuda", "trial.cu")

_log = logging.getLogger(__name__)


def kernels_run(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether our kernels can be used on a device in this precision. The first call runs one."""
    if device.type != "cuda":
        return False
    if dtype == torch.bfloat16 and torch.cuda.get_device_capability(device) < BF16_SINCE:
        return False
    return why_not(device) is None


@cache
def why_not(device: torch.device) -> str | None:
    """Why our kernels cannot be used on a CUDA device, and what to install; None if they can.

    Found out once, and logged if they cannot.
    """
    reason = _tried_out(device)
    if reason is not None:
        _log.warning("Speech is many times slower than this card allows: %s", reason)
    return reason


def compiler(device: torch.device) -> str:
    """What compiles for a device whose kernels run: `NVRTC 13.0 for compute capability 9.0`."""
    major, minor = torch.cuda.get_device_capability(device)
    return f"NVRTC {nvrtc_version()} for compute capability {major}.{minor}"


def which_run(device: torch.device, dtype: torch.dtype) -> str:
    """A sentence: whose kernels run on a CUDA device in this precision, and why not ours."""
    if kernels_run(device, dtype):
        beside = " Some of those that make sound are Triton's." if triton_runs(device) else ""
        return f"Its kernels are Timbre's own, compiled by {compiler(device)}.{beside}"
    why = why_not(device) or "this card has no bf16."
    return f"Its kernels are PyTorch's, which are many times slower: {why}"


def _tried_out(device: torch.device) -> str | None:
    if torch.version.cuda is None:
        return "this PyTorch was not built for CUDA."
    capability = torch.cuda.get_device_capability(device)
    if capability < KERNELS_SINCE:
        since, found = (".".join(map(str, each)) for each in (KERNELS_SINCE, capability))
        return f"kernels need a card of compute capability {since}, and this one has {found}."
    try:
        double = Program(TRIAL, device).kernel("double_kernel")
        ones, out = torch.ones(16, device=device), torch.zeros(16, device=device)
        double((1,), 32, ones, out, len(ones))
        right = torch.equal(out, 2 * ones)
    except LibraryMissing as error:
        return str(error)
    except CompileError as error:
        first = str(error).strip().partition("\n")[0]
        return f"NVRTC does not compile for this card ({first}): install a newer PyTorch for CUDA."
    except DriverError as error:
        return f"{error}: install a newer driver from NVIDIA."
    return None if right else "a kernel gave a wrong result: the driver or the card is broken."
