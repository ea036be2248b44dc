"""Whether what is sent now would be end-to-end encrypted (Discord's DAVE protocol).

`VoiceClient.connect` returns before the MLS group is formed, and packets sent until then go out in
the clear. Read from the event loop and from the player thread; never blocks.
"""

import asyncio
from collections.abc import Callable
from enum import Enum

import discord


class Encryption(Enum):
    """What a voice connection does with the next packet."""

    OFF = "off"  # the channel negotiated no end-to-end encryption (stages)
    PENDING = "pending"  # negotiated, but the group is not formed
    ON = "on"


def encryption_of(client: discord.VoiceClient) -> Encryption:
    """The state of `client`'s connection now."""
    if client.voice_privacy_code is not None:
        return Encryption.ON
    # discord.py offers no public view of the negotiated version, and without it a stage (never
    # encrypted) cannot be told from a voice channel that is not encrypted yet.
    negotiated = client._connection.dave_protocol_version  # noqa: SLF001 - see above
    return Encryption.PENDING if negotiated else Encryption.OFF


async def settled(
    client: discord.VoiceClient, alone: Callable[[], bool], timeout_s: float, poll_s: float = 0.01
) -> bool:
    """Wait until packets would be encrypted, need no encryption, or nobody is there to hear them.

    False when that did not happen within `timeout_s` seconds. Polls, because discord.py tells
    nobody when the group is formed.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while encryption_of(client) is Encryption.PENDING and not alone():
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(poll_s)
    return True
