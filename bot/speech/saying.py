"""The one way from a member, a text and a voice to what is said.

Names, pronunciations, the reading of the text, the voice, and what the server chose (its volume
and its stock voice) meet here, for commands, live reading, previews and the command line alike.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import discord
from msgspec.structs import replace

from bot.speech.names import names_in
from bot.speech.pronouncing import Pronouncing
from bot.speech.reading import Reader
from bot.speech.service import Saying, SpeechService
from bot.speech.speaker import Speaker
from data.guild_settings import GuildSettingsStore
from engine.speech import StockVoice


class Speakers(Protocol):
    """What decides whose voice speaks."""

    async def speaker(self, asked: str | None, *, user_id: int, guild_id: int) -> Speaker:
        """How a member speaks in a server: in the voice `asked`, or in their usual one.

        Raises `UserError` for a voice that is not there or not theirs to use.
        """


class Sayings:
    """Makes sayings. Nothing is synthesised before they are due; see `Saying`."""

    def __init__(
        self,
        speech: SpeechService,
        speakers: Speakers,
        reader: Reader,
        pronouncing: Pronouncing,
        guild_settings: GuildSettingsStore,
    ) -> None:
        self._speech = speech
        self._speakers = speakers
        self._reader = reader
        self._pronouncing = pronouncing
        self._guild_settings = guild_settings

    async def of_member(
        self,
        text: str,
        member: discord.abc.User,
        guild: discord.Guild,
        *,
        voice: str | None = None,
        mentioned: Sequence[discord.abc.User] = (),
        message_id: int | None = None,
        max_chars: int | None = None,
        aloud: bool = True,
    ) -> Saying:
        """What a member typed, in the voice that they ask for or in their usual one.

        `mentioned` came with the text, `message_id` is of the message that it was, if any;
        `max_chars` is as in `Reader.read`; what is not `aloud` is for a file, which no server's
        volume changes. Raises `UserError`, `NothingToSay` where no word is left.
        """
        # Beside the loop: a text can be made to take a tenth of a second.
        reading = await asyncio.to_thread(
            self._reader.read,
            text,
            names_in(text, guild, mentioned),
            await self._pronouncing.of(guild.id, member.id),
            max_chars=max_chars,
        )
        speaker = await self._speakers.speaker(voice, user_id=member.id, guild_id=guild.id)
        speaker = replace(speaker, message_id=message_id)
        saying = await self.in_voice(reading.chunks, speaker, aloud=aloud)
        saying.left_out = reading.left_out
        return saying

    async def opening(
        self, author: discord.abc.User, guild_id: int, message_id: int | None = None
    ) -> Saying:
        """That the author of a message speaks now, in their own voice."""
        name = await self._name(author, guild_id)
        speaker = await self._speakers.speaker(None, user_id=author.id, guild_id=guild_id)
        speaker = replace(speaker, message_id=message_id)
        return await self.in_voice([f"{name} says:"], speaker, aloud=True)

    async def announcement(self, member: discord.Member, *, came: bool) -> Saying:
        """That a member came or left, in the server's voice."""
        guild_id = member.guild.id
        sentence = f"{await self._name(member, guild_id)} {'joined' if came else 'left'}."
        speaker = Speaker(StockVoice(), guild_id=guild_id, user_id=member.id, news=True)
        return await self.in_voice([sentence], speaker, aloud=True)

    async def in_voice(
        self, chunks: Sequence[str], speaker: Speaker, *, aloud: bool = False
    ) -> Saying:
        """What has been read already, in a voice that has been chosen."""
        chosen = await self._guild_settings.get(speaker.guild_id)
        speaker = replace(
            speaker,
            stock_voice=chosen.stock_voice,
            volume_percent=chosen.volume_percent if aloud else 100,
        )
        return self._speech.saying(chunks, speaker)

    async def _name(self, member: discord.abc.User, guild_id: int) -> str:
        pronunciations = await self._pronouncing.of(guild_id, member.id)
        return self._reader.name(member.display_name, pronunciations) or "Somebody"
