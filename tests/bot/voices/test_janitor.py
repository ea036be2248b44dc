"""Rows and files agree after tidying up, whatever a crash left."""

import os
from hashlib import sha256

from bot.speech.speaker import Speaker
from bot.voices.janitor import LOCAL_CLIP_KEPT_S
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
        "uploads/a.upload",
        "uploads/b.flac",
        "clips/c.flac",
        "conditionals/.d.part",
        "speech/ab/e.ogg",
        "speech/ab/e.12.part",
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
