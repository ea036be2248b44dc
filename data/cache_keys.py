"""What the two caches keep on disk: enrolled clips and rendered speech.

Rows only. Before a row is deleted, or the voice that it goes with, its file is removed: a crash in
between leaves a row, which is found, and never a file that nothing knows of.
"""

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

import msgspec

from data.columns import Value, given, matching
from data.part import StorePart
from data.rows import (
    ConditionalsKey,
    NewConditionals,
    NewSpeech,
    OwnName,
    SpeechKey,
    SpeechOrigin,
    typed,
)

#: A cache hit writes to the database at most this often per key; eviction is exact to as much.
TOUCH_INTERVAL_S = 60.0

_EVICTED_AT_ONCE = 256


CacheRow = TypeVar("CacheRow", ConditionalsKey, SpeechKey)


class _Noted(SpeechKey, frozen=True, kw_only=True):
    noted: bool


class CacheStore(StorePart, Generic[CacheRow]):
    """One of the two caches: a row for each file."""

    _table: ClassVar[str]
    _row_type: type[CacheRow]

    async def all(self) -> list[CacheRow]:
        """Every row, the last used first."""
        order = "last_used_at DESC, key"
        return await self._database.rows(self._row_type, self._table, order=order)

    async def made_with(self, voice_identity: str) -> list[CacheRow]:
        return await self._database.rows(self._row_type, self._table, voice_identity=voice_identity)

    async def delete(self, keys: Iterable[str]) -> int:
        """Forget rows by key, all or none; returns how many there were."""
        all_keys, gone = list(keys), 0
        async with self._database.transaction():
            for begin in range(0, len(all_keys), _EVICTED_AT_ONCE):
                some = all_keys[begin : begin + _EVICTED_AT_ONCE]
                gone += await self._database.execute(
                    f"DELETE FROM {self._table} WHERE key IN ({', '.join('?' * len(some))})",  # noqa: S608
                    *some,
                )
        return gone


class ConditionalsStore(CacheStore[ConditionalsKey]):
    """Enrolled clips. They outlive no voice: with its owner's last one of a clip its rows go."""

    _table = "conditionals_cache"
    _row_type = ConditionalsKey

    async def record(self, made: NewConditionals) -> None:
        """Remember an enrolment; of one made again, keep when it was first."""
        now = self._clock()
        row = msgspec.structs.asdict(made) | {"created_at": now, "last_used_at": now}
        await self._database.upsert(self._table, row, key="key", keep="created_at")

    async def touch(self, voice_identity: str) -> None:
        """Count a use of a voice's enrolments, written down at most once in `TOUCH_INTERVAL_S`."""
        now = self._clock()
        await self._database.execute(
            "UPDATE conditionals_cache SET last_used_at = ? WHERE voice_identity = ? "
            "AND last_used_at <= ?",
            now,
            voice_identity,
            now - TOUCH_INTERVAL_S,
        )


class SpeechStore(CacheStore[SpeechKey]):
    """Rendered speech, with what is needed to evict the least recently used."""

    _table = "speech_cache"
    _row_type = SpeechKey

    async def get(self, key: str) -> SpeechKey | None:
        return await self._database.row(SpeechKey, self._table, key=key)

    async def get_for(self, key: str, origin: SpeechOrigin) -> tuple[SpeechKey | None, bool]:
        """The rendering, and whether it is noted that `origin` had it said."""
        said = msgspec.structs.asdict(origin)
        found = await self._database.lookup(
            "SELECT s.*, EXISTS (SELECT 1 FROM speech_origins AS o "  # noqa: S608 - columns
            f"WHERE o.key = s.key AND {matching(said)}) AS noted "
            "FROM speech_cache AS s WHERE s.key = ?",
            *given(said),
            key,
        )
        if not found:
            return None, False
        row = typed(found[0], _Noted)
        return row, row.noted

    async def touch(self, found: SpeechKey) -> None:
        """Count a use of a rendering that was looked up.

        It is written down only if the last one is `TOUCH_INTERVAL_S` old, so that a popular line
        costs one write a minute.
        """
        now = self._clock()
        if now - found.last_used_at >= TOUCH_INTERVAL_S:
            await self._database.execute(
                "UPDATE speech_cache SET last_used_at = ? WHERE key = ? AND last_used_at < ?",
                now,
                found.key,
                now,
            )

    async def record(
        self,
        made: NewSpeech,
        origin: SpeechOrigin | None = None,
        own_names: Sequence[OwnName] = (),
    ) -> bool:
        """Remember a rendering and who had it said; of one made again, keep when it was first.

        All others were used before: a clock that was set back would have the newest evicted first.
        False where somebody is not called by one of `own_names` any more: then it must not stay.
        """
        now = self._clock()
        async with self._database.transaction():
            if not await self._are_called(own_names, origin):
                await self._database.delete("speech_cache", key=made.key)
                return False
            (last,) = await self._database.column("SELECT max(last_used_at) FROM speech_cache")
            used = now if last is None or now > last else math.nextafter(last, math.inf)
            row = msgspec.structs.asdict(made) | {"created_at": now, "last_used_at": used}
            await self._database.upsert(self._table, row, key="key", keep="created_at")
            if origin is not None:
                await self._note(made.key, origin, own_names)
        return True

    async def note(self, key: str, origin: SpeechOrigin, own_names: Sequence[OwnName] = ()) -> None:
        """Note who had a rendering said, and whose names it says."""
        if not own_names and await self._note_at_once(key, origin):
            return
        async with self._database.transaction():
            # It, or the name, may have gone meanwhile.
            if await self.get(key) and await self._are_called(own_names, origin):
                await self._note(key, origin, own_names)

    async def _note_at_once(self, key: str, origin: SpeechOrigin) -> bool:
        """In one statement, where both are known; with hundreds of servers each takes its time."""
        return bool(
            await self._database.execute(
                "INSERT INTO speech_origins (key, user_id, guild_id, message_id) "
                "SELECT s.key, u.user_id, CAST(? AS BIGINT), CAST(? AS BIGINT) "
                "FROM speech_cache AS s, users AS u WHERE s.key = ? AND u.user_id = ? "
                "ON CONFLICT DO NOTHING",
                origin.guild_id,
                origin.message_id,
                key,
                origin.user_id,
            )
        )

    async def naming(self, **named: int) -> list[SpeechKey]:
        """The renderings that say a name which members chose, by `user_id`, `guild_id` or both."""
        return await self._database.select(
            SpeechKey,
            "SELECT * FROM speech_cache WHERE key IN "  # noqa: S608 - columns
            f"(SELECT key FROM speech_names WHERE {matching(named)})",
            *named.values(),
        )

    async def said_only_by(self, **origin: int) -> list[SpeechKey]:
        """The renderings whose every origin has these values in its columns."""
        condition = matching(origin)
        return await self._database.select(
            SpeechKey,
            "SELECT * FROM speech_cache AS s WHERE key IN "  # noqa: S608 - columns
            f"(SELECT key FROM speech_origins WHERE {condition}) AND NOT EXISTS "
            "(SELECT 1 FROM speech_origins AS o WHERE o.key = s.key "
            f"AND ({condition}) IS NOT TRUE)",
            *origin.values(),
            *origin.values(),
        )

    async def forget_origins(self, **origin: int) -> None:
        """Forget who had it said. What was said by nobody else is deleted before, file by file."""
        await self._database.delete("speech_origins", **origin)

    async def made_before(self, created_at: float) -> list[SpeechKey]:
        return await self._database.select(
            SpeechKey, "SELECT * FROM speech_cache WHERE created_at < ?", created_at
        )

    async def total_bytes(self) -> int:
        (total,) = await self._database.column("SELECT size_bytes FROM speech_totals")
        return int(total)

    async def beyond(self, limit_bytes: int) -> list[SpeechKey]:
        """The renderings to evict so that the rest fits into `limit_bytes`, longest unused first.

        The most recently used ones that fit together stay; everything used before them goes. Where
        it is too much, a twentieth more goes as well, so that it is not too much each time.
        """
        total = await self.total_bytes()
        if total <= limit_bytes:
            return []
        surplus = total - (limit_bytes - limit_bytes // 20)
        found: list[SpeechKey] = []
        while surplus > 0:
            page = await self._database.select(
                SpeechKey,
                "SELECT * FROM speech_cache ORDER BY last_used_at, key LIMIT ? OFFSET ?",
                _EVICTED_AT_ONCE,
                len(found),
            )
            for row in page:
                if surplus > 0:
                    found.append(row)
                    surplus -= row.size_bytes
            if len(page) < _EVICTED_AT_ONCE:
                break
        return found

    async def _note(self, key: str, origin: SpeechOrigin, own_names: Sequence[OwnName]) -> None:
        await self._remember(origin.user_id)
        row = {"key": key, **msgspec.structs.asdict(origin)}
        await self._database.insert("speech_origins", row, unless_known=True)
        for one in own_names:
            named: dict[str, Value] = {
                "key": key,
                "user_id": one.user_id,
                "guild_id": origin.guild_id,
            }
            await self._database.insert("speech_names", named, unless_known=True)

    async def _are_called(self, own_names: Sequence[OwnName], origin: SpeechOrigin | None) -> bool:
        """Whether all of these members are still called so where it is said."""
        for one in own_names:
            if not await self._database.fetch(
                "SELECT 1 FROM member_words "
                "WHERE user_id = ? AND guild_id = ? AND kind = 'name' AND words = ?",
                one.user_id,
                origin.guild_id if origin else None,
                one.words,
            ):
                return False
        return True
