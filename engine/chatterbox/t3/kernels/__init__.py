"""The parts of a decode step, each in several forms that compute the same.

`reference` is plain torch and runs everywhere; `cpu` is that for one row of a GPT-2 on a CPU.
`compiled` is CUDA C++, runs on NVIDIA GPUs and is tested against the reference. Nothing outside
this package knows which is used.
"""

from typing import Protocol

import torch
from torch import Tensor

from engine.chatterbox.cuda.available import kernels_run
from engine.chatterbox.cuda.program import SourceFile
from engine.chatterbox.t3.buffers import Activations, Batch
from engine.chatterbox.t3.gpt2_weights import Gpt2Weights
from engine.chatterbox.t3.kernels import compiled
from engine.chatterbox.t3.kernels.compiled import CompiledT3Kernels
from engine.chatterbox.t3.kernels.cpu import CpuT3Kernels
from engine.chatterbox.t3.kernels.reference import Matrix, ReferenceT3Kernels
from engine.chatterbox.t3.prompt import Destination, Earlier
from engine.chatterbox.t3.slots import Slots
from engine.chatterbox.t3.weights import T3Weights
from engine.weights.sizes import T3Sizes


class T3Kernels(Protocol):
    """What a decode step is made of. Everything writes into the batch's buffers, in place.

    For either family: a GPT-2 has no rotary tables, and gelu where a Llama has a gate.
    """

    def prompt_norm(self, residual: Tensor, dtype: torch.dtype) -> Tensor:
        """RMS norm of prompts' (rows, positions, hidden) fp32, in `dtype`, without its gains."""

    def prompt_attend(
        self,
        qkv: Tensor,
        layer: int,
        earlier: Earlier,
        kept: Destination,
        rotary: tuple[Tensor, Tensor] | None,
        out: Tensor,
    ) -> None:
        """`out` becomes what prompts' positions attend to, themselves and all before.

        It is (rows, positions, hidden), and `qkv` (rows, positions, 3 * hidden). A layer's new keys
        and values go to `kept`. The rotary tables begin at the first new position.
        """

    def plain(self, weight: Matrix, dtype: torch.dtype) -> tuple[Tensor, ...]:
        """A matrix (out, in) in `dtype` for the library, and its bias where it has one."""

    def embed(self, weights: T3Weights | Gpt2Weights, slots: Slots, batch: Batch) -> None:
        """`residual` becomes the embedding of each slot's last token at its position.

        `positions` becomes where in each row's context that is.
        """

    def begin(self, batch: Activations) -> None:
        """To be called where others than these have written `residual`, unless `embed` has."""

    def norm_linear(self, batch: Activations, weight: Matrix, out: Tensor) -> None:
        """`out` becomes the RMS norm of `residual` times `weight` transposed."""

    def attend(
        self, batch: Batch, cache: tuple[Tensor, Tensor], rotary: tuple[Tensor, Tensor] | None
    ) -> None:
        """Put the keys and values of `qkv` into the cache and attend to all used positions."""

    def attend_normed(
        self,
        batch: Batch,
        layer: int,
        weight: Matrix,
        cache: tuple[Tensor, Tensor],
        rotary: tuple[Tensor, Tensor] | None,
    ) -> None:
        """`norm_linear` into queries, keys and values, and `attend`, of a step's layer.

        `qkv` is whatever it becomes. The first layer's comes right behind `embed`.
        """

    def add_attended(self, batch: Activations, weight: Matrix) -> None:
        """`residual` grows by what was attended to, times `weight` transposed."""

    def add_mlp(self, batch: Activations, up: Matrix, down: Matrix) -> None:
        """`residual` grows by the MLP of its RMS norm, a Llama's gate in one matrix with `up`."""

    def sample(self, slots: Slots, batch: Batch, noise: Tensor | None = None) -> None:
        """Turn `logits` into one token per running slot, and take note of it.

        `noise` (places, speech vocabulary) fp32 is distributed exponentially; unless it is given,
        it is drawn from each slot's seed and step.
        """


def kernels_for(
    sizes: T3Sizes,
    dtype: torch.dtype,
    device: torch.device,
    stored: torch.dtype | None = None,
    cache: torch.dtype | None = None,
) -> T3Kernels:
    """The fastest kernels that really run on a device, for such weights and such a cache."""
    if kernels_run(device, dtype):
        return CompiledT3Kernels(sizes, dtype, device, stored, cache)
    if sizes.backbone == "gpt2" and device.type == "cpu" and cache is None:
        return CpuT3Kernels()
    return ReferenceT3Kernels()


def sources_for(
    sizes: T3Sizes,
    dtype: torch.dtype,
    device: torch.device,
    stored: torch.dtype | None = None,
    cache: torch.dtype | None = None,
) -> list[SourceFile]:
    """What `kernels_for` compiles on a CUDA device."""
    if not kernels_run(device, dtype):
        return []
    capability = torch.cuda.get_device_capability(device)
    return compiled.sources_for(sizes, dtype, capability, stored, cache)
