"""A voice is enrolled once, its clip decides over its life, and bad clips fail in words."""

import hashlib
import os
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import librosa
import numpy as np
import pytest
import soundfile
import torch

from engine.enrolment import ENROLMENT_VERSION, Conditionals, Enrolment, NotYet, clip
from engine.enrolment.conditionals import Damaged
from engine.enrolment.networks import EnrolmentNetworks
from engine.enrolment.newcomers import AtOnce
from engine.errors import SynthesisFailed, VoiceUnusable
from engine.messages import Enrolled
from engine.speech import ClonedVoice, FloatArray
from engine.weights.build import load_upstream
from engine.weights.random import synthetic_voice

RATE = 24_000


def write_clip(path: Path, pitch_hz: float, seconds: float = 3.0) -> ClonedVoice:
    return write_samples(path, synthetic_voice(pitch_hz, seconds))


def write_samples(path: Path, samples: FloatArray, rate: int = RATE) -> ClonedVoice:
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return voice_at(path)


def voice_at(path: Path) -> ClonedVoice:
    return ClonedVoice(hashlib.sha256(path.read_bytes()).hexdigest(), str(path))


@pytest.fixture(scope="session")
def networks(small_checkpoint: Path) -> EnrolmentNetworks:
    return EnrolmentNetworks.load(small_checkpoint, torch.device("cpu"))


class House:
    """An enrolment in a home of its own, and how often it loaded networks and reported."""

    def __init__(self, home: Path, networks: EnrolmentNetworks) -> None:
        self.home = home
        self.networks = networks
        self.loads = 0
        self.now = 1000.0
        self.reports: list[Enrolled] = []
        self.enrolment = self.open()

    def open(
        self, revision: str = "r1", capacity: int = 256, background: Executor | None = None
    ) -> Enrolment:
        """Like a new process with the same home."""

        def load() -> EnrolmentNetworks:
            self.loads += 1
            return self.networks

        return Enrolment(
            home=self.home,
            revision=revision,
            load_networks=load,
            report=self.reports.append,
            capacity=capacity,
            background=background,
            clock=lambda: self.now,
        )

    def files(self) -> list[Path]:
        return sorted((self.home / "conditionals").glob("*"))


@pytest.fixture
def house(tmp_path: Path, networks: EnrolmentNetworks) -> House:
    return House(tmp_path / "home", networks)


def same(one: Conditionals, other: Conditionals) -> bool:
    return one.to_bytes() == other.to_bytes()


def test_conditionals_are_those_of_upstream(
    small_checkpoint: Path, networks: EnrolmentNetworks, tmp_path: Path
) -> None:
    """Also for a clip beyond the ten seconds that the decoder looks at, and in stereo."""
    upstream = load_upstream(small_checkpoint)
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
    tensors = [t for t in vars(conditionals).values() if isinstance(t, torch.Tensor)]
    assert sum(t.untyped_storage().nbytes() for t in tensors) == conditionals.size_bytes < 2**18
    assert all(t.device.type == "cpu" for t in tensors)
    assert house.files()[0].stat().st_size == house.reports[0].size_bytes < 2**18


def test_two_voices_differ(house: House, tmp_path: Path) -> None:
    one = house.enrolment.conditionals(write_clip(tmp_path / "one.wav", 110.0))
    other = house.enrolment.conditionals(write_clip(tmp_path / "other.wav", 210.0))
    assert torch.cosine_similarity(one.x_vector, other.x_vector) < 0.95
    assert torch.cosine_similarity(one.speaker, other.speaker) < 0.999
    assert not torch.equal(one.prompt_tokens, other.prompt_tokens)


def test_a_voice_is_computed_once(house: House, cloned_voice: ClonedVoice) -> None:
    first = house.enrolment.conditionals(cloned_voice)
    assert house.enrolment.conditionals(cloned_voice) is first
    assert (house.loads, len(house.reports)) == (1, 1)
    report = house.reports[0]
    assert report.clip_sha256 == cloned_voice.clip_sha256
    assert report.model_revision == "r1"
    assert report.engine_version == ENROLMENT_VERSION
    assert house.files() == [house.home / report.path]
    assert report.key == house.files()[0].stem


def test_a_new_process_recalls_the_voices_that_were_used_last(house: House, tmp_path: Path) -> None:
    """Used, not enrolled, last; and a clip that is gone by then takes its voice with it."""
    voices = [write_clip(tmp_path / f"{hz}.wav", hz) for hz in (110.0, 150.0, 200.0, 250.0)]
    known = [house.enrolment.conditionals(voice) for voice in voices]
    keys = [house.enrolment.key(voice.clip_sha256) for voice in voices]
    for age, number in enumerate((2, 3, 1, 0)):
        os.utime(house.home / "conditionals" / f"{keys[number]}.safetensors", (0, 100 - age))
    house.open().conditionals(voices[0])
    (house.home / "conditionals" / f"{keys[1]}.safetensors").write_bytes(b"damaged")
    os.utime(house.home / "conditionals" / f"{keys[1]}.safetensors", (0, 200))

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
    assert enrolment.in_memory == 2
    assert f"{keys[3]}.safetensors" not in [file.name for file in house.files()]
    assert house.loads == 1


def test_where_nothing_was_kept_nothing_is_recalled(house: House) -> None:
    assert house.enrolment.recall(4) == []


def test_after_a_restart_it_comes_from_disk_without_networks(
    house: House, cloned_voice: ClonedVoice
) -> None:
    first = house.enrolment.conditionals(cloned_voice)
    again = house.open().conditionals(cloned_voice)
    assert same(first, again)
    assert (house.loads, len(house.reports)) == (1, 1)


def test_other_weights_have_conditionals_of_their_own(
    house: House, cloned_voice: ClonedVoice
) -> None:
    house.enrolment.conditionals(cloned_voice)
    house.open(revision="r2").conditionals(cloned_voice)
    assert house.loads == 2
    assert len(house.files()) == 2


def test_networks_that_nobody_needs_are_let_go_after_a_while(house: House, tmp_path: Path) -> None:
    """Not between the voices of people who register one after the other."""
    for pitch_hz, waited_s, loads in ((110.0, 0.0, 1), (150.0, 20.0, 1), (190.0, 31.0, 2)):
        house.now += waited_s
        house.enrolment.newcomers.release_unused()
        house.enrolment.conditionals(write_clip(tmp_path / f"{pitch_hz}.wav", pitch_hz))
        assert house.loads == loads


class OneAtATime(Executor):
    """A background that does what it was given when it is told to."""

    def __init__(self) -> None:
        self.given: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def carry_out() -> None:
            if not future.set_running_or_notify_cancel():
                return
            done = AtOnce().submit(fn, *args, **kwargs)
            if (error := done.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())

        self.given.append(carry_out)
        return future

    def work(self) -> None:
        """Do what was given first."""
        self.given.pop(0)()


def test_a_new_voice_is_computed_aside(house: House, tmp_path: Path) -> None:
    """Whoever asks is told when to ask again; a bad clip fails as it does elsewhere."""
    voices = [write_clip(tmp_path / f"{hz}.wav", hz) for hz in (110.0, 190.0)]
    bad = write_samples(tmp_path / "bad.wav", np.zeros(3 * RATE, np.float32))
    background = OneAtATime()
    enrolment = house.open(background=background)
    newcomers = []
    for voice in (*voices, bad, voices[0]):
        with pytest.raises(NotYet) as newcomer:
            enrolment.conditionals(voice)
        newcomers.append(newcomer.value)
    assert (house.loads, len(background.given)) == (0, 3)
    background.work()
    assert [newcomer.ready() for newcomer in newcomers] == [True, False, False, True]
    first = enrolment.conditionals(voices[0])
    assert enrolment.conditionals(voices[0]) is first
    with pytest.raises(NotYet):
        enrolment.conditionals(voices[1])
    background.work()
    background.work()
    with pytest.raises(VoiceUnusable, match="silent"):
        enrolment.conditionals(bad)
    second = enrolment.conditionals(voices[1])
    assert (house.loads, len(house.reports), len(background.given)) == (1, 2, 0)
    for voice, conditionals in zip(voices, (first, second), strict=True):
        assert same(
            House(tmp_path / "other", house.networks).enrolment.conditionals(voice), conditionals
        )


def test_a_voice_forgotten_while_it_is_computed_leaves_nothing(
    house: House, cloned_voice: ClonedVoice
) -> None:
    background = OneAtATime()
    enrolment = house.open(background=background)
    with pytest.raises(NotYet):
        enrolment.conditionals(cloned_voice)
    enrolment.forget(cloned_voice.clip_sha256)
    background.work()
    assert (enrolment.in_memory, house.files(), house.reports) == (0, [], [])
    assert house.loads == 0  # it had not begun
    with pytest.raises(NotYet):
        enrolment.conditionals(cloned_voice)


def test_networks_that_are_loaded_for_a_forgotten_voice_are_let_go_of_too(
    house: House, cloned_voice: ClonedVoice
) -> None:
    """Nobody else may come for hours."""
    loading, loaded = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as background:
        try:
            enrolment = house.open(background=background)
            load = house.networks

            def slowly() -> EnrolmentNetworks:
                loading.set()
                loaded.wait()
                return load

            enrolment.newcomers._load_networks = slowly
            with pytest.raises(NotYet):
                enrolment.conditionals(cloned_voice)
            loading.wait()
            enrolment.forget(cloned_voice.clip_sha256)
            house.now += 100
            assert enrolment.newcomers.release_unused() == 30
        finally:
            loaded.set()
        background.submit(list).result()  # after what was submitted before
        assert enrolment.newcomers.holds_networks
        house.now += 31
        assert enrolment.newcomers.release_unused() is None
        assert not enrolment.newcomers.holds_networks
        assert house.files() == []


def test_a_voice_that_is_computed_for_ever_is_noticed(
    house: House, cloned_voice: ClonedVoice
) -> None:
    loading, loaded = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as background:
        try:
            newcomers = house.open(background=background).newcomers
            newcomers._load_networks = lambda: (loading.set(), loaded.wait())
            newcomers.check()
            with pytest.raises(NotYet):
                newcomers.conditionals("key", Path(cloned_voice.clip_path).read_bytes())
            loading.wait()
            house.now += 299
            newcomers.check()
            house.now += 2
            with pytest.raises(RuntimeError, match="for ever"):
                newcomers.check()
        finally:
            loaded.set()


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("out of memory"), ValueError("other")])
def test_a_failure_keeps_neither_the_clip_nor_the_networks(
    house: House, cloned_voice: ClonedVoice, error: Exception
) -> None:
    """Whoever logs or reports it holds it a while, and memory is what may be short."""

    class Networks:
        def enrol(self, _clip: FloatArray) -> Conditionals:
            raise error

    networks = [Networks()]
    gone = weakref.ref(networks[0])
    newcomers = house.enrolment.newcomers
    newcomers._load_networks = networks.pop
    with pytest.raises((SynthesisFailed, ValueError)) as failure:
        house.enrolment.conditionals(cloned_voice)
    newcomers.release()
    assert gone() is None
    assert failure.value is not None


def test_networks_that_take_long_to_load_are_not_let_go_of_before_their_use(
    house: House, cloned_voice: ClonedVoice
) -> None:
    """What they computed and nobody came for goes with them."""
    background = OneAtATime()
    enrolment = house.open(background=background)
    newcomers = enrolment.newcomers
    assert newcomers.release_unused() is None
    with pytest.raises(NotYet) as newcomer:
        enrolment.conditionals(cloned_voice)
    house.now += 100
    assert newcomers.release_unused() == 30
    assert not newcomers.release()
    background.work()
    house.now += 29
    assert newcomers.release_unused() == 1
    assert newcomer.value.ready()
    assert newcomers.holds_networks
    house.now += 2
    assert newcomers.release_unused() is None
    assert not newcomers.holds_networks
    with pytest.raises(NotYet):
        enrolment.conditionals(cloned_voice)
    background.work()
    enrolment.conditionals(cloned_voice)
    assert house.loads == 2


def test_where_memory_is_short_a_voice_is_not_learned_and_its_networks_go(
    house: House, cloned_voice: ClonedVoice, tmp_path: Path
) -> None:
    """Everybody else speaks on, so it is no failure of the engine."""

    class Large:
        def enrol(self, _clip: FloatArray) -> Conditionals:
            raise torch.OutOfMemoryError("CUDA out of memory")

    answers: list[Any] = [OSError("gone"), Large(), house.networks]
    enrolment = Enrolment(
        home=tmp_path / "short",
        revision="r1",
        load_networks=lambda: raised_or(answers.pop(0)),
        report=lambda _: None,
    )
    with pytest.raises(OSError, match="gone"):
        enrolment.conditionals(cloned_voice)
    with pytest.raises(SynthesisFailed, match="no memory left to learn"):
        enrolment.conditionals(cloned_voice)
    assert not enrolment.newcomers.holds_networks
    assert same(enrolment.conditionals(cloned_voice), house.enrolment.conditionals(cloned_voice))


def raised_or(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def test_the_networks_are_loaded_again_only_after_release(house: House, tmp_path: Path) -> None:
    for index, loads in enumerate((1, 1, 2)):
        if index == 2:
            house.enrolment.newcomers.release()
        house.enrolment.conditionals(write_clip(tmp_path / f"{index}.wav", 100.0 + index))
        assert house.loads == loads


def test_memory_is_bounded_and_forgets_the_least_recently_used(
    house: House, tmp_path: Path
) -> None:
    enrolment = house.open(capacity=2)
    voices = [write_clip(tmp_path / f"{n}.wav", 100.0 + 20 * n, 1.5) for n in range(3)]
    first, second = (enrolment.conditionals(voice) for voice in voices[:2])
    assert enrolment.conditionals(voices[0]) is first
    enrolment.conditionals(voices[2])
    assert enrolment.in_memory == 2
    assert enrolment.conditionals(voices[0]) is first
    assert enrolment.conditionals(voices[1]) is not second
    assert house.loads == 1


def test_a_clip_may_move(house: House, cloned_voice: ClonedVoice, tmp_path: Path) -> None:
    """The digest is the voice's identity, not the path."""
    first = house.enrolment.conditionals(cloned_voice)
    moved = Path(cloned_voice.clip_path).rename(tmp_path / "moved.wav")
    voice = ClonedVoice(cloned_voice.clip_sha256, str(moved))
    assert house.enrolment.conditionals(voice) is first


@pytest.mark.parametrize("restart", [True, False])
@pytest.mark.parametrize("how", ["changed", "deleted"])
def test_conditionals_die_with_their_clip(
    house: House, cloned_voice: ClonedVoice, tmp_path: Path, how: str, restart: bool
) -> None:
    house.enrolment.conditionals(cloned_voice)
    path = Path(cloned_voice.clip_path)
    if how == "changed":
        write_clip(path, 99.0)
    else:
        path.unlink()
    enrolment = house.open() if restart else house.enrolment
    with pytest.raises(VoiceUnusable, match="registered again") as refusal:
        enrolment.conditionals(cloned_voice)
    assert str(tmp_path) not in str(refusal.value)
    assert house.files() == []
    assert enrolment.in_memory == 0


def test_a_forgotten_clip_is_neither_in_memory_nor_on_disk(
    house: House, tmp_path: Path, cloned_voice: ClonedVoice
) -> None:
    """Whether it was in memory or only left on disk by an earlier process."""
    other = write_clip(tmp_path / "other.wav", 220)
    for voice in (cloned_voice, other):
        house.enrolment.conditionals(voice)
    house.enrolment.forget(cloned_voice.clip_sha256)
    assert house.enrolment.in_memory == 1
    folder = house.home / "conditionals"
    (left,) = folder.iterdir()
    assert left.stem == house.enrolment.key(other.clip_sha256)
    restarted = house.open()
    restarted.forget(other.clip_sha256)
    assert list(folder.iterdir()) == []
    restarted.forget("f" * 64)  # never heard of: nothing happens


def test_a_clip_changed_within_its_length_and_time_is_noticed(
    house: House, cloned_voice: ClonedVoice
) -> None:
    """One bit, and the modification time put back."""
    if sys.platform == "win32":
        pytest.skip("Windows keeps no time of the last change to a file's metadata")
    path = Path(cloned_voice.clip_path)
    before = path.stat()
    house.enrolment.conditionals(cloned_voice)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(VoiceUnusable):
        house.enrolment.conditionals(cloned_voice)


def flip_a_bit(content: bytes) -> bytes:
    return content[:-40] + bytes([content[-40] ^ 1]) + content[-39:]


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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
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


def test_conditionals_survive_their_bytes(house: House, cloned_voice: ClonedVoice) -> None:
    conditionals = house.enrolment.conditionals(cloned_voice)
    read = Conditionals.from_bytes(conditionals.to_bytes())
    for name, tensor in vars(conditionals).items():
        assert torch.equal(getattr(read, name), tensor)
        assert getattr(read, name).dtype == tensor.dtype
    with pytest.raises(Damaged):
        Conditionals.from_bytes(conditionals.to_bytes()[:-1])


def noise(seconds: float, level: float) -> FloatArray:
    samples = np.random.default_rng(0).standard_normal(int(seconds * RATE)) * level
    return samples.astype(np.float32)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros(3 * RATE, np.float32), "silent"),
        (noise(3, 1e-4), "silent"),
        (noise(0.5, 0.1), "lasts 0.5 seconds"),
        (np.zeros(0, np.float32), "lasts 0.0 seconds"),
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


@pytest.mark.parametrize("content", [b"", b"RIFF", b"MZ this is no audio at all" * 100])
def test_what_is_no_audio_is_refused(house: House, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(content)
    with pytest.raises(VoiceUnusable, match="decoded"):
        house.enrolment.conditionals(voice_at(path))


def test_a_folder_in_a_clips_place_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(VoiceUnusable, match="missing"):
        house.enrolment.conditionals(ClonedVoice("0" * 64, str(tmp_path)))


def test_formats_that_need_ffmpeg_are_decoded(tmp_path: Path) -> None:
    """AAC in MP4, as telephones record it."""
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
