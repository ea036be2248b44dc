"""What a page of `/settings` shows of a server's options, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import discord
from discord.utils import escape_markdown

from bot.catalogue import gettext, ngettext
from bot.client import TimbreBot
from bot.live.option import NOTHING, Kind, Option
from bot.live.server_settings import OptionChoice
from cogs.lists import and_more
from data.rows import GuildSettings

#: As many entries as Discord's menus have.
MOST_CHOICES = 25
_MOST_BLOCKED_SHOWN = 20

Choices: TypeAlias = Mapping[str, Sequence[OptionChoice]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a server has chosen, and what it has never touched; `names` are of what ids mean.

    `choices` are of menus, by field; `blocked` are members that are not read, `unnamed` how many of
    those have deleted their data since.
    """

    now: GuildSettings
    usual: GuildSettings
    names: Mapping[int, str]
    choices: Choices
    blocked: Sequence[int]
    unnamed: int


def usual_settings(bot: TimbreBot, guild: discord.Guild) -> GuildSettings:
    """What a server has that never chose anything."""
    channel = bot.services.settings.channel
    return GuildSettings(
        guild_id=guild.id,
        alone_leave_s=round(channel.alone_leave_s),
        idle_leave_s=round(channel.idle_leave_s),
    )


def line_of(option: Option, chosen: Chosen) -> str:
    """An option as it is, what it usually is, and what it does."""
    usual = option.shown(chosen.usual, chosen.names)
    now = option.shown(chosen.now, chosen.names)
    if now == NOTHING and option.kind is Kind.NUMBER_OR_USUAL:
        now = usual
    shown = gettext(
        "**{title}: {value}** (default: {usual})",
        title=option.title,
        value=escape_markdown(str(now)),
        usual=usual,
    )
    shown += f"\n{option.sentence}"
    if option.kind is Kind.VOICE:
        offered = len(chosen.choices[option.field])
        if not offered:
            shown += " " + gettext("Nobody shares one at the moment.")
        elif offered > MOST_CHOICES:
            shown += " " + gettext(
                "`/voice-admin default` finds those that the menu has no room for."
            )
    return shown


def line_of_blocked(chosen: Chosen) -> str:
    blocked = chosen.blocked
    shown = ", ".join(f"<@{user_id}>" for user_id in blocked[:_MOST_BLOCKED_SHOWN])
    more = len(blocked) - _MOST_BLOCKED_SHOWN
    shown += f" {and_more(more)}" if more > 0 else ""
    unnamed = ""
    if chosen.unnamed:
        unnamed = ngettext(
            "{count} member who deleted their data since then",
            "{count} members who deleted their data since then",
            chosen.unnamed,
        )
    everybody = "; ".join(part for part in (shown, unnamed) if part) or gettext("nobody")
    said = gettext("**Blocked: {members}**", members=everybody)
    return f"{said}\n" + gettext("I do not read what they write.")
