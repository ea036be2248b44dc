"""A loopback Discord with one guild, for every test here."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import discord
import pytest

from bot.loopback import Guild, Heard, LoopbackDiscord, Member, TextChannel, VoiceChannel
from tests.bot.loopback.client import Client, Packets, encrypted, running, tone
from tests.waiting import until


@dataclass
class Scene:
    server: LoopbackDiscord
    guild: Guild
    text: TextChannel
    lounge: VoiceChannel
    alice: Member


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with LoopbackDiscord() as server:
        guild = server.add_guild("Timbre's workshop")
        text, lounge = guild.add_text_channel("general"), guild.add_voice_channel("Lounge")
        yield Scene(server, guild, text, lounge, guild.add_member("Alice"))


@asynccontextmanager
async def connected(
    scene: Scene, later_timeout_s: float = 30
) -> AsyncIterator[tuple[Client, discord.VoiceClient]]:
    """The bot in the lounge with Alice, encrypting; how long discord.py waits from then on."""
    async with running(scene.server) as client:
        await scene.alice.join(scene.lounge)
        channel = client.voice_channel(scene.lounge.id)
        voice = await channel.connect(timeout=30, self_deaf=True)
        await encrypted(voice)
        voice._connection.timeout = later_timeout_s
        yield client, voice


async def play(channel: VoiceChannel, voice: discord.VoiceClient, packets: list[bytes]) -> Heard:
    """What is heard in a channel of packets that the bot plays now."""
    since = time.monotonic()
    await until(lambda: not voice.is_playing())
    voice.play(Packets(packets))
    return await channel.heard(since_s=since, quiet_ms=300)


async def speaks_in(scene: Scene, channel: VoiceChannel, voice: discord.VoiceClient) -> None:
    """Every packet of a tone played now is heard in `channel`, encrypted."""
    connection = scene.server.voice.connection_in(channel)
    await until(lambda: len(connection.group.members) == len(channel.members) - 1)
    await until(voice.is_connected)
    heard = await play(channel, voice, tone())
    assert len(heard.audible) == 20
    assert heard.unencrypted_audible == 0
