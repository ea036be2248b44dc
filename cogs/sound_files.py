"""What a member had the bot say, as a file of the kind that they chose."""

import asyncio
import io
from enum import Enum
from typing import Any

import discord
from discord import app_commands
from discord.http import handle_message_parameters

from bot.base.errors import UserError
from bot.catalogue import gettext
from bot.channel.writing_rights import may_write
from bot.speech.audio import opus
from bot.speech.audio.formats import FormatName, whole_file
from bot.speech.audio.voice_message import waveform
from bot.speech.pieces import Saying
from cogs.asking import where_asked


class SoundFile(Enum):
    """The kinds of files, by what Discord shows of them."""

    OGG = "Ogg"
    WAV = "WAV"
    FLAC = "FLAC"
    MP3 = "MP3"
    VOICE_MESSAGE = "voice message"


class _Shown(app_commands.Transformer):
    """The kinds by what they are called: discord.py shows the names of an `Enum`'s members."""

    @property
    def choices(self) -> list[app_commands.Choice[int | float | str]]:
        return [app_commands.Choice(name=kind.value, value=kind.value) for kind in SoundFile]

    async def transform(self, _: discord.Interaction, value: str) -> SoundFile:
        return SoundFile(value)


SoundFileChoice = app_commands.Transform[SoundFile, _Shown]

_CONVERTED: dict[SoundFile, FormatName] = {
    SoundFile.WAV: "wav",
    SoundFile.FLAC: "flac",
    SoundFile.MP3: "mp3",
}


class VoiceMessage(discord.File):
    """A file that Discord shows as a voice message: discord.py only receives them."""

    def __init__(self, ogg: bytes, *, duration_s: float, waveform: str) -> None:
        super().__init__(io.BytesIO(ogg), filename="voice-message.ogg")
        self._shown = {"duration_secs": round(duration_s, 2), "waveform": waveform}

    def to_dict(self, index: int) -> dict[str, Any]:
        return {**super().to_dict(index), **self._shown}


def require_voice_message(interaction: discord.Interaction) -> None:
    """Raise `UserError` where this member, or the bot, may not send a voice message."""
    may, mine, here = interaction.permissions, interaction.app_permissions, interaction.channel
    if not (may_write(here, may) and may.send_voice_messages):
        raise UserError("You are not allowed to send voice messages in this channel.")
    if not (may_write(here, mine) and mine.send_voice_messages):
        if isinstance(here, discord.Thread):
            raise UserError(
                "I cannot send a voice message here: I am missing Send Messages in Threads or Send "
                "Voice Messages."
            )
        raise UserError(
            "I cannot send a voice message here: I am missing Send Messages or Send Voice Messages."
        )


async def sound_of(saying: Saying, kind: SoundFile, *, limit_bytes: int) -> bytes:
    """All of `saying` as such a file. Raises as `Saying.ogg` does, and `UserError` for too much."""
    content = await saying.ogg()
    if kind in _CONVERTED:
        content = await asyncio.to_thread(_converted, content, _CONVERTED[kind])
    if len(content) > limit_bytes:
        raise UserError("The sound is too large for a file here. Please say less at once.")
    return content


async def send_file(
    interaction: discord.Interaction, saying: Saying, content: bytes, kind: SoundFile
) -> None:
    """Answer a deferred interaction with the sound of `saying`, and what is to be said of it."""
    remarks = "\n".join(map(str, saying.remarks))
    if kind is SoundFile.VOICE_MESSAGE:
        await _send_voice_message(interaction, content, remarks)
        return
    file = discord.File(io.BytesIO(content), filename=f"speech.{kind.value.lower()}")
    await interaction.edit_original_response(content=remarks or None, attachments=[file])


async def _send_voice_message(interaction: discord.Interaction, ogg: bytes, remarks: str) -> None:
    """Send one below the answer, which says whose words it has: it can hold no text itself."""
    channel = where_asked(interaction)
    assert isinstance(channel, discord.abc.Snowflake)  # commands are used in channels
    sound = await asyncio.to_thread(_voice_message, ogg)
    said = gettext("A voice message of {member}:", member=interaction.user.mention)
    answer = await interaction.edit_original_response(content=f"{said}\n{remarks}".rstrip())
    reference = discord.MessageReference.from_message(answer, fail_if_not_exists=False)
    with handle_message_parameters(
        file=sound,
        flags=discord.MessageFlags(voice=True),
        message_reference=reference.to_message_reference_dict(),
    ) as params:
        await interaction.client.http.send_message(channel.id, params=params)


def _voice_message(ogg: bytes) -> VoiceMessage:
    pcm = opus.decode(ogg).mean(axis=1)
    return VoiceMessage(
        ogg,
        duration_s=len(pcm) / opus.SAMPLE_RATE,
        waveform=waveform(pcm, opus.SAMPLE_RATE),
    )


def _converted(ogg: bytes, name: FormatName) -> bytes:
    return whole_file(name, opus.decode(ogg).mean(axis=1), opus.SAMPLE_RATE)
