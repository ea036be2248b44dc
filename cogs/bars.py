"""Bars as commands offer them, and what one means."""

from discord import app_commands

from bot.catalogue import Sentence
from data.bars import Bar

#: What members are barred from, as an option of commands.
BARS = [
    app_commands.Choice(name="commands that make me speak", value=Bar.SAY.value),
    app_commands.Choice(name="voices", value=Bar.VOICES.value),
    app_commands.Choice(name="everything", value=Bar.EVERYTHING.value),
]


def barred(member: str, kind: Bar, *, everywhere: bool = False) -> Sentence:
    """What a bar means for whom it is about; `member` is their mention."""
    match kind, everywhere:
        case Bar.SAY, False:
            return Sentence(
                "In this server {member} cannot use the commands that make me speak.", member=member
            )
        case Bar.SAY, True:
            return Sentence(
                "{member} cannot use the commands that make me speak, in any server.", member=member
            )
        case Bar.VOICES, False:
            return Sentence(
                "In this server {member} cannot register voices, and nobody can speak in the "
                "voices of {member}.",
                member=member,
            )
        case Bar.VOICES, True:
            return Sentence(
                "{member} cannot register voices in any server, and nobody can speak in the "
                "voices of {member}.",
                member=member,
            )
        case _, False:
            return Sentence(
                "In this server {member} cannot use me, and nobody can speak in the voices of "
                "{member}.",
                member=member,
            )
    return Sentence(
        "{member} cannot use me in any server, and nobody can speak in the voices of {member}.",
        member=member,
    )
