"""What is read aloud in one server at the moment."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import discord
from msgspec.structs import replace

from bot.base.errors import UserError
from bot.channel.admission import VocalChannel
from bot.channel.playback import Playback
from bot.live.line import EditableLine
from bot.speech.pieces import Saying
from data.rows import LiveBinding

#: What can be read aloud; a forum's post is a thread.
Readable = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel
#: What reading can be bound to: one of those, or a forum, of which every post is read.
Bound = Readable | discord.ForumChannel


@dataclass(slots=True)
class AcceptedMessage:
    """A message that is waiting or being said. `bound_id` is of a forum, where it is in a post."""

    playback: Playback
    line: EditableLine
    saying: Saying
    text: str
    channel_id: int
    bound_id: int


@dataclass(slots=True)
class GuildReading:
    """Live reading in one server; `channels` has what is read, by the text channel's id.

    `going_to` is the voice channel that the bot is on its way to for the reading's sake. Once it is
    `sent_away` it does not come by itself until everybody has left and somebody sits down again.
    `told_posts` are posts of a forum in which was said that they are read.
    `last_at` and `told_at` are in seconds of the reading's clock.
    """

    channels: dict[int, LiveBinding] = field(default_factory=dict)
    going_to: int = 0
    sent_away: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    accepted: dict[int, AcceptedMessage] = field(default_factory=dict)
    greetings: set[Playback] = field(default_factory=set)
    last_author_id: int = 0
    last_at: float = 0.0
    told_at: dict[int, float] = field(default_factory=dict)
    told_posts: set[int] = field(default_factory=set)
    read: int = 0

    def binding_of(self, channel: object) -> LiveBinding | None:
        """For what a channel is read: for itself, or a post for its forum; None if it is not."""
        if not isinstance(channel, Readable):
            return None
        forum = channel.parent if isinstance(channel, discord.Thread) else None
        if channel.id not in self.channels and isinstance(forum, discord.ForumChannel):
            return self.channels.get(forum.id)
        return self.channels.get(channel.id)

    def at(self, voice_channel_id: int) -> list[LiveBinding]:
        """What is read in a voice channel while the bot is there."""
        return [
            one
            for one in self.channels.values()
            if one.follows_authors or one.voice_channel_id == voice_channel_id
        ]

    def lead(self, left_id: int | None, came_id: int) -> list[LiveBinding]:
        """Bind what was read in `left_id` to `came_id`, where the bot is; returns what is new.

        What follows its authors is noted to be there, for a restart. What a moderator approved of
        was for where it was.
        """
        led = [
            replace(one, voice_channel_id=came_id, approved=one.approved and one.follows_authors)
            for one in self.channels.values()
            if one.voice_channel_id != came_id
            and (one.voice_channel_id == left_id or one.follows_authors)
        ]
        self.channels |= {one.text_channel_id: one for one in led}
        return led

    def settled_at(self, voice_channel_id: int) -> bool:
        """Whether a voice channel is where something is read, whoever writes it."""
        return any(
            one.voice_channel_id == voice_channel_id and not one.follows_authors
            for one in self.channels.values()
        )

    def overheard_in(self, seat: VocalChannel) -> list[tuple[Bound, LiveBinding, UserError]]:
        """What is read in `seat` that somebody there cannot see, and what is to be said of it."""
        found = []
        for binding in self.at(seat.id):
            text = seat.guild.get_channel_or_thread(binding.text_channel_id)
            if isinstance(text, Bound):
                try:
                    require_unheard(seat, text, approved=binding.approved)
                except UserError as error:
                    found.append((text, binding, error))
        return found

    def cancel(self, concerned: Callable[[int, AcceptedMessage], bool] = lambda *_: True) -> None:
        """Say nothing more of some messages, by their ids; their authors are told nothing."""
        cancelled = [id_ for id_, one in self.accepted.items() if concerned(id_, one)]
        # Out of `accepted` before any is cancelled: of those that are in it the author is told.
        for accepted in [self.accepted.pop(message_id) for message_id in cancelled]:
            accepted.playback.cancel()

    def greet(self, greeting: Playback) -> None:
        """Note that somebody is greeted, until that is over."""
        self.greetings.add(greeting)
        greeting.finished.add_done_callback(lambda _: self.greetings.discard(greeting))

    def cancel_greetings(self, member_id: int) -> None:
        """Say nothing more of a member's coming and going."""
        for greeting in [one for one in self.greetings if one.author_id == member_id]:
            greeting.cancel()

    def cancel_in(self, channel_id: int) -> None:
        """Say nothing more of what was written in a channel, or in a forum's posts."""
        self.cancel(lambda _, one: channel_id in (one.channel_id, one.bound_id))

    def put_back(self, channel_id: int, before: LiveBinding | None) -> None:
        """Read a channel as `before`, or (None) not at all; what it said meanwhile ends."""
        del self.channels[channel_id]
        if before is not None:
            self.channels[channel_id] = before
        self.cancel_in(channel_id)


def can_see(member: discord.Member, text: Bound) -> bool:
    """Whether a member surely sees a channel. Who is in a private thread Discord does not say."""
    may = text.permissions_for(member)
    private = isinstance(text, discord.Thread) and text.is_private()
    return may.view_channel and (not private or may.manage_threads)


def require_unheard(seat: VocalChannel, text: Bound, *, approved: bool) -> None:
    """Raise `UserError` where anybody in `seat` cannot see `text`, unless a moderator wants that.

    Bots do not count, people unknown do.
    """
    if approved:
        return
    members = (seat.guild.get_member(user_id) for user_id in seat.voice_states)
    if any(member is None or not (member.bot or can_see(member, text)) for member in members):
        raise UserError(
            "Somebody in {channel} cannot see {text_channel}. Only a moderator can let me read it "
            "there.",
            channel=seat.mention,
            text_channel=text.mention,
        )
