"""A voice from its upload to its end, as members see it and as the disk shows it."""

import hashlib
import sqlite3
import time
from pathlib import Path

import psutil
import pytest

from bot.loopback import File
from bot.voices.consent import CONSENT_VERSION
from tests.end_to_end.conftest import Stage, a_stage, mono, mono_of_file, transmission
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.registering import (
    PREVIEW,
    SHORT,
    agree,
    draft,
    files,
    press,
    ready,
    register,
    seen,
    shorter,
)
from tests.end_to_end.uploads import left_in_files
from tests.recogniser import word_error_rate

pytestmark = pytest.mark.asyncio(loop_scope="module")
ENVIRONMENT = {"TIMBRE_REGISTRATION_COOLDOWN_S": "0", "TIMBRE_CLIP_MAX_MIB": "8"}


async def test_a_voice_lives_and_leaves_nothing(stage: Stage, clip: File) -> None:
    """Register, preview, speak, share, use by another, unshare, delete; then nothing is left."""
    panel = await draft(stage.alice, "Morning", clip)
    assert panel.ephemeral
    steps = [line.split()[1].strip(":.") for line in panel.text.splitlines()]
    assert steps == ["Received", "Checked", "Voice", "Ready"]
    assert "Voice not learned yet." in panel.text
    assert "stock voice is speaking" in panel.text
    (preview,) = panel.attachments
    assert word_error_rate(PREVIEW, mono_of_file(preview.data), 48_000) <= 0.15
    assert files(stage.home, "clips") == []  # not kept yet
    await press(panel, "Keep")
    assert "I keep the voice **Morning**" in panel.text

    (stored,) = files(stage.home, "clips")
    assert stored.stat().st_mode & 0o077 == 0
    assert stored.parent.stat().st_mode & 0o077 == 0
    assert files(stage.home, "uploads") == []
    content = stored.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert left_in_files(stage.home, clip.data[200_000:200_200]) == []  # as it was uploaded
    with sqlite3.connect(stage.home / "timbre.db") as database:
        ((sha256, version, owner),) = database.execute(
            "SELECT clip_sha256, consent_version, owner_id FROM voices"
        ).fetchall()
    assert (sha256, version, owner) == (digest, CONSENT_VERSION, stage.alice.id)

    offered = await stage.alice.autocomplete("say", focused="voice", value="morn", text="x")
    assert [choice["name"] for choice in offered] == ["Morning"]
    assert await stage.bob.autocomplete("say", focused="voice", value="morn", text="x") == []
    value = str(offered[0]["value"])
    await stage.alice.join(stage.lounge)
    sent = time.monotonic()
    said = await stage.reply(stage.alice, "say", text=SHORT, voice=value)
    assert "stock voice is speaking" in said
    heard = await transmission(stage.lounge, sent)
    assert word_error_rate(SHORT, mono(heard), 48_000) <= 0.15
    again = await stage.reply(stage.alice, "say", text=SHORT, voice=value)
    assert again == f"Speaking in {stage.lounge.mention}."  # which voice it is was said before

    assert "Everybody in this server" in await stage.reply(stage.alice, "voice share", voice=value)
    listed = await stage.reply(stage.bob, "voice list")
    assert f"**Morning** — shared by {stage.alice.mention}" in listed
    assert "You speak in **Morning**" in await stage.reply(stage.bob, "voice use", voice=value)
    await stage.bob.leave()
    by_bob = await stage.answer(stage.bob, "say", text=SHORT)
    assert "stock voice is speaking" in by_bob.text
    assert "may not do that" in await stage.reply(stage.bob, "voice delete", voice=value)
    assert "not shared with this server any more" in await stage.reply(
        stage.alice, "voice unshare", voice=value
    )
    by_bob = await stage.answer(stage.bob, "say", text=SHORT)
    assert "stock voice is speaking" not in by_bob.text
    assert "no such voice" in await stage.reply(stage.bob, "say", text=SHORT, voice=value)

    assert "is deleted" in await stage.reply(stage.alice, "voice delete", voice=value)
    assert files(stage.home, "clips", "uploads") == []
    middle = len(content) // 2
    needles = (content[middle : middle + 64], digest.encode(), b"Morning")
    # The bytes of the database and its log too, where SQLite would leave what it deleted.
    assert left_in_files(stage.home, *needles) == []


async def test_without_consent_nothing_is_fetched(stage: Stage, clip: File) -> None:
    """Not a single request reaches the content delivery host, and nothing is stored."""
    fetched = len(stage.discord.cdn.fetched)
    interaction = await stage.alice.slash("voice register", name="Unwilling", clip=clip)
    modal = await interaction.modal()
    assert "it is my own voice" in str(modal.components).lower()
    refused = await modal.submit()
    assert "did not fetch the clip" in (await refused.reply()).text
    assert len(stage.discord.cdn.fetched) == fetched
    assert files(stage.home, "clips", "uploads") == []


async def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(stage: Stage) -> None:
    fetched = len(stage.discord.cdn.fetched)
    large = File("large.wav", bytes(8 * 2**20 + 1))
    refused = await agree(await stage.alice.slash("voice register", name="Large", clip=large))
    assert "at most 8 MiB" in (await refused.reply()).text
    assert len(stage.discord.cdn.fetched) == fetched


async def test_a_file_without_sound_is_refused_with_a_sentence(stage: Stage) -> None:
    """Whatever it is called; and nothing of it stays."""
    nonsense = File("song.mp3", b"This is a text about a song. " * 100)
    refused = await agree(await stage.alice.slash("voice register", name="Text", clip=nonsense))
    reply = await refused.reply(timeout_s=120)
    await seen(lambda: reply.text.endswith("."))
    assert reply.ephemeral
    assert "✅" not in reply.text
    assert len(refused.messages) == 1
    assert "went wrong" not in reply.text
    assert files(stage.home, "clips", "uploads") == []


async def test_a_voice_from_the_form_and_one_from_a_message(stage: Stage, clip: File) -> None:
    """Without options the form asks for all; on one's own message it asks for the name."""
    form = await agree(
        await stage.bob.slash("voice register"), Name_of_the_voice="Formal", Clip=[clip]
    )
    await press(await ready(form), "Keep")
    message = await stage.bob.send(stage.general, "", attachments=[clip])
    stolen = await stage.alice.message_command("Use as my voice", message)
    assert "message of your own" in (await stolen.reply()).text
    own = await stage.bob.message_command("Use as my voice", message)
    await press(await ready(await agree(own, Name_of_the_voice="Said")), "Keep")
    silent = await stage.bob.send(stage.general, "no sound here")
    refused = await stage.bob.message_command("Use as my voice", silent)
    assert "no sound in this message" in (await refused.reply()).text
    listed = await stage.reply(stage.bob, "voice list")
    assert "**Formal**" in listed
    assert "**Said** — you speak in it here" in listed
    assert len(files(stage.home, "clips")) == 2
    # Both have the same clip: deleting one leaves what the other needs.
    await stage.reply(stage.bob, "voice delete", voice="Formal")
    assert len(files(stage.home, "clips")) == 1
    await stage.reply(stage.bob, "voice delete", voice="Said")
    assert files(stage.home, "clips") == []


async def test_a_draft_can_be_replaced_or_thrown_away(stage: Stage, clip: File) -> None:
    """Until Keep there is nothing but a draft, and it goes with a press of a button."""
    first = await draft(stage.alice, "Draft", clip)
    another = await first.press("Try another clip")
    refused = await agree(another, Clip=[clip], I_agree_to_this=False)
    assert "Without your consent" in (await refused.reply()).text
    assert first.components  # what was good is not lost over it
    another = await first.press("Try another clip")
    second = await ready(await agree(another, Clip=[clip]))
    assert "another clip" in first.text
    assert not first.components
    assert len(files(stage.home, "uploads")) == 1
    await press(second, "Delete")
    assert "deleted the clip" in second.text
    assert files(stage.home, "clips", "uploads") == []
    assert "None yet" in await stage.reply(stage.alice, "voice list")


async def test_a_voice_is_renamed_adjusted_and_given_another_clip(stage: Stage, clip: File) -> None:
    await register(stage.alice, "Plain", clip)
    (before,) = files(stage.home, "clips")
    assert "called **Fine** now" in await stage.reply(
        stage.alice, "voice rename", voice="Plain", name="Fine"
    )
    said = await stage.reply(stage.alice, "voice settings", voice="Fine", pace=0.3, seed=7)
    assert "exaggeration 0.5, pace 0.3, temperature 0.8, seed 7" in said
    with pytest.raises(ValueError, match="between"):
        await stage.alice.slash("voice settings", voice="Fine", temperature=4.0)
    replaced = await stage.alice.slash("voice replace", voice="Fine", clip=shorter(clip))
    await press(await ready(await agree(replaced)), "Keep")
    (after,) = files(stage.home, "clips")
    assert after != before
    assert "pace 0.3" in await stage.reply(stage.alice, "voice info", voice="Fine")
    preview = await stage.answer(stage.alice, "voice preview", voice="Fine")
    assert word_error_rate(PREVIEW, mono_of_file(preview.attachments[0].data), 48_000) <= 0.15
    await stage.reply(stage.alice, "voice delete", voice="Fine")


@pytest.mark.slow  # in tones: test_reports.py; and tests/bot/voices/test_moderation.py
async def test_moderators_and_reports(stage: Stage, clip: File) -> None:
    """A report reaches the moderators; a voice they disable is spoken in by nobody."""
    mod = stage.guild.add_member("Mod", manage_guild=True)
    await register(stage.alice, "Loud", clip)
    await stage.reply(stage.alice, "voice share", voice="Loud")
    report = await stage.bob.slash("voice report", member=stage.alice, reason="It is too loud.")
    assert (await report.reply()).text == "The moderators of this server can read your report now."
    read = await stage.reply(mod, "voice-admin reports")
    assert "**Loud**" in read
    assert "It is too loud." in read
    copied = await agree(await stage.bob.slash("voice register", name="Mine", clip=clip))
    refused = await copied.reply(timeout_s=120)
    await seen(lambda: "another member's voice already" in refused.text)
    assert "Loud" not in refused.text
    read = await stage.reply(mod, "voice-admin reports")
    assert f"<@{stage.bob.id}> sent another member's voice as their own" in read
    with pytest.raises(PermissionError):
        await stage.bob.slash("voice-admin reports")
    assert "Nobody in this server can speak" in await stage.reply(
        mod, "voice-admin disable", voice="Loud"
    )
    assert "disabled here" in await stage.reply(stage.bob, "say", text=SHORT, voice="Loud")
    said = await stage.answer(stage.alice, "say", text=SHORT)
    assert "The voice Loud is disabled here, so another one is speaking." in said.text
    assert "again" in await stage.reply(mod, "voice-admin enable", voice="Loud")
    assert "**Loud**" in await stage.reply(mod, "voice-admin default", voice="Loud")
    carol = stage.guild.add_member("Carol")
    by_carol = await stage.answer(carol, "say", text=SHORT)
    assert "stock voice is speaking" in by_carol.text
    await stage.reply(stage.alice, "voice delete", voice="Loud")
    by_carol = await stage.answer(carol, "say", text=SHORT)
    assert by_carol.text == ""
    read = await stage.reply(mod, "voice-admin reports")
    assert "It is too loud." in read
    assert "**Loud**" not in read


async def test_after_a_kill_there_is_a_whole_voice_or_nothing(tmp_path: Path, clip: File) -> None:
    """SIGKILL while one draft is being kept and another waits: after a start rows and files agree.

    `test_killed_registration` kills at every step there is.
    """
    settings = {"TIMBRE_REGISTRATION_COOLDOWN_S": "0", **paced(tmp_path)}
    async with a_stage(tmp_path, **settings) as stage:
        await draft(stage.bob, "Draft", clip)
        panel = await draft(stage.alice, "Cat", clip)
        await panel.press("Keep")
        await seen(lambda: files(stage.home, "clips"))
        psutil.Process(stage.bot.pid).kill()
        await stage.bot.stop()
        async with stage.started_again():
            listed = await stage.reply(stage.alice, "voice list")
            kept = files(stage.home, "clips")
            assert files(stage.home, "uploads") == []
            assert len(kept) == listed.count("**Cat**")
            if kept:
                assert "is deleted" in await stage.reply(stage.alice, "voice delete", voice="Cat")
