"""Opus: the packets are 20 ms, the file holds the same ones, and the sound survives."""

from pathlib import Path

import numpy as np
import pytest

from bot.audio import opus
from engine.speech import FloatArray

RATE = 24_000


def tone(seconds: float, hz: float) -> FloatArray:
    t = np.arange(int(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def pitch(pcm: FloatArray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(pcm)))) * opus.SAMPLE_RATE / len(pcm)


@pytest.mark.parametrize("seconds", [0.001, 0.02, 0.5, 1.013])
def test_the_packets_cover_the_sound_and_no_more_than_two_packets_beyond(
    tmp_path: Path, seconds: float
) -> None:
    packets = opus.encode(tone(seconds, 440), RATE, tmp_path / "a.ogg", kbps=64)
    assert 0 <= len(packets) * 0.02 - seconds <= 0.045


def test_the_file_gives_back_exactly_the_packets_that_were_encoded(tmp_path: Path) -> None:
    packets = opus.encode(tone(1, 440), RATE, tmp_path / "a.ogg", kbps=64)
    assert opus.read_packets(tmp_path / "a.ogg") == packets


def test_the_sound_survives_at_its_pitch_and_level(tmp_path: Path) -> None:
    opus.encode(tone(1, 440), RATE, tmp_path / "a.ogg", kbps=64)
    heard = opus.decode((tmp_path / "a.ogg").read_bytes())
    middle = heard[12_000:36_000, 0]
    assert pitch(middle) == pytest.approx(440, abs=3)
    assert float(np.sqrt(np.mean(middle**2))) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_joined_files_play_one_after_the_other(tmp_path: Path) -> None:
    paths = [tmp_path / f"{hz}.ogg" for hz in (220, 440, 880)]
    counts = [
        len(opus.encode(tone(1, hz), RATE, path, kbps=64))
        for hz, path in zip((220, 440, 880), paths, strict=True)
    ]
    heard = opus.decode(opus.join(paths))
    assert len(heard) == pytest.approx(sum(counts) * opus.PACKET_SAMPLES, abs=opus.PACKET_SAMPLES)
    for position, hz in enumerate((220, 440, 880)):
        begin = int((position + 0.4) * opus.SAMPLE_RATE)
        assert pitch(heard[begin : begin + 12_000, 0]) == pytest.approx(hz, abs=5)


@pytest.mark.parametrize("content", [b"", b"not sound", b"OggS" + b"\0" * 100])
def test_a_file_that_is_not_ours_is_a_typed_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.ogg").write_bytes(content)
    with pytest.raises(opus.OpusFileError):
        opus.read_packets(tmp_path / "a.ogg")


def test_a_missing_file_is_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opus.read_packets(tmp_path / "a.ogg")
