"""Who is silenced on Discord stays so, and who is kept out of a channel hears nothing of it."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.loopback import Channel, VoiceChannel
from tests.end_to_end.conftest import Stage, a_stage
from tests.end_to_end.paced_worker import paced
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINE = "The kettle is on the stove."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("silence")
    async with a_stage(folder, **paced(folder, 0.05)) as opened:
        yield opened


async def silent(where: VoiceChannel, since_s: float) -> bool:
    await asyncio.sleep(1.0)
    return where.recording.heard(since_s).audible == ()


async def refused(stage: Stage, where: VoiceChannel) -> str:
    sent = time.monotonic()
    said = await stage.reply(stage.alice, "say", text=LINE)
    assert await silent(where, sent)
    return said


async def test_whoever_discord_silences_is_not_heard_through_the_bot(stage: Stage) -> None:
    guild = stage.guild
    await stage.alice.join(stage.lounge)
    guild.set_voice(stage.alice, mute=True)
    said = await refused(stage, stage.lounge)
    assert said == "I do not speak for you: a moderator muted you in this server."
    guild.set_voice(stage.alice, mute=False)

    attic = guild.add_voice_channel("Attic")
    attic.set_permissions(stage.alice, speak=False)
    await stage.alice.join(attic)
    said = await refused(stage, attic)
    assert said == f"I do not speak for you: you are not allowed to speak in {attic.mention}."

    opera = guild.add_stage_channel("Opera")
    opera.set_permissions(guild.bot, mute_members=True)
    await stage.alice.join(opera)
    assert "in the audience" in await refused(stage, opera)
    guild.set_voice(stage.alice, suppress=False)
    sent = time.monotonic()
    await stage.reply(stage.alice, "say", text=LINE)
    await opera.first_sound(since_s=sent)
    await stage.reply(stage.alice, "leave")


async def test_what_a_muted_member_writes_is_not_read(stage: Stage) -> None:
    await stage.alice.join(stage.lounge)
    await stage.reply(stage.alice, "live start")
    stage.guild.set_voice(stage.alice, mute=True)
    sent = time.monotonic()
    await stage.alice.send(stage.general, LINE)
    assert await silent(stage.lounge, sent)
    stage.guild.set_voice(stage.alice, mute=False)
    await stage.alice.send(stage.general, LINE)
    await stage.lounge.first_sound(since_s=sent)
    await stage.reply(stage.alice, "leave")
    await stage.alice.leave()


@pytest.mark.parametrize("forbidden", ["send_messages", "attach_files"])
async def test_where_somebody_may_not_write_a_file_is_for_them_alone(
    stage: Stage, forbidden: str
) -> None:
    shown = await (await stage.alice.slash("say", text=LINE)).reply()
    assert not shown.ephemeral
    stage.general.set_permissions(stage.alice, **{forbidden: False})
    hidden = await (await stage.alice.slash("say", text=LINE)).reply()
    assert hidden.ephemeral
    assert hidden.attachments
    stage.general.set_permissions(stage.alice, **{forbidden: None})


def staff_channel(stage: Stage, name: str) -> Channel:
    """A text channel that Alice and the bot see, and Bob does not."""
    staff = stage.guild.add_text_channel(name)
    staff.set_permissions(stage.guild.everyone, view_channel=False)
    for member in (stage.alice, stage.guild.bot):
        staff.set_permissions(member, view_channel=True, send_messages=True)
    return staff


async def last_word(channel: Channel, beginning: str) -> None:
    """Wait until the last message there begins so."""

    def said() -> bool:
        return any(last.text.startswith(beginning) for last in [*channel.messages.values()][-1:])

    await until(said)


async def test_a_hidden_channel_is_not_read_to_those_who_cannot_see_it(stage: Stage) -> None:
    staff = staff_channel(stage, "staff")
    await stage.alice.join(stage.lounge)
    await stage.bob.join(stage.lounge)
    said = await stage.reply(stage.alice, "live start", channel=staff)
    assert said == (
        f"Somebody in {stage.lounge.mention} cannot see {staff.mention}. Only a moderator can let "
        "me read it there."
    )
    await stage.bob.leave()
    assert "aloud" in await stage.reply(stage.alice, "live start", channel=staff)
    await last_word(staff, "From now on I read this channel aloud")
    await stage.bob.join(stage.lounge)
    await last_word(staff, "I stopped reading this channel aloud")
    sent = time.monotonic()
    await stage.alice.send(staff, LINE)
    assert await silent(stage.lounge, sent)

    warden = stage.guild.add_member("Warden", mute_members=True)
    staff.set_permissions(warden, view_channel=True)
    await warden.join(stage.lounge)
    assert "aloud" in await stage.reply(warden, "live start", channel=staff)
    await stage.alice.send(staff, LINE)
    await stage.lounge.first_sound(since_s=sent)


async def test_a_hidden_channel_stays_hidden_where_the_bot_is_dragged(stage: Stage) -> None:
    stage = stage.elsewhere("Dragged")
    study, board = stage.guild.add_voice_channel("Study"), staff_channel(stage, "board")
    await stage.alice.join(stage.lounge)
    await stage.bob.join(study)
    await stage.reply(stage.alice, "join")
    assert "aloud" in await stage.reply(stage.alice, "live start", channel=board)
    await stage.guild.move_bot(study)
    await last_word(board, "I stopped reading this channel aloud")
    await stage.reply(stage.bob, "leave")
    await stage.bob.leave()


async def test_a_hidden_channel_stays_hidden_after_a_restart(stage: Stage) -> None:
    """Somebody came while the bot was away; what a moderator wanted is read on to them too."""
    stage = stage.elsewhere("Restarted")
    vault = staff_channel(stage, "vault")
    await stage.alice.join(stage.lounge)
    assert "aloud" in await stage.reply(stage.alice, "live start", channel=vault)
    await stage.bot.stop()
    await stage.bob.join(stage.lounge)
    async with stage.started_again():
        await last_word(vault, "I was restarted, and could not go on reading: Somebody in")
        warden = stage.guild.add_member("Keeper", mute_members=True)
        vault.set_permissions(warden, view_channel=True)
        await warden.join(stage.lounge)
        assert "aloud" in await stage.reply(warden, "live start", channel=vault)
    async with stage.started_again():
        sent = time.monotonic()
        await until(lambda: stage.guild.bot.voice_channel is stage.lounge)
        await stage.alice.send(vault, LINE)
        await stage.lounge.first_sound(since_s=sent)
