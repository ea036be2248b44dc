"""Live reading: what members write is heard, and what they do not want heard is not.

By the pitches of tones; test_other_scripts.py has it in words.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.channel import reasons
from bot.live.option import Page
from bot.loopback.recording import still
from tests.end_to_end.conftest import Stage, a_stage, settings_page, transmission
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.pitches import said
from tests.end_to_end.registering import files, seen
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

KETTLE, WINDOW = "The kettle is on the stove.", "The window is open."
#: Chunks of more than a second together, which take half as long to make.
LONG = (
    "There was a man who walked to the sea.",
    "He looked at it as long as it was light.",
    "Nobody called him home again.",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("live")
    async with a_stage(folder, **paced(folder, 0.5)) as opened:
        yield opened


async def test_a_message_is_heard_with_its_authors_name(stage: Stage) -> None:
    general = stage.general
    await stage.alice.join(stage.lounge)
    assert "aloud" in await stage.reply(stage.alice, "live start")
    sent = time.monotonic()
    await stage.alice.send(general, KETTLE)
    heard = await stage.all_said(stage.alice, sent)
    assert said(heard, "Alice says:", KETTLE) == ["Alice says:", KETTLE]


async def test_a_muted_message_is_not_heard_and_the_next_one_is_without_a_name(
    stage: Stage,
) -> None:
    general = stage.general
    sent = time.monotonic()
    await stage.alice.send(general, "; the garden is full of apples")
    await stage.bob.send(general, "I am in no channel, so nobody hears me.")
    await stage.alice.send(general, WINDOW)
    heard = await stage.all_said(stage.alice, sent)
    assert said(heard, WINDOW) == [WINDOW]


async def test_an_edit_before_its_turn_is_heard_and_a_deleted_message_is_not(stage: Stage) -> None:
    general = stage.general
    sent = time.monotonic()
    await stage.alice.send(general, " ".join(LONG))
    edited = await stage.alice.send(general, "The garden is full of apples.")
    deleted = await stage.alice.send(general, "Nobody should ever hear this sentence.")
    await edited.edit(WINDOW)
    await deleted.delete()
    heard = await stage.all_said(stage.alice, sent)
    assert said(heard, *LONG, WINDOW) == [*LONG, WINDOW]
    # Whoever took something back is not told so in the channel.
    assert not stage.written()


async def test_whoever_opted_out_or_is_blocked_is_not_heard(stage: Stage) -> None:
    general = stage.general
    assert "not read" in await stage.reply(stage.alice, "live optout")
    sent = time.monotonic()
    await stage.alice.send(general, WINDOW)
    await asyncio.sleep(1.5)
    assert stage.lounge.recording.heard(sent).audible == ()
    assert "I read your messages here again" in await stage.reply(stage.alice, "live optin")
    sent = time.monotonic()
    await stage.alice.send(general, WINDOW)
    await transmission(stage.lounge, sent)
    refused = await (await stage.alice.slash("live block", member=stage.bob)).reply()
    assert "Only members who may mute" in refused.text


@pytest.mark.parametrize("how", ["deleted", "optout"])
async def test_what_was_read_is_kept_no_longer_than_its_author_wishes(
    stage: Stage, how: str
) -> None:
    """A message that is deleted after it was said, and whoever opts out, leave no sound behind."""
    before = set(files(stage.home, "speech"))
    sent = time.monotonic()
    message = await stage.alice.send(stage.general, f"I am ill, and was {how}.")
    await seen(lambda: set(files(stage.home, "speech")) > before)
    await transmission(stage.lounge, sent)
    if how == "deleted":
        await message.delete()
        await seen(lambda: set(files(stage.home, "speech")) <= before)
    else:
        assert "not read" in await stage.reply(stage.alice, "live optout")
        await seen(lambda: not files(stage.home, "speech"))
        await stage.reply(stage.alice, "live optin")


@pytest.mark.parametrize("how", ["optout", "block", "settings"])
async def test_whoever_is_read_no_more_falls_silent_at_once(stage: Stage, how: str) -> None:
    general = stage.general
    warden = stage.guild.add_member("Warden", mute_members=True, manage_guild=True)
    bots_before = stage.written()

    async def decide(undo: bool) -> None:
        if how == "settings":
            panel = await settings_page(warden, Page.MEMBERS)
            chosen = await panel.select("Block a member, or unblock them", [stage.alice])
            await chosen.acknowledged()
        elif how == "block":
            command = "live unblock" if undo else "live block"
            await (await warden.slash(command, member=stage.alice)).reply()
        else:
            await stage.reply(stage.alice, "live optin" if undo else "live optout")

    sent = time.monotonic()
    await stage.alice.send(general, " ".join(LONG * 3))
    await stage.alice.send(general, " ".join(LONG * 2))
    await stage.lounge.first_sound(since_s=sent)
    await asyncio.sleep(0.2)
    await decide(undo=False)
    decided = time.monotonic()
    await still(lambda: stage.lounge.recording.last_audible_s, 1.5)
    # The two take five seconds.
    assert len(stage.lounge.recording.heard(decided).audible) * 0.02 < 2.0
    await decide(undo=True)
    sent = time.monotonic()
    await stage.alice.send(general, "It is late.")
    await transmission(stage.lounge, sent)
    bots = stage.written()
    assert bots == bots_before


async def test_after_stop_nothing_is_read(stage: Stage) -> None:
    general = stage.general
    await stage.alice.send(general, "This is going to be taken back.")
    assert await stage.reply(stage.alice, "live stop") == "I stopped reading."
    await asyncio.sleep(0.5)
    assert not stage.written()
    sent = time.monotonic()
    await stage.alice.send(general, WINDOW)
    await asyncio.sleep(1.5)
    assert stage.lounge.recording.heard(sent).audible == ()
    assert "not reading any channel" in await stage.reply(stage.alice, "live status")


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows cannot stop a process")
async def test_a_message_that_is_being_accepted_as_the_bot_is_kicked_is_answered(
    stage: Stage,
) -> None:
    """Both come at once, the message first; it may have been accepted when the bot is taken out."""
    await stage.bob.join(stage.lounge)
    assert "aloud" in await stage.reply(stage.bob, "live start")
    os.kill(stage.bot.pid, signal.SIGSTOP)
    try:
        # Not said before: what is in the cache would begin at once, and be cut off for all to hear.
        await stage.bob.send(stage.general, "Somebody carried seven lamps through the snow.")
        await stage.guild.kick_bot_from_voice()
        await asyncio.sleep(0.2)  # both are written by this loop while nobody reads
    finally:
        os.kill(stage.bot.pid, signal.SIGCONT)
    await until(stage.written)
    (told,) = stage.written()
    assert told.text in (reasons.NOWHERE.english, reasons.KICKED.english)


async def test_without_the_intent_the_bot_runs_and_says_what_to_switch_on(tmp_path: Path) -> None:
    async with a_stage(tmp_path, message_content_refused=True, **paced(tmp_path)) as refused:
        await refused.alice.join(refused.lounge)
        assert "Message Content Intent" in await refused.reply(refused.alice, "live start")
        await refused.reply(refused.alice, "join")
        assert refused.guild.bot.voice_channel is refused.lounge
    assert "/live is off" in (tmp_path / "bot.log").read_text(encoding="utf-8")


async def test_a_channel_that_the_bot_cannot_see_is_not_claimed_to_be_read(stage: Stage) -> None:
    """Commands reach it there, messages do not."""
    hidden = stage.guild.add_text_channel("hidden")
    hidden.set_permissions(stage.guild.members[stage.discord.bot_user.id], view_channel=False)
    await stage.alice.join(stage.lounge)
    asked = await stage.alice.slash("live start", at=hidden)
    assert "I may not see" in (await asked.reply()).text
