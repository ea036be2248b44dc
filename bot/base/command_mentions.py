"""Names of commands: as Discord makes them tappable, `</live start:1234>`, or as it shows them."""

import re
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

import discord
from discord import app_commands

from bot.catalogue import pgettext
from bot.catalogue.translator import COMMAND

#: A command's name as sentences have it: in backticks, with nothing else.
_NAMED = re.compile(r"`/([-\w]+(?: [-\w]+){0,2})`")


class CommandMentions:
    """The commands that Discord knows. `learn` before, names are shown as they are typed."""

    def __init__(self) -> None:
        self._mentions: dict[str, str] = {}

    def learn(self, commands: Iterable[app_commands.AppCommand]) -> None:
        """Take the ids of commands, as Discord lists them."""
        self._mentions |= dict(one for command in commands for one in _usable(command))

    def of(self, name: str) -> str:
        """A command by its whole name, "live start", to be tapped where its id is known."""
        return self._mentions.get(name, f"`/{local_name(name)}`")

    def linked(self, sentence: str) -> str:
        """A sentence in which every command in backticks can be tapped."""
        return _NAMED.sub(lambda found: self.of(found[1]), sentence)


@runtime_checkable
class KnowsCommands(Protocol):
    """A client that knows its commands' ids."""

    command_mentions: CommandMentions


def linked(interaction: discord.Interaction, sentence: str) -> str:
    """A sentence of ours, with its commands to be tapped. Not for what members wrote."""
    client = interaction.client
    if not isinstance(client, KnowsCommands):
        return sentence
    return client.command_mentions.linked(sentence)


def local_name(name: str) -> str:
    """A command's whole name as Discord lists it for who reads."""
    return " ".join(pgettext(COMMAND, word) for word in name.split())


def listed(sentence: str) -> str:
    """A sentence for where nothing can be tapped: its commands as Discord lists them."""
    return _NAMED.sub(lambda found: f"`/{local_name(found[1])}`", sentence)


def _usable(command: app_commands.AppCommand) -> Iterator[tuple[str, str]]:
    """Name and mention of what of a command can be used: itself, or else its subcommands."""
    groups: list[app_commands.AppCommand | app_commands.AppCommandGroup] = [command]
    while groups:
        group = groups.pop()
        inner = [one for one in group.options if isinstance(one, app_commands.AppCommandGroup)]
        groups += inner
        if isinstance(group, app_commands.AppCommandGroup) and not inner:
            yield group.qualified_name, group.mention
        elif not inner and command.type is discord.AppCommandType.chat_input:
            yield command.name, command.mention
