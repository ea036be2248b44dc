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
    file: Path, device: torch.device, dtype: torch.dtype, *, int8: bool = False
) -> AnyWeights:
    """Read a T3 of either kind; `int8` as in `load_gpt2`, and of no effect on a Llama.

    Raises `WeightsError`.
    """
    with opened(file) as stored:
        gpt2 = "tfmr.wpe.weight" in stored.keys()  # noqa: SIM118 - it is no dictionary
    return load_gpt2(file, device, dtype, int8=int8) if gpt2 else load_t3(file, device, dtype)


def network_of(weights: AnyWeights, kernels: T3Kernels | None = None) -> T3Network:
    """The network that these weights are, with these kernels or the fastest that it runs on."""
    if kernels is None:
        kernels = kernels_for(weights.sizes, weights.dtype, weights.device)
    if isinstance(weights, Gpt2Weights):
        return Gpt2T3(weights, kernels)
    return LlamaT3(weights, kernels)
