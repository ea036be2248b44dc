"""A bot's first half minute in a network whose only other host is the loopback Discord.

`unshare --net --mount python -m tests.end_to_end.isolated FOLDER [SETTING=VALUE ...]` prints, as
JSON, what went anywhere else. Every address leads to the loopback device there, where all packets
are seen; the name server is one that does not answer. The bot speaks, a clip is uploaded, and then
it is given time: telemetry waits before it reports.
"""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.end_to_end.conftest import a_stage
from tests.end_to_end.registering import SHORT, register
from tests.end_to_end.uploads import upload

#: onnxruntime asked for a host of Microsoft's 17 s after the start.
PATIENCE_S = 25.0
NAME_SERVER = "192.0.2.53"  # an address of a block that belongs to nobody
CONTROL = "192.0.2.1"
_DNS, _TCP, _UDP = 53, 6, 17


class Packets:
    """What passes the loopback device: the two ports of each packet, and what it says."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, int, int], str] = {}
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
        self._socket.bind(("lo", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 26)
        threading.Thread(target=self._watch, daemon=True).start()

    def strangers(self, *ports: int) -> list[str]:
        """What is neither from nor to one of these ports of this machine."""
        return sorted(
            f"{what} to {host}:{to}"
            for (host, of, to), what in self.seen.items()
            if not (host in {"127.0.0.1", "::1"} and {of, to} & set(ports))
        )

    def _watch(self) -> None:
        while True:
            packet = self._socket.recv(65_536)[14:]  # behind the Ethernet header
            if packet[0] >> 4 == 4:
                header, protocol = (packet[0] & 15) * 4, packet[9]
                host = socket.inet_ntop(socket.AF_INET, packet[16:20])
            else:
                header, protocol = 40, packet[6]
                host = socket.inet_ntop(socket.AF_INET6, packet[24:40])
            if protocol not in {_TCP, _UDP}:
                self.seen.setdefault((host, 0, 0), f"protocol {protocol}")
                continue
            of, to = struct.unpack(">HH", packet[header : header + 4])
            said = "a packet"
            if _DNS in {of, to}:
                said = f"the name {packet[header + 20 :].split(bytes(1))[0].decode('latin-1')!r}"
            self.seen.setdefault((host, of, to), said)


async def scene(folder: Path, packets: Packets, settings: dict[str, str]) -> list[str]:
    began = time.monotonic()
    async with a_stage(folder, **settings) as stage:
        await stage.alice.join(stage.lounge)
        await register(stage.alice, "Morning", upload("wav"))
        await stage.reply(stage.alice, "say", text=SHORT)
        await asyncio.sleep(max(0.0, began + PATIENCE_S - time.monotonic()))
        ports = int(stage.discord.environment()["TIMBRE_DISCORD_RESOLVE"].rsplit(":")[-1])
        return packets.strangers(ports, stage.discord.voice.udp_port)


def main(folder: Path, settings: dict[str, str]) -> None:
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n")
    for command in (
        "ip link set lo up",
        "ip route add default dev lo",
        "ip route add local 0.0.0.0/0 dev lo",
        f"mount --bind {resolver} /etc/resolv.conf",
    ):
        subprocess.run(command.split(), check=True)
    os.environ["HOME"] = str(folder)  # where an identity would be kept
    packets = Packets()
    strangers = asyncio.run(scene(folder, packets, settings))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        control.sendto(b"anybody?", (CONTROL, 9))
    try:
        socket.getaddrinfo("control.invalid", 443)
    except socket.gaierror:
        time.sleep(0.2)
    print(json.dumps({"strangers": strangers, "control": packets.strangers()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), dict(setting.split("=", 1) for setting in sys.argv[2:]))
