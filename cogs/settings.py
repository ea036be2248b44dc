"""`/settings`: everything that a server can choose, shown and changed in one place."""

import discord
import msgspec
from discord import app_commands
from discord.ext import commands

from bot.client import TimbreBot
from bot.errors import UserError, sentence_for, tell
from bot.guild_options import OPTIONS, Option
from data.rows import GuildSettings

_PANEL_TIMEOUT_S = 600.0


class Settings(commands.Cog):
    """Opens the panel."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @app_commands.command(description="Show and change how I read in this server")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def settings(self, interaction: discord.Interaction) -> None:
        """Show the panel to a moderator."""
        guild = _moderated(interaction)
        settings = await self.bot.services.store.guild_settings.get(guild.id)
        await interaction.response.send_message(
            _text(guild, settings), view=_Panel(self.bot, guild, settings), ephemeral=True
        )


class _Panel(discord.ui.View):
    def __init__(self, bot: TimbreBot, guild: discord.Guild, settings: GuildSettings) -> None:
        super().__init__(timeout=_PANEL_TIMEOUT_S)
        self.add_item(_Choice(bot, guild, settings))

    async def on_error(
        self, interaction: discord.Interaction, error: Exception, _item: object, /
    ) -> None:
        """Tell the moderator."""
        await tell(interaction, sentence_for(error))


class _Choice(discord.ui.Select[_Panel]):
    def __init__(self, bot: TimbreBot, guild: discord.Guild, settings: GuildSettings) -> None:
        super().__init__(
            placeholder="Change a setting",
            options=[
                discord.SelectOption(
                    label=option.title, value=option.field, description=option.sentence[:100]
                )
                for option in OPTIONS
            ],
        )
        self._bot = bot
        self._guild = guild
        self._settings = settings

    async def callback(self, interaction: discord.Interaction) -> None:
        """Ask for the new value."""
        _moderated(interaction)
        (option,) = [option for option in OPTIONS if option.field == self.values[0]]
        now = option.shown(self._settings, {role.id: role.name for role in self._guild.roles})
        await interaction.response.send_modal(_Change(self._bot, option, now))


class _Change(discord.ui.Modal):
    def __init__(self, bot: TimbreBot, option: Option, now: str) -> None:
        super().__init__(title=option.title, timeout=_PANEL_TIMEOUT_S)
        self._bot = bot
        self._option = option
        self.value: discord.ui.TextInput[_Change] = discord.ui.TextInput(
            label=option.hint, default=now, required=False, max_length=100
        )
        self.add_item(self.value)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Store the value if it is one, and show everything as it is now."""
        guild = _moderated(interaction)
        engine = self._bot.services.executor.status().engine
        value = self._option.parse(
            self.value.value,
            {role.name: role.id for role in guild.roles},
            engine.stock_voices if engine else (),
        )
        settings = await self._bot.services.store.guild_settings.update(
            guild.id,
            lambda before: msgspec.structs.replace(before, **{self._option.field: value}),
        )
        await interaction.response.edit_message(
            content=_text(guild, settings), view=_Panel(self._bot, guild, settings)
        )

    # discord.py's own modals leave the third argument of views out as well.
    async def on_error(  # type: ignore[override]
        self, interaction: discord.Interaction, error: Exception, /
    ) -> None:
        """Tell the moderator."""
        await tell(interaction, sentence_for(error))


def _moderated(interaction: discord.Interaction) -> discord.Guild:
    """The server, if the caller may change it: a server can let others see the command."""
    assert interaction.guild is not None  # guild_only
    if not interaction.permissions.manage_guild:
        raise UserError("Only members who may manage the server can change its settings.")
    return interaction.guild


def _text(guild: discord.Guild, settings: GuildSettings) -> str:
    usual = GuildSettings(guild_id=guild.id)
    names = {role.id: role.name for role in guild.roles}
    lines = []
    for option in OPTIONS:
        now = discord.utils.escape_markdown(option.shown(settings, names)) or "nothing"
        default = option.shown(usual, names) or "nothing"
        lines.append(
            f"**{option.title}: {now}** ({option.hint}; usually {default})\n{option.sentence}"
        )
    return "\n".join(lines)


async def setup(bot: TimbreBot) -> None:
    """Called by discord.py when the extension is loaded."""
    await bot.add_cog(Settings(bot))
