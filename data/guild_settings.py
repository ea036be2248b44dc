"""What each server has chosen."""

from collections.abc import Callable

from data.database import Database
from data.rows import GuildSettings, typed


class GuildSettingsStore:
    """Settings by server. A server without a row has the defaults."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, guild_id: int) -> GuildSettings:
        """A server's settings."""
        rows = await self._database.fetch(
            "SELECT * FROM guild_settings WHERE guild_id = ?", guild_id
        )
        return typed(rows[0], GuildSettings) if rows else GuildSettings(guild_id=guild_id)

    async def update(
        self, guild_id: int, change: Callable[[GuildSettings], GuildSettings]
    ) -> GuildSettings:
        """Replace a server's settings by `change(current)`; no other change gets in between.

        Raises `ValueError` if `change` names another server, `sqlite3.IntegrityError` if the
        default voice does not exist.
        """
        async with self._database.transaction():
            changed = change(await self.get(guild_id))
            if changed.guild_id != guild_id:
                raise ValueError("settings cannot move to another server")
            await self._database.execute(
                "INSERT OR REPLACE INTO guild_settings (guild_id, default_voice_id, read_names, "
                "name_pause_s, announce_moves, read_bots, only_in_channel, required_role_id, "
                "max_message_chars, stock_voice, volume_percent, alone_leave_s, idle_leave_s) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                changed.guild_id,
                changed.default_voice_id,
                changed.read_names,
                changed.name_pause_s,
                changed.announce_moves,
                changed.read_bots,
                changed.only_in_channel,
                changed.required_role_id,
                changed.max_message_chars,
                changed.stock_voice,
                changed.volume_percent,
                changed.alone_leave_s,
                changed.idle_leave_s,
            )
        return changed
