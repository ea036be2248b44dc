"""Whether a message is read aloud: one decision over plain facts, without Discord objects."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from data.live import Exclusion
from data.rows import GuildSettings

#: A message that begins with this is not for the ears.
MUTE_PREFIX = ";"


class Unread(StrEnum):
    """Why a message is not read."""

    OWN = "own"
    BOT = "bot"
    MUTED = "muted"
    BLOCKED = "blocked"
    OPTED_OUT = "opted out"
    ELSEWHERE = "elsewhere"
    NO_ROLE = "no role"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True)
class Written:
    """A message and its author.

    `in_channel`: the author sits in the bot's voice channel; `silenced`: Discord keeps the author
    from being heard there.
    """

    content: str
    own: bool = False
    by_bot: bool = False
    in_channel: bool = True
    silenced: bool = False
    role_ids: AbstractSet[int] = frozenset()
    exclusions: AbstractSet[Exclusion] = frozenset()


def why_unread(written: Written, settings: GuildSettings) -> Unread | None:
    """The first reason not to read a message, or None where it is to be read.

    Bots sit in no channel and have no roles to speak of: `read_bots` alone decides on them, and
    whether they are blocked. The bot's own messages are never read.
    """
    if written.own:
        return Unread.OWN
    if written.content.startswith(MUTE_PREFIX):
        return Unread.MUTED
    if written.exclusions & {Exclusion.BLOCKED, Exclusion.BARRED}:
        return Unread.BLOCKED
    if written.by_bot:
        return None if settings.read_bots else Unread.BOT
    if Exclusion.OPTED_OUT in written.exclusions:
        return Unread.OPTED_OUT
    if written.silenced:
        return Unread.SILENCED
    if settings.only_in_channel and not written.in_channel:
        return Unread.ELSEWHERE
    required = settings.required_role_id
    if required is not None and required not in written.role_ids:
        return Unread.NO_ROLE
    return None
