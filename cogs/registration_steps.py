"""What is shown of a registration under way: its steps, the preview, why it is refused."""

import io

import discord

from bot.base.command_mentions import linked
from bot.base.errors import UserError, sentence_for
from bot.catalogue import Said, Sentence, gettext
from bot.client import TimbreBot
from bot.voices.clip_admission import AnothersVoice
from bot.voices.drafts import Draft
from cogs.moderation_notes import note
from engine.errors import SpeechError, VoiceUnusable

DONE, _DOING, NOT_DONE = "✅", "⏳", "▫️"


async def refuse(interaction: discord.Interaction, error: UserError) -> None:
    said = linked(interaction, str(error.sentence))
    await interaction.edit_original_response(content=said, attachments=[], view=None)
    if isinstance(error, AnothersVoice):
        await note(
            interaction,
            Sentence(
                "A member sent another member's voice as their own, and I refused it. "
                "`/voice-admin reports` shows who it was."
            ),
        )


def steps(done: int, *said: str) -> str:
    names = said if len(said) > 1 else (*said, gettext("Checked"))
    names = (*names, gettext("Voice learned"), gettext("Ready"))
    marks = [DONE] * done + [_DOING] + [NOT_DONE] * len(names)
    return "\n".join(f"{mark} {name}" for mark, name in zip(marks, names, strict=False))


async def preview(bot: TimbreBot, draft: Draft) -> tuple[Said | None, list[discord.File]]:
    """Why the clip is not enrolled, if it is not, and the draft to be heard."""
    try:
        saying = await bot.services.sayings.preview(draft.speaker)
        audio = await saying.ogg()
    except VoiceUnusable:
        raise
    except SpeechError as error:
        return Sentence("There is no preview: {reason}", reason=sentence_for(error)), []
    file = discord.File(io.BytesIO(audio), filename="preview.ogg")
    return saying.substitution, [file]
