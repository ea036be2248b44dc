"""Whether a message is read aloud: one decision over plain facts, without Discord objects."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from bot.text.listed_words import has_listed_words
from data.live import Exclusion
from data.rows import GuildSettings


class Unread(StrEnum):
    """Why a message is not read."""

    OWN = "own"
    BOT = "bot"
    MUTED = "muted"
    SILENT = "silent"
    WORDS = "words"
    BLOCKED = "blocked"
    OPTED_OUT = "opted out"
    ELSEWHERE = "elsewhere"
    NO_ROLE = "no role"
    EXCLUDED_ROLE = "excluded role"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True)
class Written:
    """A message and its author.

    `in_channel`: the author sits in the bot's voice channel; `silenced`: Discord keeps the author
    from being heard there; `silent`: it was sent with `@silent`.
    """

    content: str
    own: bool = False
    by_bot: bool = False
    in_channel: bool = True
    silenced: bool = False
    silent: bool = False
    role_ids: AbstractSet[int] = frozenset()
    exclusions: AbstractSet[Exclusion] = frozenset()


def why_unread(written: Written, settings: GuildSettings) -> Unread | None:
    """The first reason not to read a message, or None where it is to be read.

    Bots sit in no channel and have no roles to speak of: `read_bots` alone decides on them, and
    whether they are blocked. The bot's own messages are never read.
    """
    if written.own:
        return Unread.OWN
    if written.content.startswith(settings.unread_prefix):
        return Unread.MUTED
    if written.silent and not settings.read_silent:
        return Unread.SILENT
    if has_listed_words(written.content, settings.unread_words):
        return Unread.WORDS
    if written.exclusions & {Exclusion.BLOCKED, Exclusion.BARRED}:
        return Unread.BLOCKED
    if written.by_bot:
        return None if settings.read_bots else Unread.BOT
    return _why_author_unread(written, settings)


def _why_author_unread(written: Written, settings: GuildSettings) -> Unread | None:
    if Exclusion.OPTED_OUT in written.exclusions:
        return Unread.OPTED_OUT
    if written.silenced:
        return Unread.SILENCED
    if settings.only_in_channel and not written.in_channel:
        return Unread.ELSEWHERE
    required = settings.required_role_id
    if required is not None and required not in written.role_ids:
        return Unread.NO_ROLE
    if settings.excluded_role_id in written.role_ids:
        return Unread.EXCLUDED_ROLE
    return None
