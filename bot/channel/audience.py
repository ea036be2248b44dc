"""Who in the channel hears the bot, and whether the next packet would reach them alone.

`VoiceClient.connect` returns before the group of Discord's end-to-end encryption (DAVE) is formed,
and packets sent until then go out in the clear.
"""

import asyncio
from enum import Enum

import discord

from bot.catalogue import Said
from bot.channel import reasons
from bot.channel.admission import VocalChannel, listeners_of
from bot.channel.connection import Connection


class Encryption(Enum):
    """What a voice connection does with the next packet."""

    OFF = "off"  # the channel negotiated no end-to-end encryption (stages)
    PENDING = "pending"  # negotiated, but the group is not formed
    ON = "on"


def encryption_of(client: discord.VoiceClient) -> Encryption:
    """The state of `client`'s connection now. For any thread; never blocks."""
    # discord.py's public `voice_privacy_code` outlives the group it belongs to, and does not show
    # the negotiated version, without which a stage (never encrypted) cannot be told from a voice
    # channel that is not encrypted yet. This is what discord.py itself asks for every packet.
    connection = client._connection  # noqa: SLF001 - see above
    if connection.can_encrypt:
        return Encryption.ON
    return Encryption.PENDING if connection.dave_protocol_version else Encryption.OFF


def _group_of(client: discord.VoiceClient) -> set[int]:
    """Who has the key to what `client` sends now. For any thread; never blocks."""
    dave = client._connection.dave_session  # noqa: SLF001 - as above
    return set() if dave is None else {int(user_id) for user_id in dave.get_user_ids()}


class Audience:
    """The listeners of one session. `silenced` says in a sentence why they cannot hear the bot.

    Whoever comes has no key until the group has changed for them; it also changes for others. So
    what is said waits while no listener has the key, for `encryption_timeout_s` at most.
    """

    def __init__(self, encryption_timeout_s: float) -> None:
        self.silenced: Said | None = None
        self._encryption_timeout_s = encryption_timeout_s
        self._listeners: frozenset[int] = frozenset()
        self._reached: frozenset[int] | None = None  # these listeners, as one of them has the key
        self._wait_until = 0.0

    @property
    def listened_to(self) -> bool:
        return bool(self._listeners)

    def update(self, channel: VocalChannel | None) -> None:
        """Look again at who is in `channel`, where the bot is."""
        listeners = frozenset(listeners_of(channel)) if channel else frozenset[int]()
        if listeners != self._listeners:
            self._wait_until = asyncio.get_running_loop().time() + self._encryption_timeout_s
            self._listeners = listeners
        self.silenced = _silenced(channel) if channel else None

    def hears(self, connection: Connection | None) -> bool:
        """In the sender's thread: whether the next packet would be heard, and only by members."""
        listeners = self._listeners  # the loop may put others in their place meanwhile
        if connection is None or not listeners or self.silenced or not connection.usable:
            return False
        state = connection._connection  # noqa: SLF001 - as in `encryption_of`, in fewer calls
        if not state.can_encrypt:
            return not state.dave_protocol_version
        if self._reached is listeners or connection.loop.time() >= self._wait_until:
            return True
        if listeners.isdisjoint(_group_of(connection)):
            return False
        self._reached = listeners
        return True


def _silenced(channel: VocalChannel) -> Said | None:
    state = channel.guild.me.voice
    if state is None:
        return None
    if state.mute:
        return reasons.MUTED
    if state.suppress:
        return reasons.AUDIENCE if isinstance(channel, discord.StageChannel) else reasons.FORBIDDEN
    return None
