"""`/privacy`: what is stored about the caller: shown, handed over, deleted. Also in messages."""

import asyncio
import io
from pathlib import Path

import discord
from discord import app_commands, ui
from discord.ext import commands
from discord.utils import escape_markdown

from bot.base.command_mentions import linked
from bot.base.errors import UserError
from bot.catalogue import Sentence, gettext
from bot.client import TimbreBot
from cogs.given_permissions import PermissionsPanel, permitted_lines
from cogs.panels import Panel

_CONFIRM_WITHIN_S = 120.0
_UNCONFIRMED = Sentence("You did not confirm, so nothing was deleted.")
_DELETED = Sentence(
    "Your data is deleted. Apart from waits that are not over yet, three things stay, and none "
    "has your id: what moderators decided, open reports, and fingerprints of disabled clips."
)
_PRIVACY = Path(__file__).parents[1] / "PRIVACY.md"
#: The short form of PRIVACY.md.
POLICY = Sentence(
    "**What I store about you**\n"
    "- A clip of your voice, if you register one: up to half a minute of speech, and what I "
    "compute from it. It is biometric data. I keep it until you delete it, or until nobody has "
    "spoken in it for a long time.\n"
    "- What I said for you, as sound, for some days; never the text.\n"
    "- Your Discord id with your choices and pronunciations, and what moderators decide.\n"
    "I never listen, and I send nothing to anybody but Discord. `/privacy info` counts what there "
    "is, `/privacy export` hands it to you, and `/privacy delete` deletes it. Discord's minimum "
    "age holds here, too. The file below says everything."
)

#: What a row of each table about people is.
WHAT = {
    "users": Sentence("record of your user id"),
    "voices": Sentence("voices and their clips"),
    "voice_permissions": Sentence("voices that others have of you, with your permission"),
    "voice_shares": Sentence("servers a voice is shared with"),
    "voice_choices": Sentence("choices of a voice in a server"),
    "reports": Sentence("reports you made"),
    "report_people": Sentence("times that a report names you"),
    "heard_voices": Sentence("servers in which somebody spoke in a voice of yours"),
    "bars": Sentence("places in which you are barred, stored under a code"),
    "voice_uses": Sentence("days on which you spoke in others' voices, by voice and server"),
    "kept_moderation": Sentence(
        "moderators' decisions about you, and open reports about you, stored under a code"
    ),
    "copied_clips": Sentence("servers where you sent another member's voice as your own"),
    "disabled_voices": Sentence("times that moderators disabled a voice of yours"),
    "conditionals_cache": Sentence("analysed clips"),
    "speech_cache": Sentence("recordings of what was said in your voices"),
    "speech_origins": Sentence("recordings of what you had me say or read aloud"),
    "speech_names": Sentence("recordings that say a name which you chose"),
    "pauses": Sentence(
        "waits before you may do something again, or others may ask you again, stored under a code"
    ),
    "disabled_clips": Sentence("fingerprints of clips of yours that were disabled"),
    "member_languages": Sentence("servers in which you said what language you write in"),
    "member_words": Sentence("names and lines that you want said of you, by server"),
    "member_tunings": Sentence("servers in which you chose how fast and how high you speak"),
    "moderated_sounds": Sentence(
        "servers in which moderators chose how you sound, stored under a code"
    ),
    "live_exclusions": Sentence("servers in which your messages are not read aloud"),
    "pronunciations": Sentence("pronunciations of yours"),
}


class PrivacyCommands(commands.GroupCog, group_name="privacy", group_description="Your data"):
    """Commands about the caller's own data."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services

    @app_commands.command(description="What I have stored about you")
    async def info(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        counts = await self.services.privacy.counts(interaction.user.id)
        lines = [f"- {WHAT[table]}: {count}" for table, count in counts.items()]
        whose = interaction.user.id, interaction.guild_id or 0
        decided = [
            *await self.services.bars.of(*whose),
            *await self.services.sounds.decided(*whose),
        ]
        if decided:
            lines += [gettext("**What moderators decided about you here**"), *map(str, decided)]
        given = await self.services.permissions.given_by(interaction.user.id)
        if given:
            lines += [gettext("**What you allowed others**"), *permitted_lines(given)]
        stored = "\n".join(lines) if lines else gettext("Nothing.")
        days = self.services.settings.speech_cache_max_days
        await interaction.edit_original_response(
            content=linked(
                interaction,
                gettext("**What I have stored about you**")
                + f"\n{stored}\n"
                + gettext(
                    "I never listen, and I keep no text of what you have me say. I keep the sound "
                    "of it for {days:g} days at most, so that the same words play at once. "
                    "`/privacy export` gives you the records and your clips. `/privacy delete` "
                    "deletes your data, and says first what stays.",
                    days=days,
                ),
            ),
            view=PermissionsPanel(self.bot, interaction.user.id, given) if given else None,
        )

    @app_commands.command(description="The records about you and your clips, as a file")
    async def export(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        async with self.services.privacy.exported(interaction.user.id) as archive:
            if len(archive) > interaction.filesize_limit:
                raise UserError(
                    "Your data is too large for a file here. Whoever runs me can hand it to you."
                )
            file = discord.File(io.BytesIO(archive), filename="timbre-export.zip")
            await interaction.edit_original_response(attachments=[file])

    @app_commands.command(description="What I store, why, for how long, and who is responsible")
    async def policy(self, interaction: discord.Interaction) -> None:
        policy = await asyncio.to_thread(_PRIVACY.read_bytes)
        contact = self.services.settings.contact
        said = [str(POLICY), gettext("Whoever runs me is responsible for the data.")]
        if contact:
            reached = escape_markdown(contact[:300])
            said.append(gettext("You reach them here: {contact}", contact=reached))
        await interaction.response.send_message(
            linked(interaction, f"{said[0]}\n{' '.join(said[1:])}"),
            file=discord.File(io.BytesIO(policy), filename="PRIVACY.md"),
            ephemeral=True,
        )

    @app_commands.command(description="Delete everything I have stored about you")
    async def delete(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(
            gettext(
                "This deletes your voices with their clips, the voices that others have of you, "
                "what was said in all of them, what you had me say, your choices and "
                "pronunciations, and your wish not to be read aloud, in every server. It cannot be "
                "undone.\n"
                "Apart from waits that are not over yet, three things stay, and none has your id: "
                "what moderators decided about you, open reports by or about you, and of each clip "
                "that was disabled a fingerprint and, for a year, what the voice in it sounds "
                "like, so that it cannot be uploaded again."
            ),
            view=Confirmation(self.bot, interaction),
            ephemeral=True,
        )


class Confirmation(Panel):
    """One button that deletes its owner."""

    refusal = Sentence("Only the member who was asked can decide this.")

    def __init__(self, bot: TimbreBot, shown_by: discord.Interaction) -> None:
        super().__init__(shown_by.user.id, timeout_s=_CONFIRM_WITHIN_S)
        self.bot = bot
        self._shown_by = shown_by

    @ui.button(label="Delete everything", style=discord.ButtonStyle.danger)
    async def confirm(self, interaction: discord.Interaction, _: ui.Button["Confirmation"]) -> None:
        await interaction.response.defer()
        self.stop()
        deletion = await self.bot.services.privacy.delete(interaction.user.id)
        await interaction.edit_original_response(
            content=" ".join(str(one) for one in (_DELETED, deletion.remains) if one),
            view=None,
        )

    async def on_timeout(self) -> None:
        await self._shown_by.edit_original_response(
            content=_UNCONFIRMED.for_locale(self._shown_by.locale), view=None
        )


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(PrivacyCommands(bot))
