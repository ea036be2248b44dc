"""Whether what is sent now would be end-to-end encrypted (Discord's DAVE protocol).

`VoiceClient.connect` returns before the MLS group is formed, and packets sent until then go out in
the clear. Read from the event loop and from the player thread; never blocks.
"""

from enum import Enum

import discord


class Encryption(Enum):
    """What a voice connection does with the next packet."""

    OFF = "off"  # the channel negotiated no end-to-end encryption (stages)
    PENDING = "pending"  # negotiated, but the group is not formed
    ON = "on"


def encryption_of(client: discord.VoiceClient) -> Encryption:
    """The state of `client`'s connection now."""
    # discord.py's public `voice_privacy_code` outlives the group it belongs to, and does not show
    # the negotiated version, without which a stage (never encrypted) cannot be told from a voice
    # channel that is not encrypted yet. This is what discord.py itself asks for every packet.
    connection = client._connection  # noqa: SLF001 - see above
    if connection.can_encrypt:
        return Encryption.ON
    return Encryption.PENDING if connection.dave_protocol_version else Encryption.OFF
