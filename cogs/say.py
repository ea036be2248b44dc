"""`/say`: speak a line where the caller sits, or send it as a file."""

import asyncio
import io
import textwrap
import time

import discord
import msgspec
from discord import app_commands
from discord.ext import commands

from bot.base.errors import TOO_LATE, UserError
from bot.channel.admission import VocalChannel
from bot.client import TimbreBot
from bot.speech.names import names_in
from bot.speech.service import Utterance
from cogs.channel import where_asked

_PAUSED = "I am paused: I say it once a member who may mute others lets me go on with /resume."


class Say(commands.Cog):
    """Speaks single lines."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services

    @app_commands.command(description="Say something in your voice")
    @app_commands.describe(text="What to say", voice="Whose voice says it (default: yours)")
    @app_commands.guild_only()
    async def say(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, 4000],
        voice: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        """Speak in the caller's voice channel; reply with the audio when they are in none."""
        arrived = time.perf_counter()
        assert isinstance(interaction.user, discord.Member)  # guild_only
        seat = interaction.user.voice.channel if interaction.user.voice else None
        interaction.extras["public"] = seat is None
        # Not awaited yet: Discord takes some 100 ms to confirm, and speech can begin meanwhile.
        deferral = asyncio.create_task(
            interaction.response.defer(thinking=True, ephemeral=seat is not None)
        )
        try:
            utterance = await self._utterance(interaction.user, text, voice)
            if seat is None:
                await self._send_file(interaction, utterance, deferral)
            else:
                await self._speak(
                    interaction, seat, utterance, text, arrived=arrived, deferral=deferral
                )
        finally:
            await deferral

    @say.autocomplete("voice")
    async def voices(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the voices that the caller may use."""
        offered = await self.services.voices.choices(
            typed,
            self.services.executor.status().engine,
            user_id=interaction.user.id,
            guild_id=interaction.guild_id or 0,
        )
        return [
            app_commands.Choice(name=choice.label[:100], value=choice.value)
            for choice in offered[:25]
        ]

    async def _utterance(self, member: discord.Member, text: str, voice: str | None) -> Utterance:
        chunks = self.services.reader.read(
            text,
            names_in(text, member.guild),
            await self.services.pronouncing.of(member.guild.id, member.id),
        )
        speaker = await self.services.voices.speaker(
            voice, user_id=member.id, guild_id=member.guild.id
        )
        if member.voice:  # a file is as loud as files are
            chosen = await self.services.store.guild_settings.get(member.guild.id)
            speaker = msgspec.structs.replace(speaker, volume_percent=chosen.volume_percent)
        return self.services.speech.utterance(chunks, speaker)

    async def _speak(
        self,
        interaction: discord.Interaction,
        seat: VocalChannel,
        utterance: Utterance,
        text: str,
        *,
        arrived: float,
        deferral: "asyncio.Task[object]",
    ) -> None:
        assert interaction.guild is not None  # guild_only
        session = self.bot.sessions.of(interaction.guild)
        try:
            await session.join(
                seat, asked_in=where_asked(interaction), asked_by=interaction.user.id
            )
        except BaseException:
            utterance.cancel()
            raise
        ahead = session.backlog
        playback = session.speak(utterance, author_id=interaction.user.id, label=_label(text))
        paused = session.source.paused
        waiting = f"In line behind {ahead} other{'s' if ahead > 1 else ''}." if ahead else ""
        if paused:
            waiting = f"{waiting} {_PAUSED}".lstrip()
        await deferral
        if waiting:
            await interaction.edit_original_response(content=waiting)
        await playback.started
        if not waiting:
            self.services.metrics.first_sound.add((time.perf_counter() - arrived) * 1000)
        said = f"Speaking in {seat.mention}."
        if utterance.substitution:
            said += f"\n{utterance.substitution}"
        try:
            await interaction.edit_original_response(content=said)
        except discord.HTTPException as error:
            if error.code not in TOO_LATE:  # it may have been held back for a quarter of an hour
                raise
        await playback.finished

    async def _send_file(
        self,
        interaction: discord.Interaction,
        utterance: Utterance,
        deferral: "asyncio.Task[object]",
    ) -> None:
        audio = await utterance.ogg()
        if len(audio) > interaction.filesize_limit:
            raise UserError("That became longer than a file may be here. Please say less at once.")
        await deferral
        await interaction.edit_original_response(
            content=utterance.substitution,
            attachments=[discord.File(io.BytesIO(audio), filename="speech.ogg")],
        )
        interaction.extras["public"] = False


def _label(text: str) -> str:
    return textwrap.shorten(text, 80, placeholder="…")


async def setup(bot: TimbreBot) -> None:
    """Called by discord.py when the extension is loaded."""
    await bot.add_cog(Say(bot))
