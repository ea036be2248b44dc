"""`/say`: speak a line where the caller sits, or send it as a file."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.base.command_mentions import linked
from bot.base.errors import TOO_LATE, UserError
from bot.base.locks import KeyedLocks
from bot.catalogue import Said, Sentence, ngettext
from bot.channel.admission import VocalChannel
from bot.channel.playback import TakenBack
from bot.channel.speaking_rights import require_voice
from bot.channel.writing_rights import may_write
from bot.client import TimbreBot
from bot.live.guild_reading import Readable, require_unheard
from bot.live.message import text_of
from bot.speech.pieces import Saying
from bot.text import completions
from bot.voices.bars import BARRED_BY
from cogs.asking import member_of, moderates, session_of, where_asked
from cogs.command_list import described
from cogs.language_options import ReadLanguage, language_of
from cogs.sound_files import SoundFile, SoundFileChoice, require_voice_message, send_file, sound_of
from cogs.voice_options import SpokenVoice
from data.bars import Bar
from engine.speech import Priority

#: A message may have so many.
_MESSAGE_MAX_CHARS = 2000
#: And a line that is quoted so many, so that it fits in below a name.
_QUOTED_MAX_CHARS = 1800
_PAUSED = Sentence("I am paused. I go on when a moderator uses `/resume`.")


class Say(commands.Cog):
    """Speaks single lines."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services
        self._reading = KeyedLocks[tuple[int, int]]()
        self._on_message = app_commands.ContextMenu(
            name="Speak this",
            callback=self.speak_message,
            extras={
                BARRED_BY: Bar.SAY,
                **described("Say in your voice what is written in a message"),
            },
        )
        self._on_message.guild_only = True

    async def cog_load(self) -> None:
        self.bot.tree.add_command(self._on_message)

    async def cog_unload(self) -> None:
        self.bot.tree.remove_command(self._on_message.name, type=self._on_message.type)

    @app_commands.command(description="Say something in your voice", extras={BARRED_BY: Bar.SAY})
    @app_commands.describe(
        text="What to say",
        voice="Whose voice says it (default: yours)",
        language="What language it is in (default: I find out)",
        file="Send it as a file of this kind, and do not speak it",
    )
    @app_commands.guild_only()
    async def say(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, 4000],
        voice: SpokenVoice | None = None,
        language: ReadLanguage | None = None,
        file: SoundFileChoice | None = None,
    ) -> None:
        """Speak in the caller's voice channel; reply with the audio when they are in none."""
        await self._say(
            interaction,
            text,
            partial(
                self.services.sayings.of_member, text, voice=voice, language=language_of(language)
            ),
            file,
        )

    async def speak_message(
        self, interaction: discord.Interaction, message: discord.Message
    ) -> None:
        """Say in the caller's voice what somebody wrote, unless that one is not to be read."""
        member, author = member_of(interaction), message.author
        if author != member and await self.bot.exclusions.of(author.id, member.guild.id):
            raise UserError("I do not read what {member} writes.", member=author.mention)
        try:
            await self._say(
                interaction,
                message.content,
                partial(
                    self.services.sayings.of_member,
                    message.content,
                    framed=partial(text_of, message),
                    mentioned=message.mentions,
                    message_id=message.id,
                    written_by=None if author == member else author.id,
                ),
                written_in=message.channel,
            )
        finally:
            if author != member:  # what is kept goes with who had it said, not with who wrote it
                await self.services.forgetting.message(message.id)

    async def _say(
        self,
        interaction: discord.Interaction,
        text: str,
        saying_of: Callable[..., Awaitable[Saying]],
        file: SoundFile | None = None,
        *,
        written_in: object = None,
    ) -> None:
        """`text` is as it was typed, `saying_of` makes what is said of it.

        `written_in` is the channel of the message that it is, if it is one.
        """
        arrived = time.perf_counter()
        member = member_of(interaction)
        seat = member.voice.channel if member.voice and file is None else None
        if seat is not None:
            require_voice(member, seat)
            _require_seen(interaction, seat, written_in)
        if file is SoundFile.VOICE_MESSAGE:
            require_voice_message(interaction)
        # Without a seat the answer is a file for all to hear, where the caller may send one.
        may = interaction.permissions
        writes = may_write(interaction.channel, may)
        by_all = seat is None and writes and may.attach_files
        shown = by_all or file is SoundFile.VOICE_MESSAGE
        interaction.extras["public"] = shown
        # Not awaited yet: Discord takes some 100 ms to confirm, and speech can begin meanwhile.
        deferral = asyncio.create_task(
            interaction.response.defer(thinking=True, ephemeral=not shown)
        )
        try:
            async with self._reading.of((member.guild.id, member.id)):  # as they asked, in order
                saying = await saying_of(member=member, guild=member.guild, aloud=seat is not None)
            if seat is None:
                await self._send_file(interaction, saying, deferral, file or SoundFile.OGG)
            else:
                await self._speak(
                    interaction,
                    seat,
                    saying,
                    text,
                    arrived=arrived,
                    deferral=deferral,
                    written_in=written_in,
                )
        finally:
            await deferral

    @say.autocomplete("text")
    async def offer_sounds(
        self, _interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """The sounds that a bracket may become, where the loaded model makes any."""
        lines = completions(typed, self.services.sayings.sounds or ())
        return [app_commands.Choice(name=line, value=line) for line in lines]

    async def _speak(
        self,
        interaction: discord.Interaction,
        seat: VocalChannel,
        saying: Saying,
        text: str,
        *,
        arrived: float,
        deferral: "asyncio.Task[object]",
        written_in: object,
    ) -> None:
        author_id = interaction.user.id
        session = session_of(interaction)
        try:
            if not session.backlog:
                saying.due(Priority.FIRST_SOUND)  # while the bot is on its way
            await session.join(seat, asked_in=where_asked(interaction), asked_by=author_id)
            require_voice(member_of(interaction), seat)  # they may have been muted meanwhile
        except BaseException:
            saying.cancel()
            raise

        def remarks() -> Iterator[Said]:
            """What differs from what was asked for. Another voice is told of once."""
            for remark in saying.remarks:
                if remark != saying.substitution or session.is_new(author_id, remark):
                    yield remark

        def all_see() -> None:
            if here := session.seat:
                _require_seen(interaction, here, written_in)

        ahead = session.backlog
        playback = session.speak(saying, author_id=author_id, label=text, require_heard=all_see)
        waiting = (
            ngettext("Queued, {count} ahead of you.", "Queued, {count} ahead of you.", ahead)
            if ahead
            else ""
        )
        if session.source.paused:
            waiting = f"{waiting} {_PAUSED}".lstrip()
        await deferral
        if waiting:
            await interaction.edit_original_response(content=linked(interaction, waiting))
        try:
            await playback.started
            if not waiting:
                self.services.metrics.first_sound.add((time.perf_counter() - arrived) * 1000)
            member, shows = member_of(interaction), saying.shows_words
            unshown = await _show(seat, member, text) if shows else None
            speaking = Sentence("Speaking in {channel}.", channel=seat.mention)
            told = [speaking, *remarks(), *([unshown] if unshown else [])]
            await _say_so(interaction, "\n".join(map(str, told)))
            await playback.finished
        except TakenBack as error:  # which was answered already: no second answer
            await _say_so(interaction, str(error.sentence))

    async def _send_file(
        self,
        interaction: discord.Interaction,
        saying: Saying,
        deferral: "asyncio.Task[object]",
        kind: SoundFile,
    ) -> None:
        content = await sound_of(saying, kind, limit_bytes=interaction.filesize_limit)
        await deferral
        await send_file(interaction, saying, content, kind)
        interaction.extras["public"] = False


def _require_seen(interaction: discord.Interaction, seat: VocalChannel, written_in: object) -> None:
    """Raise `UserError` where somebody in `seat` cannot see the channel of a message."""
    if written_in is None:
        return
    if not isinstance(written_in, Readable):
        raise UserError("I cannot see that channel. Give me the permission View Channel there.")
    require_unheard(seat, written_in, approved=moderates(interaction, seat))


def _quoted(name: str, text: str) -> Iterator[str]:
    """Messages that have `text` as the words of `name`, each line quoted.

    So that no line of it can pass for somebody else's.
    """
    head = f"**{escape_markdown(name)}:**"
    shown = head
    for line in filter(None, map(str.strip, text.splitlines())):
        for begin in range(0, len(line), _QUOTED_MAX_CHARS):
            quoted = f"\n> {line[begin : begin + _QUOTED_MAX_CHARS]}"
            if len(shown) + len(quoted) > _MESSAGE_MAX_CHARS:
                yield shown
                shown = head
            shown += quoted
    yield shown


async def _show(seat: VocalChannel, member: discord.Member, text: str) -> Said | None:
    """Write what is said for those who sit there.

    Returns a sentence for its author where that cannot be done.
    """
    theirs, may = seat.permissions_for(member), seat.permissions_for(seat.guild.me)
    if not theirs.send_messages:
        return Sentence(
            "You may not write in {channel}, so nobody there can read it.", channel=seat.mention
        )
    if not (may.view_channel and may.send_messages):
        return Sentence(
            "I cannot write in {channel}, so nobody there can read it.", channel=seat.mention
        )
    embeds = theirs.embed_links
    for shown in _quoted(member.display_name, text):
        await seat.send(shown, silent=True, suppress_embeds=not embeds)
    return None


async def _say_so(interaction: discord.Interaction, sentence: str) -> None:
    """Change the answer, unless it is a quarter of an hour old: Discord forbids that."""
    try:
        await interaction.edit_original_response(content=sentence)
    except discord.HTTPException as error:
        if error.code not in TOO_LATE:
            raise


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(Say(bot))
