"""`/skip`, `/stop`, `/queue`, `/pause`, `/resume`: what is being said and what waits."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.command_mentions import linked
from bot.base.errors import UserError
from bot.catalogue import Sentence, gettext, ngettext
from bot.channel import reasons
from bot.channel.playback import Playback
from bot.channel.session import VoiceSession
from bot.channel.votes import vote_to_skip
from bot.client import TimbreBot
from cogs.asking import member_of, moderates, require_moderator, session_of
from cogs.lists import page_of
from cogs.panels import Panel

_PER_PAGE = 5
_PAGE_TIMEOUT_S = 300.0


class QueueCommands(commands.Cog):
    """Stops, holds back and shows what is said."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    @app_commands.command(description="Skip what I am saying now, or vote to skip it")
    @app_commands.guild_only()
    async def skip(self, interaction: discord.Interaction) -> None:
        session = session_of(interaction)
        playback = session.current
        if playback is None:
            raise UserError("I am not saying anything at the moment.")
        own = playback.author_id == interaction.user.id
        if own or moderates(interaction, session.seat):
            playback.cancel(Sentence("That was skipped."), by=interaction.user.id)
            await interaction.response.send_message(gettext("Skipped."), ephemeral=True)
            return
        settings = await self.bot.services.server_settings.of(member_of(interaction).guild.id)
        if not settings.skip_votes or session.seat is None:
            raise UserError("Somebody else had me say that. Only moderators can skip it.")
        missing = vote_to_skip(playback, interaction.user.id, session.seat)
        if not missing:
            playback.cancel(Sentence("Those who listen voted to skip that."))
            said = Sentence("Skipped: more than half of you voted for it.")
            await interaction.response.send_message(
                said.for_locale(await self.bot.locale_in(interaction.guild))
            )
            return
        said = Sentence.counted(
            "{member} wants to skip this. {count} more vote is needed: use `/skip`.",
            "{member} wants to skip this. {count} more votes are needed: use `/skip`.",
            missing,
            member=interaction.user.mention,
        )
        # For all to see: a vote that nobody knows of is joined by nobody.
        shown = said.for_locale(await self.bot.locale_in(interaction.guild))
        await interaction.response.send_message(linked(interaction, shown))

    @app_commands.command(description="Stop all that you had me say; for moderators, everything")
    @app_commands.guild_only()
    async def stop(self, interaction: discord.Interaction) -> None:
        session = session_of(interaction)
        own = None if moderates(interaction, session.seat) else interaction.user.id
        count = session.stop_speaking(own, by=interaction.user.id)
        if not count:
            raise UserError("There is nothing to stop.")
        await interaction.response.send_message(
            ngettext("I stopped {count} message.", "I stopped {count} messages.", count),
            ephemeral=True,
        )

    @app_commands.command(description="Hold back what I am saying")
    @app_commands.default_permissions(mute_members=True)
    @app_commands.guild_only()
    async def pause(self, interaction: discord.Interaction) -> None:
        session = session_of(interaction)
        require_moderator(
            interaction, Sentence("Only members who may mute others can pause me."), session.seat
        )
        if session.seat is None:
            # What is asked for later would never be said.
            raise UserError(reasons.ABSENT)
        if not session.pause():
            raise UserError("I am already paused. `/resume` lets me go on.")
        await interaction.response.send_message(
            linked(interaction, gettext("I paused. `/resume` lets me go on.")), ephemeral=True
        )

    @app_commands.command(description="Let me go on after /pause")
    @app_commands.default_permissions(mute_members=True)
    @app_commands.guild_only()
    async def resume(self, interaction: discord.Interaction) -> None:
        session = session_of(interaction)
        require_moderator(
            interaction,
            Sentence("Only members who may mute others can let me go on."),
            session.seat,
        )
        if not session.resume():
            raise UserError("I am not paused.")
        await interaction.response.send_message(gettext("I am going on."), ephemeral=True)

    @app_commands.command(description="Show what is being said and what waits")
    @app_commands.guild_only()
    async def queue(self, interaction: discord.Interaction) -> None:
        session = session_of(interaction)
        page = QueuePage(session, interaction.user.id, hears=_hears(interaction, session))
        await interaction.response.send_message(page.text(), view=page, ephemeral=True)


class QueuePage(Panel):
    """One page of the line as one member sees it."""

    refusal = Sentence("This list is somebody else's. `/queue` opens yours.")

    def __init__(
        self, session: VoiceSession, viewer_id: int, page: int = 0, *, hears: bool
    ) -> None:
        """Words of others are shown to those alone who are there to hear them."""
        super().__init__(viewer_id, timeout_s=_PAGE_TIMEOUT_S)
        self._hears = hears
        self._session = session
        self._entries = session.accepted
        self._last = max(0, (len(self._entries) - 1) // _PER_PAGE)
        self._page = min(page, self._last)
        for position, playback in self._shown():
            if playback.author_id == viewer_id:
                self.add_item(_Cancel(self, position, playback))
        if self._last:
            self.add_item(_Turn(self, gettext("Previous"), self._page - 1, enabled=self._page > 0))
            self.add_item(
                _Turn(self, gettext("Next"), self._page + 1, enabled=self._page < self._last)
            )

    def text(self) -> str:
        if not self._entries:
            return gettext("Nothing is waiting to be said.")
        lines = [
            ngettext(
                "**{count} message to say**", "**{count} messages to say**", len(self._entries)
            )
        ]
        if self._session.source.paused:
            lines[0] += " " + gettext("(paused)")
        for position, playback in self._shown():
            line = f"{position}. <@{playback.author_id}>"
            if playback is self._session.current:
                line += " " + gettext("(now)")
            if self._hears or playback.author_id == self.owner_id:
                line += ": " + discord.utils.escape_markdown(playback.label)
            lines.append(line)
        if self._last:
            lines.append(page_of(self._page + 1, self._last + 1))
        return "\n".join(lines)

    async def show(self, interaction: discord.Interaction, page: int | None = None) -> None:
        """Replace the message by the line as it is now."""
        chosen = self._page if page is None else page
        hears = _hears(interaction, self._session)
        fresh = QueuePage(self._session, self.owner_id, chosen, hears=hears)
        await interaction.response.edit_message(content=fresh.text(), view=fresh)
        self.stop()

    def _shown(self) -> list[tuple[int, Playback]]:
        first = self._page * _PER_PAGE
        return list(enumerate(self._entries[first : first + _PER_PAGE], first + 1))


class _Cancel(discord.ui.Button[QueuePage]):
    def __init__(self, page: QueuePage, position: int, playback: Playback) -> None:
        super().__init__(
            label=gettext("Cancel {position}", position=position),
            row=0,
            style=discord.ButtonStyle.danger,
        )
        self._page = page
        self._playback = playback

    async def callback(self, interaction: discord.Interaction) -> None:
        self._playback.cancel(by=interaction.user.id)
        await self._page.show(interaction)


class _Turn(discord.ui.Button[QueuePage]):
    def __init__(self, page: QueuePage, label: str, to: int, *, enabled: bool) -> None:
        super().__init__(label=label, row=1, disabled=not enabled)
        self._page = page
        self._to = to

    async def callback(self, interaction: discord.Interaction) -> None:
        await self._page.show(interaction, self._to)


def _hears(interaction: discord.Interaction, session: VoiceSession) -> bool:
    seat = session.seat
    if seat is None:
        return False
    return interaction.user.id in seat.voice_states or moderates(interaction, seat)


async def setup(bot: TimbreBot) -> None:
    await bot.add_cog(QueueCommands(bot))
