"""`/bot-owner`: what only those who run the bot may do, in every server."""

import logging
from typing import cast

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.base.command_mentions import linked
from bot.base.errors import UserError
from bot.base.statistics import table
from bot.catalogue import Sentence, gettext
from bot.client import TimbreBot
from bot.voices.privacy import DeletionReason
from bot.voices.references import VoiceReference
from cogs.asking import person_of
from cogs.bars import BARS, barred
from cogs.voice_options import UnofferedVoice
from data.bars import Bar

log = logging.getLogger(__name__)

_UserId = app_commands.Range[str, 15, 20]
_BECAUSE = [
    app_commands.Choice(name="They asked for it", value=DeletionReason.ASKED.value),
    app_commands.Choice(
        name="They asked for it, and reports about them are deleted too",
        value=DeletionReason.ASKED_STRICTLY.value,
    ),
    app_commands.Choice(
        name="Their Discord account is gone: only fingerprints of disabled clips stay",
        value=DeletionReason.ACCOUNT_GONE.value,
    ),
    app_commands.Choice(
        name="I decide so: only fingerprints of disabled clips stay",
        value=DeletionReason.OWNER.value,
    ),
]
_STAYS = {
    DeletionReason.ASKED: Sentence(
        "Three things stay, and none has the person's id: what moderators decided, open reports, "
        "and fingerprints of disabled clips."
    ),
    DeletionReason.ASKED_STRICTLY: Sentence(
        "Two things stay, and neither has the person's id: what moderators decided, and "
        "fingerprints of disabled clips."
    ),
    DeletionReason.ACCOUNT_GONE: Sentence(
        "Nothing with their id or a code for it stays; fingerprints of disabled clips do, and for "
        "a year what the voice in them sounds like."
    ),
    DeletionReason.OWNER: Sentence(
        "Nothing with their id or a code for it stays; fingerprints of disabled clips do, and for "
        "a year what the voice in them sounds like."
    ),
}


@app_commands.default_permissions()
class OwnerCommands(
    commands.GroupCog, group_name="bot-owner", group_description="For whoever runs me"
):
    """Commands for the bot's owner. Discord cannot hide them from administrators: each is checked.

    They are registered in servers that belong to who runs the bot, so that they are offered to
    nobody elsewhere. Voices are named by number here ("voice:12"), as they are in exports and logs.
    """

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot
        self.services = bot.services
        assert self.app_command is not None  # it is a group
        self.group = self.app_command

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._offer_in(guild)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.bot.tree.remove_command(self.group.name, guild=guild)  # as Discord has done
        await self._offer_in(guild)

    @commands.Cog.listener()
    async def on_guild_update(self, _before: discord.Guild, after: discord.Guild) -> None:
        """Follow a server that is handed on."""
        await self._offer_in(after)

    async def _offer_in(self, guild: discord.Guild) -> None:
        """Register the commands in a server that belongs to who runs the bot, and in no other."""
        tree, name = self.bot.tree, self.group.name
        belongs = await self.bot.is_owner(cast("discord.User", discord.Object(guild.owner_id or 0)))
        if belongs == (tree.get_command(name, guild=guild) is not None):
            return
        if belongs:
            tree.add_command(self.group, guild=guild)
        else:
            tree.remove_command(name, guild=guild)
        try:
            self.bot.command_mentions.learn(await tree.sync(guild=guild))
        except discord.HTTPException as error:
            tree.remove_command(name, guild=guild)  # so that it is tried again
            extra = {"guild": guild.id, "status": error.status}
            log.warning("the owner's commands could not be synced", extra=extra)

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Whether the caller runs the bot, by Discord's own word."""
        return await self.bot.is_owner(interaction.user)

    @app_commands.command(name="delete-user", description="Delete everything about a person")
    @app_commands.describe(
        user_id="Their Discord id",
        because="Why; this decides what stays (default: they asked for it)",
    )
    @app_commands.choices(because=_BECAUSE)
    async def delete_user(
        self,
        interaction: discord.Interaction,
        user_id: _UserId,
        because: app_commands.Choice[str] | None = None,
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        reason = DeletionReason(because.value) if because else DeletionReason.ASKED
        deletion = await self.services.privacy.delete(_id(user_id), reason)
        count = deletion.voices
        gone = (
            Sentence.counted(
                "That person's data is deleted; they had {count} voice.",
                "That person's data is deleted; they had {count} voices.",
                count,
            )
            if count
            else Sentence("That person's data is deleted; they had no voice.")
        )
        said = [gone, _STAYS[reason], deletion.remains]
        await interaction.edit_original_response(content=" ".join(str(one) for one in said if one))

    @app_commands.command(
        description="Bar a person everywhere: from commands, from voices, or from everything"
    )
    @app_commands.describe(user_id="Their Discord id", kind="From what")
    @app_commands.rename(kind="from")
    @app_commands.choices(kind=BARS)
    async def bar(
        self, interaction: discord.Interaction, user_id: _UserId, kind: app_commands.Choice[str]
    ) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction, runs_the_bot=True)
        await self.services.bars.bar(_id(user_id), Bar(kind.value), person)
        for guild in self.bot.guilds if Bar(kind.value) is not Bar.SAY else ():
            await self.bot.live.take_back(guild.id, _id(user_id))
        await interaction.edit_original_response(
            content=linked(
                interaction,
                gettext(
                    "{barred} Deleting their data does not end that; `/bot-owner unbar` does.",
                    barred=barred(f"<@{_id(user_id)}>", Bar(kind.value), everywhere=True),
                ),
            )
        )

    @app_commands.command(description="End the bar of a person everywhere")
    @app_commands.describe(user_id="Their Discord id")
    async def unbar(self, interaction: discord.Interaction, user_id: _UserId) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction, runs_the_bot=True)
        await self.services.bars.admit(_id(user_id), person)
        await interaction.edit_original_response(
            content=gettext(
                "I ended the bar of {member} that held everywhere.", member=f"<@{_id(user_id)}>"
            )
        )

    @app_commands.command(name="disable", description="Let nobody speak in a voice, anywhere")
    @app_commands.describe(voice="Its name or number (voice:12)")
    async def disable(self, interaction: discord.Interaction, voice: UnofferedVoice) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction, runs_the_bot=True)
        found = await self.services.voice_moderation.disable_everywhere(voice, person)
        await interaction.edit_original_response(
            content=gettext(
                "**{voice}** is disabled in every server, and its clip cannot be registered "
                "again. Even when the voice is deleted, {command} lets the clip be registered "
                "again.",
                voice=escape_markdown(found.name),
                command=f"`/bot-owner enable voice:{VoiceReference.to_clip(found.clip_sha256)}`",
            )
        )

    @app_commands.command(name="enable", description="Enable a voice again")
    @app_commands.describe(voice="Its name or number (voice:12)")
    async def enable(self, interaction: discord.Interaction, voice: UnofferedVoice) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        person = person_of(interaction, runs_the_bot=True)
        found = await self.services.voice_moderation.enable_everywhere(voice, person)
        await interaction.edit_original_response(
            content=gettext("**{voice}** is enabled again.", voice=escape_markdown(found.name))
            if found
            else gettext("The clip of that deleted voice can be registered again.")
        )

    @app_commands.command(description="What I did on each of the last 30 days")
    async def statistics(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True, ephemeral=True)
        days = await self.services.statistics.days()
        embed = discord.Embed(
            title=gettext("The last 30 days"),
            description=f"```\n{table(days)}\n```"
            + gettext("p50 and p95 are the time from a command to its first sound.")
            if days
            else gettext("Nothing was spoken."),
        )
        await interaction.edit_original_response(embed=embed)


def _id(typed: str) -> int:
    if not (typed.isascii() and typed.isdecimal() and int(typed) < 2**63):
        raise UserError("A user id is a number of 15 to 20 digits.")
    return int(typed)


async def setup(bot: TimbreBot) -> None:
    cog = OwnerCommands(bot)
    await bot.add_cog(cog)
    bot.tree.remove_command(cog.group.name)  # from all servers
