"""Which network a file of T3 holds: its content decides, not its name."""

from pathlib import Path

import torch

from engine.chatterbox.t3.gpt2 import Gpt2T3
from engine.chatterbox.t3.gpt2_weights import Gpt2Weights, load_gpt2
from engine.chatterbox.t3.kernels import T3Kernels, kernels_for
from engine.chatterbox.t3.llama import LlamaT3
from engine.chatterbox.t3.network import T3Network
from engine.chatterbox.t3.weights import T3Weights, load_t3
from engine.weights.tensors import opened

AnyWeights = T3Weights | Gpt2Weights


def load_weights(
    file: Path,
    device: torch.device,
    dtype: torch.dtype,
    *,
    int8: bool = False,
    stored: torch.dtype | None = None,
) -> AnyWeights:
    """Read a T3 of either kind, its layers' matrices into eight bits if `stored` is such a form.

    `int8` is as in `load_gpt2`, and of no effect on a Llama. Raises `WeightsError`.
    """
    with opened(file) as content:
        gpt2 = "tfmr.wpe.weight" in content.keys()  # noqa: SIM118 - it is no dictionary
    if gpt2:
        return load_gpt2(file, device, dtype, int8=int8, stored=stored)
    return load_t3(file, device, dtype, stored)


def network_of(
    weights: AnyWeights, kernels: T3Kernels | None = None, cache: torch.dtype | None = None
) -> T3Network:
    """The network that these weights are, with these kernels or the fastest that it runs on.

    Its keys and values are kept in `cache`, or in the weights' dtype.
    """
    if kernels is None:
        device = weights.device
        kernels = kernels_for(weights.sizes, weights.dtype, device, weights.stored, cache)
    if isinstance(weights, Gpt2Weights):
        return Gpt2T3(weights, kernels)
    return LlamaT3(weights, kernels)
