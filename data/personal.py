"""Everything about a person, read off the schema: a table added later is in it by itself."""

from collections.abc import Callable

import msgspec

from data.columns import Value
from data.pseudonyms import PseudonymousPart
from data.rows import DisabledClip, Record

_OF_VOICES = (
    "voice_identity IN "
    "(SELECT 'clip:' || owner_id || ':' || clip_sha256 FROM voices WHERE owner_id = ?)"
)
#: Tables without a reference to `users`, and how they lead to a person all the same.
_INDIRECTLY = {
    "users": "user_id = ?",
    "voice_shares": "voice_id IN (SELECT voice_id FROM voices WHERE owner_id = ?)",
    "disabled_voices": "voice_id IN (SELECT voice_id FROM voices WHERE owner_id = ?)",
    "heard_voices": "voice_id IN (SELECT voice_id FROM voices WHERE owner_id = ?)",
    "reports": (
        "report_id IN (SELECT report_id FROM report_people WHERE part = 'by' AND user_id = ?)"
    ),
    "conditionals_cache": _OF_VOICES,
    "speech_cache": _OF_VOICES,
}
#: Tables that know people by their codes.
_BY_CODE = ("kept_moderation", "bars", "moderated_sounds")


class PersonalDataStore(PseudonymousPart):
    """Finds rows by the references to `users` that the schema demands of every user's id."""

    async def rows_about(
        self, user_id: int, digest_of: Callable[[str], str] = str
    ) -> dict[str, list[dict[str, Value]]]:
        """All rows that hold a person's id, by table, and what hangs on their voices' clips.

        `digest_of` gives what a clip is known by once it is disabled, from its SHA-256.
        """
        references = [(table, f"{column} = ?") for table, column in await self._references()]
        found: dict[str, list[dict[str, Value]]] = {}
        person = self._pseudonym(user_id)
        for table, condition in (*_INDIRECTLY.items(), *references):
            sql = f"SELECT * FROM {table} WHERE {condition}"  # noqa: S608 - names from the schema
            rows = await self._database.fetch(sql, user_id)
            found.setdefault(table, []).extend(map(_by_column, rows))
        for table in _BY_CODE:
            sql = f"SELECT * FROM {table} WHERE person = ?"  # noqa: S608 - names from above
            found[table] = list(map(_by_column, await self._database.fetch(sql, person)))
        # Without the code, which may be beside another person's.
        pauses = "SELECT kind, until FROM pauses WHERE person LIKE '%' || ? || '%' AND until > ?"
        rows = await self._database.fetch(pauses, person, self._clock())
        found["pauses"] = list(map(_by_column, rows))
        digests = {digest_of(str(voice["clip_sha256"])) for voice in found["voices"]}
        found["disabled_clips"] = []
        for digest in sorted(digests):
            for clip in await self._database.rows(
                DisabledClip, "disabled_clips", order="disabled_at", clip_digest=digest
            ):
                columns = msgspec.structs.asdict(clip)
                columns["voiceprint"] = clip.voiceprint.hex().upper() if clip.voiceprint else ""
                found["disabled_clips"].append(columns)
        return found

    async def delete(
        self, user_id: int, *, keep_bars: bool = True, keep_reports: bool = True
    ) -> None:
        """Delete a person and, by cascade, every row about them.

        What moderators decided about how they sound, that they are barred or blocked from live
        reading, and open reports by and about them, stay under the person's code, or go with what
        stayed of an earlier deletion. Files are the caller's: what lies in them has to be gone
        before.
        """
        person = self._pseudonym(user_id)
        which, kept = ("handled_at IS NOT NULL AND", "1 = 0 AND") if keep_reports else ("", "")
        async with self._database.transaction():
            await self._database.execute(
                f"DELETE FROM reports WHERE {which} report_id IN "  # noqa: S608 - from above
                "(SELECT report_id FROM report_people WHERE user_id = ? UNION "
                f"SELECT report_id FROM kept_moderation WHERE {kept} person = ?)",
                user_id,
                person,
            )
            if keep_bars:
                await self._database.execute(
                    "INSERT INTO kept_moderation (person, guild_id) "
                    "SELECT ?, guild_id FROM live_exclusions "
                    "WHERE user_id = ? AND kind = 'blocked' ON CONFLICT DO NOTHING",
                    person,
                    user_id,
                )
            else:
                await self._database.delete("kept_moderation", person=person, report_id=None)
                await self._database.delete("bars", person=person)
                await self._database.delete("moderated_sounds", person=person)
                # Who asked whom is there under both codes.
                await self._database.execute(
                    "DELETE FROM pauses WHERE person LIKE '%' || ? || '%'", person
                )
            await self._database.execute(
                "INSERT INTO kept_moderation (person, guild_id, report_id) "
                "SELECT ?, guild_id, report_id FROM reports JOIN report_people USING (report_id) "
                "WHERE user_id = ? AND part = 'about' ON CONFLICT DO NOTHING",
                person,
                user_id,
            )
            await self._database.delete("users", user_id=user_id)

    async def forget_strangers(self) -> int:
        """Delete the people of whom nothing but their id is left; returns how many there were."""
        nothing_left = " AND ".join(
            f"user_id NOT IN (SELECT {column} FROM {table} WHERE {column} IS NOT NULL)"  # noqa: S608
            for table, column in await self._references()
        )
        return await self._database.execute(f"DELETE FROM users WHERE {nothing_left}")  # noqa: S608

    async def _references(self) -> list[tuple[str, str]]:
        """The tables and columns that refer to `users`."""
        return await self._database.references_to("users")


def _by_column(row: Record) -> dict[str, Value]:
    return {name: row[name] for name in row.keys()}  # noqa: SIM118 - it gives values
