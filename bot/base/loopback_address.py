"""An address of this machine, in the place of Discord's."""

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoopbackAddress:
    """A loopback address and a port. `parse` reads "127.0.0.1:PORT" and "[::1]:PORT"."""

    host: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int

    @classmethod
    def parse(cls, text: str) -> "LoopbackAddress":
        """Raises `ValueError` for anything else: Discord is redirected to this machine alone."""
        host, _, port = text.rpartition(":")
        try:
            address = cls(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")), int(port))
            usable = address.host.is_loopback and port.isdecimal() and 0 < address.port < 65536
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("must be a loopback address and a port, such as 127.0.0.1:8443")
        return address
