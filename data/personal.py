"""Everything about a person, read off the schema: a table added later is in it by itself."""

from data.database import Value
from data.part import StorePart

#: Tables without a reference to `users`, and how they lead to a person all the same.
_INDIRECTLY = {
    "users": "user_id = ?",
    "voice_shares": "voice_id IN (SELECT voice_id FROM voices WHERE owner_id = ?)",
    "disabled_voices": "voice_id IN (SELECT voice_id FROM voices WHERE owner_id = ?)",
    "conditionals_cache": "clip_sha256 IN (SELECT clip_sha256 FROM voices WHERE owner_id = ?)",
    "speech_cache": (
        "voice_identity IN (SELECT 'clip:' || clip_sha256 FROM voices WHERE owner_id = ?)"
    ),
}


class PersonalDataStore(StorePart):
    """Finds rows by the references to `users` that the schema demands of every user's id."""

    async def rows_about(self, user_id: int) -> dict[str, list[dict[str, Value]]]:
        """All rows that hold a person's id, by table, and what hangs on their voices' clips."""
        found = {
            table: await self._select(f"SELECT * FROM {table} WHERE {condition}", user_id)  # noqa: S608
            for table, condition in _INDIRECTLY.items()
        }
        for table, column in await self._references():
            rows = await self._select(f"SELECT * FROM {table} WHERE {column} = ?", user_id)  # noqa: S608 - names from the schema
            found[table] = found.get(table, []) + rows
        return found

    async def _references(self) -> list[tuple[str, str]]:
        rows = await self._database.fetch(
            'SELECT m.name AS name, f."from" AS referring FROM sqlite_master AS m, '
            "pragma_foreign_key_list(m.name) AS f "
            "WHERE m.type = 'table' AND f.\"table\" = 'users' ORDER BY m.name"
        )
        return [(str(row["name"]), str(row["referring"])) for row in rows]

    async def _select(self, sql: str, user_id: int) -> list[dict[str, Value]]:
        return [dict(row) for row in await self._database.fetch(sql, user_id)]
