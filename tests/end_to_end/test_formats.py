"""Whatever a member records with becomes a voice, by every way to register.

`bot/clips/test_judge.py` reads every format; here are the ways in, and what phones record in.
"""

import asyncio
import statistics
import time
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest

from bot.loopback import Interaction
from tests.bot.clips.recordings import encode
from tests.end_to_end.conftest import Stage, mono_of_file
from tests.end_to_end.registering import PREVIEW, SHORT, agree, draft, files, press, ready
from tests.end_to_end.uploads import left_in_files, left_in_tables, speech, upload
from tests.recogniser import word_error_rate

pytestmark = pytest.mark.asyncio(loop_scope="module")
ENVIRONMENT = {"TIMBRE_REGISTRATION_COOLDOWN_S": "0"}

FOR_EVERY_CHANGE = (("mp3", "options"), ("voice message", "message"))
#: From a form (as in test_voices.py), a film from the chat, one from a form, and what Discord calls
#: by another name than its content.
WITH_ALL = (("m4a", "form"), ("mp4 video", "message"), ("webm video", "form"), ("ogg", "options"))


async def asked(stage: Stage, way: str, name: str, sent: str) -> Interaction:
    clip = upload(sent)
    if way == "options":
        return await agree(await stage.alice.slash("voice register", name=name, clip=clip))
    if way == "form":
        form = await stage.alice.slash("voice register")
        return await agree(form, Name_of_the_voice=name, Clip=[clip])
    message = await stage.alice.send(stage.general, "", attachments=[clip])
    command = await stage.alice.message_command("Use as my voice", message)
    return await agree(command, Name_of_the_voice=name)


@pytest.mark.parametrize(
    ("sent", "way"),
    [*FOR_EVERY_CHANGE, *(pytest.param(*case, marks=pytest.mark.slow) for case in WITH_ALL)],
)
async def test_a_recording_becomes_a_voice_that_speaks_and_then_goes(
    stage: Stage, sent: str, way: str
) -> None:
    """Register, preview, keep, speak, delete; and nothing of it is left."""
    await stage.alice.leave()
    clip = upload(sent)
    panel = await ready(await asked(stage, way, "Mine", sent))
    assert "✅ Checked: " in panel.text
    (preview,) = panel.attachments
    assert word_error_rate(PREVIEW, mono_of_file(preview.data), 48_000) <= 0.15
    await press(panel, "Keep")
    (stored,) = files(stage.home, "clips")
    content = stored.read_bytes()
    said = await stage.answer(stage.alice, "say", text=SHORT, voice="Mine")
    assert "stock voice is speaking" in said.text
    assert word_error_rate(SHORT, mono_of_file(said.attachments[0].data), 48_000) <= 0.15
    original = clip.data[len(clip.data) // 2 :][:48]
    assert left_in_files(stage.home, original) == []
    await stage.reply(stage.alice, "voice delete", voice="Mine")
    assert files(stage.home, "clips", "uploads") == []
    assert left_in_files(stage.home, content[len(content) // 2 :][:48], b"Mine") == []
    assert left_in_tables(stage.home, "Mine", stored.name) == []


@pytest.mark.slow  # without Discord: tests/bot/voices/test_registration.py
async def test_many_people_register_at_once(stage: Stage) -> None:
    """Everybody gets to "Ready"; two clips are checked at a time; others are answered meanwhile."""
    half = 2
    people = [stage.guild.add_member(f"Guest {number}") for number in range(2 * half)]
    shared = upload("voice message")
    # Each a little shorter than the one before: one recording is one person's.
    clips = [
        replace(shared, data=encode(speech()[: -480 * (1 + number)], "voice message"))
        for number in range(2 * half)
    ]
    bot = psutil.Process(stage.bot.pid)
    judging, answered_s = 0, []

    joining = [
        asyncio.create_task(draft(person, "Mine", clip))
        for person, clip in zip(people, clips, strict=True)
    ]
    while not all(task.done() for task in joining):
        checks = 0
        for child in bot.children():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                checks += "bot.clips.child" in child.cmdline()
        judging = max(judging, checks)
        begun = time.monotonic()
        await stage.reply(stage.bob, "voice list")
        answered_s.append(time.monotonic() - begun)
        await asyncio.sleep(0.05)
    panels = [task.result() for task in joining]
    assert judging == 2
    print(f"slowest answer {max(answered_s):.2f} s")
    assert statistics.median(answered_s) < 3.0  # Discord waits no longer
    assert len(files(stage.home, "uploads")) == 2 * half
    for panel in panels[:half]:
        await press(panel, "Keep")
    for panel in panels[half:]:
        await press(panel, "Delete")
    assert len(files(stage.home, "clips")) == half
    assert files(stage.home, "uploads") == []
