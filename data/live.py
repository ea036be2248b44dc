"""What is read aloud in a server, and who is not."""

from enum import StrEnum

from data.part import StorePart
from data.pseudonyms import PseudonymousPart
from data.rows import LiveBinding


class Exclusion(StrEnum):
    """Why a member's messages are not read: a moderator's decision, or their own."""

    BLOCKED = "blocked"
    OPTED_OUT = "opted_out"
    BARRED = "barred"  # from everything, see `data.bars`


class ExclusionStore(PseudonymousPart):
    """Members whose messages are not read aloud. A block outlives the member's own deletion."""

    async def of(self, user_id: int, guild_id: int) -> set[Exclusion]:
        person = self._pseudonym(user_id)
        kinds = await self._database.column(
            "SELECT kind FROM live_exclusions WHERE guild_id = ? AND user_id = ? UNION "
            "SELECT 'blocked' FROM kept_moderation "
            "WHERE guild_id = ? AND person = ? AND report_id IS NULL UNION "
            "SELECT 'barred' FROM bars WHERE person = ? AND kind = 'everything' "
            "AND (guild_id = ? OR guild_id IS NULL) AND (ends_at IS NULL OR ends_at > ?)",
            *(guild_id, user_id),
            *(guild_id, person),
            *(person, guild_id, self._clock()),
        )
        return {Exclusion(kind) for kind in kinds}

    async def listed(self, guild_id: int, kind: Exclusion) -> list[int]:
        return await self._database.column(
            "SELECT user_id FROM live_exclusions WHERE guild_id = ? AND kind = ? ORDER BY user_id",
            guild_id,
            kind.value,
        )

    async def blocked_and_deleted(self, guild_id: int) -> int:
        """How many members are blocked who deleted their data: who they are is not known."""
        (count,) = await self._database.column(
            "SELECT count(*) FROM kept_moderation WHERE guild_id = ? AND report_id IS NULL",
            guild_id,
        )
        return int(count)

    async def add(self, user_id: int, guild_id: int, kind: Exclusion) -> bool:
        """Leave a member out; false if that was so already."""
        async with self._database.transaction():
            await self._remember(user_id)
            row = {"guild_id": guild_id, "user_id": user_id, "kind": kind.value}
            return await self._database.insert("live_exclusions", row, unless_known=True)

    async def remove(self, user_id: int, guild_id: int, kind: Exclusion) -> bool:
        """Read a member again; false if nothing stood against it."""
        async with self._database.transaction():
            stood = await self._database.delete(
                "live_exclusions", guild_id=guild_id, user_id=user_id, kind=kind.value
            )
            if kind is Exclusion.BLOCKED:
                person = self._pseudonym(user_id)
                stood += await self._database.delete(
                    "kept_moderation", guild_id=guild_id, person=person, report_id=None
                )
        return bool(stood)


class LiveBindingStore(StorePart):
    """Which text channels are read where: several a server, each into one voice channel."""

    async def all(self) -> list[LiveBinding]:
        return await self._database.rows(
            LiveBinding, "live_bindings", order="guild_id, text_channel_id"
        )

    async def put(self, binding: LiveBinding) -> None:
        await self._database.upsert("live_bindings", binding, key="guild_id, text_channel_id")

    async def remove(self, guild_id: int, text_channel_id: int | None = None) -> bool:
        """Forget one channel of a server, or (None) all of them; false where there was none."""
        which = {} if text_channel_id is None else {"text_channel_id": text_channel_id}
        return bool(await self._database.delete("live_bindings", guild_id=guild_id, **which))
