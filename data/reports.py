"""What members reported to a server's moderators. Open reports outlive the people in them."""

from data.database import Value
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
            report_id = await self._database.insert("reports", row)
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
        return await self._database.select(
            VoiceReport,
            f"{_REPORTS} WHERE r.guild_id = ?1 AND r.handled_at IS {state} "
            "AND (?2 IS NULL OR a.user_id = ?2 OR k.person = ?3) "
            "ORDER BY r.reported_at DESC, r.report_id DESC",
            guild_id,
            about_id,
            self._pseudonym(about_id or 0),
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
