"""`python -m bot cache list | clear | verify`: what is kept on disk, without the engine."""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.base import private_files
from bot.services import open_store, speech_cache
from bot.settings import Settings
from bot.speech.audio.cache import SETTLED_S, SpeechCache
from data.rows import ConditionalsKey
from data.store import Store


async def caches(settings: Settings, action: str) -> int:
    """Carry out one action on both caches and show the result. Returns the exit code."""
    console = Console()
    async with open_store(settings) as store:
        speech = speech_cache(settings, store)
        match action:
            case "list":
                await _list(console, store, speech)
            case "clear":
                renderings = await speech.clear()
                await store.local_clips.forget_unused(0.0)
                enrolments = await _forget(store, settings.home, await store.conditionals.all())
                console.print(f"Removed {renderings} renderings and {enrolments} enrolled clips.")
            case _:
                return await _verify(console, settings.home, store, speech)
    return 0


async def _list(console: Console, store: Store, speech: SpeechCache) -> None:
    renderings, enrolments = await speech.rows(), await store.conditionals.all()
    table = Table("what", "key", "voice", "size", "last used (UTC)", title="Caches")
    for row in renderings:
        table.add_row(
            "speech",
            row.key[:12],
            row.voice_identity[:24],
            _kib(row.size_bytes),
            _when(row.last_used_at),
        )
    for entry in enrolments:
        table.add_row(
            "enrolled clip",
            entry.key[:12],
            f"clip:{entry.clip_sha256[:12]}",
            _kib(entry.size_bytes),
            _when(entry.last_used_at),
        )
    if renderings or enrolments:
        console.print(table)
    total = sum(row.size_bytes for row in renderings) + sum(row.size_bytes for row in enrolments)
    console.print(
        f"{len(renderings)} renderings and {len(enrolments)} enrolled clips, {_kib(total)}."
    )


async def _verify(console: Console, home: Path, store: Store, speech: SpeechCache) -> int:
    report = await speech.verify()
    enrolments = await store.conditionals.all()
    missing = await asyncio.to_thread(
        lambda: [row for row in enrolments if not _whole(home / row.path, row.size_bytes)]
    )
    await _forget(store, home, missing)
    known = {home / row.path for row in enrolments}
    unknown = await asyncio.to_thread(
        # A worker may be about to report a younger one.
        private_files.remove_unknown,
        home / "conditionals",
        known,
        time.time() - SETTLED_S,
    )
    console.print(
        f"Speech: {report.sound} sound, {report.unreadable} damaged and forgotten, "
        f"{report.unknown} unknown files removed, {_kib(report.size_bytes)}.\n"
        f"Enrolled clips: {len(enrolments) - len(missing)} sound, {len(missing)} damaged and "
        f"forgotten, {unknown} unknown files removed."
    )
    return 1 if report.unreadable or missing else 0


async def _forget(store: Store, home: Path, rows: Iterable[ConditionalsKey]) -> int:
    rows = list(rows)
    await asyncio.to_thread(private_files.remove, [home / row.path for row in rows])
    return await store.conditionals.delete(row.key for row in rows)


def _whole(path: Path, size_bytes: int) -> bool:
    return path.is_file() and path.stat().st_size == size_bytes


def _kib(size_bytes: int) -> str:
    return f"{size_bytes / 1024:,.1f} KiB"


def _when(unix_s: float) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M}"
