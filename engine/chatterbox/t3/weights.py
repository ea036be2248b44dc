"""T3's weights, read from upstream's `t3_cfg.safetensors` and laid out for decoding.

Query, key and value are one matrix, and so are gate and up. A norm's gains are multiplied into the
matrix that follows it, in fp32 and before the one rounding to the decoder's dtype or to eight bits.
The conditioning encoder stays in fp32: it is small, and runs once per voice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.chatterbox.t3.quantised import Quantised
from engine.weights.checkpoint import WeightsError
from engine.weights.sizes import T3Sizes
from engine.weights.tensors import opened


@dataclass(frozen=True)
class Layer:
    """One Llama layer. Matrices are (out, in) in the decoder's dtype, or in eight bits."""

    qkv: Tensor | Quantised  # (3 * hidden, hidden): query, key, value
    output: Tensor | Quantised  # (hidden, hidden)
    gate_up: Tensor | Quantised  # (2 * ffn, hidden): gate, up
    down: Tensor | Quantised  # (hidden, ffn)


@dataclass(frozen=True)
class T3Weights:
    """Everything the decoder reads. Embedding tables are in the decoder's dtype."""

    sizes: T3Sizes
    layers: tuple[Layer, ...]
    speech_head: Tensor
    text_embedding: Tensor
    text_position: Tensor
    speech_embedding: Tensor
    speech_position: Tensor
    conditioning: Mapping[str, Tensor]  # fp32, names as in the checkpoint below `cond_enc.`

    @property
    def device(self) -> torch.device:
        return self.speech_head.device

    @property
    def dtype(self) -> torch.dtype:
        return self.speech_head.dtype

    @property
    def stored(self) -> torch.dtype | None:
        """What the layers' matrices are kept in, where that is eight bits."""
        matrix = self.layers[0].qkv
        return matrix.codes.dtype if isinstance(matrix, Quantised) else None


def load_t3(
    file: Path, device: torch.device, dtype: torch.dtype, stored: torch.dtype | None = None
) -> T3Weights:
    """Read `t3_cfg.safetensors`, the layers' matrices into eight bits if `stored` is such a form.

    Raises `WeightsError`, which names a missing tensor.
    """
    with opened(file) as content:
        names = set(content.keys())
        sizes = T3Sizes.from_shapes({n: tuple(content.get_slice(n).get_shape()) for n in names})

        def read(name: str, *, as_type: torch.dtype = dtype) -> Tensor:
            if name not in names:
                raise WeightsError(f"{file.name} has no tensor {name}.")
            tensor: Tensor = content.get_tensor(name)
            return tensor.to(device=device, dtype=as_type)

        def normed(norm: str, *parts: str) -> Tensor:
            gains = read(norm, as_type=torch.float32)
            matrix = torch.cat([read(part, as_type=torch.float32) for part in parts])
            return matrix.mul_(gains)

        def kept(matrix: Tensor) -> Tensor | Quantised:
            return matrix.to(dtype) if stored is None else Quantised.of(matrix)

        def layer(index: int) -> Layer:
            prefix = f"tfmr.layers.{index}."
            attention, mlp = prefix + "self_attn.", prefix + "mlp."
            return Layer(
                qkv=kept(
                    normed(
                        prefix + "input_layernorm.weight",
                        *(f"{attention}{part}_proj.weight" for part in "qkv"),
                    )
                ),
                output=kept(read(attention + "o_proj.weight", as_type=torch.float32)),
                gate_up=kept(
                    normed(
                        prefix + "post_attention_layernorm.weight",
                        mlp + "gate_proj.weight",
                        mlp + "up_proj.weight",
                    )
                ),
                down=kept(read(mlp + "down_proj.weight", as_type=torch.float32)),
            )

        return T3Weights(
            sizes=sizes,
            layers=tuple(layer(index) for index in range(sizes.layers)),
            speech_head=normed("tfmr.norm.weight", "speech_head.weight").to(dtype),
            text_embedding=read("text_emb.weight"),
            text_position=read("text_pos_emb.emb.weight"),
            speech_embedding=read("speech_emb.weight"),
            speech_position=read("speech_pos_emb.emb.weight"),
            conditioning={
                name.removeprefix("cond_enc."): read(name, as_type=torch.float32)
                for name in sorted(names)
                if name.startswith("cond_enc.")
            },
        )
