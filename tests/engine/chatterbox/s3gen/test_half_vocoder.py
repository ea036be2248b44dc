"""The vocoder in float16 against the plain one: by its kernels' twins, and by them on a GPU."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from engine.chatterbox.s3gen.half_vocoder import HalfVocoder
from engine.chatterbox.s3gen.kernels.convolutions import VocoderKernels
from engine.chatterbox.s3gen.kernels.cuda_vocoder import CudaVocoderKernels
from engine.chatterbox.s3gen.layout import Layout
from engine.chatterbox.s3gen.vocoder import Vocoder, VocoderInputs
from engine.chatterbox.utterance import SAMPLES_PER_FRAME
from engine.upstream import untrained
from engine.upstream.build import build_s3gen
from engine.weights.sizes import SMALL
from tests.engine.chatterbox.s3gen.plain_vocoder_kernels import PlainVocoderKernels
from tests.engine.chatterbox.s3gen.upstream_s3gen import relative_error

on_a_gpu = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]
#: A kernel's row, and several; short items, and one that fills what is allocated.
LENGTHS = {"cpu": [5, 2], "cuda": [64, 3, 40]}


State = dict[str, Tensor]


def drawn(channels: int) -> State:
    """A vocoder that has a pitch, alone of an S3Gen."""
    with torch.inference_mode(), torch.random.fork_rng():
        torch.manual_seed(0)
        model = build_s3gen(replace(SMALL.s3gen, vocoder_channels=channels))
        untrained.perturb_neutral(model)
        untrained.draw_vocoder(model.mel2wav)
        model.mel2wav.f0_predictor.classifier.bias += 120  # Hz
        model.mel2wav.conv_post.bias -= 3  # a spectrum's magnitude, by its logarithm
        return {n: t for n, t in model.state_dict().items() if n.startswith("mel2wav.")}


@pytest.fixture(scope="module")
def wide() -> State:
    """As wide as a real one."""
    return drawn(512)


def inputs_of(lengths: list[int], device: torch.device) -> VocoderInputs:
    """Mels and noise, with anything but zeros in the padding."""
    random = torch.Generator().manual_seed(5)
    items, frames = len(lengths), max(lengths)
    given = VocoderInputs(
        torch.randn(items, frames, 80, generator=random) - 5,
        torch.tensor(lengths),
        torch.randn(items, 9, generator=random),
        torch.randn(items, 9, frames * SAMPLES_PER_FRAME, generator=random),
    )
    return VocoderInputs(*(each.to(device) for each in given))


def vocoders(wide: State, kernels: VocoderKernels, device: torch.device) -> tuple[Tensor, Tensor]:
    """What the one in halves makes of some mels, and what fp32 does."""
    layout = Layout(wide, device)
    plain = Vocoder(layout, torch.float32)
    inputs = inputs_of(LENGTHS[device.type], device)
    with torch.inference_mode():
        half = HalfVocoder(layout, kernels, plain.source, plain.transform, plain.fade)
        pitched = plain.pitched(inputs)
        found = half.pitch(pitched.mel, inputs.lengths)
        assert found is not None
        for row, length in enumerate(LENGTHS[device.type]):
            assert relative_error(found[row, :length], pitched.pitch[row, :length]) < 1e-5
        return half(*pitched), plain(inputs)


@pytest.mark.parametrize(
    "form",
    ["twins", pytest.param("cuda", marks=on_a_gpu), pytest.param("as elsewhere", marks=on_a_gpu)],
)
def test_a_waveform_is_that_of_fp32_but_for_rounding(wide: State, form: str) -> None:
    device = torch.device("cpu" if form == "twins" else "cuda")
    kernels: VocoderKernels = PlainVocoderKernels()
    if form != "twins":
        kernels = CudaVocoderKernels(device, as_elsewhere=form == "as elsewhere")
    ours, expected = vocoders(wide, kernels, device)
    for row, length in enumerate(LENGTHS[device.type]):
        heard = slice(length * SAMPLES_PER_FRAME)
        assert relative_error(ours[row, heard], expected[row, heard]) < 3e-3
        assert not ours[row, heard.stop :].any()


def test_a_narrow_vocoder_is_left_to_plain_torch(wide: State) -> None:
    cpu = torch.device("cpu")
    fits = [HalfVocoder.fits(Layout(state, cpu)) for state in (wide, drawn(64))]
    assert fits == [True, False]
