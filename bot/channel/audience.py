"""Who in the channel hears the bot, and whether the next packet would reach them alone.

`VoiceClient.connect` returns before the group of Discord's end-to-end encryption (DAVE) is formed,
and packets sent until then go out in the clear.
"""

import asyncio
from enum import Enum

import discord

from bot.catalogue import Said
from bot.channel import reasons
from bot.channel.admission import VocalChannel, listened_to
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


class Audience:
    """The listeners of one session. `silenced` says in a sentence why they cannot hear the bot."""

    def __init__(self, encryption_timeout_s: float) -> None:
        self.listened_to = False
        self.silenced: Said | None = None
        self._encryption_timeout_s = encryption_timeout_s
        self._newcomer_until = 0.0
        self._code_when_alone: str | None = None

    def update(self, connection: Connection | None, channel: VocalChannel | None) -> None:
        """Look again at who is in `channel`, where the bot is."""
        heard = bool(channel and listened_to(channel))
        if connection and heard and not self.listened_to:
            # The code of before stays until the newcomer has the key of a new group.
            now = asyncio.get_running_loop().time()
            self._code_when_alone = connection.voice_privacy_code
            self._newcomer_until = now + self._encryption_timeout_s
        self.listened_to = heard
        self.silenced = _silenced(channel) if channel else None

    def group_is_new(self) -> None:
        """The group is formed with everybody who is here: no newcomer waits for a key."""
        self._newcomer_until = 0.0

    def hears(self, connection: Connection | None) -> bool:
        """In the sender's thread: whether the next packet would be heard, and only by members."""
        if connection is None or not connection.usable or not self.listened_to or self.silenced:
            return False
        match encryption_of(connection):
            case Encryption.PENDING:
                return False
            case Encryption.OFF:
                return True
        newcomer_waits = connection.loop.time() < self._newcomer_until
        return not newcomer_waits or connection.voice_privacy_code != self._code_when_alone


def _silenced(channel: VocalChannel) -> Said | None:
    state = channel.guild.me.voice
    if state is None:
        return None
    if state.mute:
        return reasons.MUTED
    if state.suppress:
        return reasons.AUDIENCE if isinstance(channel, discord.StageChannel) else reasons.FORBIDDEN
    return None
