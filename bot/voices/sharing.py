"""Shares end: by their owner, anywhere, and when their owner is no member of the server any more.

Without the members intent Discord tells of nobody's leaving, so it is asked when somebody else
uses the voice, and its answer is good for some minutes. Where it does not answer the share stays.
"""

import logging
from collections.abc import Awaitable, Callable
from pathlib import PurePath

from bot.speech.notices import Concern
from bot.speech.service import SpeechService
from data.rows import VoiceRow
from data.store import Store
from engine.errors import VoiceUnusable

#: How long Discord's answer is good for.
ANSWER_KEPT_S = 300.0
#: How soon Discord is asked again after it did not answer.
ASK_AGAIN_S = 15.0

_UNSHARED = VoiceUnusable("This voice is not shared here any more, so I stopped.")

log = logging.getLogger(__name__)

#: Whether somebody (the second id) is a member of a server (the first); None: Discord did not say.
Membership = Callable[[int, int], Awaitable[bool | None]]


async def unknown_membership(_guild_id: int, _user_id: int) -> bool | None:
    """Where there is no Discord to ask: nothing ends on its own."""
    return None


class Sharing:
    """Ends shares, in the middle of what others say in the voice.

    `clock` is in seconds; `membership` is Discord's, once there is a connection to it.
    """

    def __init__(self, store: Store, speech: SpeechService, *, clock: Callable[[], float]) -> None:
        self._store = store
        self._speech = speech
        self._clock = clock
        self.membership: Membership = unknown_membership
        self._asked: dict[tuple[int, int], float] = {}  # until when the share stands unasked

    async def end(self, voice: VoiceRow, guild_id: int) -> bool:
        """Take a share back, with what others made of it; false if there was none."""
        if not await self._store.shares.unshare(voice.voice_id, guild_id):
            return False
        by_others = Concern(
            clip_file=PurePath(voice.clip_path).name, guild_id=guild_id, others_than=voice.owner_id
        )
        await self._speech.withdraw(by_others, reason=_UNSHARED)
        return True

    async def stands(self, voice: VoiceRow, guild_id: int) -> bool:
        """Whether a voice's owner is still a member of a server it is shared with.

        If not, all that they share with it ends.
        """
        now = self._clock()
        self._asked = {key: until for key, until in self._asked.items() if until > now}
        if (guild_id, voice.owner_id) in self._asked:
            return True
        answer = await self.membership(guild_id, voice.owner_id)
        if answer is False:
            for other in await self._store.voices.of_owner(voice.owner_id):
                await self.end(other, guild_id)
            log.info("an owner left, so a share ended", extra={"guild": guild_id})
            return False
        kept_s = ASK_AGAIN_S if answer is None else ANSWER_KEPT_S
        self._asked[guild_id, voice.owner_id] = self._clock() + kept_s
        return True
