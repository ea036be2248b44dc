"""`/voice tune` and `/voice settings`: how a member speaks, and how one of their voices does."""

from typing import Annotated

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.catalogue import gettext, ngettext
from bot.client import TimbreBot
from bot.speech.audio.tuning import PITCH_MAX, PITCH_MIN, SPEED_MAX, SPEED_MIN
from bot.voices.keeping import SETTING_RANGES
from bot.voices.rights import Action
from cogs.asking import person_of
from cogs.model_options import AUTOMATIC, LoadedModel
from cogs.voice_facts import settings_of
from cogs.voice_options import voice_to
from data.rows import MemberSound

Exaggeration = app_commands.Range[float, *SETTING_RANGES["exaggeration"]]
SpeakingPace = app_commands.Range[float, *SETTING_RANGES["cfg_weight"]]
Temperature = app_commands.Range[float, *SETTING_RANGES["temperature"]]
Seed = app_commands.Range[int, 0, 2**31 - 1]


class TuningCommands(commands.Cog):
    """A part of `/voice`."""

    bot: TimbreBot

    @app_commands.command(description="How fast and how high you speak in this server")
    @app_commands.describe(
        speed="How many times as fast as usual: 0.5 is half as fast, 2 twice",
        pitch="How many semitones higher, or lower with a minus; an octave has 12",
        reset="Speak as your voice does",
    )
    async def tune(
        self,
        interaction: discord.Interaction,
        *,
        speed: app_commands.Range[float, SPEED_MIN, SPEED_MAX] | None = None,
        pitch: app_commands.Range[int, PITCH_MIN, PITCH_MAX] | None = None,
        reset: bool = False,
    ) -> None:
        """Change it, or show how it is."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        sounds, person = self.bot.services.sounds, person_of(interaction)
        if reset:
            await sounds.tune(person, speed=1.0, pitch_semitones=0)
        sound = await sounds.tune(person, speed=speed, pitch_semitones=pitch)
        decided = await sounds.decided(person.user_id, person.guild_id)
        await interaction.edit_original_response(
            content="\n".join([described(sound), *map(str, decided)])
        )

    @app_commands.command(description="Change how one of your voices speaks")
    @app_commands.describe(
        voice="Which voice",
        exaggeration="How lively (usually 0.5)",
        pace="How close to the clip's own pace; lower is slower (usually 0.5)",
        temperature="How much it varies (usually 0.8)",
        seed="Each number gives another take",
        model="Which model speaks in it, where several are loaded",
        reset="Go back to how the voice spoke at first",
    )
    async def settings(
        self,
        interaction: discord.Interaction,
        voice: Annotated[str, voice_to(Action.ADJUST)],
        *,
        exaggeration: Exaggeration | None = None,
        pace: SpeakingPace | None = None,
        temperature: Temperature | None = None,
        seed: Seed | None = None,
        model: LoadedModel | None = None,
        reset: bool = False,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction)
        if reset:
            await self.bot.services.voice_keeping.reset(voice, person)
        if model is not None:
            engine = self.bot.services.executor.status().engine
            own = None if model == AUTOMATIC else model
            await self.bot.services.voice_keeping.set_model(voice, own, engine, person)
        adjusted = await self.bot.services.voice_keeping.adjust(
            voice,
            person,
            exaggeration=exaggeration,
            cfg_weight=pace,
            temperature=temperature,
            seed=seed,
        )
        await interaction.edit_original_response(
            content=gettext(
                "{voice} speaks with {settings}.",
                voice=f"**{escape_markdown(adjusted.name)}**",
                settings=settings_of(adjusted),
            )
        )


def described(sound: MemberSound) -> str:
    """How fast and how high a member speaks, in a sentence."""
    if sound.speed == 1 and sound.pitch_semitones == 0:
        return gettext("In this server you speak as fast and as high as your voice does.")
    if sound.pitch_semitones == 0:
        return gettext(
            "In this server you speak at {speed:g} times the usual speed.", speed=sound.speed
        )
    steps, pitch = abs(sound.pitch_semitones), f"{sound.pitch_semitones:+d}"
    if sound.speed == 1:
        return ngettext(
            "In this server you speak with your pitch changed by {pitch} semitone.",
            "In this server you speak with your pitch changed by {pitch} semitones.",
            steps,
            pitch=pitch,
        )
    return ngettext(
        "In this server you speak at {speed:g} times the usual speed, with your pitch changed by "
        "{pitch} semitone.",
        "In this server you speak at {speed:g} times the usual speed, with your pitch changed by "
        "{pitch} semitones.",
        steps,
        speed=sound.speed,
        pitch=pitch,
    )
