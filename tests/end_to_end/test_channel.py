"""Coming and going: where the bot is, and what it says when it cannot be there."""

import time

import pytest

from bot.loopback import VoiceChannel
from tests.end_to_end.conftest import Stage, mono, transmission
from tests.recogniser import word_error_rate

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT = "The kettle is on the stove."


async def says(stage: Stage, channel: VoiceChannel) -> None:
    """Alice's line is heard whole in `channel`, all of it encrypted."""
    sent = time.monotonic()
    await stage.reply(stage.alice, "say", text=SHORT)
    heard = await transmission(channel, sent)
    assert word_error_rate(SHORT, mono(heard), 48_000) <= 0.15
    assert heard.unencrypted_audible == 0


async def test_join_and_leave(stage: Stage) -> None:
    await stage.alice.join(stage.lounge)
    assert await stage.reply(stage.alice, "join") == f"I am in {stage.lounge.mention}."
    assert stage.guild.bot.voice_channel is stage.lounge
    assert await stage.reply(stage.alice, "leave") == f"I left {stage.lounge.mention}."
    assert stage.guild.bot.voice_channel is None
    assert await stage.reply(stage.alice, "leave") == "I am not in a voice channel."


async def test_join_without_a_channel_says_what_to_do(stage: Stage) -> None:
    await stage.bob.leave()
    assert "Join a voice channel first" in await stage.reply(stage.bob, "join")


async def test_what_is_missing_is_named(stage: Stage) -> None:
    """Discord sends no event for a forbidden channel, so the bot must look first."""
    attic = stage.guild.add_voice_channel("Attic")
    await stage.alice.join(attic)
    for missing, denied in (("Speak", "speak"), ("Connect", "connect")):
        attic.set_permissions(stage.guild.bot, **{denied: False})
        said = await stage.reply(stage.alice, "say", text="Hello.")
        assert said == f"I may not speak in {attic.mention}: I am missing the permission {missing}."
        attic.set_permissions(stage.guild.bot, **{denied: None})


async def test_a_full_channel_is_named(stage: Stage) -> None:
    cellar = stage.guild.add_voice_channel("Cellar", user_limit=1)
    await stage.alice.join(cellar)
    assert await stage.reply(stage.alice, "join") == f"{cellar.mention} is full."


async def test_the_bot_follows_its_caller_into_another_channel(stage: Stage) -> None:
    for channel in (stage.lounge, stage.guild.add_voice_channel("Study")):
        await stage.alice.join(channel)
        await says(stage, channel)
