"""Recordings that were named on the command line, and so belong to no member."""

from data.part import StorePart


class LocalClipStore(StorePart):
    """Which of them are in use, by SHA-256: what is made of those is kept."""

    async def use(self, clip_sha256: str) -> None:
        """Count a use. A member's clip is not noted: what is made of it goes with their voice."""
        await self._database.execute(
            "INSERT INTO local_clips (clip_sha256, last_used_at) SELECT ?, ? "
            "WHERE NOT EXISTS (SELECT 1 FROM voices WHERE clip_sha256 = ?) "
            "ON CONFLICT (clip_sha256) DO UPDATE SET last_used_at = excluded.last_used_at",
            clip_sha256,
            self._clock(),
            clip_sha256,
        )

    async def all(self) -> set[str]:
        return set(await self._database.column("SELECT clip_sha256 FROM local_clips"))

    async def forget(self, clip_sha256: str) -> None:
        await self._database.delete("local_clips", clip_sha256=clip_sha256)

    async def forget_unused(self, within_s: float) -> None:
        """Forget those that were not used within so many seconds; 0: all."""
        await self._database.execute(
            "DELETE FROM local_clips WHERE last_used_at <= ?", self._clock() - within_s
        )
