"""Bars as commands offer them, and what one means."""

from discord import app_commands

from bot.catalogue import Sentence
from data.bars import Bar

#: What members are barred from, as an option of commands.
BARS = [
    app_commands.Choice(name="having me say anything by command", value=Bar.SAY.value),
    app_commands.Choice(name="having voices", value=Bar.VOICES.value),
    app_commands.Choice(name="everything", value=Bar.EVERYTHING.value),
]


def barred(member: str, kind: Bar, *, everywhere: bool = False) -> Sentence:
    """What a bar means for whom it is about; `member` is their mention."""
    match kind, everywhere:
        case Bar.SAY, False:
            return Sentence(
                "{member} cannot have me say anything by command in this server.", member=member
            )
        case Bar.SAY, True:
            return Sentence(
                "{member} cannot have me say anything by command in any server.", member=member
            )
        case Bar.VOICES, False:
            return Sentence(
                "{member} cannot register a voice in this server, and nobody can speak in one of "
                "theirs here.",
                member=member,
            )
        case Bar.VOICES, True:
            return Sentence(
                "{member} cannot register a voice in any server, and nobody can speak in one of "
                "theirs.",
                member=member,
            )
        case _, False:
            return Sentence(
                "{member} cannot use me in this server, and nobody can speak in a voice of theirs "
                "here.",
                member=member,
            )
    return Sentence(
        "{member} cannot use me in any server, and nobody can speak in a voice of theirs.",
        member=member,
    )
