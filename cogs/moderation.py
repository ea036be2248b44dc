"""`/voice-admin`: what those who manage a server decide about voices in it.

A group of its own, because Discord hides whole commands from members, never single subcommands.
Its commands about members are in `member_moderation.py`.
"""

from datetime import date
from typing import Annotated

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.catalogue import Sentence, gettext, ngettext
from bot.client import TimbreBot
from bot.voices.rights import Action
from cogs.asking import person_of
from cogs.member_moderation import MemberModerationCommands
from cogs.moderation_notes import note
from cogs.reports import ReportsPanel
from cogs.voice_options import DefaultVoice, DisabledVoice, voice_to
from data.rows import VoiceUse

#: A line is at most some 110 characters long, a message 2,000.
_USES_SHOWN = 15
_1970 = date(1970, 1, 1).toordinal()


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class ModerationCommands(
    MemberModerationCommands,
    commands.GroupCog,
    group_name="voice-admin",
    group_description="Voices in this server",
):
    """Commands for moderators. A server can hand them to others, so each is checked when used."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services

    @app_commands.command(description="Let nobody speak in a voice in this server")
    @app_commands.describe(voice="Which voice")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def disable(
        self, interaction: discord.Interaction, voice: Annotated[str, voice_to(Action.DISABLE)]
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        found = await self.services.voice_moderation.disable(voice, person_of(interaction))
        await interaction.edit_original_response(
            content=gettext(
                "Nobody in this server can speak in **{voice}** any more, and its clip cannot be "
                "registered here again.",
                voice=escape_markdown(found.name),
            )
        )
        await note(
            interaction,
            Sentence(
                "{moderator} disabled the voice **{voice}**.",
                moderator=interaction.user.mention,
                voice=escape_markdown(found.name),
            ),
        )

    @app_commands.command(description="Enable a voice in this server again")
    @app_commands.describe(voice="Which voice")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def enable(self, interaction: discord.Interaction, voice: DisabledVoice) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        found = await self.services.voice_moderation.enable(voice, person_of(interaction))
        await interaction.edit_original_response(
            content=gettext(
                "Members can speak in **{voice}** here again.", voice=escape_markdown(found.name)
            )
            if found
            else gettext("The clip of that deleted voice can be registered here again.")
        )
        moderator = interaction.user.mention
        await note(
            interaction,
            Sentence(
                "{moderator} enabled the voice **{voice}** again.",
                moderator=moderator,
                voice=escape_markdown(found.name),
            )
            if found
            else Sentence("{moderator} allowed a deleted voice again.", moderator=moderator),
        )

    @app_commands.command(description="The voice of members who have none of their own")
    @app_commands.describe(
        voice=(
            "A voice shared here, or a stock voice; empty: each member has a stock voice of their "
            "own"
        )
    )
    @app_commands.checks.has_permissions(manage_guild=True)
    async def default(
        self,
        interaction: discord.Interaction,
        voice: DefaultVoice | None = None,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        chosen = await self.services.voice_keeping.set_default(
            voice, person_of(interaction), self.services.executor.status().engine
        )
        moderator = interaction.user.mention
        if chosen:
            name = f"**{escape_markdown(chosen)}**"
            said = gettext(
                "Members without a voice of their own speak in {voice} here.", voice=name
            )
            done = Sentence(
                "{moderator} chose the default voice: {voice}.", moderator=moderator, voice=name
            )
        else:
            said = gettext("Members without a voice of their own speak in a stock voice here.")
            done = Sentence(
                "{moderator} chose that the default voice is a stock voice.", moderator=moderator
            )
        await interaction.edit_original_response(content=said)
        await note(interaction, done)

    @app_commands.command(description="What members reported about voices here")
    @app_commands.describe(member="Only about this member, even if they deleted their data since")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def reports(
        self, interaction: discord.Interaction, member: discord.User | None = None
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        panel = ReportsPanel(self.bot, interaction.user.id, member.id if member else None)
        embed = await panel.page_for(interaction)
        await interaction.edit_original_response(embed=embed, view=panel)

    @app_commands.command(description="Who spoke in other members' voices here in the last 30 days")
    @app_commands.describe(voice="In this voice alone")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def uses(
        self,
        interaction: discord.Interaction,
        voice: Annotated[str, voice_to(Action.DISABLE)] | None = None,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        used = await self.services.voice_moderation.uses(voice, person_of(interaction))
        lines = [_line(use) for use in used[:_USES_SHOWN]]
        if len(used) > _USES_SHOWN:
            lines.append(
                ngettext(
                    "and {count} more; choose a voice to see all of its uses",
                    "and {count} more; choose a voice to see all of its uses",
                    len(used) - _USES_SHOWN,
                )
            )
        await interaction.edit_original_response(
            content="\n".join(lines)
            or gettext("Nobody spoke in another member's voice here in the last 30 days.")
        )


def _line(use: VoiceUse) -> str:
    last = date.fromordinal(_1970 + use.last_day)
    return ngettext(
        "{member} in **{voice}** of {owner}: on {count} day, last on {date}",
        "{member} in **{voice}** of {owner}: on {count} days, last on {date}",
        use.days,
        member=f"<@{use.user_id}>",
        voice=escape_markdown(use.name),
        owner=f"<@{use.owner_id}>",
        date=last.isoformat(),
    )


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(ModerationCommands(bot))
