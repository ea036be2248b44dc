"""How long the speech-token decoder takes, beside the least time the device's memory allows.

A decode step has to read every weight once and every used key and value once; what that takes at
the bandwidth of a plain copy is its floor. Nothing here runs a step that an utterance would not.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from engine.chatterbox.t3.config import CONTEXT_BUCKETS, SLOT_BUCKETS, DecoderConfig, bucket_for
from engine.chatterbox.t3.gpt2_weights import Gpt2Weights
from engine.chatterbox.t3.graphs import GraphKey, StepGraphs
from engine.chatterbox.t3.kv_cache import position_bytes
from engine.chatterbox.t3.loading import AnyWeights
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.slots import Column, SlotStatus
from engine.chatterbox.utterance import EnrolledVoice, Utterance
from engine.enrolment import Conditionals
from engine.messages import Speak
from engine.speech import SpeechParameters, StockVoice
from engine.weights.sizes import GPT2_PROMPT_TOKENS, T3Sizes

_PREFILLED_TOGETHER = 8
_TEXT_TOKENS = 100
_PROMPT_TOKENS = 150


@dataclass(frozen=True)
class StepTiming:
    """One batch size. Times are medians in milliseconds."""

    streams: int
    context: int
    ms_per_step: float
    tokens_per_s: float
    floor_ms: float
    fraction_of_floor: float


def copy_bandwidth(device: torch.device, size: int) -> float:
    """Bytes a second of a device-to-device copy, reads and writes both counted."""
    source = torch.empty(size, dtype=torch.uint8, device=device).random_()
    target = torch.empty_like(source)
    return 2 * size / (median_ms(lambda: target.copy_(source), device, repeats=10) / 1e3)


def median_ms(run: Callable[[], object], device: torch.device, *, repeats: int) -> float:
    """Median time of a call in milliseconds, the first two calls left out.

    On CUDA by events on the current stream.
    """
    times = []
    for repeat in range(repeats + 2):
        if device.type == "cuda":
            begin = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
            end = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch's
            begin.record()
            run()
            end.record()
            end.synchronize()
            elapsed = begin.elapsed_time(end)
        else:
            started = time.perf_counter()
            run()
            elapsed = 1e3 * (time.perf_counter() - started)
        if repeat >= 2:
            times.append(elapsed)
    return float(statistics.median(times))


def bytes_per_step(
    weights: AnyWeights, rows: int, context: int, cache: torch.dtype | None = None
) -> int:
    """Weights once, and the keys and values of `context` positions for every row."""
    if isinstance(weights, Gpt2Weights):
        products = [weights.speech_head]
        for gpt2_layer in weights.layers:
            products += [gpt2_layer.qkv, gpt2_layer.output, gpt2_layer.up, gpt2_layer.down]
        matrices = [product.weight for product in products]
    else:
        matrices = [weights.speech_head]
        for layer in weights.layers:
            matrices += [layer.qkv, layer.output, layer.gate_up, layer.down]
    sizes = weights.sizes
    position = 2 * sizes.layers * sizes.heads * position_bytes(cache or weights.dtype)
    return sum(matrix.nbytes for matrix in matrices) + rows * context * position


@torch.inference_mode()
def time_steps(
    weights: AnyWeights,
    streams: int,
    *,
    bandwidth: float,
    context: int,
    steps: int,
    repeats: int,
    cache: torch.dtype | None = None,
) -> StepTiming:
    """Decode `streams` utterances, guided where that is known, from a captured graph.

    Their keys and values are kept in `cache`, or in the weights' dtype.

    `context` is the mean one, or more where a voice's prefix alone is longer. Raises `RuntimeError`
    if an utterance ended meanwhile, because then less was decoded, or if the cache cannot hold
    them.
    """
    runs = (repeats + 2) * steps
    prompt = weights.sizes.conditioning_positions + _TEXT_TOKENS + 2
    start = max(1, context - prompt - runs // 2)
    config = DecoderConfig.for_streams(
        streams, weights.dtype, prompt + start + runs + 32, 2, sizes=weights.sizes, cache=cache
    )
    t3 = T3(weights, config)
    context = max(context, prompt + start + runs // 2)
    said = random_utterance(cap=start + runs + 8, prompt_tokens=_prompt_tokens(weights))
    guided = t3.network.rules.guided
    slots = list(range(streams))
    for first in slots[::_PREFILLED_TOGETHER]:
        some = slots[first : first + _PREFILLED_TOGETHER]
        prompts = [t3.reserve(said, slot) for slot in some]
        t3.prefill(prompts)
        if not all(t3.extend(each, start + runs) for each in prompts):
            raise RuntimeError("the cache is too small for what is to be timed")
    t3.slots.state[:streams, Column.GENERATED] = start
    key = GraphKey(
        places=bucket_for(streams, SLOT_BUCKETS),
        guided=guided,
        context=bucket_for(prompt + start + runs + 1, CONTEXT_BUCKETS),
    )
    graphs = StepGraphs(t3)
    ms = median_ms(lambda: graphs.run(slots, key, steps=steps), t3.device, repeats=repeats) / steps
    if not bool((t3.slots.state[:streams, Column.STATUS] == SlotStatus.RUNNING).all()):
        raise RuntimeError("an utterance ended while it was being timed")
    read = bytes_per_step(weights, (2 if guided else 1) * streams, context, cache)
    floor = 1e3 * read / bandwidth
    return StepTiming(
        streams=streams,
        context=context,
        ms_per_step=ms,
        tokens_per_s=streams / ms * 1e3,
        floor_ms=floor,
        fraction_of_floor=floor / ms,
    )


@torch.inference_mode()
def time_first_token(
    weights: AnyWeights, *, known_voice: bool, repeats: int, cache: torch.dtype | None = None
) -> float:
    """Median milliseconds from a text to its first sampled token, alone, guided if that is known.

    With `known_voice` the voice's prefix is in the cache already.
    """
    sizes = weights.sizes
    t3 = T3(weights, DecoderConfig.for_streams(1, weights.dtype, sizes=sizes, cache=cache))
    graphs = StepGraphs(t3)
    said = random_utterance(cap=100, prompt_tokens=_prompt_tokens(weights))

    def run() -> None:
        if not known_voice:
            t3.prefixes.forget()
        prompt = t3.reserve(said, 0)
        graphs.prefill([prompt])
        t3.release(prompt)

    return median_ms(run, t3.device, repeats=repeats)


@torch.inference_mode()
def time_upstream(upstream_t3: Any, condition: Any, *, tokens: int) -> float:
    """Milliseconds a token of upstream's own loop, guided if it is, its prefill left out.

    `upstream_t3` and `condition` are upstream's own; the difference of two lengths is timed.
    """
    device = upstream_t3.device
    text = some_text(_TEXT_TOKENS).expand(2, -1).to(device)

    def run(count: int) -> Callable[[], object]:
        if upstream_t3.is_gpt:
            return lambda: upstream_t3.inference_turbo(
                t3_cond=condition, text_tokens=text[:1], max_gen_len=count
            )
        return lambda: upstream_t3.inference(
            t3_cond=condition, text_tokens=text, max_new_tokens=count, top_p=1.0
        )

    short, long = (median_ms(run(count), device, repeats=3) for count in (10, 10 + tokens))
    return float(long - short) / tokens


def _prompt_tokens(weights: AnyWeights) -> int:
    """How many speech tokens of a clip the network hears at most."""
    return GPT2_PROMPT_TOKENS if weights.sizes.backbone == "gpt2" else _PROMPT_TOKENS


def random_utterance(cap: int, prompt_tokens: int = _PROMPT_TOKENS) -> Utterance:
    """A random text in a voice of random conditionals, the same each time."""
    utterance = Utterance(Speak(0, "", StockVoice(), SpeechParameters()))
    utterance.text_tokens, utterance.cap = some_text(_TEXT_TOKENS), cap
    utterance.voice = some_voice(prompt_tokens=prompt_tokens)
    return utterance


def some_voice(seed: int = 0, prompt_tokens: int = _PROMPT_TOKENS) -> EnrolledVoice:
    """Random conditionals of a voice."""
    random = torch.Generator().manual_seed(seed)
    speaker = torch.randn(1, T3Sizes().speaker_embedding, generator=random)
    conditionals = Conditionals(
        speaker=torch.nn.functional.normalize(speaker),
        t3_prompt_tokens=torch.randint(0, 6561, (1, prompt_tokens), generator=random),
        prompt_tokens=torch.zeros(1, 1, dtype=torch.int64),  # S3Gen's, as those that follow
        prompt_mel=torch.zeros(1, 2, 80),
        x_vector=torch.zeros(1, 1),
    )
    return EnrolledVoice(f"voice-{seed}", conditionals)


def some_text(length: int) -> torch.Tensor:
    """Random text tokens (length,), start and stop included."""
    tokens = torch.randint(3, 250, (length,), generator=torch.Generator().manual_seed(length))
    tokens[0], tokens[-1] = 255, 0
    return tokens
