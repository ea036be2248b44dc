"""Turbo's and Nano's sound against upstream's, and how each model's utterances end."""

import pytest
import torch
from torch import Tensor

from engine.chatterbox.ending import Ending
from engine.chatterbox.s3gen import WaveformDecoder
from engine.chatterbox.s3gen.watermark import MarkInputs, Watermark
from engine.chatterbox.utterance import Utterance
from tests.engine.chatterbox.s3gen.upstream_s3gen import Upstream, make_utterance, relative_error
from tests.engine.chatterbox.utterances import decoded

#: Relative errors by device. A GPU chooses a product's kernel by its shape, so the sums of a batch
#: are in another order; the vocoder, here of random weights, turns a mel's rounding into more.
ROUNDING = {"cpu": 1e-5, "cuda": 1e-4}
THROUGH_BOTH = {"cpu": 1e-3, "cuda": 3e-3}


@pytest.fixture(scope="module")
def mean_flow(distilled: Upstream) -> WaveformDecoder:
    return distilled.decoder()


@pytest.mark.parametrize(
    ("tokens", "prompt_tokens", "extra"),
    [(1, 20, 0), (14, 50, 0), (15, 50, 1), (70, 58, 0)],
    ids=["one token", "64 of 64", "a frame less", "128 of 128"],
)
def test_a_mel_is_upstreams_from_the_noise_that_upstream_draws(
    distilled: Upstream, mean_flow: WaveformDecoder, tokens: int, prompt_tokens: int, extra: int
) -> None:
    utterance = make_utterance(tokens, prompt_tokens, extra_prompt_frames=extra, seed=3)
    assert mean_flow.mean_flow
    (mel,) = mean_flow.mel([utterance])
    assert relative_error(mel, distilled.mel(utterance)) < 1e-5


def test_the_end_of_a_step_matters(distilled: Upstream, mean_flow: WaveformDecoder) -> None:
    """Or the mixer's other half would be tested by nothing."""
    name = "flow.decoder.estimator.time_embed_mixer.weight"
    mixer = distilled.state[name].clone()
    mixer[:, len(mixer) :] = 0
    utterance = make_utterance(20, 30)
    other = WaveformDecoder({**distilled.state, name: mixer}, distilled.device)
    assert relative_error(other.mel([utterance])[0], mean_flow.mel([utterance])[0]) > 1e-3


def test_a_batch_of_other_lengths_and_voices_changes_nothing(
    distilled: Upstream, mean_flow: WaveformDecoder
) -> None:
    batch = [
        make_utterance(tokens, prompt, seed=seed)
        for seed, (tokens, prompt) in enumerate([(40, 20), (10, 50), (25, 31)])
    ]
    bound = ROUNDING[distilled.device.type]
    for mel, utterance in zip(mean_flow.mel(batch), batch, strict=True):
        assert relative_error(mel, mean_flow.mel([utterance])[0]) < bound
        assert relative_error(mel, distilled.mel(utterance)) < bound
    for wave, utterance in zip(mean_flow.decode(batch), batch, strict=True):
        alone = mean_flow.decode([utterance])[0]
        assert relative_error(wave, alone) < THROUGH_BOTH[distilled.device.type]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_stays_near_upstreams_fp32(distilled: Upstream, precision: str) -> None:
    utterance = make_utterance(30, 40)
    (mel,) = distilled.decoder(precision).mel([utterance])
    assert mel.dtype == torch.float32
    assert relative_error(mel, distilled.mel(utterance)) < (1e-2 if precision == "bf16" else 2e-3)


def marked(upstream: Upstream, wave: Tensor) -> Tensor:
    lengths = torch.tensor([len(wave)], device=upstream.device)
    with torch.inference_mode():
        return Watermark(upstream.device)(MarkInputs(wave[None], lengths))[0]


def finished(utterance: Utterance, ending: Ending) -> Utterance:
    """A copy with that end."""
    copy = decoded(utterance.speech_tokens, utterance.voice, seed=0)
    ending.finish(copy)
    return copy


def test_turbos_tokens_and_120_ms_of_dead_air_become_upstreams_waveform(
    distilled: Upstream, mean_flow: WaveformDecoder
) -> None:
    given = make_utterance(10, 20)
    ending = Ending.of(mean_flow=mean_flow.mean_flow, cuts_last_token=False)
    # As upstream's `generate` appends them.
    tokens = torch.cat([given.speech_tokens, torch.tensor([4299, 4299, 4299])])
    theirs = decoded(tokens, given.voice, seed=0)
    wave = distilled.waveform(distilled.mel(theirs), theirs)
    (ours,) = mean_flow.decode([finished(given, ending)])
    assert len(ours) == 13 * 960
    assert relative_error(ours, marked(distilled, wave)) < 1e-3


def test_multilinguals_last_token_is_cut_before_the_mark_goes_in(
    upstream: Upstream, decoder: WaveformDecoder, pytestconfig: pytest.Config
) -> None:
    """As upstream cuts: a token's sound stays where there is but one."""
    ending = Ending.of(mean_flow=decoder.mean_flow, cuts_last_token=True)
    lengths = ((2, 1), (1, 1), (10, 9)) if pytestconfig.getoption("--all") else ((2, 1), (1, 1))
    for tokens, kept in lengths:
        given = make_utterance(tokens, 20)
        wave = upstream.waveform(upstream.mel(given), given)[: max(1, tokens - 1) * 960]
        other = finished(make_utterance(12, 25), Ending())
        ours, whole = decoder.decode([finished(given, ending), other])
        assert len(ours) == kept * 960
        assert len(whole) == 12 * 960
        assert relative_error(ours, marked(upstream, wave)) < THROUGH_BOTH[upstream.device.type]


def test_english_utterances_end_with_their_last_token(decoder: WaveformDecoder) -> None:
    given = make_utterance(5, 20)
    ended = finished(given, Ending.of(mean_flow=decoder.mean_flow, cuts_last_token=False))
    assert torch.equal(ended.speech_tokens, given.speech_tokens)
    assert ended.kept_samples == ended.samples == 5 * 960
