"""The weights of S3Gen's encoder and estimator, laid out for inference.

Queries, keys and values are one matrix, and what the estimator makes of the solver's time steps is
computed here once.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.config import EULER_STEPS, MEAN_FLOW_STEPS, MEL_BINS
from engine.chatterbox.s3gen.layout import Layout, Linear
from engine.weights.sizes import S3GenSizes

_ESTIMATOR = "flow.decoder.estimator."
_TIME_MIXER = _ESTIMATOR + "time_embed_mixer.weight"
_FEED_BIAS = "ff.net.2.bias"


@dataclass(frozen=True, slots=True)
class EncoderLayer:
    """A conformer layer: relative-position attention and a feed-forward, norms folded in.

    `qkv` makes queries twice, with what is added to those that meet keys and to those that meet
    positions and divided by the root of a head's width, then keys and values. `places` is what
    `position` makes of the distances from half of its length down to that below zero.
    """

    heads: int
    qkv: Linear
    position: Tensor  # (width, width), no bias
    out: Linear
    feed_in: Linear
    feed_out: Linear
    places: Tensor | None = None


@dataclass(frozen=True, slots=True)
class EncoderWeights:
    """Tokens to 50 Hz features. `embed` and `up_embed` are a product followed by a norm."""

    token_embedding: Tensor  # (ids, width)
    speaker: Linear
    embed: Linear
    embed_norm: Linear  # gain and bias of a norm
    look_ahead: Linear
    look_back: Linear
    layers: tuple[EncoderLayer, ...]
    upsample: Linear
    up_embed: Linear
    up_embed_norm: Linear
    up_layers: tuple[EncoderLayer, ...]
    projection: Linear  # the last norm folded in


@dataclass(frozen=True, slots=True)
class NormedConv:
    """A causal convolution of three taps, then a norm over channels, then Mish."""

    conv: Linear
    gain: Tensor
    bias: Tensor


@dataclass(frozen=True, slots=True)
class TransformerLayer:
    """Self-attention and a GELU feed-forward, norms folded in.

    `out` and `feed_out` are (width, in) and have no bias: a block adds the biases of all its
    layers to the stream at once, before the first. `ahead` and `feed_ahead`, (width,) fp32, are
    what the stream then holds too much where attention and feed-forward read it.
    """

    ahead: Tensor
    qkv: Linear
    out: Tensor
    feed_ahead: Tensor
    feed_in: Linear
    feed_out: Tensor


@dataclass(frozen=True, slots=True)
class EstimatorBlock:
    """A causal resnet and its transformer layers.

    `time` is (steps, width) fp32; `layer_biases`, (width,) fp32, is the sum over the layers.
    """

    heads: int
    first: NormedConv
    time: Tensor
    second: NormedConv
    shortcut: Linear
    layer_biases: Tensor
    layers: tuple[TransformerLayer, ...]


@dataclass(frozen=True, slots=True)
class EstimatorWeights:
    """The causal U-Net: one block down, the middle, one block up on the down block's skip."""

    down: EstimatorBlock
    down_conv: Linear
    middle: tuple[EstimatorBlock, ...]
    up: EstimatorBlock
    up_conv: Linear
    final: NormedConv
    projection: Linear


def load_encoder(
    layout: Layout, sizes: S3GenSizes, dtype: torch.dtype = torch.float32
) -> EncoderWeights:
    """`dtype` is that of the layers' products and of the upsampling, which are nearly all of it."""
    root = "flow.encoder."

    def layer(prefix: str) -> EncoderLayer:
        attention, feed = prefix + "self_attn.", prefix + "feed_forward."
        queries, keys, values = (
            layout.linear(f"{attention}linear_{part}", norm=prefix + "norm_mha") for part in "qkv"
        )
        u, v = (layout.put(layout[f"{attention}pos_bias_{part}"]) for part in "uv")
        scale = 1 / math.sqrt(u.shape[1])
        weights = [queries.weight * scale, queries.weight * scale, keys.weight, values.weight]
        biases = [(queries.bias + more.flatten()) * scale for more in (u, v)]
        return EncoderLayer(
            heads=len(u),
            qkv=Linear(
                layout.put(torch.cat(weights), dtype),
                layout.put(torch.cat([*biases, keys.bias, values.bias]), dtype),
            ),
            position=layout.put(layout[attention + "linear_pos.weight"], dtype),
            out=layout.linear(attention + "linear_out", dtype=dtype),
            feed_in=layout.linear(feed + "w_1", dtype=dtype, norm=prefix + "norm_ff"),
            feed_out=layout.linear(feed + "w_2", dtype=dtype),
        )

    return EncoderWeights(
        token_embedding=layout.put(layout["flow.input_embedding.weight"]),
        speaker=layout.linear("flow.spk_embed_affine_layer"),
        embed=layout.linear(root + "embed.out.0"),
        embed_norm=layout.norm(root + "embed.out.1"),
        look_ahead=layout.windowed(root + "pre_lookahead_layer.conv1"),
        look_back=layout.windowed(root + "pre_lookahead_layer.conv2"),
        layers=tuple(layer(f"{root}encoders.{n}.") for n in range(sizes.encoder_layers)),
        upsample=layout.windowed(root + "up_layer.conv", dtype),
        up_embed=layout.linear(root + "up_embed.out.0"),
        up_embed_norm=layout.norm(root + "up_embed.out.1"),
        up_layers=tuple(
            layer(f"{root}up_encoders.{n}.") for n in range(sizes.encoder_upsampled_layers)
        ),
        projection=layout.linear("flow.encoder_proj", norm=root + "after_norm"),
    )


def load_estimator(layout: Layout, sizes: S3GenSizes, dtype: torch.dtype) -> EstimatorWeights:
    root = _ESTIMATOR
    times = _time_embeddings(layout)

    def normed_conv(prefix: str) -> NormedConv:
        norm = layout.norm(prefix + ".block.2")
        return NormedConv(layout.windowed(prefix + ".block.0", dtype), norm.weight, norm.bias)

    def transformers(prefix: str) -> tuple[Tensor, tuple[TransformerLayer, ...]]:
        names = [f"{prefix}{n}." for n in range(sizes.estimator_transformers)]
        biases = [layout[n + last] for n in names for last in ("attn1.to_out.0.bias", _FEED_BIAS)]
        # What is still to come, from each of the biases on: the stream holds that much too much.
        ahead = layout.put(torch.stack(biases).flip(0).cumsum(0).flip(0))
        layers = tuple(
            TransformerLayer(
                ahead=ahead[2 * n],
                qkv=layout.linear(
                    *(f"{name}attn1.to_{part}" for part in "qkv"), dtype=dtype, norm=name + "norm1"
                ),
                out=layout.put(layout[name + "attn1.to_out.0.weight"], dtype),
                feed_ahead=ahead[2 * n + 1],
                feed_in=layout.linear(name + "ff.net.0.proj", dtype=dtype, norm=name + "norm3"),
                feed_out=layout.put(layout[name + "ff.net.2.weight"], dtype),
            )
            for n, name in enumerate(names)
        )
        return ahead[0], layers

    def block(prefix: str) -> EstimatorBlock:
        resnet = prefix + "0."
        layer_biases, layers = transformers(prefix + "1.")
        return EstimatorBlock(
            heads=sizes.estimator_heads,
            first=normed_conv(resnet + "block1"),
            time=layout.put(
                functional.linear(
                    functional.mish(times),
                    layout[resnet + "mlp.1.weight"],
                    layout[resnet + "mlp.1.bias"],
                )
            ),
            second=normed_conv(resnet + "block2"),
            shortcut=layout.windowed(resnet + "res_conv", dtype),
            layer_biases=layer_biases,
            layers=layers,
        )

    return EstimatorWeights(
        down=block(root + "down_blocks.0."),
        down_conv=layout.windowed(root + "down_blocks.0.2", dtype),
        middle=tuple(block(f"{root}mid_blocks.{n}.") for n in range(sizes.estimator_middle_blocks)),
        up=block(root + "up_blocks.0."),
        up_conv=layout.windowed(root + "up_blocks.0.2", dtype),
        final=normed_conv(root + "final_block"),
        projection=layout.windowed(root + "final_proj", dtype),
    )


def is_mean_flow(layout: Layout) -> bool:
    """Whether the estimator was distilled: it then takes a step's end too, and no guidance."""
    return _TIME_MIXER in layout


def euler_times(*, mean_flow: bool) -> Tensor:
    """The steps' boundaries from 0 to 1, (steps + 1,) fp32: upstream's cosine schedule.

    A mean flow's steps are equal.
    """
    if mean_flow:
        return torch.linspace(0, 1, MEAN_FLOW_STEPS + 1)
    return 1 - torch.cos(torch.linspace(0, 1, EULER_STEPS + 1) * 0.5 * torch.pi)


def _time_embeddings(layout: Layout) -> Tensor:
    """What the estimator is told of each step's time, (steps, 4 * width).

    A mean flow predicts the mean velocity over the step, so it is told of begin and end, mixed by a
    product (IntMeanFlow, arXiv 2510.07979).
    """
    mean_flow = is_mean_flow(layout)
    embedded = _embedded(layout, euler_times(mean_flow=mean_flow))
    if not mean_flow:
        return embedded[:-1]
    return torch.cat([embedded[:-1], embedded[1:]], dim=1) @ layout[_TIME_MIXER].T


def _embedded(layout: Layout, times: Tensor) -> Tensor:
    """Sinusoids of 1000 t through a two-layer MLP, as Grad-TTS has them: (times, 4 * width)."""
    half = 4 * MEL_BINS // 2
    rates = torch.exp(torch.arange(half).float() * -(math.log(10_000) / (half - 1)))
    angles = 1000 * times[:, None] * rates
    hidden = torch.cat([angles.sin(), angles.cos()], dim=1)
    for name, activation in (("linear_1", functional.silu), ("linear_2", torch.nn.Identity())):
        weight, bias = (
            layout[f"{_ESTIMATOR}time_mlp.{name}.{part}"] for part in ("weight", "bias")
        )
        hidden = activation(functional.linear(hidden, weight, bias))
    return hidden
