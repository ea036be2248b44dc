"""Waveforms against upstream's: one at a time there, padded batches here."""

import pytest
import torch
from torch import Tensor

from engine.chatterbox.s3gen import Noise, WaveformDecoder
from engine.chatterbox.s3gen.layout import Layout, read_checkpoint
from engine.chatterbox.s3gen.source import load_source, pitch_hz
from engine.chatterbox.s3gen.vocoder import Vocoder, VocoderInputs
from engine.chatterbox.s3gen.watermark import MarkInputs, Watermark
from engine.chatterbox.t3.config import DTYPES
from engine.chatterbox.utterance import SAMPLES_PER_FRAME, Utterance
from tests.engine.chatterbox.s3gen.upstream_s3gen import Upstream, make_utterance, relative_error


@pytest.fixture(scope="module")
def vocoder(upstream: Upstream) -> Vocoder:
    return load(upstream, "fp32")


def load(upstream: Upstream, precision: str) -> Vocoder:
    tensors, _sizes = read_checkpoint(upstream.state)
    return Vocoder(Layout(tensors, upstream.device), DTYPES[precision])


@torch.inference_mode()
def run(vocoder: Vocoder, mels: list[Tensor], utterances: list[Utterance], frames: int) -> Tensor:
    """The vocoder on a batch padded with anything but zeros, as one that failed may leave it."""
    device = mels[0].device
    mel = torch.full((len(mels), frames, 80), torch.nan, device=device)
    source = torch.full((len(mels), 9, frames * SAMPLES_PER_FRAME), -3.0, device=device)
    noises = [Noise(utterance, device, mean_flow=False) for utterance in utterances]
    for row, (part, noise) in enumerate(zip(mels, noises, strict=True)):
        mel[row, : len(part)] = part
        source[row, :, : noise.source.shape[1]] = noise.source
    lengths = torch.tensor([len(part) for part in mels], device=device)
    return vocoder(VocoderInputs(mel, lengths, torch.stack([n.phase for n in noises]), source))


@pytest.mark.parametrize("extra", [1, 0], ids=["63 of 64 frames", "64 of 64 frames"])
def test_a_waveform_is_upstreams_for_the_same_mel(
    upstream: Upstream, vocoder: Vocoder, extra: int
) -> None:
    utterance = make_utterance(32, 20, extra_prompt_frames=extra)
    mel = upstream.mel(utterance)
    tensors, _sizes = read_checkpoint(upstream.state)
    source = load_source(Layout(tensors, upstream.device))
    with torch.inference_mode():
        pitch = pitch_hz(source, mel[None], torch.ones_like(mel[None, :, :1]))[0]
    assert relative_error(pitch, upstream.pitch(mel)) < 1e-5
    ours = run(vocoder, [mel], [utterance], 64)[0, : utterance.samples]
    assert relative_error(ours, upstream.waveform(mel, utterance, pitch=pitch)) < 1e-3
    # With its sum of cycles in fp32, upstream itself is further from the exact one.
    assert relative_error(ours, upstream.waveform(mel, utterance, drifting=True)) < 1e-2


def test_a_padded_batch_sounds_like_each_alone(upstream: Upstream, vocoder: Vocoder) -> None:
    utterances = [make_utterance(tokens, 20, seed=tokens) for tokens in (3, 20, 11)]
    mels = [upstream.mel(utterance) for utterance in utterances]
    together = run(vocoder, mels, utterances, 64)
    for row, (mel, utterance) in enumerate(zip(mels, utterances, strict=True)):
        alone = run(vocoder, [mel], [utterance], len(mel))[0]
        assert relative_error(together[row, : utterance.samples], alone) < 5e-4  # pitch times time
        assert not together[row, utterance.samples :].any()


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_leaves_pitch_source_and_transforms_in_fp32(
    upstream: Upstream, vocoder: Vocoder, precision: str
) -> None:
    utterance = make_utterance(25, 20)
    mel = upstream.mel(utterance)
    half = run(load(upstream, precision), [mel], [utterance], 64)
    assert half.dtype == torch.float32
    assert relative_error(half, run(vocoder, [mel], [utterance], 64)) < 5e-3  # TF32 on a GPU


def test_tokens_become_upstreams_waveform_with_the_mark_in(
    upstream: Upstream, decoder: WaveformDecoder
) -> None:
    utterance = make_utterance(10, 20)
    wave = upstream.waveform(upstream.mel(utterance), utterance)[None]
    lengths = torch.tensor([wave.shape[1]], device=upstream.device)
    with torch.inference_mode():
        (expected,) = Watermark(upstream.device)(MarkInputs(wave, lengths))
    (ours,) = decoder.decode([utterance])
    assert relative_error(ours, expected) < 1e-3
