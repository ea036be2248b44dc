"""Mels against upstream's, one utterance at a time there and padded batches here."""

import pytest
import torch

from engine.chatterbox.s3gen import WaveformDecoder
from engine.chatterbox.s3gen.flow import Flow, FlowInputs
from engine.chatterbox.s3gen.kernels.reference import ReferenceS3GenKernels
from engine.chatterbox.s3gen.layout import Layout, read_checkpoint
from tests.engine.chatterbox.s3gen.upstream_s3gen import Upstream, make_utterance, relative_error
from tests.engine.chatterbox.utterances import decoded


@pytest.mark.parametrize(
    ("tokens", "prompt_tokens"),
    [
        *((1, 20), (15, 50)),
        *(
            pytest.param(*lengths, marks=pytest.mark.slow)
            for lengths in ((13, 50), (14, 50), (70, 58), (71, 58))
        ),
    ],
    ids=["one token", "65 of 128", "63 of 64", "64 of 64", "128 of 128", "129 of 192"],
)
def test_a_mel_is_upstreams_at_every_bucket_edge(
    upstream: Upstream, decoder: WaveformDecoder, tokens: int, prompt_tokens: int
) -> None:
    utterance = make_utterance(tokens, prompt_tokens)
    (mel,) = decoder.mel([utterance])
    assert relative_error(mel, upstream.mel(utterance)) < 1e-4


def test_a_prompt_with_a_frame_more_than_its_tokens_shortens_the_speech_as_upstream_does(
    upstream: Upstream, decoder: WaveformDecoder
) -> None:
    utterance = make_utterance(20, 30, extra_prompt_frames=1)
    (mel,) = decoder.mel([utterance])
    assert len(mel) == 39
    assert relative_error(mel, upstream.mel(utterance)) < 1e-4


def test_a_batch_of_other_lengths_and_voices_changes_nothing(
    upstream: Upstream, decoder: WaveformDecoder
) -> None:
    batch = [
        make_utterance(tokens, prompt, seed=seed)
        for seed, (tokens, prompt) in enumerate([(40, 20), (10, 50), (25, 31)])
    ]
    for mel, utterance in zip(decoder.mel(batch), batch, strict=True):
        assert relative_error(mel, decoder.mel([utterance])[0]) < 1e-5
        assert relative_error(mel, upstream.mel(utterance)) < 1e-4


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_stays_near_upstreams_fp32(upstream: Upstream, precision: str) -> None:
    utterance = make_utterance(30, 40)
    (mel,) = upstream.decoder(precision).mel([utterance])
    assert mel.dtype == torch.float32  # the ODE's state is never half
    assert relative_error(mel, upstream.mel(utterance)) < (1e-2 if precision == "bf16" else 2e-3)


def test_on_a_card_before_ampere_fp16_needs_no_triton(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on compute capability 7.5: plain torch, eagerly, captured and replayed."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (7, 5))
    decoder, utterance = upstream.decoder("fp16"), make_utterance(30, 40)
    assert isinstance(decoder._flow._kernels, ReferenceS3GenKernels)
    expected = upstream.mel(utterance)
    for _ in range(3):
        (mel,) = decoder.mel([utterance])
        assert relative_error(mel, expected) < 2e-3
    (wave,) = decoder.decode([utterance])
    assert torch.isfinite(wave).all()
    assert wave.abs().max() > 0.01


def test_what_lies_in_the_padding_reaches_nobody(upstream: Upstream) -> None:
    tensors, sizes = read_checkpoint(upstream.state)
    flow = Flow(Layout(tensors, upstream.device), sizes, torch.float32)
    lengths = torch.tensor([64, 41])
    generator = torch.Generator().manual_seed(3)
    inputs = FlowInputs(
        torch.randint(0, 6561, (2, 64), generator=generator),
        lengths,
        torch.randn(2, 128, 80, generator=generator),
        torch.randn(2, 192, generator=generator),
        torch.randn(2, 128, 80, generator=generator),
    )
    padding = torch.arange(128) >= 2 * lengths[:, None]
    filled = FlowInputs(
        torch.where(padding[:, ::2], 4321, inputs.tokens),
        lengths,
        torch.where(padding[..., None], 1e3, inputs.prompt),
        inputs.embedding,
        torch.where(padding[..., None], -1e3, inputs.noise),
    )
    with torch.inference_mode():
        clean, dirty = (
            flow(FlowInputs(*(tensor.to(upstream.device) for tensor in given))).cpu()
            for given in (inputs, filled)
        )
    assert torch.isfinite(dirty).all()
    assert relative_error(dirty[~padding], clean[~padding]) < 1e-5


def test_ids_that_are_one_number_in_bf16_stay_two(upstream: Upstream) -> None:
    low, high = 4097, 4099
    assert torch.tensor(low).bfloat16() == torch.tensor(high).bfloat16()
    decoder = upstream.decoder("bf16")
    given = make_utterance(12, 20)
    mels = [
        decoder.mel([decoded(torch.full((12,), token), given.voice, seed=0)])[0]
        for token in (low, high)
    ]
    assert relative_error(*mels) > 0.02
