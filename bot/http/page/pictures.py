"""Pictures that the demo and the benchmark left under TIMBRE_HOME, each with its figures in words.

Nothing of theirs is a member's: the demo's Discord is its own.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

log = logging.getLogger(__name__)


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """`made` is the day, YYYY-MM-DD; `words` say what is seen in it, one line each."""

    id: str
    title: str
    made: str
    words: list[str]


class _Line(msgspec.Struct):
    text: str
    first_audible_ms: float


class _Report(msgspec.Struct):
    """What is wanted of the demo's report.json."""

    lines: list[_Line]


class _Step(msgspec.Struct):
    streams: int
    tokens_per_s: float


class _Timing(msgspec.Struct):
    scenario: str
    characters: int
    audio_s: float
    ours_ms: float
    upstream_ms: float | None = None


class _Bench(msgspec.Struct):
    """What is wanted of the benchmark's bench.json."""

    steps: list[_Step] = []
    by_text: list[_Timing] = []
    voices: list[_Timing] = []


class _Kind(NamedTuple):
    folder: str
    file: str
    title: str
    words: Callable[[Path], list[str]]


async def pictures_in(home: Path) -> list[Picture]:
    """What there is to see."""
    return await asyncio.to_thread(_pictures_in, home)


def file_of(name: str, home: Path) -> Path | None:
    """The file of the picture with the id `name`; only those that are known by one are given."""
    kind = _KINDS.get(name)
    if kind is None:
        return None
    path = home / kind.folder / kind.file
    return path if path.is_file() else None


def _pictures_in(home: Path) -> list[Picture]:
    found = []
    for name, kind in _KINDS.items():
        if (path := file_of(name, home)) is None:
            continue
        try:
            words = kind.words(path.parent)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("figures of a picture cannot be read", extra={"reason": str(error)})
            words = []
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
        found.append(Picture(id=name, title=kind.title, made=made, words=words))
    return found


def _heard(folder: Path) -> list[str]:
    report = msgspec.json.decode((folder / "report.json").read_bytes(), type=_Report)
    return [f"“{line.text}”: heard after {line.first_audible_ms:,.0f} ms." for line in report.lines]


def _bench(folder: Path) -> _Bench:
    return msgspec.json.decode((folder / "bench.json").read_bytes(), type=_Bench)


def _by_text(folder: Path) -> list[str]:
    return [
        f"{one.characters} characters, {one.audio_s:.1f} s of speech: {_both(one)}."
        for one in _bench(folder).by_text
    ]


def _stages(folder: Path) -> list[str]:
    return [f"{one.scenario.capitalize()}: {_both(one)}." for one in _bench(folder).voices]


def _steps(folder: Path) -> list[str]:
    return [
        f"{one.streams} at once: {one.tokens_per_s:,.0f} tokens a second."
        for one in _bench(folder).steps
    ]


def _both(one: _Timing) -> str:
    ours = f"Timbre {one.ours_ms:,.0f} ms"
    return ours if one.upstream_ms is None else f"{ours}, upstream {one.upstream_ms:,.0f} ms"


#: By their ids.
_KINDS = {
    "heard": _Kind("demo", "heard.png", "What the demo’s voice channel heard", _heard),
    "latency": _Kind("bench", "latency_by_text.png", "From text to speech, by length", _by_text),
    "stages": _Kind("bench", "where_the_time_goes.png", "Where the time goes", _stages),
    "throughput": _Kind(
        "bench", "throughput_by_streams.png", "Speech tokens, by voices at once", _steps
    ),
}
