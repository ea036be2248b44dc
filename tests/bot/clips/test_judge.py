"""A good recording becomes a clip, whatever its format; any other gets a sentence that helps.

Longer than most files: all of it needs the forks of one confined child.
"""

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import soundfile

from bot.clips.judge import ClipLimits, ClipRefused, JudgedClip, judge
from engine.speech import FloatArray
from tests.bot.clips.conftest import Children
from tests.bot.clips.forked_child import ForkedChildren
from tests.bot.clips.recordings import FORMATS, RATE, encode, film_without_sound
from tests.waiting import until

LIMITS = ClipLimits()
_forks: list[ForkedChildren] = []
Spoken = dict[str, list[FloatArray]]


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    return tmp_path / "upload"


@pytest.fixture(scope="module", autouse=True)
def forks() -> Iterator[None]:
    """Half of what a child takes is its start: with the usual limits one is forked for each file.

    A test that looks at the child itself calls `judge`, as does one with other limits.
    """
    if os.name != "posix":
        yield
        return
    with closing(ForkedChildren(LIMITS)) as parent:
        _forks.append(parent)
        yield
        _forks.clear()


async def judged(
    upload: Path, content: bytes | FloatArray, limits: ClipLimits = LIMITS
) -> JudgedClip:
    """What is said of a file, or of samples sent as a WAV file with float samples."""
    if isinstance(content, np.ndarray):
        wav = io.BytesIO()
        soundfile.write(wav, content, RATE, subtype="FLOAT", format="WAV")
        content = wav.getvalue()
    upload.write_bytes(content)
    try:
        if limits is LIMITS and _forks:
            return await _forks[0].judge(upload)
        return await judge(upload, limits)
    finally:
        assert list(upload.parent.iterdir()) == [upload]


def a_clip(spoken: Spoken, voice: str = "heart") -> FloatArray:
    return np.concatenate(spoken[voice])


@pytest.mark.parametrize("name", FORMATS)
async def test_every_format_becomes_the_same_clip(spoken: Spoken, upload: Path, name: str) -> None:
    pcm = a_clip(spoken)
    clip = await judged(upload, encode(pcm, name))
    samples, rate = soundfile.read(io.BytesIO(clip.flac), dtype="float32")
    info = soundfile.info(io.BytesIO(clip.flac))
    assert (info.format, info.subtype, info.channels, rate) == ("FLAC", "PCM_16", 1, 24_000)
    assert clip.duration_s == len(samples) / rate
    assert abs(clip.duration_s - len(pcm) / RATE) < 0.5
    assert 5 < clip.voiced_s <= clip.duration_s
    # The best alignment of the two: what a correlation of envelopes would be for other speech
    # stays below a half.
    size = 2 ** int(np.ceil(np.log2(len(pcm) + len(samples))))
    cross = np.fft.irfft(np.fft.rfft(pcm, size) * np.conj(np.fft.rfft(samples, size)), size)
    assert cross.max() / (np.linalg.norm(pcm) * np.linalg.norm(samples)) > 0.9
    assert np.abs(samples).max() < 0.9


async def test_mp3_behind_zero_bytes_is_found_by_the_confined_process(
    spoken: Spoken, upload: Path
) -> None:
    clip = await judged(upload, bytes(70_000) + encode(a_clip(spoken), "mp3"))
    assert clip.voiced_s > 5


async def test_stereo_is_mixed_down(spoken: Spoken, upload: Path) -> None:
    clip = await judged(upload, encode(a_clip(spoken), "flac", stereo=True))
    assert clip.snr_db > 20


async def test_a_short_clip_is_told_how_much_was_heard(spoken: Spoken, upload: Path) -> None:
    """The sentence counts speech, not the silence around it."""
    speech = spoken["heart"][0][: 2 * RATE]
    quiet = np.zeros(8 * RATE, np.float32)
    with pytest.raises(
        ClipRefused, match=r"^I heard [12]\.\d s of speech; please talk for at least 5 s\.$"
    ):
        await judged(upload, np.concatenate([quiet, speech, quiet]))


async def test_silence_and_tones_are_not_speech(upload: Path) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE)
    for sound in (np.zeros(10 * RATE), tone):
        with pytest.raises(ClipRefused, match="no speech"):
            await judged(upload, sound.astype(np.float32))


async def test_noise_is_weighed_against_the_voice(spoken: Spoken, upload: Path) -> None:
    pause = np.zeros(RATE, np.float32)
    pcm = np.concatenate([pause, spoken["heart"][0], pause, spoken["heart"][1], pause])
    level = float(np.sqrt(np.mean(np.square(a_clip(spoken)))))
    noise = np.random.default_rng(1).standard_normal(len(pcm)).astype(np.float32) * level
    clip = await judged(upload, pcm + noise * 10 ** (-25 / 20))
    assert clip.snr_db == pytest.approx(25, abs=2)
    with pytest.raises(ClipRefused, match=r"only \d+ dB louder than the background"):
        await judged(upload, pcm + noise * 10 ** (-6 / 20))


async def test_distortion_is_refused(spoken: Spoken, upload: Path) -> None:
    pcm = a_clip(spoken)
    with pytest.raises(ClipRefused, match=r"distorted: \d+% of it"):
        await judged(upload, np.clip(pcm * 20, -1, 1).astype(np.float32))


async def test_a_quiet_recording_is_raised_and_a_hardly_audible_one_refused(
    spoken: Spoken, upload: Path
) -> None:
    pcm = a_clip(spoken)
    clip = await judged(upload, pcm * 0.1)
    loud = await judged(upload, pcm * 0.9)
    assert loud.loudness_lufs - clip.loudness_lufs == pytest.approx(19.1, abs=0.2)
    levels = [
        np.sqrt(np.mean(np.square(soundfile.read(io.BytesIO(one.flac))[0]))) for one in (clip, loud)
    ]
    assert levels[0] == pytest.approx(levels[1], rel=0.05)
    with pytest.raises(ClipRefused, match="too quiet"):
        await judged(upload, pcm * 0.01, ClipLimits(min_loudness_lufs=-40))


async def test_an_offset_is_removed(spoken: Spoken, upload: Path) -> None:
    """A constant under the sound, as poor sound cards add, is gone from the clip."""
    clip = await judged(upload, a_clip(spoken) * 0.5 + np.float32(0.2))
    assert abs(soundfile.read(io.BytesIO(clip.flac))[0].mean()) < 1e-3


@pytest.mark.parametrize("other", ["michael", "fenrir"])
async def test_two_people_are_refused(spoken: Spoken, upload: Path, other: str) -> None:
    first, second = spoken["heart"], spoken[other]
    one_after_the_other = np.concatenate([*first, *second])
    taking_turns = np.concatenate([first[0], second[0], first[1], second[1]])
    for sound in (one_after_the_other, taking_turns):
        with pytest.raises(ClipRefused, match="more than one voice"):
            await judged(upload, sound)


@pytest.mark.parametrize("voice", ["heart", "michael", "fenrir"])
async def test_one_person_is_accepted(spoken: Spoken, upload: Path, voice: str) -> None:
    clip = await judged(upload, a_clip(spoken, voice))
    assert clip.speaker_similarity > LIMITS.min_same_speaker_similarity + 0.03


async def test_of_a_long_recording_the_cleanest_part_is_taken(spoken: Spoken, upload: Path) -> None:
    pause = np.zeros(RATE, np.float32)
    clean = np.concatenate([pause, spoken["heart"][0], pause, spoken["heart"][1], pause])
    noise = np.random.default_rng(2).standard_normal(len(clean)).astype(np.float32) * 0.01
    limits = ClipLimits(max_voiced_s=6.0)
    clip = await judged(upload, np.concatenate([clean + noise, clean, clean + noise]), limits)
    noisy = await judged(upload, clean + noise, limits)
    assert 5 < clip.voiced_s <= 6
    assert clip.duration_s < 9
    assert clip.snr_db > noisy.snr_db + 20


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "file is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "do not know this kind of file"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "do not know this kind of file"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "do not know this kind of file"),
        (b"RIFF\x00\x00\x00\x00WAVE" + bytes(200), "damaged|no sound"),
        (film_without_sound(), "no sound"),
    ],
)
async def test_what_is_no_recording_is_named(upload: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(ClipRefused, match=sentence):
        await judged(upload, content)


async def test_the_upload_limit_is_kept_before_anything_is_read(
    upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    monkeypatch.setattr(asyncio, "create_subprocess_exec", begun.append)
    with pytest.raises(ClipRefused, match="larger than 1 MiB"):
        await judged(upload, bytes(2**20 + 1), ClipLimits(max_upload_mib=1))
    assert not begun, "only a child reads"


async def test_long_silence_ends_at_the_limit(upload: Path) -> None:
    long = encode(np.zeros(301 * RATE, np.float32), "flac")
    assert len(long) < 100_000
    with pytest.raises(ClipRefused, match="longer than 5 minutes"):
        await judged(upload, long)


@cache
def too_much() -> bytes:
    noise = np.random.default_rng(3).standard_normal(70 * RATE).astype(np.float32) * 0.01
    return encode(noise, "mp3") * 32


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of other systems differ")
@pytest.mark.parametrize(
    "limits",
    [
        ClipLimits(max_upload_mib=99, decode_memory_mib=8),
        ClipLimits(max_upload_mib=99, decode_cpu_s=1, max_decoded_s=36_000),
        ClipLimits(max_upload_mib=99, decode_wall_s=0.3),
    ],
    ids=["memory", "processor time", "wall time"],
)
async def test_a_breach_of_any_limit_is_refused(
    upload: Path, limits: ClipLimits, children: Children
) -> None:
    with pytest.raises(ClipRefused, match="too complicated"):
        await judged(upload, too_much(), limits)
    assert not children()


async def test_a_cancelled_judgement_leaves_no_process(
    spoken: Spoken, upload: Path, children: Children
) -> None:
    upload.write_bytes(encode(a_clip(spoken), "wav"))
    judging = asyncio.create_task(judge(upload, LIMITS))
    await until(children)
    judging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await judging
    assert not children()


@pytest.mark.skipif(os.name == "nt", reason="POSIX groups and sessions")
async def test_the_child_can_be_killed_whole_and_shares_the_bots_session(
    spoken: Spoken, upload: Path, children: Children
) -> None:
    """In a session of its own it would get as much of the processors as all of the bot."""
    upload.write_bytes(encode(a_clip(spoken), "wav"))
    judging = asyncio.create_task(judge(upload, LIMITS))
    await until(children, every_s=0.001)
    (child,) = children()
    assert (os.getpgid(child.pid), os.getsid(child.pid)) == (child.pid, os.getsid(0))
    await judging


async def test_the_child_is_told_no_secret(
    spoken: Spoken, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a-secret-token")
    upload.write_bytes(encode(a_clip(spoken), "wav"))
    judging = asyncio.create_task(judge(upload, LIMITS))
    seen: dict[str, str] = {}
    while not judging.done():
        for child in psutil.Process().children():
            try:
                if "bot.clips.child" in child.cmdline():
                    seen = child.environ() or seen
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        await asyncio.sleep(0.01)
    await judging
    assert "OMP_NUM_THREADS" in seen
    assert "a-secret-token" not in seen.values()


async def test_the_loop_is_never_held_up(spoken: Spoken, upload: Path) -> None:
    """It turns all the time: a loop that waits for the child stands still for most of it."""
    upload.write_bytes(encode(a_clip(spoken), "wav"))
    shares = []
    # The best of some tries: a busy machine holds up any one.
    for _ in range(4):
        longest, began = 0.0, time.monotonic()
        judging = asyncio.create_task(judge(upload, LIMITS))
        while not judging.done():
            before = time.monotonic()
            await asyncio.sleep(0.001)
            longest = max(longest, time.monotonic() - before)
        await judging
        shares.append(longest / (time.monotonic() - began))
        if shares[-1] < 0.25:
            return
    pytest.fail(f"the loop stood still for {min(shares):.0%} of a judgement")


def test_the_child_imports_neither_torch_nor_discord() -> None:
    """It has to start in a fraction of a second."""
    code = "import sys, json, bot.clips.child; print(json.dumps(list(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    loaded = set(json.loads(shown.stdout))
    assert "av" in loaded
    assert not loaded & {"torch", "discord", "scipy", "librosa", "silero_vad", "aiohttp"}


async def test_equal_uploads_become_equal_clips(spoken: Spoken, upload: Path) -> None:
    content = encode(a_clip(spoken), "voice message")
    first = await judged(upload, content)
    assert first == await judged(upload, content)
    with av.open(io.BytesIO(first.flac)) as container:
        assert container.format.name == "flac"
    assert upload.stat().st_size == len(content)
