"""The measures of what was heard mean what they say."""

import asyncio
import math
import socket
import sys
import time

import numpy as np
import pytest

from bot.loopback.heard import AUDIBLE_DBFS, SILENCE_FRAME, Heard
from bot.loopback.recording import Recording, level_dbfs, still
from bot.loopback.udp import note_arrivals, receive
from tests.bot.loopback.client import dominant_hertz, tone


def record(
    arrivals_ms: list[float],
    *,
    opus: list[bytes] | None = None,
    sequences: list[int] | None = None,
    encrypted: bool = True,
    listeners: int = 1,
) -> Heard:
    """A recording of a tone whose packets came at these times after 100 s."""
    recording = Recording()
    packets = opus or tone(len(arrivals_ms) * 0.02)
    for index, (arrival_ms, packet) in enumerate(zip(arrivals_ms, packets, strict=True)):
        recording.add(
            arrived_s=100 + arrival_ms / 1000,
            ssrc=1,
            sequence=sequences[index] if sequences else index,
            timestamp=index * 960,
            encrypted=encrypted,
            listeners=listeners,
            opus=packet,
        )
    return recording.heard()


def steady(count: int, start_ms: float = 0) -> list[float]:
    return [start_ms + 20 * index for index in range(count)]


def test_level_is_relative_to_full_scale() -> None:
    square = np.full((960, 2), -32768, np.int16)
    assert level_dbfs(square) == pytest.approx(0)
    sine = (np.sin(np.arange(4800) / 10) * 32767).astype(np.int16)
    assert level_dbfs(sine) == pytest.approx(-3.01, abs=0.05)
    assert level_dbfs(np.zeros((960, 2), np.int16)) == -math.inf
    assert level_dbfs(np.zeros((0, 2), np.int16)) == -math.inf


def test_audible_is_above_the_threshold_and_no_silence_frame() -> None:
    for decibels, audible in ((AUDIBLE_DBFS + 3, True), (AUDIBLE_DBFS - 3, False)):
        peak = 10 ** ((decibels + 3.01) / 20)
        heard = record(steady(10), opus=tone(0.2, 440, peak))
        assert heard.packets[5].audible is audible
    faded = record(steady(11), opus=[*tone(0.2), SILENCE_FRAME])
    assert faded.packets[10].level_dbfs > AUDIBLE_DBFS
    assert len(faded.audible) == 10


def test_jitter_leaves_no_hole_and_silence_keeps_its_length() -> None:
    late = [at + (15 if index % 3 == 1 else 0) for index, at in enumerate(steady(20))]
    heard = record([*late, *steady(20, 1000)])
    assert len(heard.pcm) == pytest.approx(1.4 * 48_000, abs=960)
    assert dominant_hertz(heard.pcm[960 : 19 * 960]) == pytest.approx(440, abs=3)
    assert not heard.pcm[21 * 960 : 49 * 960].any()
    assert heard.start_s == 100


def test_a_missing_packet_is_a_hole_of_its_length_and_counted() -> None:
    """Lost and repeated sequence numbers, also past 65535."""
    numbers = [65533, 65534, 0, 1, 1, 2]
    heard = record([0, 20, 60, 80, 81, 100], sequences=numbers, opus=tone(0.12))
    assert (heard.lost, heard.duplicated) == (1, 1)
    assert not heard.pcm[2 * 960 : 3 * 960].any()
    assert heard.pcm[3 * 960 : 4 * 960].any()


def test_gaps_are_found_within_an_utterance_and_pauses_divide_utterances() -> None:
    arrivals = [*steady(10), *steady(10, 380), *steady(10, 1060)]
    heard = record(arrivals)
    first, second = heard.utterances(pause_ms=400)
    assert [len(first.packets), len(second.packets)] == [20, 10]
    [gap] = first.gaps(40)
    assert gap.length_ms == pytest.approx(180)
    assert gap.at_s == pytest.approx(100.2)
    assert first.gaps(200) == second.gaps(40) == []
    assert len(heard.utterances(pause_ms=1000)) == 1
    assert second.start_s == pytest.approx(101.06)


def test_silence_frames_are_a_gap_but_quiet_speech_is_not() -> None:
    underrun = [*tone(0.2), *[SILENCE_FRAME] * 5, *tone(0.2)]
    [utterance] = record(steady(25), opus=underrun).utterances()
    [gap] = utterance.gaps(40)
    assert gap.length_ms == pytest.approx(100)
    whisper = [*tone(0.2), *tone(0.1, 440, 0.0001), *tone(0.2)]
    [utterance] = record(steady(25), opus=whisper).utterances()
    assert utterance.gaps(40) == []
    assert len(utterance.packets) == 25


def test_a_burst_is_measured_by_how_far_it_runs_ahead() -> None:
    assert record(steady(50)).rush_ms == pytest.approx(0, abs=0.01)
    burst = [*steady(10), *[700.0 + index * 0.04 for index in range(25)]]
    assert record(burst).rush_ms == pytest.approx(24 * 20 - 1, abs=1)


def test_only_what_somebody_could_hear_counts_as_unencrypted() -> None:
    """In an empty channel nobody hears the bot."""
    assert record(steady(5), encrypted=False).unencrypted_audible == 5
    assert record(steady(5), encrypted=False, listeners=0).unencrypted_audible == 0
    assert record(steady(5)).unencrypted_audible == 0


def test_an_empty_recording_has_no_sound_and_no_faults() -> None:
    heard = Recording().heard()
    assert heard.pcm.shape == (0, 2)
    assert (heard.lost, heard.rush_ms, heard.unencrypted_audible) == (0, 0, 0)
    assert heard.utterances() == []
    assert math.isnan(heard.start_s)


def test_bytes_that_are_no_opus_are_heard_as_nothing() -> None:
    [packet] = record([0], opus=[b"\xff"]).packets
    assert len(packet.pcm) == 0
    assert not packet.audible


async def test_a_process_that_could_not_look_takes_that_for_no_silence() -> None:
    """What came meanwhile may still be on its way through this process."""
    value = 1
    waiting = asyncio.create_task(still(lambda: value, 0.2))
    await asyncio.sleep(0.03)
    time.sleep(0.3)  # noqa: ASYNC251 - the fault under test
    await asyncio.sleep(0)
    value = 2
    await asyncio.sleep(0.06)
    assert not waiting.done()
    await asyncio.wait_for(waiting, 10)


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not note it")
def test_a_datagram_has_come_when_it_came_though_it_is_read_later() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending,
    ):
        note_arrivals(listening)
        listening.bind(("127.0.0.1", 0))

        def send_and_wait(seconds: float) -> tuple[float, float]:
            before = time.monotonic()
            sending.sendto(b"a packet", listening.getsockname())
            after = time.monotonic()
            time.sleep(seconds)
            return before, after

        # The system begins in its own time: until then it notes when a datagram is read.
        patience = time.monotonic() + 10
        while send_and_wait(0.1)[1] + 0.05 < receive(listening)[2]:
            assert time.monotonic() < patience
        spans = [send_and_wait(0.2) for _ in range(2)]
        for earliest, latest in spans:
            datagram, _, arrived_s = receive(listening)
            assert datagram == b"a packet"
            # The clock may be corrected, and this process interrupted between two looks at it.
            assert earliest - 0.05 <= arrived_s <= latest + 0.05
