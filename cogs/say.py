"""`/say`: speak a line where the caller sits, or send it as a file."""

import asyncio
import io
import time
from collections.abc import Iterator

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.command_mentions import linked
from bot.base.errors import TOO_LATE, UserError
from bot.channel.admission import VocalChannel
from bot.channel.playback import TakenBack
from bot.channel.speaking_rights import require_voice
from bot.client import TimbreBot
from bot.speech.service import Saying
from bot.text import completions
from bot.voices.bars import BARRED_BY
from cogs.asking import (
    ReadLanguage,
    SpokenVoice,
    language_of,
    member_of,
    session_of,
    where_asked,
)
from data.bars import Bar
from engine.speech import Priority

_PAUSED = "I am paused. I go on when a moderator uses `/resume`."


class Say(commands.Cog):
    """Speaks single lines."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services

    @app_commands.command(description="Say something in your voice", extras={BARRED_BY: Bar.SAY})
    @app_commands.describe(
        text="What to say",
        voice="Whose voice says it (default: yours)",
        language="What language it is in (default: I find out)",
    )
    @app_commands.guild_only()
    async def say(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, 4000],
        voice: SpokenVoice | None = None,
        language: ReadLanguage | None = None,
    ) -> None:
        """Speak in the caller's voice channel; reply with the audio when they are in none."""
        arrived = time.perf_counter()
        member = member_of(interaction)
        seat = member.voice.channel if member.voice else None
        if seat is not None:
            require_voice(member, seat)
        # Without a seat the answer is a file for all to hear, where the caller may send one.
        may = interaction.permissions
        shown = seat is None and may.send_messages and may.attach_files
        interaction.extras["public"] = shown
        # Not awaited yet: Discord takes some 100 ms to confirm, and speech can begin meanwhile.
        deferral = asyncio.create_task(
            interaction.response.defer(thinking=True, ephemeral=not shown)
        )
        try:
            saying = await self.services.sayings.of_member(
                text,
                member,
                member.guild,
                voice=voice,
                language=language_of(language),
                aloud=seat is not None,
            )
            if seat is None:
                await self._send_file(interaction, saying, deferral)
            else:
                await self._speak(
                    interaction, seat, saying, text, arrived=arrived, deferral=deferral
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
    ) -> None:
        author_id = interaction.user.id
        session = session_of(interaction)
        try:
            if not session.backlog:
                saying.due(Priority.FIRST_SOUND)  # while the bot is on its way
            await session.join(seat, asked_in=where_asked(interaction), asked_by=author_id)
        except BaseException:
            saying.cancel()
            raise

        def remarks() -> Iterator[str]:
            """What differs from what was asked for. Another voice is told of once."""
            for remark in saying.remarks:
                if remark != saying.substitution or session.is_new(author_id, remark):
                    yield remark

        ahead = session.backlog
        playback = session.speak(saying, author_id=author_id, label=text)
        waiting = f"Queued, {ahead} ahead of you." if ahead else ""
        if session.source.paused:
            waiting = f"{waiting} {_PAUSED}".lstrip()
        await deferral
        if waiting:
            await interaction.edit_original_response(content=linked(interaction, waiting))
        try:
            await playback.started
            if not waiting:
                self.services.metrics.first_sound.add((time.perf_counter() - arrived) * 1000)
            await _say_so(interaction, "\n".join([f"Speaking in {seat.mention}.", *remarks()]))
            await playback.finished
        except TakenBack as error:  # which was answered already: no second answer
            await _say_so(interaction, str(error))

    async def _send_file(
        self, interaction: discord.Interaction, saying: Saying, deferral: "asyncio.Task[object]"
    ) -> None:
        audio = await saying.ogg()
        if len(audio) > interaction.filesize_limit:
            raise UserError("The sound is larger than a file may be here. Please say less at once.")
        await deferral
        await interaction.edit_original_response(
            content="\n".join(saying.remarks) or None,
            attachments=[discord.File(io.BytesIO(audio), filename="speech.ogg")],
        )
        interaction.extras["public"] = False


async def _say_so(interaction: discord.Interaction, sentence: str) -> None:
    """Change the answer, unless it is a quarter of an hour old: Discord forbids that."""
    try:
        await interaction.edit_original_response(content=sentence)
    except discord.HTTPException as error:
        if error.code not in TOO_LATE:
            raise


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(Say(bot))
