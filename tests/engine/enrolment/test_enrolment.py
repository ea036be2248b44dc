"""A voice is enrolled once, its clip decides over its life, and bad clips fail in words."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import av
import librosa
import numpy as np
import pytest
import soundfile
from msgspec.structs import replace

from engine.enrolment import ENROLMENT_VERSION, Conditionals, clip
from engine.enrolment.networks import EnrolmentNetworks
from engine.errors import VoiceUnusable
from engine.speech import ClonedVoice, FloatArray
from engine.upstream.build import load_upstream
from engine.upstream.random_weights import synthetic_voice
from engine.weights.models import ENGLISH
from tests.engine.enrolment.enrolment_house import (
    RATE,
    House,
    same,
    voice_at,
    write_clip,
    write_samples,
)

not_windows = pytest.mark.skipif(
    sys.platform == "win32", reason="no mode bits, and no time of a metadata change"
)


def test_conditionals_are_those_of_upstream(
    small_checkpoint: Path, networks: EnrolmentNetworks, tmp_path: Path
) -> None:
    """Also for a clip beyond the ten seconds that the decoder looks at, and in stereo."""
    upstream = load_upstream(small_checkpoint, ENGLISH)
    mono = synthetic_voice(180.0, 12.0)
    stereo = np.stack([mono, 0.5 * mono[::-1]], axis=1)
    resampled = librosa.resample(mono, orig_sr=RATE, target_sr=44_100)
    for name, samples, rate in (
        ("long", mono, RATE),
        ("stereo", stereo, RATE),
        ("cd", resampled, 44_100),
    ):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, samples, rate)
        upstream.prepare_conditionals(str(path))
        expected = Conditionals.from_upstream(upstream.conds)
        assert same(networks.enrol(clip.decode(path.read_bytes())), expected), name
        if name == "long":
            assert expected.prompt_tokens.shape == (1, 250)
            assert expected.prompt_mel.shape == (1, 500, 80)
            assert expected.t3_prompt_tokens.shape == (1, 150)


def test_a_voice_takes_less_than_a_megabyte(house: House, tmp_path: Path) -> None:
    """In memory, where tensors own no more than they show, and on disk."""
    voice = write_clip(tmp_path / "clip.wav", 140.0, seconds=30.0)
    conditionals = house.enrolment.conditionals(voice)
    tensors = conditionals.tensors.values()
    assert all(t.untyped_storage().nbytes() == t.nbytes for t in tensors)
    assert all(t.device.type == "cpu" for t in tensors)
    assert house.files()[0].stat().st_size == house.reports[0].size_bytes < 2**18


def test_a_voice_is_computed_once(house: House, cloned_voice: ClonedVoice, tmp_path: Path) -> None:
    """Its identity is the clip's digest, not where the clip lies."""
    first = house.enrolment.conditionals(cloned_voice)
    assert house.enrolment.conditionals(cloned_voice) is first
    moved = Path(cloned_voice.clip_path).rename(tmp_path / "moved.wav")
    assert house.enrolment.conditionals(replace(cloned_voice, clip_path=str(moved))) is first
    assert (house.loads, len(house.reports)) == (1, 1)
    report = house.reports[0]
    assert report.voice_identity == cloned_voice.identity
    assert report.model_revision == "original-n1"
    assert report.engine_version == ENROLMENT_VERSION
    assert house.files() == [house.home / report.path]
    assert report.key == house.files()[0].stem


def test_a_new_process_recalls_the_voices_that_were_used_last(house: House, tmp_path: Path) -> None:
    """Used, not enrolled, last; and a clip that is gone by then takes its voice with it."""
    assert house.enrolment.recall(4) == []
    voices = [write_clip(tmp_path / f"{hz}.wav", hz) for hz in (110.0, 150.0, 200.0, 250.0)]
    known = [house.enrolment.conditionals(voice) for voice in voices]
    keys = [house.enrolment.key(voice.identity) for voice in voices]
    files = [house.home / "conditionals" / f"{key}.safetensors" for key in keys]
    for age, number in enumerate((2, 3, 1, 0)):
        os.utime(files[number], (0, 100 - age))
    house.open().conditionals(voices[0])
    files[1].write_bytes(b"damaged")
    os.utime(files[1], (0, 200))

    enrolment = house.open()
    assert [key for key, _ in enrolment.recall(4)] == [keys[3], keys[2], keys[0]]
    assert [key for key, _ in house.open().recall(2)] == [keys[0]]  # of two, one is damaged
    assert [key for key, _ in house.open(capacity=1).recall(4)] == [keys[0]]
    assert house.open().recall(0) == []
    recalled = enrolment.conditionals(voices[2])
    assert same(recalled, known[2])
    assert enrolment.conditionals(voices[2]) is recalled
    Path(voices[3].clip_path).unlink()
    with pytest.raises(VoiceUnusable):
        enrolment.conditionals(voices[3])
    assert len(enrolment._known) == 2
    assert files[3] not in house.files()
    assert house.loads == 1


def test_after_a_restart_it_comes_from_disk_unless_the_weights_are_others(
    house: House, cloned_voice: ClonedVoice
) -> None:
    first = house.enrolment.conditionals(cloned_voice)
    assert same(house.open().conditionals(cloned_voice), first)
    assert (house.loads, len(house.reports), len(house.files())) == (1, 1, 1)
    house.open(networks="n2").conditionals(cloned_voice)
    assert (house.loads, len(house.reports), len(house.files())) == (2, 2, 2)


def test_models_of_one_family_share_a_voice_and_those_of_another_do_not(
    house: House, cloned_voice: ClonedVoice
) -> None:
    """Nor is one family's recalled by the other; who forgets a voice forgets it for both."""
    first = house.enrolment.conditionals(cloned_voice)
    turbo = house.open(family="turbo")
    assert turbo.recall(4) == []
    turbo.conditionals(cloned_voice)
    assert (house.loads, len(house.files())) == (2, 2)
    assert house.reports[1].model_revision == "turbo-n1"
    assert same(house.open().conditionals(cloned_voice), first)
    assert house.loads == 2
    turbo.forget(cloned_voice.identity)
    assert house.files() == []


def test_memory_is_bounded_and_forgets_the_least_recently_used(
    house: House, tmp_path: Path
) -> None:
    enrolment = house.open(capacity=2)
    voices = [write_clip(tmp_path / f"{n}.wav", 100.0 + 20 * n, 1.5) for n in range(3)]
    first, second = (enrolment.conditionals(voice) for voice in voices[:2])
    assert enrolment.conditionals(voices[0]) is first
    enrolment.conditionals(voices[2])
    assert len(enrolment._known) == 2
    assert enrolment.conditionals(voices[0]) is first
    assert enrolment.conditionals(voices[1]) is not second
    assert house.loads == 1


def flip_a_bit(content: bytes) -> bytes:
    return content[:-40] + bytes([content[-40] ^ 1]) + content[-39:]


def flip_unnoticed(path: Path) -> None:
    """The clip keeps its length and its time."""
    before = path.stat()
    path.write_bytes(flip_a_bit(path.read_bytes()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("restart", [True, False])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: write_clip(path, 99.0),
        Path.unlink,
        pytest.param(flip_unnoticed, marks=not_windows),
    ],
    ids=["changed", "deleted", "a bit"],
)
def test_conditionals_die_with_their_clip(
    house: House,
    cloned_voice: ClonedVoice,
    tmp_path: Path,
    spoil: Callable[[Path], None],
    restart: bool,
) -> None:
    house.enrolment.conditionals(cloned_voice)
    spoil(Path(cloned_voice.clip_path))
    enrolment = house.open() if restart else house.enrolment
    with pytest.raises(VoiceUnusable, match="registered again") as refusal:
        enrolment.conditionals(cloned_voice)
    assert str(tmp_path) not in str(refusal.value)
    assert house.files() == []
    assert len(enrolment._known) == 0


def test_a_forgotten_clip_is_neither_in_memory_nor_on_disk(
    house: House, tmp_path: Path, cloned_voice: ClonedVoice
) -> None:
    other = write_clip(tmp_path / "other.wav", 220)
    for voice in (cloned_voice, other):
        house.enrolment.conditionals(voice)
    house.enrolment.forget(cloned_voice.identity)
    assert len(house.enrolment._known) == 1
    assert [file.stem for file in house.files()] == [house.enrolment.key(other.identity)]
    restarted = house.open()
    restarted.forget(other.identity)
    assert house.files() == []
    restarted.forget(f"clip:0:{'f' * 64}")  # never heard of: nothing happens


@pytest.mark.parametrize(
    "damage",
    [flip_a_bit, lambda content: content[:-7], lambda _: b"", lambda _: b"\xff" * 4096],
    ids=["bit", "short", "empty", "garbage"],
)
def test_a_damaged_file_is_computed_anew_and_logged(
    house: House,
    cloned_voice: ClonedVoice,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[bytes], bytes],
) -> None:
    first = house.enrolment.conditionals(cloned_voice)
    (file,) = house.files()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert same(house.open().conditionals(cloned_voice), first)
    assert "unusable" in caplog.text
    assert file.read_bytes() == whole
    assert house.loads == 2


@not_windows
def test_files_are_for_their_owner_only(house: House, cloned_voice: ClonedVoice) -> None:
    house.enrolment.conditionals(cloned_voice)
    (file,) = house.files()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_disk_that_cannot_be_written_silences_nobody(
    house: House, cloned_voice: ClonedVoice, caplog: pytest.LogCaptureFixture
) -> None:
    house.home.mkdir()
    (house.home / "conditionals").write_text("a file where the folder should be")
    conditionals = house.enrolment.conditionals(cloned_voice)
    assert house.enrolment.conditionals(cloned_voice) is conditionals
    assert house.reports == []
    assert "not kept on disk" in caplog.text


def noise(seconds: float, level: float) -> FloatArray:
    samples = np.random.default_rng(0).standard_normal(int(seconds * RATE)) * level
    return samples.astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros(3 * RATE, np.float32), "silent"),
        (noise(3, 1e-4), "silent"),
        (noise(0.5, 0.1), "too short"),
        (np.zeros(0, np.float32), "too short"),
        (noise(121, 0.1), "too long"),
        (np.full(3 * RATE, np.nan, np.float32), "not numbers"),
        (np.append(noise(3, 0.1), np.float32(np.inf)), "not numbers"),
    ],
    ids=["zeros", "hiss", "short", "empty", "long", "nan", "inf"],
)
def test_a_clip_without_a_voice_is_refused_in_one_sentence(
    house: House, tmp_path: Path, samples: FloatArray, sentence: str
) -> None:
    voice = write_samples(tmp_path / "bad.wav", samples)
    with pytest.raises(VoiceUnusable, match=sentence):
        house.enrolment.conditionals(voice)
    assert house.files() == []
    assert house.loads == 0


def test_what_is_no_audio_is_refused(house: House, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    for content in (b"", b"RIFF", b"MZ this is no audio at all" * 100):
        path.write_bytes(content)
        with pytest.raises(VoiceUnusable, match="decoded"):
            house.enrolment.conditionals(voice_at(path))
    with pytest.raises(VoiceUnusable, match="missing"):
        house.enrolment.conditionals(ClonedVoice("0" * 64, str(tmp_path)))  # a folder


def test_aac_in_mp4_as_telephones_record_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "clip.m4a"
    samples = synthetic_voice(150.0, 3.0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    decoded = clip.decode(path.read_bytes())
    assert abs(len(decoded) - len(samples)) < 0.1 * RATE
    lag = int(np.argmax(np.correlate(decoded[: RATE // 2], samples[: RATE // 4], "valid")))
    heard = decoded[lag : lag + RATE]
    assert np.corrcoef(heard, samples[: len(heard)])[0, 1] > 0.95
