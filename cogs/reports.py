"""The list of reports that moderators turn over, and mark as handled."""

import discord
from discord import ui
from discord.utils import escape_markdown

from bot.catalogue import Sentence, gettext, ngettext
from bot.client import TimbreBot
from bot.voices.moderation import Reported
from bot.voices.references import VoiceReference
from cogs.asking import person_of
from cogs.lists import page_of
from cogs.panels import Panel

_PANEL_TIMEOUT_S = 600.0
_PER_PAGE = 5


class ReportsPanel(Panel):
    """A page of a server's open or handled reports; about one member alone, if one was named."""

    refusal = Sentence("This list is somebody else's. `/voice-admin reports` opens yours.")

    def __init__(self, bot: TimbreBot, moderator_id: int, about_id: int | None) -> None:
        super().__init__(moderator_id, timeout_s=_PANEL_TIMEOUT_S)
        self.bot = bot
        self.handled = False
        self.page = 0
        self._about_id = about_id

    async def page_for(self, interaction: discord.Interaction) -> discord.Embed:
        """The page as it is now, with its buttons. Raises `UserError` for who may not read it."""
        found = await self.bot.services.voice_moderation.reports(
            person_of(interaction), handled=self.handled, about_id=self._about_id
        )
        pages = max(1, -(-len(found) // _PER_PAGE))
        self.page = min(max(self.page, 0), pages - 1)
        first = self.page * _PER_PAGE
        shown = list(enumerate(found[first : first + _PER_PAGE], first + 1))
        self.clear_items()
        for number, (_, report) in shown:
            self.add_item(_Mark(number, report.report_id, handled=not self.handled))
        self.add_item(_Turn(gettext("Newer"), -1, possible=self.page > 0))
        self.add_item(_Turn(gettext("Older"), 1, possible=self.page < pages - 1))
        self.add_item(_Other(handled=not self.handled))
        if self.handled:
            title = ngettext("Reports: {count} handled", "Reports: {count} handled", len(found))
            nothing = gettext("No report is marked as handled.")
        else:
            title = ngettext("Reports: {count} open", "Reports: {count} open", len(found))
            nothing = gettext(
                "No report is open: nobody has reported a voice here, or all are handled."
            )
        lines = [_line(number, one) for number, one in shown]
        if self.page == 0 and not self.handled:
            copies = await self.bot.services.voice_moderation.copies(person_of(interaction))
            lines += [
                gettext(
                    "{member} sent another member's voice as their own {time}. I refused it.",
                    member=f"<@{copy.user_id}>",
                    time=f"<t:{copy.sent_at:.0f}:R>",
                )
                for copy in copies[:_PER_PAGE]
                if self._about_id in (None, copy.user_id)
            ]
        embed = discord.Embed(
            title=title,
            description="\n".join(lines) or nothing,
        )
        return embed.set_footer(text=page_of(self.page + 1, pages))

    async def refresh(self, interaction: discord.Interaction) -> None:
        embed = await self.page_for(interaction)
        await interaction.edit_original_response(embed=embed, view=self)


class _Mark(ui.Button[ReportsPanel]):
    def __init__(self, number: int, report_id: int, *, handled: bool) -> None:
        super().__init__(
            label=gettext("Mark {number} as handled", number=number)
            if handled
            else gettext("Reopen {number}", number=number),
            row=0,
        )
        self._report_id = report_id
        self._handled = handled

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        await interaction.response.defer()
        await self.view.bot.services.voice_moderation.mark(
            self._report_id, person_of(interaction), handled=self._handled
        )
        await self.view.refresh(interaction)


class _Turn(ui.Button[ReportsPanel]):
    def __init__(self, label: str, pages: int, *, possible: bool) -> None:
        super().__init__(label=label, disabled=not possible, row=1)
        self._pages = pages

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        await interaction.response.defer()
        self.view.page += self._pages
        await self.view.refresh(interaction)


class _Other(ui.Button[ReportsPanel]):
    def __init__(self, *, handled: bool) -> None:
        super().__init__(label=gettext("Show handled") if handled else gettext("Show open"), row=1)
        self._handled = handled

    async def callback(self, interaction: discord.Interaction) -> None:
        assert self.view is not None  # an item is pressed in its view
        await interaction.response.defer()
        self.view.handled, self.view.page = self._handled, 0
        await self.view.refresh(interaction)


def _line(number: int, reported: Reported) -> str:
    """One line. The reason is set as code, in which nothing is a mention, a style or a link."""
    voice, report = reported
    about, by = (
        f"<@{user_id}>" if user_id else Sentence("somebody who deleted their data")
        for user_id in (report.about_id, report.by_id)
    )
    reason = report.reason.replace("`", "'")
    time = f"<t:{report.reported_at:.0f}:R>"
    if voice is None:  # a stock voice, or one that is deleted
        told = gettext("{by} reported {about} {time}", about=about, by=by, time=time)
    else:
        told = gettext(
            "{by} reported {voice} of {about} {time}",
            voice=f"**{escape_markdown(voice.name)}** ({VoiceReference.to_voice(voice)})",
            about=about,
            by=by,
            time=time,
        )
    return f"{number}. {told}: `{reason}`"
