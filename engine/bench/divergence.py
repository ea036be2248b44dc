"""By how much the next token's distribution differs from fp32's, in each precision of T3.

    python -m engine.bench.divergence --model turbo
    python -m engine.bench.divergence --weights t3_cfg.safetensors

Without a checkpoint the weights are random, at the real size, once normally distributed and once
with the long tails that trained ones rather have (Student's t, four degrees of freedom), and logits
are scaled to three bits of entropy. Of sound that says nothing; a listener is the judge of that.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from engine.bench.step import random_weights
from engine.chatterbox.t3.config import CONTEXT_BUCKETS, DecoderConfig, bucket_for, pages_for
from engine.chatterbox.t3.gpt2_weights import Affine, Gpt2Layer, Gpt2Weights
from engine.chatterbox.t3.kernels import T3Kernels
from engine.chatterbox.t3.loading import AnyWeights, load_weights
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.quantised import Quantised
from engine.chatterbox.t3.slots import Assignment, Column
from engine.chatterbox.t3.weights import Layer
from engine.speech import SpeechParameters
from engine.weights.models import MODELS
from engine.weights.sizes import HEAD_DIM, RELEASED

ENTROPY_BITS = 3.0
#: Upstream's defaults, where sampling looks.
GUIDANCE, TEMPERATURE = 0.5, 0.8
_FREEDOM = 4

Stored = torch.dtype | None
#: By name: what is computed in, and what matrices, and keys and values, are kept in.
FORMS: dict[str, tuple[torch.dtype, Stored, Stored]] = {
    "fp16": (torch.float16, None, None),
    "bf16": (torch.bfloat16, None, None),
    "int8": (torch.bfloat16, torch.int8, torch.int8),
    "int8, cache in bf16": (torch.bfloat16, torch.int8, None),
    "bf16, cache in int8": (torch.bfloat16, None, torch.int8),
}


@dataclass(frozen=True)
class Divergence:
    """Of one precision, over all steps: bits of Kullback and Leibler's divergence from fp32.

    `agree` is how often the likeliest token is the same.
    """

    mean_bits: float
    worst_bits: float
    agree: float


def in_form(weights: AnyWeights, dtype: torch.dtype, stored: Stored) -> AnyWeights:
    """fp32 weights rounded as a loader rounds them."""

    def kept(matrix: Tensor | Quantised) -> Tensor | Quantised:
        assert isinstance(matrix, Tensor)
        return matrix.to(dtype) if stored is None else Quantised.of(matrix)

    def affine(product: Affine) -> Affine:
        return Affine(kept(product.weight), product.bias.to(dtype))

    if isinstance(weights, Gpt2Weights):
        head = weights.speech_head
        assert isinstance(head.weight, Tensor)
        return replace(
            weights,
            layers=tuple(
                Gpt2Layer(*map(affine, (of.qkv, of.output, of.up, of.down)))
                for of in weights.layers
            ),
            speech_head=Affine(head.weight.to(dtype), head.bias.to(dtype)),
            speech_embedding=weights.speech_embedding.to(dtype),
            position=weights.position.to(dtype),
        )
    return replace(
        weights,
        layers=tuple(
            Layer(*map(kept, (of.qkv, of.output, of.gate_up, of.down))) for of in weights.layers
        ),
        speech_head=weights.speech_head.to(dtype),
        speech_embedding=weights.speech_embedding.to(dtype),
        speech_position=weights.speech_position.to(dtype),
    )


def lengthen_tails(weights: AnyWeights) -> None:
    """Turn normally distributed matrices of the layers into Student's t, in place."""
    random = torch.Generator(weights.device).manual_seed(1)
    for layer in weights.layers:
        for each in vars(layer).values():
            matrix = each.weight if isinstance(each, Affine) else each
            assert isinstance(matrix, Tensor)
            squares = torch.zeros_like(matrix)
            for _ in range(_FREEDOM):
                squares += torch.empty_like(matrix).normal_(generator=random) ** 2
            # Of the same variance as before.
            matrix /= (squares / (_FREEDOM - 2)).sqrt()


@torch.inference_mode()
def guided_log_probabilities(
    weights: AnyWeights, cache: Stored, *, streams: int, steps: int, prompt: int, scale: float = 1.0
) -> Tensor:
    """fp32 (streams * steps, vocabulary), after guidance where it is known, and temperature.

    Behind keys and values of `prompt` random positions every step is fed a random token; all is the
    same for each call but for rounding. Logits are multiplied by `scale`.
    """
    found = []
    for logits in forced_logits(weights, cache, streams=streams, steps=steps, prompt=prompt):
        heard, unheard = logits[:streams], logits[streams:]
        guided = heard + GUIDANCE * (heard - unheard) if len(unheard) else heard
        found.append((guided * (scale / TEMPERATURE)).log_softmax(-1))
    return torch.cat(found)


def forced_logits(
    weights: AnyWeights,
    cache: Stored,
    *,
    streams: int,
    steps: int,
    prompt: int,
    kernels: T3Kernels | None = None,
) -> Iterator[Tensor]:
    """Of every step, fp32 (rows, vocabulary): first the guided rows, then the others if any."""
    config = DecoderConfig.for_streams(
        streams, weights.dtype, prompt + steps, voices=1, sizes=weights.sizes, cache=cache
    )
    t3 = T3(weights, config, kernels)
    guided = t3.network.rules.guided
    random = torch.Generator(weights.device).manual_seed(2)
    layers, _, pages, heads = t3.pool.storage.shape[:4]
    drawn = torch.empty(layers, 2, heads, t3.pool.page, HEAD_DIM, device=weights.device)
    for page in range(pages):
        t3.pool.fill(page, drawn.normal_(generator=random))
    needed = pages_for(prompt + steps, t3.config.page)
    slots = list(range(streams))
    parameters = SpeechParameters(cfg_weight=GUIDANCE if guided else 0.0)
    t3.slots.assign(
        [
            Assignment(
                slot=slot,
                prompt_positions=prompt,
                cap=steps + 1,
                parameters=parameters,
                pages=tuple(t3.pool.take(needed) for _ in range(2 if guided else 1)),
            )
            for slot in slots
        ]
    )
    context = bucket_for(prompt + steps, CONTEXT_BUCKETS)
    batch = t3.buffers.batch(streams, guided=guided, context=context)
    t3.buffers.fill(batch, slots)
    fed = torch.randint(
        0, 6561, (steps, streams), generator=random, device=weights.device, dtype=torch.int32
    )
    for step, tokens in enumerate(fed):
        t3.slots.state[:streams, Column.STATUS] = 1
        t3.slots.state[:streams, Column.GENERATED] = step
        t3.slots.state[:streams, Column.TOKEN] = tokens
        t3.step(batch)
        yield batch.logits.clone()


def scale_for_entropy(log_probabilities: Tensor, bits: float = ENTROPY_BITS) -> float:
    """What logits are to be multiplied by for a mean entropy of so many bits."""
    low, high = 1e-3, 1e3
    for _ in range(40):
        middle = (low * high) ** 0.5
        scaled = (log_probabilities * middle).log_softmax(-1)
        entropy = -(scaled.exp() * scaled).nan_to_num().sum(-1).mean() / torch.tensor(2.0).log()
        low, high = (middle, high) if entropy > bits else (low, middle)
    return low


def divergence(exact: Tensor, rough: Tensor) -> Divergence:
    """Of log probabilities (n, vocabulary)."""
    each = (exact.exp() * (exact - rough)).nan_to_num().sum(-1) / torch.tensor(2.0).log()
    agree = (exact.argmax(-1) == rough.argmax(-1)).float().mean()
    return Divergence(float(each.mean()), float(each.max()), float(agree))


def measure(
    weights: AnyWeights, *, scaled: bool, streams: int = 4, steps: int = 64, prompt: int = 150
) -> dict[str, Divergence]:
    """Of fp32 `weights`, by the names of `FORMS`; logits are scaled to `ENTROPY_BITS` if asked."""

    def run(of: AnyWeights, cache: Stored, scale: float) -> Tensor:
        return guided_log_probabilities(
            of, cache, streams=streams, steps=steps, prompt=prompt, scale=scale
        )

    exact, scale = run(weights, None, 1.0), 1.0
    if scaled:
        scale = scale_for_entropy(exact)
        exact = run(weights, None, scale)
    found = {}
    for name, (dtype, stored, cache) in FORMS.items():
        found[name] = divergence(exact, run(in_form(weights, dtype, stored), cache, scale))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="engine.bench.divergence", description=__doc__)
    parser.add_argument("--model", choices=MODELS, default="english")
    parser.add_argument("--weights", type=Path, help="a file of T3; else random weights")
    asked = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if asked.weights is not None:
        _print(
            asked.weights.name,
            measure(load_weights(asked.weights, device, torch.float32), scaled=False),
        )
        return
    weights = random_weights(RELEASED[asked.model].t3, device, torch.float32)
    _print("normally distributed", measure(weights, scaled=True))
    lengthen_tails(weights)
    _print("with long tails", measure(weights, scaled=True))


def _print(of: str, found: dict[str, Divergence]) -> None:
    _say(f"{of}: bits from fp32, mean and worst; the likeliest token is the same")
    for name, each in found.items():
        _say(f"{name:22} {each.mean_bits:.2e} {each.worst_bits:.2e} {each.agree:7.1%}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
