"""The one way from a member, a text and a voice to what is said.

Names, pronunciations, the text's language, its reading, the voice, and what the server chose (its
volume and its stock voice) meet here, for commands, live reading, previews and the command line
alike.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

import discord
from msgspec.structs import replace

from bot.speech.languages import ENGLISH, LANGUAGES
from bot.speech.line_languages import LineLanguages, main_language
from bot.speech.models import model_for
from bot.speech.names import CalledNames
from bot.speech.pieces import Recital, Saying
from bot.speech.pronouncing import Pronouncing
from bot.speech.reading import Reader
from bot.speech.service import Deciding, SpeechService
from bot.speech.speaker import Speaker
from bot.text import Names, TextLimits
from bot.text.wording import WORDINGS
from data.bars import Bar
from data.guild_settings import GuildSettingsStore
from data.rows import GuildSettings, OwnName
from engine.speech import StockVoice

#: An English text as short as that is read in the loop. It takes a millisecond, at worst three;
#: where hundreds of servers speak, a thread waits up to fifty for the interpreter's lock.
_AT_ONCE_CHARS = 100


class Speakers(Protocol):
    """What decides whose voice speaks."""

    async def speaker(
        self, asked: str | None, *, user_id: int, guild_id: int, kind: Bar = Bar.SAY
    ) -> Speaker:
        """How a member speaks in a server: in the voice `asked`, or in their usual one.

        Raises `UserError` for a voice that is not there or not theirs to use, and for who is barred
        from speaking so; `kind` is the bar that is enough.
        """


class Sayings:
    """Makes sayings. Nothing is synthesised before they are due; see `Saying`."""

    def __init__(
        self,
        speech: SpeechService,
        speakers: Speakers,
        reader: Reader,
        pronouncing: Pronouncing,
        *,
        languages: LineLanguages,
        called: CalledNames,
        guild_settings: GuildSettingsStore,
    ) -> None:
        self.called = called
        self._speech = speech
        self._speakers = speakers
        self._reader = reader
        self._pronouncing = pronouncing
        self._languages = languages
        self._guild_settings = guild_settings

    def deciding(self) -> AbstractContextManager[Deciding]:
        """See `SpeechService.deciding`."""
        return self._speech.deciding()

    @property
    def sounds(self) -> tuple[str, ...] | None:
        """Those that some loaded model makes, without brackets; None while none is loaded."""
        return self._speech.sounds

    async def of_member(
        self,
        text: str,
        member: discord.abc.User,
        guild: discord.Guild,
        *,
        voice: str | None = None,
        language: str | None = None,
        framed: Callable[[str], str] | None = None,
        mentioned: Sequence[discord.abc.User] = (),
        message_id: int | None = None,
        written_by: int | None = None,
        max_chars: int | None = None,
        aloud: bool = True,
        kind: Bar = Bar.SAY,
    ) -> Saying:
        """What a member typed, in the voice that they ask for or in their usual one.

        It is read in `language` if they ask for one, else in the one that it is in; `framed` gives
        what is read of it in a language, where that is more than the text. `mentioned` came with
        it, `message_id` is of the message that it was, if any, `written_by` its author if that is
        another member; `max_chars` is as in `Reader.read`;
        what is not `aloud` is for a file, which no server's volume changes; `kind` is the bar that
        keeps the member from it. Raises `UserError`, `NothingToSay` where no word is left,
        `SpeechError` while there is no engine and for what is withdrawn meanwhile.
        """
        with self.deciding() as decision:
            speaker = await self._speakers.speaker(
                voice, user_id=member.id, guild_id=guild.id, kind=kind
            )
            engine = await self._speech.engine()
            reads = engine.reads
            chosen = await self._guild_settings.get(guild.id)
            line = await self._languages.of(
                text,
                reads,
                user_id=member.id,
                guild_id=guild.id,
                asked=language,
                voice=speaker.voice_language,
                settings=chosen,
            )
            text = framed(line.language) if framed else text
            names, own = await self.called.names_in(text, guild, mentioned)
            speaker = replace(
                speaker,
                message_id=message_id,
                written_by=written_by,
                language=line.language,
                own_names=own,
            )
            speaker = _as_server_has_it(speaker, chosen, aloud=aloud)
            model = model_for(speaker, engine)[0]
            limits = self._reader.limits
            read = partial(
                self._reader.read,
                text,
                names,
                await self._pronouncing.of(guild.id, member.id),
                language=line.language,
                reads=reads,
                max_chars=max_chars,
                sounds=model.sounds,
                limits=limits.for_engine(model.chunk_s) if aloud else limits,
            )
            # Else beside the loop: a text can be made to take a tenth of a second.
            at_once = len(text) <= _AT_ONCE_CHARS and line.language == ENGLISH
            reading = read() if at_once else await asyncio.to_thread(read)
            saying = self._speech.saying(reading.chunks, speaker)
            decision.require(saying.speaker)
        saying.shows_words = chosen.show_words
        saying.left_out = reading.left_out
        saying.accent = self._languages.remark(line, reads, user_id=member.id, guild_id=guild.id)
        return saying

    async def recital(
        self,
        passage: str,
        speaker: Speaker,
        *,
        language: str | None = None,
        limits: TextLimits,
    ) -> Recital:
        """A passage of a text for a file, in a voice that has been chosen and within `limits`.

        It is read in `language` if one is asked for, else in the one that it is in, which the
        recital's speaker has. Raises as `of_member` does.
        """
        engine = await self._speech.engine()
        reads = engine.of(speaker.model).languages if speaker.model else engine.reads
        line = await self._languages.of(
            passage,
            reads,
            user_id=0,
            guild_id=speaker.guild_id,
            asked=language,
            voice=speaker.voice_language,
        )
        speaker = replace(speaker, language=line.language)
        reading = await asyncio.to_thread(
            self._reader.read,
            passage,
            Names(),
            await self._pronouncing.of(speaker.guild_id, speaker.user_id),
            language=line.language,
            reads=reads,
            sounds=model_for(speaker, engine)[0].sounds,
            limits=limits,
        )
        return self._speech.recital(reading.chunks, speaker)

    async def opening(
        self, author: discord.abc.User, guild_id: int, message_id: int | None = None
    ) -> Saying:
        """That the author of a message speaks now, in their own voice and the server's language."""
        language = await self._language_of(guild_id)
        name, own = await self._name(author, guild_id, language)
        with self.deciding() as decision:
            speaker = await self._speakers.speaker(
                None, user_id=author.id, guild_id=guild_id, kind=Bar.EVERYTHING
            )
            speaker = replace(speaker, message_id=message_id, language=language, own_names=own)
            saying = await self.in_voice(
                [WORDINGS[language].says.format(name)], speaker, aloud=True
            )
            decision.require(saying.speaker)
        return saying

    async def announcement(self, member: discord.Member, *, came: bool) -> Saying:
        """That a member came or left, in the server's voice, language and words."""
        guild_id = member.guild.id
        language = await self._language_of(guild_id)
        chosen = await self._guild_settings.get(guild_id)
        line = chosen.arrival_line if came else chosen.departure_line
        if line is None:
            wording = WORDINGS[language]
            name, own = await self._name(member, guild_id, language)
            chunks = [(wording.joined if came else wording.left).format(name)]
        else:
            called = await self.called.of(guild_id, [member])
            own = called.own
            reading = await asyncio.to_thread(
                self._reader.read,
                line.replace("{name}", f"<@{member.id}>"),
                Names(users=called.names),
                await self._pronouncing.of(guild_id, member.id),
                language=language,
            )
            chunks = reading.chunks
        speaker = Speaker(
            StockVoice(),
            guild_id=guild_id,
            user_id=member.id,
            language=language,
            news=True,
            own_names=own,
        )
        return await self.in_voice(chunks, speaker, aloud=True)

    async def preview(self, speaker: Speaker) -> Saying:
        """How a voice sounds, in its own language where that is read. Raises `SpeechError`."""
        reads = (await self._speech.engine()).reads
        language = main_language(reads)
        if speaker.voice_language in reads:
            language = speaker.voice_language or language
        text = LANGUAGES.get(language, LANGUAGES[ENGLISH]).preview
        return await self.in_voice([text], replace(speaker, language=language))

    async def in_voice(
        self, chunks: Sequence[str], speaker: Speaker, *, aloud: bool = False
    ) -> Saying:
        """What has been read already, in a voice that has been chosen."""
        chosen = await self._guild_settings.get(speaker.guild_id)
        return self._speech.saying(chunks, _as_server_has_it(speaker, chosen, aloud=aloud))

    async def _language_of(self, guild_id: int) -> str:
        reads = (await self._speech.engine()).reads
        return await self._languages.of_server(guild_id, reads)

    async def _name(
        self, member: discord.abc.User, guild_id: int, language: str
    ) -> tuple[str, tuple[OwnName, ...]]:
        """How a member's name is read, and the name if it is of their own choice."""
        pronunciations = await self._pronouncing.of(guild_id, member.id)
        called = await self.called.of(guild_id, [member])
        # Beside the loop, as texts are: a dictionary or a name can be made to take long.
        name = await asyncio.to_thread(
            self._reader.name, called.names[member.id], pronunciations, language
        )
        return name or WORDINGS[language].someone.capitalize(), called.own


def _percent_of(server_percent: int, speaker: Speaker) -> int:
    return round(server_percent * speaker.volume_percent / 100)


def _as_server_has_it(speaker: Speaker, chosen: GuildSettings, *, aloud: bool) -> Speaker:
    """`speaker` with what their server chose for all."""
    return replace(
        speaker,
        stock_voice=chosen.stock_voice,
        preference=chosen.model_preference,
        volume_percent=_percent_of(chosen.volume_percent, speaker) if aloud else 100,
    )
