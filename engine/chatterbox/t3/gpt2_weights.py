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

from engine.chatterbox.t3.quantised import Quantised
from engine.weights.checkpoint import WeightsError
from engine.weights.sizes import T3Sizes
from engine.weights.tensors import opened

_INT8_MOST = 127


@dataclass(frozen=True)
class Affine:
    """A product with its bias: `weight` (out, in) and `bias` (out,) in the decoder's dtype.

    The weight may have eight bits instead. `int8` is the same for steps, as torch packs it for this
    machine's CPU.
    """

    weight: Tensor | Quantised
    bias: Tensor
    int8: Any = None

    def step(self, vectors: Tensor) -> Tensor:
        """In int8, for one fp32 vector a row, (rows, in); gives fp32.

        Each row is multiplied by itself: the product finds one scale for all it is given, so
        a row would depend on those beside it.
        """
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

    @property
    def stored(self) -> torch.dtype | None:
        """What the layers' matrices are kept in, where that is eight bits."""
        matrix = self.layers[0].qkv.weight
        return matrix.codes.dtype if isinstance(matrix, Quantised) else None


def load_gpt2(
    file: Path,
    device: torch.device,
    dtype: torch.dtype,
    *,
    int8: bool = False,
    stored: torch.dtype | None = None,
) -> Gpt2Weights:
    """Read `t3_turbo_v1.safetensors` or Nano's; layers into eight bits if `stored` is such a form.

    With `int8`, steps multiply by weights of eight bits, one scale a row, and so are the vectors
    rounded; prompts and embeddings stay in `dtype`. Only on a CPU that torch has this for. Raises
    `WeightsError`, which names a missing tensor.
    """
    with opened(file) as content:
        names = set(content.keys())
        sizes = T3Sizes.from_shapes({n: tuple(content.get_slice(n).get_shape()) for n in names})

    def read(name: str) -> Tensor:
        if name not in names:
            raise WeightsError(f"{file.name} has no tensor {name}.")
        # Opened for each, as what was read of a file counts as memory until it is closed.
        with opened(file) as content:
            tensor: Tensor = content.get_tensor(name)
        return tensor.to(device=device, dtype=torch.float32)

    def affine(weight: Tensor, bias: Tensor, form: torch.dtype | None = stored) -> Affine:
        if form is not None:
            return Affine(Quantised.of(weight), bias.to(dtype))
        rounded = weight.to(dtype).contiguous(), bias.to(dtype)
        return Affine(*rounded, _packed(weight, bias) if int8 else None)

    def normed(
        norm: str, weight: Tensor, bias: Tensor, form: torch.dtype | None = stored
    ) -> Affine:
        gains, shift = read(f"{norm}.weight"), read(f"{norm}.bias")
        return affine(weight * gains, bias + weight @ shift, form)

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
        speech_head=normed(
            "tfmr.ln_f", read("speech_head.weight"), read("speech_head.bias"), form=None
        ),
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
