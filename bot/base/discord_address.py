"""Where Discord's names lead: to a server on this machine instead of the internet.

The bot's half of the loopback Discord, built on discord.py's documented `connector` option. Only
Discord's own names are resolved, only to the one loopback address given, and no connection to any
other address is opened, whatever asked for it.
"""

import errno
import socket
import ssl
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.base.loopback_address import LoopbackAddress

#: The names discord.py connects to; voice servers are any host below `VOICE_DOMAIN`.
NAMES = frozenset(
    {"discord.com", "gateway.discord.gg", "cdn.discordapp.com", "media.discordapp.net"}
)
VOICE_DOMAIN = ".discord.media"


class DiscordAddressError(Exception):
    """The certificate given for Discord cannot be used; `str` is one sentence."""


class NameRefused(OSError):
    """Something asked for a host that is not Discord's; the reason is `strerror`."""

    def __init__(self, host: object, reason: str) -> None:
        super().__init__(errno.EHOSTUNREACH, f"{host} is {reason}; the connection was refused")


def connector(address: LoopbackAddress, ca_file: Path) -> aiohttp.TCPConnector:
    """A connector that finds Discord at `address`.

    `ca_file` is the PEM certificate that the server there presents; no other is trusted. Must be
    called with a running event loop. Raises `DiscordAddressError` where it cannot be read.
    """
    try:
        trust = ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise DiscordAddressError(
            f"The certificate {ca_file} cannot be read: {error.strerror or error}."
        ) from error

    def open_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        # A literal address in a URL never meets the resolver, so the last gate is here.
        family, kind, protocol, _, target = info
        if target[:2] != (str(address.host), address.port):
            raise NameRefused(target[0], "not where Discord is")
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened

    return aiohttp.TCPConnector(
        limit=0,  # as discord.py's own
        resolver=_DiscordOnly(address),
        ssl=trust,
        socket_factory=open_socket,
    )


class _DiscordOnly(AbstractResolver):
    """Resolves Discord's names to one address and refuses every other."""

    def __init__(self, address: LoopbackAddress) -> None:
        self._address = address

    async def resolve(
        self,
        host: str,
        port: int = 0,  # noqa: ARG002 - the interface's; ours is the server's
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - the address decides
    ) -> list[ResolveResult]:
        name = host.lower().removesuffix(".")
        if name not in NAMES and not name.endswith(VOICE_DOMAIN):
            raise NameRefused(host, "not one of Discord's names")
        return [
            ResolveResult(
                hostname=host,
                host=str(self._address.host),
                port=self._address.port,
                family=socket.AF_INET if self._address.host.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""
