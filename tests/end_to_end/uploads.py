"""What members upload in end-to-end tests, made with the stock voice; and what of it is left."""

import base64
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np

from bot.loopback import File
from engine.speech import FloatArray
from tests.bot.clips.recordings import RATE, encode, sentences

SENTENCES = (
    "My sister has a small garden behind the house, where she grows tomatoes and beans.",
    "Please bring some bread and a bottle of milk when you come home, and do not forget the keys.",
)
#: name in `recordings.FORMATS`: (file name, content type as Discord would say)
AS_SENT = {
    "wav": ("me.wav", "audio/x-wav"),
    "flac": ("me.flac", "audio/flac"),
    "mp3": ("me.mp3", "audio/mpeg"),
    "m4a": ("me.m4a", "audio/mp4"),
    "aac": ("me.aac", "audio/aac"),
    "ogg": ("me.ogg", "audio/ogg"),
    "webm": ("me.webm", "audio/webm"),
    "voice message": ("voice-message.ogg", "audio/ogg"),
    "mp4 video": ("me.mp4", "video/mp4"),
    "webm video": ("film.webm", "video/webm"),
}


@cache
def speech() -> FloatArray:
    """Some ten seconds of one voice, mono float32 at `RATE`."""
    return np.concatenate(sentences(["bella"], SENTENCES)["bella"])


@cache
def upload(name: str) -> File:
    """Ten seconds of speech as a member would send them in this format."""
    filename, content_type = AS_SENT[name]
    pcm = speech()
    content = encode(pcm, "voice message" if name == "ogg" else name)
    if name != "voice message":
        return File(filename, content, content_type)
    loudness = np.abs(pcm[: len(pcm) // 64 * 64].reshape(64, -1)).max(axis=1)
    waveform = base64.b64encode((255 * loudness / loudness.max()).astype(np.uint8)).decode()
    return File(filename, content, content_type, duration_s=len(pcm) / RATE, waveform=waveform)


def left_in_files(home: Path, *needles: bytes) -> list[str]:
    """The files of the bot's home in which any of some bytes can be found."""
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file()
        for content in [path.read_bytes()]
        if any(needle in content for needle in needles)
    ]


def left_in_tables(home: Path, *needles: object) -> list[str]:
    """The tables of the bot's database in which any of some values can be found, as text too."""
    with closing(sqlite3.connect(home / "timbre.db")) as database:
        tables = [
            str(name)
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        rows = [
            (table, row)
            for table in tables
            for row in database.execute(f"SELECT * FROM {table}").fetchall()
        ]
    return [
        f"{table}: {row}"
        for table, row in rows
        if any(str(needle) in str(value) for needle in needles for value in row)
    ]
