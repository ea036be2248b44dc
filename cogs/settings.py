"""`/settings`: everything that a server can choose, shown and changed in one place."""

from contextlib import AsyncExitStack

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.errors import UserError
from bot.client import TimbreBot
from bot.live.guild_options import OPTIONS, Kind, Option
from cogs.asking import manages, member_of, person_of
from cogs.panels import Form, Panel
from data.live import Exclusion
from data.rows import GuildSettings

_PANEL_TIMEOUT_S = 600.0
_MOST_BLOCKED_SHOWN = 20


class SettingsCommands(commands.Cog):
    """Opens the panel."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @app_commands.command(description="Show and change how I read in this server")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def settings(self, interaction: discord.Interaction) -> None:
        panel = await _Panel.of(self.bot, _moderator(interaction))
        await interaction.response.send_message(embed=panel.embed, view=panel, ephemeral=True)


class _Panel(Panel):
    """Everything as it is, and what changes it. `names` are of roles and voices by id."""

    refusal = "This is somebody else's panel. /settings shows you yours."

    def __init__(
        self,
        bot: TimbreBot,
        moderator: discord.Member,
        settings: GuildSettings,
        names: dict[int, str],
        blocked: list[int],
    ) -> None:
        super().__init__(moderator.id, timeout_s=_PANEL_TIMEOUT_S)
        guild = moderator.guild
        self.bot = bot
        self.settings = settings
        self.names = names
        self.embed = discord.Embed(
            title=f"Settings of {discord.utils.escape_markdown(guild.name)}"[:256],
            description=_described(settings, _usual(bot, guild), names, blocked),
        )
        self.add_item(_Choice())
        self.add_item(_Blocking())

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Refuse who may not change the server, or no longer, before anybody else."""
        _moderator(interaction)
        return await super().interaction_check(interaction)

    @classmethod
    async def of(cls, bot: TimbreBot, moderator: discord.Member) -> "_Panel":
        guild, server_settings = moderator.guild, bot.services.server_settings
        settings = await server_settings.of(guild.id)
        names = {role.id: role.name for role in guild.roles}
        names |= await server_settings.voice_names(settings)
        blocked = await bot.exclusions.blocked_in(guild.id)
        return cls(bot, moderator, settings, names, blocked)


class _Choice(discord.ui.Select[_Panel]):
    def __init__(self) -> None:
        super().__init__(
            placeholder="Change a setting",
            options=[
                discord.SelectOption(
                    label=option.title, value=option.field, description=option.sentence[:100]
                )
                for option in OPTIONS
            ],
        )

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        (option,) = [option for option in OPTIONS if option.field == self.values[0]]
        now = option.shown(self.view.settings, self.view.names)
        await interaction.response.send_modal(
            _Change(self.view.bot, interaction.user.id, option, now)
        )


class _Blocking(discord.ui.UserSelect[_Panel]):
    def __init__(self) -> None:
        super().__init__(placeholder="Leave a member unread, or read them again", max_values=10)

    async def callback(self, interaction: discord.Interaction) -> None:
        moderator = member_of(interaction)
        assert self.view is not None  # an item is pressed in its view
        bot = self.view.bot
        which = moderator.guild.id, Exclusion.BLOCKED
        async with AsyncExitStack() as excluding:
            for member in self.values:
                if not await bot.exclusions.readmit(member.id, *which):
                    await excluding.enter_async_context(bot.exclusions.exclude(member.id, *which))
            panel = await _Panel.of(bot, moderator)
            await interaction.response.edit_message(embed=panel.embed, view=panel)


class _Change(Form):
    def __init__(self, bot: TimbreBot, moderator_id: int, option: Option, now: str) -> None:
        super().__init__(option.title, moderator_id, timeout_s=_PANEL_TIMEOUT_S)
        self._bot = bot
        self._option = option
        self.value: discord.ui.TextInput[_Change] = discord.ui.TextInput(
            label=option.hint, default=now[:100], required=False, max_length=100
        )
        self.add_item(self.value)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        moderator = _moderator(interaction)
        roles = {role.name: role.id for role in moderator.guild.roles}
        await self._bot.services.server_settings.change(
            self._option, self.value.value, roles, person_of(interaction)
        )
        panel = await _Panel.of(self._bot, moderator)
        await interaction.response.edit_message(embed=panel.embed, view=panel)


def _moderator(interaction: discord.Interaction) -> discord.Member:
    """The caller, if they may change the server: it can let others see the command."""
    if not manages(interaction):
        raise UserError("Only members who may manage the server can change its settings.")
    return member_of(interaction)


def _usual(bot: TimbreBot, guild: discord.Guild) -> GuildSettings:
    """What a server has that never chose anything."""
    channel = bot.services.settings.channel
    return GuildSettings(
        guild_id=guild.id,
        alone_leave_s=round(channel.alone_leave_s),
        idle_leave_s=round(channel.idle_leave_s),
    )


def _described(
    settings: GuildSettings, usual: GuildSettings, names: dict[int, str], blocked: list[int]
) -> str:
    lines = []
    for option in OPTIONS:
        default = option.shown(usual, names) or "nothing"
        chosen = option.shown(settings, names)
        if not chosen:
            chosen = default if option.kind is Kind.NUMBER_OR_USUAL else "nothing"
        now = discord.utils.escape_markdown(chosen)
        lines.append(
            f"**{option.title}: {now}** ({option.hint}; usually {default})\n{option.sentence}"
        )
    shown = ", ".join(f"<@{user_id}>" for user_id in blocked[:_MOST_BLOCKED_SHOWN]) or "nobody"
    more = len(blocked) - _MOST_BLOCKED_SHOWN
    lines.append(f"**Left unread:** {shown}{f' and {more} more' if more > 0 else ''}")
    return "\n".join(lines)


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(SettingsCommands(bot))
