"""The weights of Turbo's and Nano's T3, a GPT-2, laid out for decoding.

What can be done once is done here, in fp32 and before the one rounding to the decoder's dtype. A
norm's gains and biases go into the product that follows it. Whatever writes to the residual stream
is centred over the width: the stream's mean is zero then, and LayerNorm the RMS norm that a Llama
has.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engine.weights.checkpoint import WeightsError
from engine.weights.sizes import T3Sizes
from engine.weights.tensors import opened

_INT8_MOST = 127


@dataclass(frozen=True)
class Affine:
    """A product with its bias: `weight` (out, in) and `bias` (out,) in the decoder's dtype.

    `int8` is the same for steps, as torch packs it for this machine's CPU.
    """

    weight: Tensor
    bias: Tensor
    int8: Any = None

    @property
    def step_dtype(self) -> torch.dtype:
        """What a step's vectors are given in: int8 rounds by itself, and from fp32."""
        return self.weight.dtype if self.int8 is None else torch.float32

    def prompt(self, vectors: Tensor) -> Tensor:
        """Exactly, for (..., in)."""
        return functional.linear(vectors, self.weight, self.bias)

    def step(self, vectors: Tensor) -> Tensor:
        """For one vector a row, (rows, in), and in int8 where there is that, which gives fp32.

        There each row is multiplied by itself: the product finds one scale for all it is given, so
        a row would depend on those beside it.
        """
        if self.int8 is None:
            return functional.linear(vectors, self.weight, self.bias)
        multiply = torch.ops.quantized.linear_dynamic
        rows = [
            multiply(vectors[row : row + 1].float(), self.int8, reduce_range=True)
            for row in range(len(vectors))
        ]
        return rows[0] if len(rows) == 1 else torch.cat(rows)


@dataclass(frozen=True)
class Gpt2Layer:
    """One GPT-2 layer."""

    qkv: Affine  # (3 * hidden, hidden): query, key, value
    output: Affine  # (hidden, hidden)
    up: Affine  # (ffn, hidden)
    down: Affine  # (hidden, ffn)


@dataclass(frozen=True)
class Gpt2Weights:
    """Everything the decoder reads. Embedding tables are in the decoder's dtype."""

    sizes: T3Sizes
    layers: tuple[Gpt2Layer, ...]
    speech_head: Affine
    text_embedding: Tensor
    speech_embedding: Tensor
    position: Tensor  # of the whole stream
    speaker: Affine  # fp32

    @property
    def device(self) -> torch.device:
        return self.position.device

    @property
    def dtype(self) -> torch.dtype:
        return self.position.dtype


def load_gpt2(
    file: Path, device: torch.device, dtype: torch.dtype, *, int8: bool = False
) -> Gpt2Weights:
    """Read `t3_turbo_v1.safetensors` or Nano's.

    With `int8`, steps multiply by weights of eight bits, one scale a row, and so are the vectors
    rounded; prompts and embeddings stay in `dtype`. Only on a CPU that torch has this for. Raises
    `WeightsError`, which names a missing tensor.
    """
    with opened(file) as stored:
        names = set(stored.keys())
        sizes = T3Sizes.from_shapes({n: tuple(stored.get_slice(n).get_shape()) for n in names})

    def read(name: str) -> Tensor:
        if name not in names:
            raise WeightsError(f"{file.name} has no tensor {name}.")
        # Opened for each, as what was read of a file counts as memory until it is closed.
        with opened(file) as stored:
            tensor: Tensor = stored.get_tensor(name)
        return tensor.to(device=device, dtype=torch.float32)

    def affine(weight: Tensor, bias: Tensor) -> Affine:
        rounded = weight.to(dtype).contiguous(), bias.to(dtype)
        return Affine(*rounded, _packed(weight, bias) if int8 else None)

    def normed(norm: str, weight: Tensor, bias: Tensor) -> Affine:
        gains, shift = read(f"{norm}.weight"), read(f"{norm}.bias")
        return affine(weight * gains, bias + weight @ shift)

    def written(name: str) -> Affine:
        weight, bias = read(f"{name}.weight").t(), read(f"{name}.bias")
        return affine(weight - weight.mean(0), _centred(bias))

    def layer(index: int) -> Gpt2Layer:
        prefix = f"tfmr.h.{index}."
        # GPT-2 keeps its matrices (in, out).
        qkv, up = prefix + "attn.c_attn", prefix + "mlp.c_fc"
        return Gpt2Layer(
            qkv=normed(prefix + "ln_1", read(f"{qkv}.weight").t(), read(f"{qkv}.bias")),
            output=written(prefix + "attn.c_proj"),
            up=normed(prefix + "ln_2", read(f"{up}.weight").t(), read(f"{up}.bias")),
            down=written(prefix + "mlp.c_proj"),
        )

    speaker = read("cond_enc.spkr_enc.weight")
    return Gpt2Weights(
        sizes=sizes,
        layers=tuple(layer(index) for index in range(sizes.layers)),
        speech_head=normed("tfmr.ln_f", read("speech_head.weight"), read("speech_head.bias")),
        text_embedding=_centred(read("text_emb.weight")).to(dtype),
        speech_embedding=_centred(read("speech_emb.weight")).to(dtype),
        position=_centred(read("tfmr.wpe.weight")).to(dtype),
        speaker=Affine(speaker - speaker.mean(0), _centred(read("cond_enc.spkr_enc.bias"))),
    )


def int8_runs() -> bool:
    """Whether torch multiplies in int8 on this machine's CPU: not on every kind of it."""
    weight, vectors = torch.eye(8), torch.linspace(-1, 1, 8)[None]
    try:
        packed = _packed(weight, torch.zeros(8))
        got = Affine(weight, torch.zeros(8), packed).step(vectors)
    except (RuntimeError, AttributeError):
        return False
    return bool((got - vectors).abs().max() < 0.05)


def _centred(vectors: Tensor) -> Tensor:
    return vectors - vectors.mean(-1, keepdim=True)


def _packed(weight: Tensor, bias: Tensor) -> Any:
    scales = weight.abs().amax(dim=1).clamp(min=torch.finfo(torch.float32).tiny) / _INT8_MOST
    zeros = torch.zeros(len(weight), dtype=torch.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that such tensors will go from torch
        rounded = torch.quantize_per_channel(weight.contiguous(), scales, zeros, 0, torch.qint8)
        return torch.ops.quantized.linear_prepack(rounded, bias)
