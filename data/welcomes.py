"""Which servers the bot has greeted, so that none is greeted twice."""

from data.part import StorePart


class WelcomeStore(StorePart):
    """A row for each server; it goes with everything else about the server."""

    async def claim(self, guild_id: int) -> bool:
        """Note that a server is greeted now; false if it was before."""
        claimed = await self._database.execute(
            "INSERT OR IGNORE INTO welcomed_guilds (guild_id, welcomed_at) VALUES (?, ?)",
            guild_id,
            self._clock(),
        )
        return claimed == 1
