"""What is stored about somebody is shown, handed over, and deleted when they say so."""

import io
import json
import os
import sqlite3
import sys
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import closing

import psutil
import pytest
import pytest_asyncio

from bot.loopback import File
from tests.end_to_end.conftest import Stage, a_stage
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.registering import draft, files, press, register, seen, shorter
from tests.end_to_end.uploads import left_in_files

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("privacy")
    settings = {"TIMBRE_REGISTRATION_COOLDOWN_S": "0", "TIMBRE_GUILD_GRACE_DAYS": "0"}
    async with a_stage(folder, **settings, **paced(folder)) as opened:
        yield opened


async def test_a_stranger_is_told_that_nothing_is_stored(stage: Stage) -> None:
    assert "Nothing." in await stage.reply(stage.bob, "privacy info")


async def test_everything_is_shown_and_exported_and_then_deleted(stage: Stage, clip: File) -> None:
    await register(stage.alice, "Evening", clip)
    await stage.reply(stage.alice, "voice share", voice="Evening")
    await stage.reply(stage.bob, "voice use", voice="Evening")
    shown = await stage.reply(stage.alice, "privacy info")
    assert "- voices and their clips: 1" in shown
    assert "- servers a voice is shared with: 1" in shown
    exported = await (await stage.alice.slash("privacy export")).reply(timeout_s=120)
    assert exported.ephemeral
    (attachment,) = exported.attachments
    with zipfile.ZipFile(io.BytesIO(attachment.data)) as archive:
        data = json.loads(archive.read("data.json"))
        (name,) = [n for n in archive.namelist() if n.endswith(".flac")]
        content = archive.read(name)
    assert [path.read_bytes() for path in files(stage.home, "clips")] == [content]
    assert data["voices"][0]["name"] == "Evening"
    assert data["users"][0]["user_id"] == str(stage.alice.id)
    assert str(stage.bob.id) not in json.dumps(data)

    asked = await (await stage.alice.slash("privacy delete")).reply()
    assert "cannot be undone" in asked.text
    before = asked.edits
    with closing(sqlite3.connect(stage.home / "timbre.db", isolation_level=None)) as backup:
        backup.execute("BEGIN")
        backup.execute("SELECT * FROM voices").fetchall()
        await asked.press("Delete everything")
        await seen(lambda: asked.edits > before)
        assert asked.text.startswith("Your data is deleted. Apart from waits")
        assert "Another program" in asked.text
        assert left_in_files(stage.home, b"Evening")
    await seen(lambda: not left_in_files(stage.home, b"Evening"))
    assert "Nothing." in await stage.reply(stage.alice, "privacy info")
    assert files(stage.home, "clips", "uploads") == []
    middle = len(content) // 2
    needles = (
        content[middle : middle + 64],
        data["voices"][0]["clip_sha256"].encode(),
        stage.alice.id.to_bytes(8, "big"),
        b"Evening",
    )
    assert left_in_files(stage.home, *needles) == []


async def test_what_somebody_had_said_goes_with_them(stage: Stage) -> None:
    """Also in a stock voice, of somebody who never registered one; and they are told beforehand."""
    before = files(stage.home, "speech")
    await (await stage.bob.slash("say", text="My diagnosis is known to nobody.")).reply()
    assert len(files(stage.home, "speech")) > len(before)
    shown = await stage.reply(stage.bob, "privacy info")
    assert "- recordings of what you had me say or read aloud: 1" in shown
    assert "I keep the sound of it for 7 days at most" in shown
    asked = await (await stage.bob.slash("privacy delete")).reply()
    for named in ("what you had me say", "pronunciations", "your wish not to be read aloud"):
        assert named in asked.text
    await press(asked, "Delete everything")
    assert set(files(stage.home, "speech")) == set(before)
    assert "Nothing." in await stage.reply(stage.bob, "privacy info")


async def test_a_server_learns_nothing_of_what_others_had_said(stage: Stage) -> None:
    """The same words are made anew elsewhere, in as much time, and no figure tells of the first."""
    other = stage.elsewhere("Next door")
    made = []
    for member in (stage.alice, stage.alice, other.bob, other.bob):
        before = len(files(stage.home, "speech"))
        await (await member.slash("say", text="The password is swordfish.")).reply(timeout_s=120)
        made.append(len(files(stage.home, "speech")) - before)
    assert made == [1, 0, 1, 0]
    warden = other.guild.add_member("Warden", manage_guild=True)
    shown = await other.reply(warden, "status")
    assert "Worker" in shown
    assert not any(name in shown for name in ("Cache", "analysed", "Synthesis", "first sound"))
    assert "Cache" in await stage.figures()


async def test_without_confirmation_nothing_is_deleted(stage: Stage, clip: File) -> None:
    await register(stage.alice, "Stays", clip)
    asked = await (await stage.alice.slash("privacy delete")).reply()
    assert asked.ephemeral
    assert "**Stays**" in await stage.reply(stage.alice, "voice list")


@pytest.mark.skipif(sys.platform != "linux", reason="only there a process's files can be limited")
async def test_a_clip_that_cannot_be_kept_is_gone_and_so_are_its_buttons(
    stage: Stage, clip: File
) -> None:
    """They would answer nothing: the clip went with the failure."""
    kept = files(stage.home, "clips")
    panel = await draft(stage.bob, "Night", shorter(clip))
    bot = psutil.Process(stage.bot.pid)
    before = bot.rlimit(psutil.RLIMIT_FSIZE)
    bot.rlimit(psutil.RLIMIT_FSIZE, (0, before[1]))
    try:
        await press(panel, "Keep")
    finally:
        bot.rlimit(psutil.RLIMIT_FSIZE, before)
    assert panel.text.startswith("I could not do that: the disk that I run on ")
    assert panel.components == []
    assert files(stage.home, "clips", "uploads") == kept


async def test_the_bots_owner_deletes_a_person_and_nobody_else_can(stage: Stage) -> None:
    owner = await stage.owners()
    chief = owner.guild.add_member("Chief", administrator=True)
    alice = str(stage.alice.id)
    refused = await stage.reply(chief, "bot-owner delete-user", user_id=alice)
    assert refused == "You may not use this command here."
    assert "**Stays**" in await stage.reply(stage.alice, "voice list")
    said = await stage.reply(owner, "bot-owner delete-user", user_id="12345678901234five")
    assert "is a number" in said
    said = await stage.reply(owner, "bot-owner delete-user", user_id=alice)
    assert "they had 1 voice" in said
    assert files(stage.home, "clips") == []
    assert "Nothing." in await stage.reply(stage.alice, "privacy info")


async def test_a_server_that_removes_the_bot_is_cleaned(stage: Stage, clip: File) -> None:
    """What was registered in it goes; what lies about at the next start goes too."""
    other = stage.discord.add_guild("Elsewhere")
    other.add_text_channel("general")
    carol = other.add_member("Carol")
    await register(carol, "Left", File("hers.wav", clip.data[: len(clip.data) * 4 // 5]))
    await register(stage.alice, "Stays", clip)
    assert len(files(stage.home, "clips")) == 2
    before = files(stage.home, "speech")
    await (await carol.slash("say", text="This was said elsewhere.")).reply(timeout_s=120)
    assert len(files(stage.home, "speech")) > len(before)
    await other.delete()
    orphan = stage.home / "clips" / f"{'0' * 32}.flac"
    orphan.write_bytes(b"orphan")
    os.utime(orphan, (time.time() - 5, time.time() - 5))
    await stage.bot.stop()
    async with stage.started_again():
        assert "**Stays**" in await stage.reply(stage.alice, "voice list")
        # Once it is known which servers the bot is in, which takes some seconds.
        await seen(lambda: len(files(stage.home, "clips")) == 1)
        await seen(lambda: set(files(stage.home, "speech")) <= set(before))
        await seen(lambda: not left_in_files(stage.home, b"Left"))
