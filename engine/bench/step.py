"""How long a decode step takes on this card, with random weights of the real size.

    python -m engine.bench.step --model turbo --context 500

Needs no checkpoint and nothing of upstream's. Of sound it says nothing.
"""

import argparse

import torch
from torch import Tensor

from engine.bench.t3 import median_ms
from engine.chatterbox.cuda.available import which_run
from engine.chatterbox.t3.config import (
    CONTEXT_BUCKETS,
    SLOT_BUCKETS,
    STOP_OF_SPEECH,
    DecoderConfig,
    Formats,
    bucket_for,
    pages_for,
)
from engine.chatterbox.t3.gpt2_weights import Affine, Gpt2Layer, Gpt2Weights
from engine.chatterbox.t3.graphs import GraphKey, StepGraphs
from engine.chatterbox.t3.kv_cache import PagePool
from engine.chatterbox.t3.loading import AnyWeights
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.quantised import Quantised
from engine.chatterbox.t3.slots import Assignment, Column, SlotStatus
from engine.chatterbox.t3.weights import Layer, T3Weights
from engine.speech import SpeechParameters
from engine.weights.models import MODELS
from engine.weights.sizes import HEAD_DIM, RELEASED, T3Sizes

_STEPS = 10
#: Of a context, at most: the rest are speech tokens that were decoded.
_DECODED = 200
#: The min-p that keeps out the stop token, whose logit is zero.
_NEVER_STOPS = 0.5
#: The same for a network whose head has a bias, and no min-p.
_NEVER_DRAWN = -1e4


def random_weights(
    sizes: T3Sizes, device: torch.device, dtype: torch.dtype, stored: torch.dtype | None = None
) -> AnyWeights:
    """Weights of a network of either kind, its layers' matrices in eight bits if `stored` is those.

    A Llama has no conditioning: it cannot be prefilled.
    """
    random = torch.Generator(device).manual_seed(0)

    def drawn(*shape: int, scale: float = 0.02) -> Tensor:
        return (torch.randn(shape, device=device, generator=random) * scale).to(dtype)

    def centred(vectors: Tensor) -> Tensor:
        """As a GPT-2's stream is: its norms rely on it."""
        return vectors - vectors.mean(-1, keepdim=True)

    def kept(plain: Tensor) -> Tensor | Quantised:
        return plain if stored is None else Quantised.of(plain)

    def matrix(rows: int, columns: int) -> Tensor | Quantised:
        return kept(drawn(rows, columns))

    def affine(rows: int, columns: int) -> Affine:
        return Affine(drawn(rows, columns), drawn(rows))

    def read(rows: int, columns: int) -> Affine:
        return Affine(matrix(rows, columns), drawn(rows))

    def written(rows: int, columns: int) -> Affine:
        weight, bias = drawn(rows, columns), drawn(rows)
        return Affine(kept(weight - weight.mean(0)), centred(bias))

    hidden, ffn = sizes.hidden, sizes.ffn
    if sizes.backbone == "gpt2":
        with_bias = affine(sizes.speech_vocabulary, hidden)
        with_bias.bias[STOP_OF_SPEECH] = _NEVER_DRAWN
        return Gpt2Weights(
            sizes=sizes,
            layers=tuple(
                Gpt2Layer(
                    qkv=read(3 * hidden, hidden),
                    output=written(hidden, hidden),
                    up=read(ffn, hidden),
                    down=written(hidden, ffn),
                )
                for _ in range(sizes.layers)
            ),
            speech_head=with_bias,
            text_embedding=centred(drawn(sizes.text_vocabulary, hidden)),
            speech_embedding=centred(drawn(sizes.speech_vocabulary, hidden, scale=1)),
            position=centred(drawn(sizes.text_positions, hidden)),
            speaker=affine(hidden, sizes.speaker_embedding),
        )
    head = drawn(sizes.speech_vocabulary, hidden)
    head[STOP_OF_SPEECH] = 0
    return T3Weights(
        sizes=sizes,
        layers=tuple(
            Layer(
                qkv=matrix(3 * hidden, hidden),
                output=matrix(hidden, hidden),
                gate_up=matrix(2 * ffn, hidden),
                down=matrix(hidden, ffn),
            )
            for _ in range(sizes.layers)
        ),
        speech_head=head,
        text_embedding=drawn(sizes.text_vocabulary, hidden),
        text_position=drawn(sizes.text_positions, hidden),
        speech_embedding=drawn(sizes.speech_vocabulary, hidden, scale=1),
        speech_position=drawn(sizes.speech_positions, hidden),
        conditioning={},
    )


@torch.inference_mode()
def step_ms(
    weights: AnyWeights,
    streams: int,
    *,
    context: int,
    guided: bool = True,
    repeats: int = 20,
    cache: torch.dtype | None = None,
) -> float:
    """Median milliseconds of a step of so many utterances whose mean context is `context`.

    Keys and values are kept in `cache`, or in the weights' dtype. The utterances are guided if that
    is asked for and known. Raises `RuntimeError` if one ended meanwhile, because then less was
    decoded.
    """
    runs = (repeats + 2) * _STEPS
    start = _DECODED - runs // 2
    prompt = max(1, context - _DECODED)
    positions = prompt + start + runs + 1
    config = DecoderConfig.for_streams(
        streams, weights.dtype, positions, voices=1, sizes=weights.sizes, cache=cache
    )
    t3 = T3(weights, config)
    guided = guided and t3.network.rules.guided
    rows = 2 if guided else 1
    _fill(t3.pool, weights)
    needed = pages_for(positions, t3.config.page)
    slots = list(range(streams))
    parameters = SpeechParameters(min_p=_NEVER_STOPS, cfg_weight=0.5 if guided else 0.0)
    t3.slots.assign(
        [
            Assignment(
                slot=slot,
                prompt_positions=prompt,
                cap=start + runs + 1,
                parameters=parameters,
                pages=tuple(t3.pool.take(needed) for _ in range(rows)),
            )
            for slot in slots
        ]
    )
    t3.slots.state[:streams, Column.GENERATED] = start
    key = GraphKey(
        places=bucket_for(streams, SLOT_BUCKETS),
        guided=guided,
        context=bucket_for(positions, CONTEXT_BUCKETS),
    )
    graphs = StepGraphs(t3)
    ms = median_ms(lambda: graphs.run(slots, key, steps=_STEPS), t3.device, repeats=repeats)
    if not bool((t3.slots.state[:streams, Column.STATUS] == SlotStatus.RUNNING).all()):
        raise RuntimeError("an utterance ended while it was being timed")
    return ms / _STEPS


def _fill(pool: PagePool, weights: AnyWeights) -> None:
    """Draw keys and values, a page at a time: all at once would take twice their memory."""
    layers, _, pages, heads = pool.storage.shape[:4]
    shape = layers, 2, heads, pool.page, HEAD_DIM
    drawn = torch.empty(shape, device=weights.device, dtype=weights.dtype)
    for page in range(pages):
        pool.fill(page, drawn.normal_())


def main() -> None:
    parser = argparse.ArgumentParser(prog="engine.bench.step", description=__doc__)
    parser.add_argument("--model", choices=MODELS, default="english")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 2, 4, 8, 16, 64])
    parser.add_argument("--context", type=int, default=350)
    parser.add_argument("--precision", choices=["bf16", "fp16", "fp32", "int8"], default="bf16")
    asked = parser.parse_args()
    device = torch.device("cuda", 0)
    formats = Formats.of(asked.precision, device)
    card = torch.cuda.get_device_name(device)
    _say(f"{asked.model} on {card}, torch {torch.__version__}, {asked.precision}")
    _say(f"context {asked.context}")
    _say(which_run(device, formats.dtype))
    _say("The weights are random: of sound these figures say nothing.")
    weights = random_weights(RELEASED[asked.model].t3, device, formats.dtype, formats.stored)
    for streams in asked.streams:
        ms = step_ms(weights, streams, context=asked.context, cache=formats.cache)
        _say(f"{streams:3} streams {ms:7.3f} ms a step {1e3 * streams / ms:9,.0f} tokens/s")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
