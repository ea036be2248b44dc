"""Coming and going: where the bot is, and what it says when it cannot be there."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.loopback import VoiceChannel
from tests.end_to_end.conftest import Stage, a_stage, transmission
from tests.end_to_end.paced_worker import paced
from tests.end_to_end.pitches import said

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT = "The kettle is on the stove."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("channel")
    async with a_stage(folder, **paced(folder, 0.05)) as opened:
        yield opened


async def says(stage: Stage, channel: VoiceChannel) -> None:
    """Alice's line is heard whole in `channel`, all of it encrypted."""
    sent = time.monotonic()
    await stage.reply(stage.alice, "say", text=SHORT)
    heard = await transmission(channel, sent)
    assert said(heard, SHORT) == [SHORT]
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
        told = await stage.reply(stage.alice, "say", text="Hello.")
        assert told == f"I may not speak in {attic.mention}: I am missing the permission {missing}."
        attic.set_permissions(stage.guild.bot, **{denied: None})


async def test_a_full_channel_is_named(stage: Stage) -> None:
    cellar = stage.guild.add_voice_channel("Cellar", user_limit=1)
    await stage.alice.join(cellar)
    assert await stage.reply(stage.alice, "join") == f"{cellar.mention} is full."


async def test_the_bot_follows_its_caller_into_another_channel(stage: Stage) -> None:
    for channel in (stage.lounge, stage.guild.add_voice_channel("Study")):
        await stage.alice.join(channel)
        await says(stage, channel)
