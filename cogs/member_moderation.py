"""`/voice-admin`'s commands about members: bars, and the voice and the volume of one."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.command_mentions import linked
from bot.base.errors import UserError
from bot.catalogue import Sentence, gettext
from bot.client import TimbreBot
from bot.services import Services
from bot.voices.bars import ending
from bot.voices.sounds import VOLUME_MAX, VOLUME_MIN
from cogs.asking import person_of
from cogs.bars import BARS, barred
from cogs.moderation_notes import note
from cogs.voice_options import StockVoiceName
from data.bars import Bar

_TERMS = [
    app_commands.Choice(name=name, value=minutes * 60)
    for name, minutes in (
        ("10 minutes", 10),
        ("1 hour", 60),
        ("1 day", 24 * 60),
        ("1 week", 7 * 24 * 60),
        ("4 weeks", 28 * 24 * 60),
    )
]


class MemberModerationCommands(commands.Cog):
    """A part of `/voice-admin`."""

    bot: TimbreBot
    services: Services

    @app_commands.command(
        description="Bar a member here: from commands, from voices, or from everything"
    )
    @app_commands.describe(
        member="Whom", kind="From what", for_s="For how long (default: until you end it)"
    )
    @app_commands.rename(kind="from", for_s="for")
    @app_commands.choices(kind=BARS)
    @app_commands.choices(for_s=_TERMS)
    @app_commands.checks.has_permissions(manage_guild=True)
    async def bar(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        kind: app_commands.Choice[str],
        for_s: app_commands.Choice[int] | None = None,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        if isinstance(member, discord.Member) and member.guild_permissions.manage_guild:
            raise UserError("You cannot bar somebody who may manage the server.")
        assert interaction.guild_id is not None  # guild_only
        bar = Bar(kind.value)
        ends_at = await self.services.bars.bar(
            member.id, bar, person_of(interaction), for_s=for_s.value if for_s else None
        )
        if bar is not Bar.SAY:
            await self.bot.live.take_back(interaction.guild_id, member.id)
        said = ending(barred(member.mention, bar), ends_at)
        await interaction.edit_original_response(
            content=linked(
                interaction,
                gettext(
                    "{barred} Deleting their data does not end that; `/voice-admin unbar` does.",
                    barred=said,
                ),
            )
        )
        await note(
            interaction,
            Sentence(
                "{moderator} set a bar: {barred}",
                moderator=interaction.user.mention,
                barred=said,
            ),
        )

    @app_commands.command(description="End the bar of a member here")
    @app_commands.describe(member="Whom")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def unbar(self, interaction: discord.Interaction, member: discord.User) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self.services.bars.admit(member.id, person_of(interaction))
        await interaction.edit_original_response(
            content=gettext(
                "{member} is not barred in this server any more.", member=member.mention
            )
        )
        await note(
            interaction,
            Sentence(
                "{moderator} ended the bar of {member}.",
                moderator=interaction.user.mention,
                member=member.mention,
            ),
        )

    @app_commands.command(description="Choose a stock voice for a member, or let them choose again")
    @app_commands.describe(
        member="Whom",
        stock_voice="Which voice; empty: they choose their voice again",
        forced="They cannot choose another",
    )
    @app_commands.checks.has_permissions(manage_guild=True)
    async def voice(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        stock_voice: StockVoiceName | None = None,
        *,
        forced: bool = False,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction)
        who = {"moderator": interaction.user.mention, "member": member.mention}
        if stock_voice is None:
            await self.services.sounds.release(member.id, person)
            said = gettext(
                "{member} chooses their voice again in this server.", member=member.mention
            )
            await interaction.edit_original_response(content=said)
            done = Sentence("{moderator} let {member} choose their voice again.", **who)
            await note(interaction, done)
            return
        name = await self.services.sounds.assign(
            member.id, stock_voice, person, self.services.executor.status().engine, forced=forced
        )
        if forced:
            said = gettext(
                "{member} speaks only in **{voice}** in this server.",
                member=member.mention,
                voice=name,
            )
            done = Sentence(
                "{moderator} lets {member} speak only in the stock voice **{voice}**.",
                voice=name,
                **who,
            )
        else:
            said = gettext(
                "{member} speaks in **{voice}** in this server, until they choose another.",
                member=member.mention,
                voice=name,
            )
            done = Sentence(
                "{moderator} chose the stock voice **{voice}** for {member}.", voice=name, **who
            )
        await interaction.edit_original_response(content=said)
        await note(interaction, done)

    @app_commands.command(description="Make a member louder or quieter than others here")
    @app_commands.describe(member="Whom", percent="100 is as loud as everybody else")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def volume(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        percent: app_commands.Range[int, VOLUME_MIN, VOLUME_MAX],
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self.services.sounds.set_volume(member.id, percent, person_of(interaction))
        await interaction.edit_original_response(
            content=gettext(
                "{member} speaks at {percent} % of the usual volume in this server.",
                member=member.mention,
                percent=percent,
            )
        )
        await note(
            interaction,
            Sentence(
                "{moderator} set the volume of {member} to {percent} %.",
                moderator=interaction.user.mention,
                member=member.mention,
                percent=percent,
            ),
        )
