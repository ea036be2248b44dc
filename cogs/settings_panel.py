"""The panel of `/settings`: a page for each subject, with buttons, menus, and forms for numbers."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

import discord
from discord import ui
from discord.utils import escape_markdown

from bot.base.errors import UserError
from bot.catalogue import Joined, Sentence, gettext
from bot.client import TimbreBot
from bot.live.guild_options import OPTIONS
from bot.live.moderation_log import require_writable
from bot.live.option import NO, NOTHING, PAGES, SHOWN, YES, Kind, Option, Page
from bot.live.server_settings import OptionChoice
from cogs.asking import manages, member_of, person_of
from cogs.moderation_notes import blocked, unblocked
from cogs.panels import Form, Panel
from cogs.settings_page import MOST_CHOICES, Chosen, line_of, line_of_blocked, usual_settings
from data.live import Exclusion

_PANEL_TIMEOUT_S = 600.0

#: Under the menu that turns pages; Discord shows five rows.
_SWITCHES_ROW, _TYPED_ROW = 1, 2


class SettingsPanel(Panel):
    """One page of the options of a server, as they are now."""

    refusal = Sentence("This panel is somebody else's. `/settings` opens yours.")

    def __init__(
        self, bot: TimbreBot, moderator: discord.Member, page: Page, chosen: Chosen
    ) -> None:
        super().__init__(moderator.id, timeout_s=_PANEL_TIMEOUT_S)
        self.bot = bot
        self.page = page
        self.now = chosen.now
        options = [
            option
            for option in OPTIONS
            # Where one model is loaded there is nothing to prefer.
            if option.page is page
            and (option.kind is not Kind.PREFERENCE or chosen.choices[option.field])
        ]
        lines = [line_of(option, chosen) for option in options]
        self.add_item(_Turn(page))
        for option in options:
            if item := _item(option, chosen):
                self.add_item(item)
        if page is Page.MEMBERS:
            self.add_item(_Blocking())
            lines.append(line_of_blocked(chosen))
        self.embed = discord.Embed(
            title=gettext(
                "Settings of {server}: {page}",
                server=escape_markdown(moderator.guild.name)[:200],
                page=PAGES[page],
            )[:256],
            description=bot.command_mentions.linked("\n".join(lines)),
        )

    def require_admission(self, interaction: discord.Interaction) -> None:
        """Only who may change the server, and still may."""
        _moderator(interaction)

    @classmethod
    async def of(
        cls, bot: TimbreBot, interaction: discord.Interaction, page: Page
    ) -> "SettingsPanel":
        """The page for the caller. Raises `UserError` for who may not change the server."""
        moderator, server_settings = _moderator(interaction), bot.services.server_settings
        guild = moderator.guild
        now = await server_settings.of(guild.id)
        names = {role.id: role.name for role in guild.roles}
        names |= {channel.id: channel.mention for channel in guild.channels}
        names |= await server_settings.voice_names(now)
        person = person_of(interaction)
        chosen = Chosen(
            now=now,
            usual=usual_settings(bot, guild),
            names=names,
            choices={
                option.field: await server_settings.choices(option, person)
                for option in OPTIONS
                if option.page is page
            },
            blocked=await bot.exclusions.blocked_in(guild.id),
            unnamed=await bot.exclusions.blocked_and_deleted(guild.id),
        )
        return cls(bot, moderator, page, chosen)

    async def show(self, interaction: discord.Interaction, page: Page | None = None) -> None:
        """Replace the message by a page as it is now."""
        fresh = await SettingsPanel.of(self.bot, interaction, page or self.page)
        # Before the new one is known: the two have buttons of the same names, and go together.
        self.stop()
        await interaction.response.edit_message(embed=fresh.embed, view=fresh)

    async def change(
        self, interaction: discord.Interaction, option: Option, chosen: Sequence[str]
    ) -> None:
        """Choose, tell the log channel, and show the page as it is then. Raises `UserError`."""
        moderator = _moderator(interaction)
        guild = moderator.guild
        if option.kind is Kind.CHANNEL and chosen:
            require_writable(guild, int(chosen[0]))
        if option.kind is Kind.ROLE and chosen and guild.get_role(int(chosen[0])) is None:
            raise UserError("There is no such role in this server any more.")
        await self.bot.services.server_settings.change(option, chosen, person_of(interaction))
        await self.show(interaction)
        await self.bot.moderation_log.note(
            guild,
            Sentence(
                "{moderator} changed a setting: {title}. `/settings` shows it.",
                moderator=moderator.mention,
                title=option.title,
            ),
        )


def _item(option: Option, chosen: Chosen) -> "ui.Item[SettingsPanel] | None":
    """What changes an option; None where there is nothing to pick from."""
    value = getattr(chosen.now, option.field)
    if option.kind is Kind.SWITCH:
        return _Switch(option, on=value)
    if option.is_typed:
        return _Typed(option)
    if option.kind is Kind.ROLE:
        return _Roles(option, value if value in chosen.names else None)
    if option.kind is Kind.CHANNEL:
        return _Channels(option, value if value in chosen.names else None)
    choices = chosen.choices[option.field][:MOST_CHOICES]
    return _Choice(option, choices) if choices else None


class _Turn(ui.Select[SettingsPanel]):
    def __init__(self, here: Page) -> None:
        options = [
            discord.SelectOption(label=str(PAGES[page]), value=page, default=page is here)
            for page in Page
        ]
        super().__init__(custom_id="page", options=options, row=0)

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        await self.view.show(interaction, Page(self.values[0]))


class _Switch(ui.Button[SettingsPanel]):
    def __init__(self, option: Option, *, on: bool) -> None:
        super().__init__(
            label=f"{option.title}: {SHOWN[on]}",
            custom_id=option.field,
            style=discord.ButtonStyle.success if on else discord.ButtonStyle.secondary,
            row=_SWITCHES_ROW,
        )
        self._option = option
        self._next = NO if on else YES

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        await self.view.change(interaction, self._option, [self._next])


class _Typed(ui.Button[SettingsPanel]):
    def __init__(self, option: Option) -> None:
        super().__init__(label=f"{option.title} …", custom_id=option.field, row=_TYPED_ROW)
        self._option = option

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        await interaction.response.send_modal(_TypedForm(self.view, self._option))


class _TypedForm(Form):
    def __init__(self, panel: SettingsPanel, option: Option) -> None:
        super().__init__(str(option.title), panel.owner_id, timeout_s=_PANEL_TIMEOUT_S)
        self._panel = panel
        self._option = option
        now = getattr(panel.now, option.field)
        self.typed: ui.TextInput[_TypedForm] = ui.TextInput(
            label=str(option.hint),
            default="" if now is None else str(now),
            required=False,
            max_length=9 if option.is_number else option.most,
        )
        self.add_item(self.typed)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await self._panel.change(interaction, self._option, [self.typed.value])


class _Choice(ui.Select[SettingsPanel]):
    def __init__(self, option: Option, choices: Sequence[OptionChoice]) -> None:
        super().__init__(
            placeholder=f"{option.title}: {NOTHING}",
            custom_id=option.field,
            min_values=0,
            max_values=len(choices) if option.kind is Kind.LANGUAGES else 1,
            options=[
                discord.SelectOption(label=one.label[:100], value=one.value, default=one.chosen)
                for one in choices
            ],
        )
        self._option = option

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        await self.view.change(interaction, self._option, self.values)


class _Roles(ui.RoleSelect[SettingsPanel]):
    def __init__(self, option: Option, role_id: int | None) -> None:
        super().__init__(
            placeholder=f"{option.title}: {NOTHING}",
            custom_id=option.field,
            min_values=0,
            default_values=[discord.Object(role_id, type=discord.Role)] if role_id else [],
        )
        self._option = option

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        chosen = [str(role.id) for role in self.values]
        await self.view.change(interaction, self._option, chosen)


class _Channels(ui.ChannelSelect[SettingsPanel]):
    def __init__(self, option: Option, channel_id: int | None) -> None:
        default = discord.SelectDefaultValue(
            id=channel_id or 0, type=discord.SelectDefaultValueType.channel
        )
        super().__init__(
            placeholder=f"{option.title}: {NOTHING}",
            custom_id=option.field,
            channel_types=[discord.ChannelType.text],
            min_values=0,
            default_values=[default] if channel_id else [],
        )
        self._option = option

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        chosen = [str(channel.id) for channel in self.values]
        await self.view.change(interaction, self._option, chosen)


class _Blocking(ui.UserSelect[SettingsPanel]):
    def __init__(self) -> None:
        super().__init__(placeholder=gettext("Block a member, or unblock them"), max_values=10)

    async def callback(self, interaction: discord.Interaction) -> None:
        moderator = member_of(interaction)
        assert self.view is not None  # an item is pressed in its view
        bot = self.view.bot
        which = moderator.guild.id, Exclusion.BLOCKED
        notes = []
        async with AsyncExitStack() as excluding:
            for member in self.values:
                was_blocked = await bot.exclusions.readmit(member.id, *which)
                if not was_blocked:
                    await excluding.enter_async_context(bot.exclusions.exclude(member.id, *which))
                told = unblocked if was_blocked else blocked
                notes.append(told(moderator, member))
            await self.view.show(interaction)
        await bot.moderation_log.note(moderator.guild, Joined(tuple(notes), by="\n"))


def _moderator(interaction: discord.Interaction) -> discord.Member:
    """The caller, if they may change the server: it can let others see the command."""
    if not manages(interaction):
        raise UserError("Only members who may manage the server can change its settings.")
    return member_of(interaction)
