"""Which servers the bot has greeted, so that none is greeted twice."""

from data.part import StorePart


class WelcomeStore(StorePart):
    """A row for each server; it goes with everything else about the server."""

    async def claim(self, guild_id: int) -> bool:
        """Note that a server is greeted now; false if it was before."""
        row = {"guild_id": guild_id, "welcomed_at": self._clock()}
        return await self._database.insert("welcomed_guilds", row, unless_known=True)
