"""`python -m bot.demo.sender_alone`: what the one sender of voice packets does with many servers.

No Discord, no event loop: this process sends, over a socket for each server, packets that are
encrypted for the way but not end to end; a child process takes them and notes when. Exits with 1
where a target is missed.
"""

import argparse
import itertools
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from discord.voice_state import VoiceConnectionState

from bot.base.metrics import SendingFigures
from bot.channel.packets import PacketWriter
from bot.channel.sender import Sender, Sending
from bot.channel.source import OpusQueueSource
from bot.demo.soak_figures import percentiles
from bot.speech.audio.opus import PACKET_MS

#: What a packet of 20 ms has at 64 kbit/s.
_PACKET_BYTES = 160
_BUFFER_BYTES = 4 * 2**20
_SSRC = struct.Struct(">I")


@dataclass(frozen=True)
class SenderFigures:
    """Gaps are between packets of one server, in ms; `cores` is what sending took of a core."""

    servers: int
    seconds: float
    packets: int
    lost_packets: int
    gap_p50_ms: float
    gap_p99_ms: float
    gap_max_ms: float
    cores: float
    load_average_1_min: float

    def missed(self) -> list[str]:
        most = {"lost_packets": 0, "gap_p99_ms": 30, "cores": 0.5}
        measured = asdict(self)
        return [
            f"{name} is {measured[name]:g}, not at most {limit}"
            for name, limit in most.items()
            if measured[name] > limit
        ]


class _State(VoiceConnectionState):
    """A voice connection without a voice server, to a socket on this machine."""

    def __init__(self, ssrc: int, port: int) -> None:
        self.ssrc = ssrc
        self.secret_key = list(random.Random(ssrc).randbytes(32))
        self.dave_session = None
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(("127.0.0.1", port))


class _Carrier:
    timeout = 1.0

    def __init__(self, state: _State) -> None:
        self.state = state
        self._writer = PacketWriter(state)

    def is_connected(self) -> bool:
        return True

    def send_opus(self, packet: bytes) -> None:
        self._writer.write(packet)


def measure(servers: int, seconds: float) -> SenderFigures:
    """Send to `servers` for `seconds`."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bot.demo.sender_alone", "--take"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin
    assert child.stdout
    port = int(child.stdout.readline())
    carriers = [_Carrier(_State(number, port)) for number in range(servers)]
    packets = [os.urandom(_PACKET_BYTES) for _ in range(round(seconds * 1000 / PACKET_MS))]
    sender = Sender(SendingFigures())
    used_s, began_s = time.process_time(), time.perf_counter()
    sendings = []
    for carrier in carriers:
        source = OpusQueueSource(lambda: True)
        source.put(packets)
        source.end(lambda: None)
        sendings.append(Sending(carrier, source, lambda _: None))
        sender.add(sendings[-1])
        time.sleep(PACKET_MS / 1000 / servers)
    while not all(sending.over for sending in sendings):
        time.sleep(0.1)
    cores = (time.process_time() - used_s) / (time.perf_counter() - began_s)
    sender.close()
    said, _ = child.communicate(b"\n")
    gaps: dict[str, list[float]] = json.loads(said)
    sent = servers * (len(packets) + 5)  # five of silence close each
    p50, p99, largest = percentiles([gap for one in gaps.values() for gap in one])
    for carrier in carriers:
        carrier.state.socket.close()
    return SenderFigures(
        servers=servers,
        seconds=seconds,
        packets=sent,
        lost_packets=sent - sum(len(one) + 1 for one in gaps.values()),
        gap_p50_ms=p50,
        gap_p99_ms=p99,
        gap_max_ms=largest,
        cores=round(cores, 2),
        load_average_1_min=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    )


def take(wanted: BinaryIO) -> None:
    """Note when packets come, by server, until a line is read; then print the gaps as JSON."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        here.bind(("127.0.0.1", 0))
        here.settimeout(0.5)
        sys.stdout.write(f"{here.getsockname()[1]}\n")
        sys.stdout.flush()
        arrived: defaultdict[int, list[float]] = defaultdict(list)
        began = False
        while True:
            try:
                datagram = here.recv(2048)
            except TimeoutError:
                if began:
                    break
                continue
            began = True
            arrived[_SSRC.unpack_from(datagram, 8)[0]].append(time.perf_counter())
    wanted.readline()
    gaps = {
        ssrc: [round(1000 * (b - a), 2) for a, b in itertools.pairwise(moments)]
        for ssrc, moments in arrived.items()
    }
    sys.stdout.write(json.dumps(gaps))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bot.demo.sender_alone", description=__doc__)
    parser.add_argument("--servers", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--take", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.take:
        take(sys.stdin.buffer)
        return 0
    figures = measure(options.servers, options.seconds)
    sys.stdout.write(json.dumps(asdict(figures), indent=2) + "\n")
    missed = figures.missed()
    sys.stderr.writelines(f"missed: {line}\n" for line in missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
