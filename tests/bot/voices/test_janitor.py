"""Rows and files agree after tidying up, whatever a crash left."""

import os
from hashlib import sha256

from bot.speech.speaker import Speaker
from bot.voices.janitor import LOCAL_CLIP_KEPT_S
from engine.messages import Enrolled
from engine.speech import ClonedVoice
from tests.bot.house import ALICE, House


async def test_a_sound_home_is_left_alone(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    await house.say(voice, "hello there")
    before = house.files()
    house.clock.now += 10**6
    assert await house.janitor.tidy() == 0
    assert house.files() == before


async def test_files_without_rows_go(house: House) -> None:
    """Uploads, drafts, clips, conditionals, renderings, and unfinished ones of each."""
    voice = await house.register(ALICE, "Mine")
    for name in (
        f"uploads/{'a' * 32}.upload",
        f"uploads/{'b' * 32}.flac",
        f"clips/{'c' * 32}.flac",
        "conditionals/.d_0d0d0d.part",
        f"speech/ab/{'e' * 64}.ogg",
        f"speech/ab/{'e' * 64}.12345678.part",
    ):
        path = house.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"orphan")
        os.utime(path, (house.clock.now - 10, house.clock.now - 10))
    before = house.files()
    assert await house.janitor.tidy(settled_s=3600) == 0
    assert house.files() == before  # too young to be judged while others are at work
    assert await house.janitor.tidy() == 6
    assert house.files() == {voice.clip_path}


async def test_files_of_somebody_else_stay(house: House) -> None:
    """Whatever they are called but what Timbre calls its own, and whatever a link leads to."""
    theirs = house.home / "theirs" / "ab" / f"{'a' * 64}.ogg"
    names = (
        "clips/2019/wedding.mp4",
        "clips/raw.mov",
        f"clips/2019/{'c' * 32}.flac",
        "uploads/thesis.docx",
        "speech/inaugural.txt",
    )
    for path in (theirs, *(house.home / name for name in names)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"theirs")
    (house.home / "speech" / "ab").symlink_to(theirs.parent)
    (house.home / "clips" / f"{'c' * 32}.flac").symlink_to(theirs)
    assert await house.janitor.tidy() == 0
    (house.home / "speech").rename(house.home / "speech-before")
    (house.home / "speech").symlink_to(theirs.parents[1])
    assert await house.janitor.tidy() == 0
    assert theirs.read_bytes() == b"theirs"
    assert all((house.home / name).exists() for name in names[:4])


async def test_an_enrolment_is_noted_only_where_one_can_be(house: House) -> None:
    """A worker that was taken over cannot have the bot delete other files."""
    names = ("../outside", "timbre.db", "conditionals/../timbre.db", f"{'a' * 64}.safetensors")
    for path in (*names, str(house.home / "timbre.db"), f"conditionals/{'a' * 64}.safetensors"):
        house.enrolments.note(Enrolled("k", "c" * 64, "model", "engine", path, 12))
    await house.enrolments.settled()
    (row,) = await house.store.conditionals.all()
    assert row.path == f"conditionals/{'a' * 64}.safetensors"


async def test_a_voice_without_its_clip_goes_with_what_came_of_it(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    await house.say(voice, "hello there")
    (house.home / voice.clip_path).unlink()
    await house.janitor.tidy()
    assert await house.store.voices.all() == []
    assert house.files() == set()
    assert house.traces(voice.clip_sha256) == []


async def test_what_was_made_of_a_clip_without_a_voice_goes(house: House) -> None:
    """As after a crash while a draft was being tried out."""
    draft = await house.draft(house.wish(ALICE, "Draft"), b"draft")
    await house.speech.saying(["hello there"], draft.speaker).ogg()
    assert len(house.files()) == 3
    house.clock.now += 10
    await house.janitor.tidy(settled_s=3600)
    assert len(house.files()) == 3  # its owner is still listening to it
    draft.path.unlink()
    await house.janitor.tidy()
    assert house.files() == set()
    assert house.traces(draft.clip.sha256) == []


async def test_what_was_made_of_a_local_recording_stays_while_it_is_used(house: House) -> None:
    """As `timbre.py say --voice` leaves it: of no voice, and wanted the next time."""
    recording = house.home / "recording.wav"
    recording.write_bytes(b"recording")
    voice = ClonedVoice(clip_sha256=sha256(b"recording").hexdigest(), clip_path=str(recording))
    await house.store.local_clips.use(voice.clip_sha256)
    await house.speech.saying(["hello there"], Speaker(voice=voice)).ogg()
    made = house.files()
    assert len(made) == 2
    house.clock.now += LOCAL_CLIP_KEPT_S - 1
    assert await house.janitor.tidy() == 0
    assert house.files() == made
    await house.store.local_clips.use(voice.clip_sha256)
    house.clock.now += LOCAL_CLIP_KEPT_S - 1
    assert await house.janitor.tidy() == 0
    house.clock.now += 2
    await house.janitor.tidy()
    assert house.files() == set()
    assert house.traces(voice.clip_sha256) == []


async def test_a_members_clip_is_none_of_the_command_line(house: House) -> None:
    """Named with `--voice`, it still goes with its voice."""
    voice = await house.register(ALICE, "Mine")
    await house.store.local_clips.use(voice.clip_sha256)
    assert await house.store.local_clips.all() == set()


async def test_rows_without_files_go(house: House) -> None:
    voice = await house.register(ALICE, "Mine")
    await house.say(voice, "hello there")
    for path in house.files() - {voice.clip_path}:
        (house.home / path).unlink()
    assert await house.janitor.tidy() == 2
    assert await house.store.speech.all() == []
    assert await house.store.conditionals.all() == []
    assert await house.say(voice, "hello there")
