"""Buttons and forms of one member: anybody else is refused, and every failure is told."""

from typing import ClassVar

import discord

from bot.base.errors import sentence_for, tell
from bot.catalogue import Sentence, gettext, set_reader

#: What is noted of an interaction with a button or form that this process knows.
KNOWN = "known"


class _OfOneMember:
    """What a panel and a form have in common. `refusal` is what anybody else is told."""

    refusal: ClassVar[Sentence]
    owner_id: int

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Only the owner, although nobody else can see it: Discord's ids can be forged.

        What is said next is in their language.
        """
        interaction.extras[KNOWN] = True
        set_reader(interaction.locale)
        self.require_admission(interaction)
        if interaction.user.id == self.owner_id:
            return True
        await tell(interaction, self.refusal)
        return False

    def require_admission(self, interaction: discord.Interaction) -> None:
        """Raise `UserError` for who is refused before anybody else is."""

    async def on_error(
        self, interaction: discord.Interaction, error: Exception, _item: object = None, /
    ) -> None:
        await tell(interaction, sentence_for(error))


class Panel(_OfOneMember, discord.ui.View):
    """Buttons and menus under a message."""

    def __init__(self, owner_id: int, *, timeout_s: float | None) -> None:
        super().__init__(timeout=timeout_s)
        self.owner_id = owner_id
        for child in self.children:
            if isinstance(child, discord.ui.Button) and child.label:
                child.label = gettext(child.label)  # of a decorator, which is in English


class Form(_OfOneMember, discord.ui.Modal):
    """Fields to fill in and send."""

    refusal = Sentence("This form is somebody else's.")

    def __init__(self, title: str, owner_id: int, *, timeout_s: float) -> None:
        super().__init__(title=title, timeout=timeout_s)
        self.owner_id = owner_id
