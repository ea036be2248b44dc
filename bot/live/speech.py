"""What live reading says: a message, a name, who came and who left, and in whose voice."""

import discord
import msgspec

from bot.live.message import text_of
from bot.live.voice import stock_voice_of
from bot.services import Services
from bot.speech.names import names_in
from bot.speech.service import Speaker, Utterance
from bot.text import Names
from data.rows import GuildSettings
from engine.speech import StockVoice

_NAME_MAX_CHARS = 32


class LiveSpeech:
    """Words and utterances, as a server and its members want them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def text(
        self, message: discord.Message, guild: discord.Guild, settings: GuildSettings
    ) -> str:
        """What is said of a message, "" for nothing."""
        written = text_of(message)
        return self._services.reader.spoken(
            written,
            names_in(written, guild, message.mentions),
            await self._services.pronouncing.of(guild.id, message.author.id),
            max_chars=settings.max_message_chars,
        )

    async def name(self, member: discord.abc.User, guild_id: int) -> str:
        """How a member is called."""
        name = self._services.reader.spoken(
            member.display_name,
            Names(),
            await self._services.pronouncing.of(guild_id, member.id),
            max_chars=_NAME_MAX_CHARS,
        )
        return name.rstrip(".") or "Somebody"

    async def of_member(
        self, spoken: str, user_id: int, guild_id: int, settings: GuildSettings
    ) -> Utterance:
        """Begin to prepare a member's words in their voice, or a stock one that stays theirs."""
        speaker = await self._services.voices.speaker(None, user_id=user_id, guild_id=guild_id)
        engine = self._services.executor.status().engine
        if speaker.voice == StockVoice() and engine:
            stock = stock_voice_of(user_id, engine.stock_voices, settings.stock_voice)
            speaker = msgspec.structs.replace(speaker, voice=stock)
        speaker = msgspec.structs.replace(speaker, volume_percent=settings.volume_percent)
        return self._services.speech.utterance(self._services.reader.chunks(spoken), speaker)

    async def announcement(
        self, member: discord.Member, settings: GuildSettings, *, came: bool
    ) -> tuple[str, Utterance]:
        """That a member came or left: the sentence, and it in the server's voice."""
        guild_id = member.guild.id
        sentence = f"{await self.name(member, guild_id)} {'joined' if came else 'left'}."
        speaker = Speaker(
            voice=StockVoice(settings.stock_voice or ""),
            guild_id=guild_id,
            user_id=member.id,
            volume_percent=settings.volume_percent,
        )
        return sentence, self._services.speech.utterance([sentence], speaker)
