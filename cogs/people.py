"""Who is behind an interaction, and which voices to offer them as they type."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast

import discord
from discord import app_commands

from bot.client import TimbreBot
from bot.voices.choosing import Person, VoiceChoice
from bot.voices.rights import Action

Completion = Callable[
    [discord.Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]
]


def person_of(interaction: discord.Interaction, *, runs_the_bot: bool = False) -> Person:
    """The caller as the services see them. What they may manage is Discord's word, not theirs."""
    return Person(
        user_id=interaction.user.id,
        guild_id=interaction.guild_id or 0,
        moderates=interaction.guild_id is not None and interaction.permissions.manage_guild,
        runs_the_bot=runs_the_bot,
    )


def offering(action: Action) -> Completion:
    """Autocompletion with the voices that the caller may do `action` with."""

    async def complete(
        interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        voices = cast("TimbreBot", interaction.client).services.voices
        return as_discord_shows(await voices.offer(typed, action, person_of(interaction)))

    return complete


async def offering_to_speak(
    interaction: discord.Interaction, typed: str
) -> list[app_commands.Choice[str]]:
    """Autocompletion with all that the caller may speak in, stock voices too."""
    services = cast("TimbreBot", interaction.client).services
    offered = await services.voices.choices(
        typed,
        services.executor.status().engine,
        user_id=interaction.user.id,
        guild_id=interaction.guild_id or 0,
    )
    return as_discord_shows(offered)


def as_discord_shows(offered: Sequence[VoiceChoice]) -> list[app_commands.Choice[str]]:
    """At most 25 choices, each with a label of at most 100 characters."""
    return [
        app_commands.Choice(name=choice.label[:100], value=choice.value) for choice in offered[:25]
    ]
