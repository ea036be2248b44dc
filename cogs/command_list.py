"""What commands there are and for whom, read from the commands themselves: it cannot go stale."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.base.command_mentions import CommandMentions
from bot.catalogue import Sentence, gettext, pgettext
from bot.catalogue.translator import COMMAND, DESCRIPTION, MENU, OPTION
from bot.client import TimbreBot

_AUDIENCE, _DESCRIPTION = "audience", "description"
#: Discord's limit for what an embed says; of all embeds together it is 6,000.
_EMBED_MAX_CHARS = 4096

_Command: TypeAlias = "app_commands.Command[Any, ..., Any] | app_commands.ContextMenu"


class CommandAudience(Enum):
    """For whom a command is, with the heading above those commands."""

    MEMBERS = Sentence("What you can do")
    MODERATORS = Sentence("What moderators can do")
    OWNER = Sentence("What only whoever runs me can do")


#: What a command is marked with that Discord shows to all and that is for moderators.
FOR_MODERATORS = {_AUDIENCE: CommandAudience.MODERATORS}


def described(description: str) -> dict[str, str]:
    """The mark of a context menu: Discord shows no description of one."""
    return {_DESCRIPTION: description}


@dataclass(frozen=True, slots=True)
class ListedCommand:
    """A command as the help has it. `options` are names with what they are."""

    name: str
    description: str
    audience: CommandAudience
    options: tuple[tuple[str, str], ...] = ()
    in_menu: bool = False

    @property
    def local_name(self) -> str:
        """Its name as Discord shows it to who reads."""
        if self.in_menu:
            return pgettext(MENU, self.name)
        return " ".join(pgettext(COMMAND, word) for word in self.name.split())

    def is_meant_by(self, asked: str) -> bool:
        """Whether who typed `asked`, in lower case, means it or the group that it is in."""
        names = (self.name.casefold(), self.local_name.casefold())
        return any(name == asked or name.startswith(f"{asked} ") for name in names)

    def shown(self, mentions: CommandMentions) -> str:
        """Its name as one uses it."""
        if not self.in_menu:
            return mentions.of(self.name)
        return gettext("**{name}** (right click, *Apps*)", name=self.local_name)


def listed(
    tree: "app_commands.CommandTree[TimbreBot]", guild: discord.abc.Snowflake | None
) -> Iterator[ListedCommand]:
    """Every command that can be used in a server, in alphabetical order, what is in menus last."""
    walked = [*tree.walk_commands(), *(tree.walk_commands(guild=guild) if guild else ())]
    usable = [one for one in walked if isinstance(one, app_commands.Command)]
    for command in sorted(usable, key=lambda one: one.qualified_name):
        options = [
            (_option(one), pgettext(DESCRIPTION, str(one.description)))
            for one in command.parameters
        ]
        yield ListedCommand(
            command.qualified_name,
            pgettext(DESCRIPTION, command.description),
            _audience(command),
            tuple(options),
        )
    for menu in tree.get_commands(type=discord.AppCommandType.message):
        yield ListedCommand(
            menu.qualified_name,
            pgettext(DESCRIPTION, menu.extras[_DESCRIPTION]),
            _audience(menu),
            in_menu=True,
        )


def overview(
    commands: list[ListedCommand], mentions: CommandMentions, audiences: set[CommandAudience]
) -> list[discord.Embed]:
    """All commands of some audiences, an embed each."""
    return [
        discord.Embed(
            title=str(audience.value),
            description="\n".join(
                f"{one.shown(mentions)} {one.description}"
                for one in commands
                if one.audience is audience
            ),
        )
        for audience in CommandAudience
        if audience in audiences
    ]


def detail(command: ListedCommand, mentions: CommandMentions) -> str:
    """One command with its options."""
    lines = [f"{command.shown(mentions)}: {command.description}."]
    lines += [f"- `{name}`: {description}" for name, description in command.options]
    if command.audience is not CommandAudience.MEMBERS:
        lines.append(f"*{command.audience.value}.*")
    return "\n".join(lines)


def _option(option: app_commands.Parameter) -> str:
    """An option's name as Discord shows it, and whether it can be left out."""
    name = pgettext(OPTION, option.display_name)
    return name if option.required else gettext("{name} (optional)", name=name)


def _audience(command: _Command) -> CommandAudience:
    root = command.root_parent or command if isinstance(command, app_commands.Command) else command
    shown_to = root.default_permissions
    if shown_to is not None and not shown_to.value:
        return CommandAudience.OWNER
    if shown_to is not None:
        return CommandAudience.MODERATORS
    found: CommandAudience = command.extras.get(_AUDIENCE, CommandAudience.MEMBERS)
    return found
