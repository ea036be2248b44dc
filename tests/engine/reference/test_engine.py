"""The reference engine speaks exactly what upstream speaks, and answers for every failure."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
import torch
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TopPLogitsWarper,
)

from engine.errors import SynthesisFailed, VoiceUnusable
from engine.messages import Enrolled, Speak
from engine.reference import watermark
from engine.reference.engine import ReferenceEngine
from engine.speech import ClonedVoice, Speech, SpeechParameters, StockVoice
from engine.upstream.build import load_builtin_voice, load_upstream
from engine.upstream.package import punc_norm

TEXT = "Hello there, you three."


class Speaks(Protocol):
    """What the fixture `speaker` offers."""

    engine: ReferenceEngine
    enrolled: list[Enrolled]

    def say(self, text: str = ..., voice: Any = ..., **parameters: float) -> Speech: ...


@pytest.fixture(scope="module")
def loaded_upstream(small_checkpoint: Path) -> Any:
    return load_upstream(small_checkpoint)


@pytest.fixture
def upstream_model(small_checkpoint: Path, loaded_upstream: Any) -> Any:
    """Upstream by itself, on the same weights, with its own voice."""
    loaded_upstream.conds = load_builtin_voice(small_checkpoint)
    return loaded_upstream


def test_audio_is_bit_for_bit_upstreams(speaker: Speaks, upstream_model: Any) -> None:
    for parameters in (
        {},
        {"cfg_weight": 1.0, "temperature": 0.6, "exaggeration": 0.9},
        {"min_p": 0.2, "top_p": 0.7, "repetition_penalty": 1.6, "cfg_weight": 0.2},
    ):
        torch.manual_seed(11)
        expected = upstream_model.generate(TEXT, **parameters)[0].numpy()
        spoken = speaker.say(TEXT, seed=11, **parameters)
        np.testing.assert_array_equal(spoken.pcm, expected)


def test_a_cloned_voice_is_bit_for_bit_upstreams(
    speaker: Speaks, upstream_model: Any, cloned_voice: ClonedVoice
) -> None:
    """First enrolled, then from memory: three times the same."""
    torch.manual_seed(7)
    expected = upstream_model.generate(
        TEXT, audio_prompt_path=cloned_voice.clip_path, exaggeration=0.7
    )[0].numpy()
    for _ in range(2):
        spoken = speaker.say(TEXT, cloned_voice, seed=7, exaggeration=0.7)
        np.testing.assert_array_equal(spoken.pcm, expected)
    assert [e.clip_sha256 for e in speaker.enrolled] == [cloned_voice.clip_sha256]


@torch.inference_mode()
def one_row_tokens(model: Any, seed: int) -> list[int]:
    """Unguided sampling the slow way: one row, and the whole sequence again for every token."""
    t3 = model.t3
    text = model.tokenizer.text_to_tokens(punc_norm(TEXT)).long()
    text = torch.nn.functional.pad(text, (1, 0), value=255)
    text = torch.nn.functional.pad(text, (0, 1), value=0)
    start = torch.tensor([[6561]])
    prefix, _ = t3.prepare_input_embeds(
        t3_cond=model.conds.t3, text_tokens=text, speech_tokens=start
    )
    ids = start
    torch.manual_seed(seed)
    while ids[0, -1] != 6562:
        positions = t3.speech_pos_emb.get_fixed_embedding(torch.arange(ids.shape[1]))
        embeds = torch.cat([prefix, t3.speech_emb(ids) + positions], dim=1)
        logits = t3.speech_head(t3.tfmr(inputs_embeds=embeds).last_hidden_state[:, -1])
        logits = RepetitionPenaltyLogitsProcessor(1.2)(ids, logits) / 0.8
        logits = TopPLogitsWarper(1.0)(ids, MinPLogitsWarper(0.05)(ids, logits))
        chosen = torch.multinomial(logits.softmax(-1), num_samples=1)
        ids = torch.cat([ids, chosen], dim=1)
    return [i for i in ids[0].tolist() if i < 6561]


def test_without_guidance_one_row_alone_decides(speaker: Speaks, upstream_model: Any) -> None:
    """Upstream cannot run this: its own loop fails on one row."""
    with pytest.raises(RuntimeError):
        upstream_model.generate(TEXT, cfg_weight=0.0)
    spoken_tokens: list[torch.Tensor] = []
    hook = speaker.engine._model.s3gen.flow.input_embedding.register_forward_pre_hook(
        lambda _module, arguments: spoken_tokens.append(arguments[0])
    )
    try:
        speaker.say(TEXT, seed=5, cfg_weight=0.0)
    finally:
        hook.remove()
    expected = one_row_tokens(upstream_model, seed=5)
    assert spoken_tokens[0][0, -len(expected) :].tolist() == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 2},
        {"exaggeration": 1.5},
        {"cfg_weight": 0.0},
        {"temperature": 1.4},
        {"min_p": 0.5},
        {"top_p": 0.3},
        {"repetition_penalty": 1.0},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_parameter_is_heard_and_none_lingers(
    speaker: Speaks, changed: dict[str, float]
) -> None:
    """Over a few seeds: a parameter need not matter to every utterance."""
    for seed in range(1, 20):
        before = speaker.say(seed=seed).pcm
        with_change = speaker.say(**{"seed": seed, **changed}).pcm
        if before.shape != with_change.shape or not np.array_equal(before, with_change):
            break
    else:
        pytest.fail("never heard")
    np.testing.assert_array_equal(speaker.say(seed=seed).pcm, before)


def test_a_cancelled_job_stops_between_two_tokens(speaker: Speaks) -> None:
    """Asked once a token, it stops at the first yes, and the next job is whole."""
    expected = speaker.say(seed=1).pcm
    questions = 0

    def cancelled() -> bool:
        nonlocal questions
        questions += 1
        return questions == 5

    job = Speak(1, TEXT, StockVoice(), SpeechParameters(seed=1))
    spoken = speaker.engine.synthesise(job, cancelled)
    assert questions == 5
    assert spoken.pcm.size == 0
    assert "flow" not in spoken.stage_ms
    np.testing.assert_array_equal(speaker.say(seed=1).pcm, expected)


def test_a_job_can_be_cancelled_during_the_waveform_too(speaker: Speaks) -> None:
    total = 0

    def count() -> bool:
        nonlocal total
        total += 1
        return False

    job = Speak(1, TEXT, StockVoice(), SpeechParameters(seed=1))
    assert speaker.engine.synthesise(job, count).pcm.size
    questions = 0

    def at_the_end() -> bool:
        nonlocal questions
        questions += 1
        return questions == total - 3

    spoken = speaker.engine.synthesise(job, at_the_end)
    assert spoken.pcm.size == 0
    assert questions == total - 3
    assert list(spoken.stage_ms) == ["enrolment", "t3"]


def test_every_output_carries_the_watermark(speaker: Speaks) -> None:
    watermarker = speaker.engine._model.watermarker
    for seed in range(4):
        spoken = speaker.say(seed=seed)
        assert watermark.found(watermarker, spoken.pcm, spoken.sample_rate)


def test_the_stages_account_for_the_time(speaker: Speaks) -> None:
    spoken = speaker.say(seed=3)
    assert list(spoken.stage_ms) == ["enrolment", "t3", "flow", "vocoder", "watermark"]
    assert all(spent > 0 for spent in spoken.stage_ms.values())
    assert spoken.pcm.dtype == np.float32
    assert spoken.duration_s > 0.3


def test_the_info_names_weights_device_and_reason(speaker: Speaks) -> None:
    info = speaker.engine.info
    assert (info.name, info.revision, info.device, info.precision) == (
        "chatterbox",
        "test",
        "cpu",
        "fp32",
    )
    assert info.sample_rate == 24_000
    assert info.clones_voices
    assert info.stock_voices == ("default",)
    assert info.reason == "for a test"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_to_say_is_refused(speaker: Speaks, text: str) -> None:
    """Upstream would ask for text, aloud."""
    with pytest.raises(SynthesisFailed, match="nothing to say"):
        speaker.say(text)


def test_a_text_longer_than_the_model_knows_is_refused(speaker: Speaks) -> None:
    with pytest.raises(SynthesisFailed, match="too long"):
        speaker.say("b" * 2049)


def test_the_longest_text_is_spoken(speaker: Speaks) -> None:
    """2050 positions: start, 2047 letters, the full stop that upstream adds, and stop."""
    assert speaker.say("b" * 2047).pcm.size


def test_an_unknown_stock_voice_is_replaced_and_said(speaker: Speaks) -> None:
    spoken = speaker.say(voice=StockVoice("heart"), seed=1)
    assert spoken.substitution is not None
    assert "heart" in spoken.substitution
    np.testing.assert_array_equal(spoken.pcm, speaker.say(seed=1).pcm)
    assert speaker.say(voice=StockVoice("default"), seed=1).substitution is None


def test_a_bad_clip_fails_its_own_job_only(speaker: Speaks, tmp_path: Path) -> None:
    with pytest.raises(VoiceUnusable):
        speaker.say(voice=ClonedVoice("0" * 64, str(tmp_path / "gone.wav")))
    assert speaker.say().pcm.size


def test_a_model_that_stops_at_once_is_a_failure_in_words(
    small_checkpoint: Path, tmp_path: Path
) -> None:
    engine = ReferenceEngine(
        small_checkpoint, revision="", device="cpu", reason="", home=tmp_path, report=print
    )
    with torch.inference_mode():
        engine._model.t3.speech_head.weight[6562] *= -10
    job = Speak(1, TEXT, StockVoice(), SpeechParameters())
    with pytest.raises(SynthesisFailed, match="had nothing to say"):
        engine.synthesise(job, lambda: False)


def test_a_model_that_never_stops_is_cut_at_the_limit(
    small_checkpoint: Path, tmp_path: Path
) -> None:
    engine = ReferenceEngine(
        small_checkpoint,
        revision="",
        device="cpu",
        reason="",
        home=tmp_path,
        report=print,
        max_speech_tokens=8,
    )
    spoken = engine.synthesise(Speak(1, TEXT, StockVoice(), SpeechParameters()), lambda: False)
    assert spoken.pcm.size == 8 * 960
