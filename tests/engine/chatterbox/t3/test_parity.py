"""The decoder against upstream's T3, on the same weights."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from engine.bench.t3 import some_text, some_voice
from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.config import START_OF_SPEECH, DecoderConfig
from engine.chatterbox.t3.graphs import GraphKey, StepGraphs
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.prompt import Prompt
from engine.chatterbox.t3.rules import ORIGINAL
from engine.chatterbox.t3.slots import Slots
from engine.chatterbox.t3.weights import load_t3
from engine.chatterbox.utterance import Utterance
from engine.speech import SpeechParameters
from engine.upstream.untrained import entropy_bits
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint
from tests.engine.chatterbox.utterances import to_decode

PARAMETER_SETS = {
    "upstream's defaults": SpeechParameters(),
    "strong guidance, cold": SpeechParameters(cfg_weight=1.3, temperature=0.4, min_p=0.0),
    "nucleus": SpeechParameters(top_p=0.7, min_p=0.0, temperature=1.0, exaggeration=1.1),
    "hot, hardly penalised": SpeechParameters(
        temperature=1.5, repetition_penalty=1.02, min_p=0.02, top_p=0.95
    ),
}
#: In them every filter acts.
QUICK = ("upstream's defaults", "nucleus")


def fp32_decoder(checkpoint: Checkpoint, slots: int = 1) -> T3:
    config = DecoderConfig.for_streams(slots, torch.float32, voices=4)
    return T3(load_t3(checkpoint.file, checkpoint.device, torch.float32), config)


def utterance(parameters: SpeechParameters, *, text: int = 30, voice: int = 0) -> Utterance:
    return to_decode(some_text(text), some_voice(voice), parameters, cap=260)


def exponential_noise(seed: int, steps: int, width: int, device: torch.device) -> Iterator[Tensor]:
    """The noise that `torch.multinomial` draws after `manual_seed(seed)`, step by step."""
    generator = torch.Generator(device).manual_seed(seed)
    for _ in range(steps):
        yield torch.empty(1, width, device=device).exponential_(1, generator=generator)


@torch.inference_mode()
def decode_with_noise(t3: T3, prompt: Prompt, noise: Iterator[Tensor]) -> list[int]:
    """Tokens sampled under given noise, from graphs where there are any."""
    graphs, assignment = StepGraphs(t3), prompt.assignment
    given = torch.empty(1, t3.sizes.speech_vocabulary, device=t3.device)
    sample = t3.kernels.sample

    def sample_with_given(slots: Slots, batch: Batch, noise: Tensor | None = None) -> None:
        assert noise is None
        sample(slots, batch, given)

    t3.kernels.sample = sample_with_given  # type: ignore[method-assign]
    key = GraphKey(places=1, guided=assignment.guided, context=512)
    for step, drawn in enumerate(noise):
        given.copy_(drawn)
        if step == 0:
            t3.prefill([prompt])
            assert t3.extend(prompt, 260)
        else:
            graphs.run([assignment.slot], key)
    count = int(t3.slots.state[assignment.slot, 1])
    return t3.slots.tokens(assignment.slot, count)


@torch.inference_mode()
def upstream_tokens(checkpoint: Checkpoint, asked: Utterance, seed: int, steps: int) -> list[int]:
    p = ORIGINAL.resolved(asked.request.parameters)
    torch.manual_seed(seed)
    tokens = checkpoint.upstream.inference(
        t3_cond=checkpoint.condition(asked.voice, p.exaggeration),
        text_tokens=asked.text_tokens.expand(2, -1),
        max_new_tokens=steps,
        temperature=p.temperature,
        top_p=p.top_p,
        min_p=p.min_p,
        repetition_penalty=p.repetition_penalty,
        cfg_weight=p.cfg_weight,
    )
    return tokens[0].tolist()


@torch.inference_mode()
def upstream_logits(checkpoint: Checkpoint, asked: Utterance, speech: list[int]) -> Tensor:
    """Teacher-forced logits (2, len(speech) + 1, vocabulary), guided row first."""
    t3, device = checkpoint.upstream, checkpoint.device
    condition = checkpoint.condition(asked.voice, asked.request.parameters.exaggeration)
    start = torch.full((2, 1), START_OF_SPEECH, device=device)
    embeds, _ = t3.prepare_input_embeds(
        t3_cond=condition,
        text_tokens=asked.text_tokens.to(device).expand(2, -1),
        speech_tokens=start,
        cfg_weight=asked.request.parameters.cfg_weight,
    )
    spoken = torch.tensor([[START_OF_SPEECH, *speech]], device=device)
    spoken = t3.speech_emb(spoken) + t3.speech_pos_emb(spoken)
    hidden = t3.tfmr(inputs_embeds=torch.cat([embeds, spoken.expand(2, -1, -1)], 1))
    return t3.speech_head(hidden.last_hidden_state[:, -len(speech) - 1 :])


@torch.inference_mode()
def our_logits(t3: T3, asked: Utterance, speech: list[int]) -> Tensor:
    """The same by the decoder: prefill, then one step per token."""
    prompt = t3.reserve(asked, 0)
    batch = t3.prefill([prompt])
    logits = [batch.logits.clone()]
    batch = t3.buffers.batch(1, guided=prompt.assignment.guided, context=1024)
    t3.buffers.fill(batch, [0])
    for count, token in enumerate(speech, start=1):
        t3.slots.state[0, 1], t3.slots.state[0, 2] = count, token
        t3.step(batch)
        logits.append(batch.logits.clone())
    t3.release(prompt)
    return torch.stack(logits, dim=1)


@pytest.mark.parametrize(
    ("text", "steps"), [(30, 80), (32, 3), (33, 3), (64, 3), (65, 3), (513, 3)]
)
def test_teacher_forced_logits_of_both_rows_are_upstreams(
    checkpoint: Checkpoint, text: int, steps: int
) -> None:
    """Relative error at most 1e-4 in fp32, on both sides of buckets of text and of page borders."""
    asked = utterance(SpeechParameters(exaggeration=0.8), text=text)
    speech = torch.randint(0, 6561, (steps,), generator=torch.Generator().manual_seed(1)).tolist()
    expected = upstream_logits(checkpoint, asked, speech)
    got = our_logits(fp32_decoder(checkpoint), asked, speech)
    for row in range(2):
        error = (got[row] - expected[row]).norm() / expected[row].norm()
        assert error <= 1e-4
    # Flat logits would hide errors; so would rows that do not differ.
    guided = expected[0] + 0.5 * (expected[0] - expected[1])
    entropy = entropy_bits(guided / 0.8)
    assert 1 <= entropy.mean() <= 6
    assert (expected[0] - expected[1]).norm() / expected[0].norm() > 0.05


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in PARAMETER_SETS
    ],
)
def test_sampled_tokens_are_upstreams_under_the_same_noise(
    checkpoint: Checkpoint, name: str, seed: int
) -> None:
    asked = utterance(PARAMETER_SETS[name], text=12 + 7 * seed, voice=seed)
    expected = upstream_tokens(checkpoint, asked, seed, steps=80)
    t3 = fp32_decoder(checkpoint)
    width = t3.sizes.speech_vocabulary
    noise = exponential_noise(seed, len(expected), width, checkpoint.device)
    assert decode_with_noise(t3, t3.reserve(asked, 0), noise) == expected
    assert len(expected) >= 70
    assert len(set(expected)) > 20


def test_without_guidance_one_row_gives_the_conditional_distribution(
    checkpoint: Checkpoint,
) -> None:
    """Upstream fails at `cfg_weight=0`; its network without the second row does not."""
    asked = utterance(SpeechParameters(cfg_weight=0.0))
    speech = list(range(100, 140))
    expected = upstream_logits(checkpoint, utterance(SpeechParameters()), speech)[0]
    got = our_logits(fp32_decoder(checkpoint), asked, speech)
    assert got.shape[0] == 1
    assert (got[0] - expected).norm() / expected.norm() <= 1e-4


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=["bf16", "fp16"])
def test_half_precision_stays_near_the_fp32_distribution(
    checkpoint: Checkpoint, dtype: torch.dtype
) -> None:
    """Mean KL divergence, after guidance and temperature, at most 5e-3."""
    asked = utterance(SpeechParameters())
    speech = list(range(1, 6000, 100))
    exact = upstream_logits(checkpoint, asked, speech)
    config = DecoderConfig.for_streams(1, dtype, voices=4)
    t3 = T3(load_t3(checkpoint.file, checkpoint.device, dtype), config)
    rough = our_logits(t3, asked, speech)

    def log_p(logits: Tensor) -> Tensor:
        return ((logits[0] + 0.5 * (logits[0] - logits[1])) / 0.8).log_softmax(-1)

    p, q = log_p(exact), log_p(rough)
    divergence = (p.exp() * (p - q)).sum(-1).mean().item()
    assert math.isfinite(divergence)
    assert divergence <= 5e-3
