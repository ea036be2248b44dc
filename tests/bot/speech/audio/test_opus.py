"""Opus: the packets are 20 ms, the file holds the same ones, and the sound survives."""

import io

import av
import numpy as np
import pytest

from bot.speech.audio import opus
from engine.speech import FloatArray
from tests.bot.speech.audio.test_loudness import RATE, tone


def pitch(pcm: FloatArray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(pcm)))) * opus.SAMPLE_RATE / len(pcm)


@pytest.mark.parametrize("seconds", [0.001, 0.02, 0.5, 1.013])
def test_the_packets_cover_the_sound_and_no_more_than_two_packets_beyond(
    seconds: float,
) -> None:
    packets, _ = opus.encode(tone(seconds, 0.3, 440), RATE, kbps=64)
    assert 0 <= len(packets) * 0.02 - seconds <= 0.045


def test_the_file_gives_back_exactly_the_packets_that_were_encoded() -> None:
    packets, ogg = opus.encode(tone(1, 0.3, 440), RATE, kbps=64)
    assert opus.read_packets(ogg) == packets


def test_a_file_begins_and_ends_where_its_sound_does() -> None:
    """What libopus puts before it is left out, and so is what fills up the last packet."""
    click = np.zeros(RATE + 7, np.float32)
    click[RATE // 2] = 0.9
    _, ogg = opus.encode(click, RATE, kbps=128)
    with av.open(io.BytesIO(ogg)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    heard = np.concatenate(frames, axis=1)[0]
    assert len(heard) == opus.PACKET_SAMPLES * 51  # whole packets of what was given
    assert abs(int(np.abs(heard).argmax()) - opus.SAMPLE_RATE // 2) <= 2
    encoder = av.AudioCodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = opus.SAMPLE_RATE, "stereo", "flt"
    encoder.open()
    assert bytes(encoder.extradata or b"") == opus._HEAD


def test_the_sound_survives_at_its_pitch_and_level() -> None:
    _, ogg = opus.encode(tone(1, 0.3, 440), RATE, kbps=64)
    middle = opus.decode(ogg)[12_000:36_000, 0]
    assert pitch(middle) == pytest.approx(440, abs=3)
    assert float(np.sqrt(np.mean(middle**2))) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_joined_packets_play_one_after_the_other() -> None:
    packets: list[bytes] = []
    for hz in (220, 440, 880):
        packets += opus.encode(tone(1, 0.3, hz), RATE, kbps=64)[0]
    ogg = opus.join(packets)
    assert opus.read_packets(ogg) == packets
    heard = opus.decode(ogg)
    assert len(heard) == pytest.approx(len(packets) * opus.PACKET_SAMPLES, abs=opus.PACKET_SAMPLES)
    for position, hz in enumerate((220, 440, 880)):
        begin = int((position + 0.4) * opus.SAMPLE_RATE)
        assert pitch(heard[begin : begin + 12_000, 0]) == pytest.approx(hz, abs=5)


def test_a_file_says_that_its_speech_is_synthetic() -> None:
    packets, encoded = opus.encode(tone(1, 0.3, 440), RATE, kbps=64)
    for ogg in (encoded, opus.join(packets)):
        with av.open(io.BytesIO(ogg)) as container:
            tags = container.metadata | container.streams.audio[0].metadata
        assert opus.SYNTHETIC in tags.values()


@pytest.mark.parametrize("content", [b"", b"not sound", b"OggS" + b"\0" * 100])
def test_bytes_that_are_not_ours_are_a_typed_error(content: bytes) -> None:
    with pytest.raises(opus.OpusFileError):
        opus.read_packets(content)


def test_a_long_file_of_many_pages_gives_back_all_packets_and_no_damaged_one() -> None:
    noise = np.random.default_rng(1).standard_normal(12 * RATE).astype(np.float32) / 10
    packets, ogg = opus.encode(noise, RATE, kbps=256)  # more than 255 bytes: several segments each
    assert max(map(len, packets)) > 2 * 255
    assert opus.read_packets(ogg) == packets
    middle = len(ogg) // 2
    for damaged in (
        ogg[:middle] + bytes([ogg[middle] ^ 1]) + ogg[middle + 1 :],
        ogg[:middle],
        ogg[:middle] + ogg[middle + 1 :],
        ogg + ogg,
    ):
        with pytest.raises(opus.OpusFileError):
            opus.read_packets(damaged)


def test_no_sound_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to encode"):
        opus.encode(np.zeros(0, np.float32), RATE, kbps=64)
