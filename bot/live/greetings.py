"""What is said when a member comes or goes: their own line in their own voice, or the server's."""

import logging
import time
from collections.abc import Callable

import discord

from bot.base.cooldown import Cooldown
from bot.base.errors import UserError
from bot.channel.admission import VocalChannel, listened_to
from bot.live.message import author_facts
from bot.live.rules import why_unread
from bot.speech.pieces import Saying
from bot.speech.saying import Sayings
from data.live import Exclusion
from data.member_words import WordsKind
from data.rows import GuildSettings
from data.store import Store

log = logging.getLogger(__name__)

#: Whoever comes and goes again and again is greeted once in this time.
PAUSE_S = 300.0


class Greetings:
    """Greetings in all servers. `clock` is in seconds."""

    def __init__(
        self, store: Store, sayings: Sayings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._sayings = sayings
        self._cooldown = Cooldown(PAUSE_S, clock)

    async def of(
        self,
        member: discord.Member,
        seat: VocalChannel,
        settings: GuildSettings,
        *,
        came: bool,
        muted: bool,
    ) -> Saying | None:
        """What is said as `member` comes to `seat` or leaves it; None where that is nothing.

        Discord tells nothing any more of who left: whether a moderator `muted` them is given.
        Raises `UserError` and `SpeechError` where it cannot be said.
        """
        if not came and not listened_to(seat):
            return None
        excluded = await self._store.exclusions.of(member.id, member.guild.id)
        if excluded:
            return None
        if not muted and (
            line := await self._own_line(member, seat, settings, excluded, came=came)
        ):
            try:
                return await self._sayings.of_member(
                    line, member, member.guild, max_chars=settings.max_message_chars
                )
            except UserError as error:  # barred from it, perhaps: that they came is news as usual
                log.info("a member's own line is not said", extra={"reason": str(error)})
        if settings.announce_moves:
            return await self._sayings.announcement(member, came=came)
        return None

    async def _own_line(
        self,
        member: discord.Member,
        seat: VocalChannel,
        settings: GuildSettings,
        excluded: set[Exclusion],
        *,
        came: bool,
    ) -> str | None:
        if not settings.own_greetings:
            return None
        kind = WordsKind.ARRIVAL if came else WordsKind.DEPARTURE
        line = await self._store.member_words.get(member.id, member.guild.id, kind)
        # Who leaves sits elsewhere by now, and was here all the same.
        if line is None or why_unread(
            author_facts(member, seat, excluded, line, in_channel=True), settings
        ):
            return None
        who = f"{kind} {member.guild.id} {member.id}"
        try:
            self._cooldown.require(who)
        except UserError:
            return None
        self._cooldown.use(who)
        return line
