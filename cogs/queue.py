"""`/skip`, `/stop`, `/queue`, `/pause`, `/resume`: what is being said and what waits."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.base.errors import UserError, tell
from bot.channel import reasons
from bot.channel.admission import VocalChannel, listened_to
from bot.channel.playback import Playback
from bot.channel.session import VoiceSession
from bot.client import TimbreBot

_PER_PAGE = 5
_PAGE_TIMEOUT_S = 300.0


def moderates(interaction: discord.Interaction, seat: VocalChannel | None = None) -> bool:
    """Whether the caller may silence others, in `seat` or else in the whole server.

    What they may do where the command was typed says nothing: anybody can be given a channel of
    their own to moderate.
    """
    caller = interaction.user
    if not isinstance(caller, discord.Member):
        return False
    may = caller.guild_permissions if seat is None else seat.permissions_for(caller)
    return may.mute_members or may.manage_guild


def require_company(interaction: discord.Interaction, session: VoiceSession) -> None:
    """Raise `UserError` where others listen to the bot, and the caller is not one of them.

    Moderators may decide without listening.
    """
    here = session.seat
    if here is None or moderates(interaction, here) or interaction.user.id in here.voice_states:
        return
    if listened_to(here):
        raise UserError(
            f"Only those who are in {here.mention} with me, and moderators, can do that."
        )


def sayings(count: int) -> str:
    """A number of utterances in words."""
    return "1 thing" if count == 1 else f"{count} things"


class Queue(commands.Cog):
    """Stops, holds back and shows what is said."""

    def __init__(self, bot: TimbreBot) -> None:
        self.bot = bot

    def _session(self, interaction: discord.Interaction) -> VoiceSession:
        assert interaction.guild is not None  # guild_only
        return self.bot.sessions.of(interaction.guild)

    @app_commands.command(description="Silence what I am saying now, if it is yours")
    @app_commands.guild_only()
    async def skip(self, interaction: discord.Interaction) -> None:
        """Cancel what is being said: one's own, or as a moderator anybody's."""
        session = self._session(interaction)
        playback = session.current
        if playback is None:
            raise UserError("I am saying nothing at the moment.")
        if playback.author_id != interaction.user.id and not moderates(interaction, session.seat):
            raise UserError("Those are somebody else's words; only moderators can skip them.")
        playback.cancel("That was skipped.")
        await interaction.response.send_message("Skipped.", ephemeral=True)

    @app_commands.command(description="Take back all that you had me say; moderators: everything")
    @app_commands.guild_only()
    async def stop(self, interaction: discord.Interaction) -> None:
        """Cancel everything of the caller's, or as a moderator everything."""
        session = self._session(interaction)
        own = None if moderates(interaction, session.seat) else interaction.user.id
        count = session.stop_speaking(own)
        if not count:
            raise UserError("There is nothing to stop.")
        await interaction.response.send_message(f"I stopped {sayings(count)}.", ephemeral=True)

    @app_commands.command(description="Hold back what I am saying")
    @app_commands.default_permissions(mute_members=True)
    @app_commands.guild_only()
    async def pause(self, interaction: discord.Interaction) -> None:
        """Fall silent until `/resume`."""
        session = self._session(interaction)
        _require_moderator(interaction, session)
        if session.seat is None:
            # Whoever had it said something later would wait for a word that never comes.
            raise UserError(reasons.ABSENT)
        if not session.pause():
            raise UserError("I am paused already. /resume lets me go on.")
        await interaction.response.send_message("Paused. /resume lets me go on.", ephemeral=True)

    @app_commands.command(description="Let me go on after /pause")
    @app_commands.default_permissions(mute_members=True)
    @app_commands.guild_only()
    async def resume(self, interaction: discord.Interaction) -> None:
        """Go on where `/pause` stopped."""
        session = self._session(interaction)
        _require_moderator(interaction, session)
        if not session.resume():
            raise UserError("I am not paused.")
        await interaction.response.send_message("I am going on.", ephemeral=True)

    @app_commands.command(description="Show what is being said and what waits")
    @app_commands.guild_only()
    async def queue(self, interaction: discord.Interaction) -> None:
        """Show the line, with buttons to take one's own out of it."""
        session = self._session(interaction)
        page = QueuePage(session, interaction.user.id, hears=_hears(interaction, session))
        await interaction.response.send_message(page.text(), view=page, ephemeral=True)


class QueuePage(discord.ui.View):
    """One page of the line as one member sees it."""

    def __init__(
        self, session: VoiceSession, viewer_id: int, page: int = 0, *, hears: bool
    ) -> None:
        """Words of others are shown to those alone who are there to hear them."""
        super().__init__(timeout=_PAGE_TIMEOUT_S)
        self._hears = hears
        self._session = session
        self._viewer_id = viewer_id
        self._entries = session.accepted
        self._last = max(0, (len(self._entries) - 1) // _PER_PAGE)
        self._page = min(page, self._last)
        for position, playback in self._shown():
            if playback.author_id == viewer_id:
                self.add_item(_Cancel(self, position, playback))
        if self._last:
            self.add_item(_Turn(self, "Previous", self._page - 1, enabled=self._page > 0))
            self.add_item(_Turn(self, "Next", self._page + 1, enabled=self._page < self._last))

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Let nobody press what was shown to somebody else, however they got at it."""
        if interaction.user.id == self._viewer_id:
            return True
        await tell(interaction, "This is somebody else's list. /queue shows you yours.")
        return False

    def text(self) -> str:
        """The page in words."""
        if not self._entries:
            return "Nothing is waiting to be said."
        paused = " (paused)" if self._session.source.paused else ""
        lines = [f"**{sayings(len(self._entries))} to say**{paused}"]
        for position, playback in self._shown():
            now = " (now)" if playback is self._session.current else ""
            line = f"{position}. <@{playback.author_id}>{now}"
            if self._hears or playback.author_id == self._viewer_id:
                line += ": " + discord.utils.escape_markdown(playback.label)
            lines.append(line)
        if self._last:
            lines.append(f"Page {self._page + 1} of {self._last + 1}")
        return "\n".join(lines)

    async def show(self, interaction: discord.Interaction, page: int | None = None) -> None:
        """Replace the message by the line as it is now."""
        chosen = self._page if page is None else page
        hears = _hears(interaction, self._session)
        fresh = QueuePage(self._session, self._viewer_id, chosen, hears=hears)
        await interaction.response.edit_message(content=fresh.text(), view=fresh)
        self.stop()

    def _shown(self) -> list[tuple[int, Playback]]:
        first = self._page * _PER_PAGE
        return list(enumerate(self._entries[first : first + _PER_PAGE], first + 1))


class _Cancel(discord.ui.Button[QueuePage]):
    def __init__(self, page: QueuePage, position: int, playback: Playback) -> None:
        super().__init__(label=f"Cancel {position}", row=0, style=discord.ButtonStyle.danger)
        self._page = page
        self._playback = playback

    async def callback(self, interaction: discord.Interaction) -> None:
        """Take it out, and show what is left."""
        self._playback.cancel()
        await self._page.show(interaction)


class _Turn(discord.ui.Button[QueuePage]):
    def __init__(self, page: QueuePage, label: str, to: int, *, enabled: bool) -> None:
        super().__init__(label=label, row=1, disabled=not enabled)
        self._page = page
        self._to = to

    async def callback(self, interaction: discord.Interaction) -> None:
        """Show another page."""
        await self._page.show(interaction, self._to)


def _hears(interaction: discord.Interaction, session: VoiceSession) -> bool:
    seat = session.seat
    if seat is None:
        return False
    return interaction.user.id in seat.voice_states or moderates(interaction, seat)


def _require_moderator(interaction: discord.Interaction, session: VoiceSession) -> None:
    if not moderates(interaction, session.seat):
        raise UserError("Only members who may mute others can pause me.")


async def setup(bot: TimbreBot) -> None:
    """Called by discord.py when the extension is loaded."""
    await bot.add_cog(Queue(bot))
