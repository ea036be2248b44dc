"""How many voices a server may have. Those that are disabled there, or whose owner left, are none.

Discord does not tell who left, so it is asked once the server is full.
"""

from bot.base.errors import UserError
from bot.voices.sharing import Sharing
from data.store import Store

#: Owners that Discord is asked about for one registration: each is a request.
_ASKED_AT_ONCE = 25


class ServerQuota:
    """At most `most` voices that were registered in one server.

    Who left is known until the next start, or until they register a voice again.
    """

    def __init__(self, store: Store, sharing: Sharing, most: int) -> None:
        self._voices = store.voices
        self._sharing = sharing
        self._most = most
        self._left: dict[int, set[int]] = {}  # by server
        self._stayed: dict[int, set[int]] = {}  # when they were last asked about

    async def require(self, guild_id: int, user_id: int) -> None:
        """Raise `UserError` where a server has no room for one more voice."""
        owners = await self._voices.owners_counted_in(guild_id)
        if sum(owners.values()) < self._most:
            return
        left = self._left.setdefault(guild_id, set())
        left.discard(user_id)
        stayed = self._stayed.setdefault(guild_id, set())
        unknown = owners.keys() - left - stayed - {user_id}
        if not unknown:  # all were asked about: begin anew
            stayed.clear()
            unknown = owners.keys() - left - {user_id}
        for owner_id in sorted(unknown)[:_ASKED_AT_ONCE]:
            if self._counted(owners, left) < self._most:
                return
            answer = await self._sharing.membership(guild_id, owner_id)
            (left if answer is False else stayed).add(owner_id)
        if self._counted(owners, left) >= self._most:
            raise UserError(
                "This server has reached its limit of {most:,} voices.", most=self._most
            )

    @staticmethod
    def _counted(owners: dict[int, int], left: set[int]) -> int:
        return sum(voices for owner_id, voices in owners.items() if owner_id not in left)
