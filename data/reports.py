"""What members reported to a server's moderators. Open reports outlive the people in them."""

from data.columns import Value
from data.pseudonyms import PseudonymousPart
from data.rows import VoiceReport

_REPORTS = (
    "SELECT r.*, a.user_id AS about_id, b.user_id AS by_id, k.person FROM reports AS r "
    "LEFT JOIN report_people AS a ON a.report_id = r.report_id AND a.part = 'about' "
    "LEFT JOIN report_people AS b ON b.report_id = r.report_id AND b.part = 'by' "
    "LEFT JOIN kept_moderation AS k ON k.report_id = r.report_id "
)


class ReportStore(PseudonymousPart):
    """Reports by server."""

    async def add(
        self, *, guild_id: int, about_id: int, voice_id: int | None, by_id: int, reason: str
    ) -> None:
        """Store a report; a member's second open one about the same member replaces the first."""
        async with self._database.transaction():
            for person in (about_id, by_id):
                await self._remember(person)
            await self._database.execute(
                "DELETE FROM reports WHERE guild_id = ? AND handled_at IS NULL AND report_id IN "
                "(SELECT a.report_id FROM report_people AS a JOIN report_people AS b "
                "USING (report_id) WHERE a.part = 'about' AND a.user_id = ? "
                "AND b.part = 'by' AND b.user_id = ?)",
                guild_id,
                about_id,
                by_id,
            )
            row: dict[str, Value] = {
                "guild_id": guild_id,
                "voice_id": voice_id,
                "reason": reason,
                "reported_at": self._clock(),
            }
            report_id = await self._database.insert_numbered("reports", row, number="report_id")
            for part, user_id in (("about", about_id), ("by", by_id)):
                people: dict[str, Value] = {
                    "report_id": report_id,
                    "part": part,
                    "user_id": user_id,
                }
                await self._database.insert("report_people", people)

    async def of_guild(
        self, guild_id: int, *, handled: bool, about_id: int | None = None
    ) -> list[VoiceReport]:
        """A server's open or handled reports, the newest first; about one member alone, if named.

        That member is recognised after they deleted their data, too.
        """
        state = "NOT NULL" if handled else "NULL"
        about = ""
        values: list[Value] = [guild_id]
        if about_id is not None:
            about = "AND (a.user_id = ? OR k.person = ?) "
            values += [about_id, self._pseudonym(about_id)]
        return await self._database.select(
            VoiceReport,
            f"{_REPORTS} WHERE r.guild_id = ? AND r.handled_at IS {state} {about}"
            "ORDER BY r.reported_at DESC, r.report_id DESC",
            *values,
        )

    async def handle(self, report_id: int, guild_id: int, *, handled: bool) -> bool:
        """Mark a report of a server as handled, or as open again; false if there is none."""
        changes = {"handled_at": self._clock() if handled else None}
        return bool(
            await self._database.update("reports", changes, report_id=report_id, guild_id=guild_id)
        )

    async def forget_handled(self, kept_s: float) -> int:
        """Delete the reports that were handled so long ago; returns how many."""
        return await self._database.execute(
            "DELETE FROM reports WHERE handled_at <= ?", self._clock() - kept_s
        )
