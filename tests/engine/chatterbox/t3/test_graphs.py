"""Captured steps compute what steps that are simply run do."""

import pytest
import torch

from engine.chatterbox.cuda.capture import GraphCache
from engine.chatterbox.t3 import kernels
from engine.chatterbox.t3.config import DecoderConfig
from engine.chatterbox.t3.graphs import StepGraphs
from engine.chatterbox.t3.kernels.reference import ReferenceT3Kernels
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.t3.weights import load_t3
from engine.chatterbox.utterance import Utterance
from engine.speech import SpeechParameters
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint, finish, some_utterance, tokens
from tests.engine.chatterbox.utterances import to_decode


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize("beside", [1, 3, 7, 31])
def test_in_half_precision_companions_within_a_bucket_change_nothing(
    checkpoint: Checkpoint, beside: int
) -> None:
    """Whichever they are, as long as there are as many: other buckets round differently."""
    weights = load_t3(checkpoint.file, checkpoint.device, torch.bfloat16)
    got = []
    for companions in (range(1, beside + 1), range(41, 41 + beside)):
        scheduler = Scheduler(T3(weights, DecoderConfig.for_streams(32, torch.bfloat16)))
        mine, others = some_utterance(0, cap=60), list[Utterance]()
        for index in companions:
            other = some_utterance(index % 5)
            parameters = SpeechParameters(seed=index, temperature=1.0 + index / 50)
            others.append(to_decode(other.text_tokens, other.voice, parameters, cap=61))
        finish(scheduler, [mine, *others])
        got.append(tokens(mine))
    assert got[0] == got[1]


def both_ways(
    checkpoint: Checkpoint, slots: int, dtype: torch.dtype, caps: list[int]
) -> list[list[list[int]]]:
    weights = load_t3(checkpoint.file, checkpoint.device, dtype)
    got = []
    for capture in (True, False):
        t3 = T3(weights, DecoderConfig.for_streams(slots, dtype))
        if not capture:
            t3.graphs = GraphCache(None)
        utterances = [some_utterance(index, cap=cap) for index, cap in enumerate(caps)]
        finish(Scheduler(t3), utterances)
        got.append([tokens(utterance) for utterance in utterances])
    return got


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_captured_steps_give_the_tokens_of_steps_that_are_simply_run(
    checkpoint: Checkpoint, dtype: torch.dtype
) -> None:
    captured, run = both_ways(checkpoint, 4, dtype, [20 + 5 * index for index in range(7)])
    assert captured == run


def test_where_no_kernels_run_plain_torch_is_captured(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In fp16, as older cards have it: the same tokens with graphs and without."""
    monkeypatch.setattr(kernels, "kernels_run", lambda *_: False)
    weights = load_t3(checkpoint.file, checkpoint.device, torch.float16)
    config = DecoderConfig.for_streams(1, torch.float16)
    assert isinstance(T3(weights, config).kernels, ReferenceT3Kernels)
    captured, run = both_ways(checkpoint, 2, torch.float16, [30, 30, 30])
    assert captured == run
    assert all(len(said) >= 25 for said in run)


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_captured_prefill_gives_the_logits_of_one_that_is_simply_run(
    checkpoint: Checkpoint, dtype: torch.dtype
) -> None:
    """Rehearsed, captured and replayed for other prompts; the library may round otherwise."""
    weights = load_t3(checkpoint.file, checkpoint.device, dtype)
    for first in (0, 2, 4):
        got = []
        for capture in (True, False):
            t3 = T3(weights, DecoderConfig.for_streams(4, dtype))
            if not capture:
                t3.graphs = GraphCache(None)
            graphs = StepGraphs(t3)
            for said in (some_utterance(5), some_utterance(first)):
                prompts = [t3.reserve(said, 0), t3.reserve(some_utterance(3), 1)]
                with torch.inference_mode():
                    graphs.prefill(prompts)
            got.append(t3.buffers.batch(2, guided=True, context=256).logits.clone())
        error = (got[0] - got[1]).norm() / got[1].norm()
        assert error <= (1e-5 if dtype == torch.float32 else 1e-2)
