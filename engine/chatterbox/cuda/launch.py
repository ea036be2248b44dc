"""How Triton kernels of a step are launched one behind the other.

On Hopper and later a kernel may start while the one before it still runs, and read what does not
depend on it: weights, and the cache of earlier steps. `BEHIND` kernels do so and wait before they
touch anything else; a step's first kernel lets none start before it has ended. Every kernel of a
chain has to wait, or the next one's wait would prove nothing about those before it.
"""

import torch
import triton
import triton.language as tl


def chain_options(device: torch.device) -> dict[str, bool]:
    """How the kernels of a step follow one another, as the device and this Triton can."""
    hopper = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (9, 0)
    if hopper and hasattr(tl.extra.cuda, "gdc_wait"):
        return {"BEHIND": True, "launch_pdl": True}
    return {"BEHIND": False}


@triton.jit
def double_kernel(source, out, COUNT: tl.constexpr, BEHIND: tl.constexpr):
    """`out` = 2 * `source` (COUNT,): what Triton is tried out with."""
    n = tl.arange(0, COUNT)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    tl.store(out + n, 2 * tl.load(source + n))
