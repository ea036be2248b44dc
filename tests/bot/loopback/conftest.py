"""A loopback Discord with one guild, for every test here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.loopback import Guild, LoopbackDiscord, Member, TextChannel, VoiceChannel


@dataclass
class Scene:
    server: LoopbackDiscord
    guild: Guild
    text: TextChannel
    lounge: VoiceChannel
    alice: Member


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Alice in a guild with a text and a voice channel."""
    async with LoopbackDiscord() as server:
        guild = server.add_guild("Timbre's workshop")
        text, lounge = guild.add_text_channel("general"), guild.add_voice_channel("Lounge")
        yield Scene(server, guild, text, lounge, guild.add_member("Alice"))
