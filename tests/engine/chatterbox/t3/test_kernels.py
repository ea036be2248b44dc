"""The compiled kernels against their plain-torch twins, on a GPU."""

import pytest
import torch

from engine.bench.t3 import some_text, some_voice
from engine.chatterbox.cuda.available import why_not
from engine.chatterbox.t3.config import DecoderConfig
from engine.chatterbox.t3.kernels import T3Kernels
from engine.chatterbox.t3.kernels.compiled import CompiledT3Kernels
from engine.chatterbox.t3.kernels.reference import ReferenceT3Kernels
from engine.chatterbox.t3.loading import load_weights
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.slots import Column, SlotStatus
from engine.chatterbox.t3.weights import load_t3
from engine.chatterbox.utterance import Utterance
from engine.speech import SpeechParameters
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint
from tests.engine.chatterbox.utterances import to_decode

pytestmark = pytest.mark.usefixtures("cuda")

UTTERANCES = [
    to_decode(some_text(40), some_voice(0), SpeechParameters(top_p=0.8, seed=2**40 + 7), cap=300),
    to_decode(some_text(9), some_voice(1), SpeechParameters(cfg_weight=0.0, seed=3), cap=300),
    to_decode(some_text(70), some_voice(0), SpeechParameters(temperature=1.2, seed=5), cap=6),
    to_decode(some_text(25), some_voice(2), SpeechParameters(min_p=0.3, seed=6), cap=300),
    to_decode(some_text(31), some_voice(1), SpeechParameters(repetition_penalty=2.0), cap=300),
]


def compiled(
    checkpoint: Checkpoint, dtype: torch.dtype = torch.float32, form: torch.dtype | None = None
) -> T3Kernels:
    assert why_not(checkpoint.device) is None
    return CompiledT3Kernels(checkpoint.sizes, dtype, checkpoint.device, form, form)


@torch.inference_mode()
def trace(
    checkpoint: Checkpoint,
    kernels: T3Kernels,
    utterances: list[Utterance],
    steps: int,
    context: int,
    *,
    dtype: torch.dtype = torch.float32,
    form: torch.dtype | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of each step, the tokens, and the final state of the slots.

    Weights, keys and values are kept in `form`, or in `dtype`. Every step is fed the tokens of a
    fixed list, so that a difference cannot carry on.
    """
    weights = load_weights(checkpoint.file, checkpoint.device, dtype, stored=form)
    slots = max(16, len(utterances))
    config = DecoderConfig.for_streams(slots, dtype, voices=4, sizes=weights.sizes, cache=form)
    t3 = T3(weights, config, kernels)
    prompts = [t3.reserve(said, slot) for slot, said in enumerate(utterances)]
    batch = t3.prefill(prompts)
    guided = any(prompt.assignment.guided for prompt in prompts)
    logits = [batch.logits.clone()]
    batch = t3.buffers.batch(batch.places, guided=guided, context=context)
    t3.buffers.fill(batch, list(range(len(prompts))))
    for step in range(steps):
        t3.slots.state[: len(prompts), Column.TOKEN] = 37 * step + 11
        t3.step(batch)
        logits.append(batch.logits.clone())
    return torch.stack(logits), t3.slots.tokens.clone(), t3.slots.state.clone()


@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_compiled_steps_compute_what_plain_torch_computes(
    checkpoint: Checkpoint, count: int
) -> None:
    """Few rows and many, one and two rows a slot, an utterance that ends, and idle places."""
    expected = trace(checkpoint, ReferenceT3Kernels(), UTTERANCES[:count], 10, 256)
    got = trace(checkpoint, compiled(checkpoint), UTTERANCES[:count], 10, 256)
    rows = [slot for slot in range(count) if slot != 2]  # the third ends after six tokens
    error = (got[0][:, rows] - expected[0][:, rows]).norm() / expected[0][:, rows].norm()
    assert error <= 2e-5
    assert torch.equal(got[1][:count], expected[1][:count])
    assert torch.equal(got[2][:count], expected[2][:count])


def test_logits_that_are_no_numbers_end_an_utterance_and_no_other(checkpoint: Checkpoint) -> None:
    states = []
    for kernels in (ReferenceT3Kernels(), compiled(checkpoint)):
        weights = load_t3(checkpoint.file, checkpoint.device, torch.float32)
        t3 = T3(weights, DecoderConfig.for_streams(4, torch.float32, voices=4), kernels)
        with torch.inference_mode():
            batch = t3.prefill([t3.reserve(said, n) for n, said in enumerate(UTTERANCES[:4])])
            batch.logits[0, 7] = torch.nan
            batch.logits[3, 8000] = torch.inf
            kernels.sample(t3.slots, batch)
        states.append(t3.slots.state[:4, Column.STATUS].tolist())
    assert (
        states[0]
        == states[1]
        == [SlotStatus.FAILED, SlotStatus.RUNNING, SlotStatus.RUNNING, SlotStatus.FAILED]
    )


def test_attention_reads_every_position_of_a_long_context(checkpoint: Checkpoint) -> None:
    """More positions than one program reads at once, in every part of the context."""
    long = to_decode(some_text(600), some_voice(0), SpeechParameters(), cap=50)
    expected = trace(checkpoint, ReferenceT3Kernels(), [long], 40, 1024)
    got = trace(checkpoint, compiled(checkpoint), [long], 40, 1024)
    assert (got[0] - expected[0]).norm() / expected[0].norm() <= 2e-5
    assert torch.equal(got[1], expected[1])


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
def test_steps_in_half_precision_are_as_near_to_fp32_as_plain_torch(
    checkpoint: Checkpoint, count: int, half: torch.dtype
) -> None:
    said = [
        to_decode(some_text(20 + 5 * n), some_voice(n % 3), SpeechParameters(seed=n), cap=300)
        for n in range(count)
    ]
    exact = trace(checkpoint, ReferenceT3Kernels(), said, 8, 256)[0]
    plain = trace(checkpoint, ReferenceT3Kernels(), said, 8, 256, dtype=half)[0]
    got = trace(checkpoint, compiled(checkpoint, half), said, 8, 256, dtype=half)[0]
    allowed = 1.1 * (plain - exact).norm()
    assert 0 < (got - exact).norm() <= allowed
    for row in range(2 * count):
        assert (got - exact)[:, row].norm() <= 1.5 * (plain - exact)[:, row].norm()


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
def test_steps_of_int8_are_as_near_to_fp32_of_the_same_as_plain_torch(
    checkpoint: Checkpoint, count: int, half: torch.dtype
) -> None:
    """Few rows and the library's many; keys and values behind prompts and from steps."""
    form = torch.int8
    said = [
        to_decode(some_text(20 + 5 * n), some_voice(n % 3), SpeechParameters(seed=n), cap=300)
        for n in range(count)
    ]
    exact = trace(checkpoint, ReferenceT3Kernels(), said, 8, 256, form=form)[0]
    plain = trace(checkpoint, ReferenceT3Kernels(), said, 8, 256, dtype=half, form=form)[0]
    kernels = compiled(checkpoint, half, form)
    got = trace(checkpoint, kernels, said, 8, 256, dtype=half, form=form)[0]
    assert 0 < (got - exact).norm() <= 1.1 * (plain - exact).norm()
    for row in range(2 * count):
        assert (got - exact)[:, row].norm() <= 1.5 * (plain - exact)[:, row].norm()
    again = trace(checkpoint, kernels, said, 8, 256, dtype=half, form=form)
    assert torch.equal(again[0], got)
