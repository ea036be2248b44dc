"""What players play is taken: MP3 behind something else, and sound as programs leave it."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from bot.clips.assessment import Assessor
from bot.clips.decoding import decode
from bot.clips.limits import ClipLimits
from bot.clips.mpeg import first_frame
from bot.clips.verdict import Unfit
from engine.speech import FloatArray
from tests.bot.clips.recordings import RATE, encode

LIMITS = ClipLimits()
JUNK = np.random.default_rng(5).integers(0, 256, 5000, np.uint8).tobytes()


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return Assessor()


@pytest.fixture(scope="module")
def pcm(spoken: dict[str, list[FloatArray]]) -> FloatArray:
    return np.concatenate(spoken["heart"])


@pytest.fixture(scope="module")
def frames(pcm: FloatArray) -> bytes:
    """An MP3 file from its first frame on."""
    content = encode(pcm, "mp3")
    start = first_frame(content)
    assert start
    return content[start:]


def id3(claimed_bytes: int, body: bytes) -> bytes:
    """A tag that says of itself how long it is."""
    size = bytes(claimed_bytes >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + size + body


def heard(content: bytes, pcm: FloatArray) -> FloatArray:
    """What is decoded, which has to be what was said."""
    samples = decode(io.BytesIO(content), LIMITS.max_decoded_s)
    size = 2 ** int(np.ceil(np.log2(len(pcm) + len(samples))))
    cross = np.fft.irfft(np.fft.rfft(pcm, size) * np.conj(np.fft.rfft(samples, size)), size)
    assert np.abs(cross).max() / (np.linalg.norm(pcm) * np.linalg.norm(samples)) > 0.9
    return samples


BEFORE: dict[str, Callable[[bytes], bytes]] = {
    "zero bytes": lambda frames: bytes(70_000) + frames,
    "junk": lambda frames: JUNK + frames,
    "the end of a frame": lambda frames: frames[200:],
    "a frame without its middle": lambda frames: frames[:100] + frames[300:],
    "a tag that says it is longer": lambda frames: id3(20_000, bytes(500)) + frames,
    "a tag that says it is longer than the file": lambda frames: id3(2**27, JUNK) + frames,
    "a tag that says it is shorter": lambda frames: id3(10, JUNK) + frames,
    "a tag behind zero bytes": lambda frames: bytes(4000) + id3(500, bytes(500)) + frames,
}


@pytest.mark.parametrize("before", BEFORE)
def test_mp3_is_found_behind_what_stands_before_it(
    frames: bytes, pcm: FloatArray, before: str
) -> None:
    heard(BEFORE[before](frames), pcm)


@pytest.mark.parametrize("content", [b"To whom it may concern. " * 500, b"\xff" * 9000, JUNK * 3])
def test_what_is_no_sound_is_not_taken_for_mp3(content: bytes) -> None:
    with pytest.raises(Unfit, match="I do not know this kind of file"):
        decode(io.BytesIO(content), LIMITS.max_decoded_s)


def wav(samples: FloatArray, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, subtype=subtype, format="WAV")
    return file.getvalue()


@pytest.mark.parametrize("right", [-1.0, -0.9])
def test_channels_that_cancel_each_other_out_are_heard_one_by_one(
    pcm: FloatArray, right: float
) -> None:
    """Cables and effects turn one over; the mean of both is nothing, or what is left of noise."""
    heard(wav(np.stack([pcm, right * pcm], 1), "PCM_16"), pcm)


def test_channels_that_do_not_are_mixed(pcm: FloatArray) -> None:
    content = wav(np.stack([pcm, np.zeros_like(pcm)], 1), "FLOAT")
    samples = decode(io.BytesIO(content), LIMITS.max_decoded_s)
    assert np.abs(samples).max() == pytest.approx(np.abs(pcm).max() / 2, rel=1e-3)


@pytest.mark.parametrize(("subtype", "louder"), [("FLOAT", 6.0), ("DOUBLE", 32_768.0)])
def test_floating_point_above_full_scale_is_not_distorted(
    assessor: Assessor, pcm: FloatArray, subtype: str, louder: float
) -> None:
    samples = heard(wav(pcm / np.abs(pcm).max() * louder, subtype), pcm)
    assert np.abs(samples).max() <= 1.0
    assert assessor.assess(samples, LIMITS).voiced_s > LIMITS.min_voiced_s


def test_floating_point_that_was_cut_off_is_distorted_however_loud(
    assessor: Assessor, pcm: FloatArray
) -> None:
    content = wav(np.clip(pcm * 40, -2, 2), "FLOAT")
    with pytest.raises(Unfit, match="distorted"):
        assessor.assess(decode(io.BytesIO(content), LIMITS.max_decoded_s), LIMITS)
