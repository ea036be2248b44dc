"""Frames in pieces, and sound in half its bytes."""

import random

import numpy as np
import pytest

from engine import framing
from engine.cluster.wire import (
    PIECE_MAX_BYTES,
    Numbering,
    Ordering,
    Sound,
    VoiceClip,
    from_actor,
    to_actor,
)
from engine.errors import SynthesisFailed
from engine.messages import Heartbeat, Spoken
from engine.speech import Speech

VOICE = f"clip:1:{'a' * 64}"


def test_frames_arrive_whole_however_their_pieces_overtake_each_other() -> None:
    sent = [VoiceClip(VOICE, bytes([n]) * 100_000) for n in range(4)]
    numbering, ordering, decoder = Numbering(), Ordering(), to_actor()
    pieces = [piece for clip in sent for piece in numbering.pieces(framing.frame(clip))]
    assert max(map(len, pieces)) < 100_000  # what Ray keeps out of its shared memory
    shuffled = random.Random(5).sample(pieces, len(pieces))
    assert [m for piece in shuffled for m in decoder.feed(ordering.feed(piece))] == sent
    assert ordering.feed(b"") == b""


def test_what_waits_is_taken_piece_by_piece() -> None:
    outgoing = bytearray(framing.frame(Heartbeat(0.0, 1)) * 5000)
    size, numbering, ordering, decoder = len(outgoing), Numbering(), Ordering(), from_actor()
    beats = 0
    for _ in range(-(-size // PIECE_MAX_BYTES)):
        beats += len(list(decoder.feed(ordering.feed(numbering.take(outgoing)))))
    assert (beats, len(outgoing)) == (5000, 0)


def test_sound_takes_half_the_bytes_and_differs_by_less_than_its_smallest_step() -> None:
    pcm = np.sin(np.arange(4800) / 7).astype(np.float32) * 1.2  # a little too loud: cut off
    spoken = Spoken.of(7, Speech(pcm=pcm, sample_rate=24_000, stage_ms={"tone": 1.0}))
    sound = Sound.of(spoken)
    assert len(sound.pcm) * 2 == len(spoken.pcm)
    back = sound.spoken
    assert (back.job_id, back.sample_rate, back.stage_ms) == (7, 24_000, {"tone": 1.0})
    assert np.abs(back.speech.pcm - pcm.clip(-1, 1)).max() <= 0.5 / 32767 + 1e-7


def test_half_a_sample_is_no_sound() -> None:
    with pytest.raises(SynthesisFailed, match="damaged"):
        _ = Sound(1, b"abc", 24_000, None, {}).spoken
