"""What each server has chosen."""

from collections.abc import Callable

from data.part import StorePart
from data.rows import GuildSettings, typed


class GuildSettingsStore(StorePart):
    """Settings by server. A server without a row has the defaults."""

    async def get(self, guild_id: int) -> GuildSettings:
        found = await self._database.lookup(
            "SELECT * FROM guild_settings WHERE guild_id = ?", guild_id
        )
        return typed(found[0], GuildSettings) if found else GuildSettings(guild_id=guild_id)

    async def update(
        self, guild_id: int, change: Callable[[GuildSettings], GuildSettings]
    ) -> GuildSettings:
        """Replace a server's settings by `change(current)`; no other change gets in between.

        Raises `ValueError` if `change` names another server, `RuleBroken` if the default voice
        does not exist.
        """
        async with self._database.transaction():
            changed = change(await self.get(guild_id))
            if changed.guild_id != guild_id:
                raise ValueError("settings cannot move to another server")
            await self._database.upsert("guild_settings", changed, key="guild_id")
        return changed
