"""What the two caches keep on disk: enrolled clips and rendered speech.

Rows only. Whoever deletes a row, or the voice that it goes with, removes the file first, so that a
crash in between leaves a row to be cleared and never a file that nothing knows of.
"""

from collections.abc import Callable, Iterable

from data.database import Database
from data.rows import ConditionalsKey, SpeechKey, typed

#: A cache hit writes to the database at most this often per key; eviction is exact to as much.
TOUCH_INTERVAL_S = 60.0


class ConditionalsKeys:
    """Enrolled clips. They outlive no voice: deleting the last one with a clip deletes its rows."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def record(
        self,
        *,
        key: str,
        clip_sha256: str,
        model_revision: str,
        engine_version: str,
        path: str,
        size_bytes: int,
    ) -> None:
        """Remember an enrolment; of one made again, keep when it was first."""
        now = self._clock()
        await self._database.execute(
            "INSERT INTO conditionals_cache (key, clip_sha256, model_revision, engine_version, "
            "path, size_bytes, created_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET path = excluded.path, "
            "size_bytes = excluded.size_bytes, last_used_at = excluded.last_used_at",
            key,
            clip_sha256,
            model_revision,
            engine_version,
            path,
            size_bytes,
            now,
            now,
        )

    async def touch(self, clip_sha256: str) -> None:
        """Count a use of a clip's enrolments, written down at most once in `TOUCH_INTERVAL_S`."""
        now = self._clock()
        await self._database.execute(
            "UPDATE conditionals_cache SET last_used_at = ? WHERE clip_sha256 = ? "
            "AND last_used_at <= ?",
            now,
            clip_sha256,
            now - TOUCH_INTERVAL_S,
        )

    async def all(self) -> list[ConditionalsKey]:
        """Every enrolment, the last used first."""
        rows = await self._database.fetch(
            "SELECT * FROM conditionals_cache ORDER BY last_used_at DESC, key"
        )
        return [typed(row, ConditionalsKey) for row in rows]

    async def of_clip(self, clip_sha256: str) -> list[ConditionalsKey]:
        """The enrolments of one clip."""
        rows = await self._database.fetch(
            "SELECT * FROM conditionals_cache WHERE clip_sha256 = ? ORDER BY key", clip_sha256
        )
        return [typed(row, ConditionalsKey) for row in rows]

    async def delete(self, keys: Iterable[str]) -> int:
        """Forget enrolments by key, all or none; returns how many there were."""
        return await self._database.execute_each(
            "DELETE FROM conditionals_cache WHERE key = ?", [(key,) for key in keys]
        )

    async def delete_clip(self, clip_sha256: str) -> int:
        """Forget all enrolments of a clip; returns how many there were."""
        return await self._database.execute(
            "DELETE FROM conditionals_cache WHERE clip_sha256 = ?", clip_sha256
        )


class SpeechKeys:
    """Rendered speech, with what is needed to evict the least recently used."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def get(self, key: str) -> SpeechKey | None:
        """Look a rendering up."""
        rows = await self._database.fetch("SELECT * FROM speech_cache WHERE key = ?", key)
        return typed(rows[0], SpeechKey) if rows else None

    async def touch(self, found: SpeechKey) -> None:
        """Count a use of a rendering that was looked up.

        It is written down only if the last one is `TOUCH_INTERVAL_S` old, so that a popular line
        costs one write a minute.
        """
        now = self._clock()
        if now - found.last_used_at >= TOUCH_INTERVAL_S:
            await self._database.execute(
                "UPDATE speech_cache SET last_used_at = max(last_used_at, ?) WHERE key = ?",
                now,
                found.key,
            )

    async def record(
        self, *, key: str, voice_identity: str, path: str, size_bytes: int, duration_s: float
    ) -> None:
        """Remember a rendering; of one made again, keep when it was first.

        No other was used later: a clock that was set back would have the newest evicted first.
        """
        now = self._clock()
        await self._database.execute(
            "INSERT INTO speech_cache (key, voice_identity, path, size_bytes, duration_s, "
            "created_at, last_used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
            "max(?6, (SELECT coalesce(max(last_used_at), ?6) FROM speech_cache))) "
            "ON CONFLICT (key) DO UPDATE SET path = excluded.path, "
            "size_bytes = excluded.size_bytes, duration_s = excluded.duration_s, "
            "last_used_at = excluded.last_used_at",
            key,
            voice_identity,
            path,
            size_bytes,
            duration_s,
            now,
        )

    async def all(self) -> list[SpeechKey]:
        """Every rendering, the last used first."""
        rows = await self._database.fetch(
            "SELECT * FROM speech_cache ORDER BY last_used_at DESC, key"
        )
        return [typed(row, SpeechKey) for row in rows]

    async def made_with(self, voice_identity: str) -> list[SpeechKey]:
        """The renderings in one voice."""
        rows = await self._database.fetch(
            "SELECT * FROM speech_cache WHERE voice_identity = ? ORDER BY key", voice_identity
        )
        return [typed(row, SpeechKey) for row in rows]

    async def total_bytes(self) -> int:
        """Size of all renderings together."""
        rows = await self._database.fetch(
            "SELECT coalesce(sum(size_bytes), 0) AS total FROM speech_cache"
        )
        return int(rows[0]["total"])

    async def beyond(self, limit_bytes: int) -> list[SpeechKey]:
        """The renderings to evict so that the rest fits into `limit_bytes`, longest unused first.

        The most recently used ones that fit together stay; everything used before them goes. Where
        it is too much, a twentieth more goes as well: putting all of them in order takes long.
        """
        if await self.total_bytes() <= limit_bytes:
            return []
        rows = await self._database.fetch(
            "SELECT * FROM (SELECT *, sum(size_bytes) OVER "
            "(ORDER BY last_used_at DESC, rowid DESC) AS kept_bytes, rowid AS made "
            "FROM speech_cache) WHERE kept_bytes > ? ORDER BY last_used_at, made",
            limit_bytes - limit_bytes // 20,
        )
        return [typed(row, SpeechKey) for row in rows]

    async def delete(self, keys: Iterable[str]) -> int:
        """Forget renderings by key, all or none; returns how many there were."""
        return await self._database.execute_each(
            "DELETE FROM speech_cache WHERE key = ?", [(key,) for key in keys]
        )
