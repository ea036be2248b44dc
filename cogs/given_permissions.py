"""The permissions that a member gave for their voice: shown, and taken back."""

import discord
from discord import ui
from discord.utils import escape_markdown

from bot.base.command_mentions import linked
from bot.catalogue import Sentence, gettext
from bot.client import TimbreBot
from bot.voices.permission import Given
from cogs.lists import and_more
from cogs.panels import Panel

_LIST_LASTS_S = 600.0
#: As many as Discord's menus take.
_MOST_LISTED = 25


class PermissionsPanel(Panel):
    """The voices of others that are the caller's voice, to be taken back."""

    refusal = Sentence("These permissions are somebody else's.")

    def __init__(self, bot: TimbreBot, giver_id: int, given: list[Given]) -> None:
        super().__init__(giver_id, timeout_s=_LIST_LASTS_S)
        self.bot = bot
        self.add_item(_TakeBack(given[:_MOST_LISTED]))


class _TakeBack(ui.Select[PermissionsPanel]):
    def __init__(self, given: list[Given]) -> None:
        options = [
            discord.SelectOption(
                label=one.voice.name,
                value=str(one.voice.voice_id),
                description=gettext("Number {number}", number=one.voice.voice_id),
            )
            for one in given
        ]
        super().__init__(placeholder=gettext("Take a permission back"), options=options)

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        await interaction.response.defer()
        taken = await self.view.bot.services.permissions.take_back(
            int(self.values[0]), interaction.user.id
        )
        await interaction.edit_original_response(
            content=linked(
                interaction,
                gettext(
                    "The voice **{voice}** is deleted, with its clip and everything "
                    "made from it. `/privacy info` shows what is left.",
                    voice=escape_markdown(taken.name),
                ),
            ),
            view=None,
        )


def permitted_lines(given: list[Given]) -> list[str]:
    """What somebody allowed, one line each."""
    lines = [
        "- "
        + gettext(
            "**{voice}** (number {number}) of {owner}, since {date}",
            voice=escape_markdown(one.voice.name),
            number=one.voice.voice_id,
            owner=f"<@{one.voice.owner_id}>",
            date=f"<t:{one.permission.given_at:.0f}:d>",
        )
        for one in given[:10]
    ]
    if len(given) > len(lines):
        lines.append("- " + and_more(len(given) - len(lines)))
    return lines
