"""`python -m bot cache list | clear | verify`: what is kept on disk, without the engine."""

import time
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from bot.base.home import CONDITIONALS
from bot.base.objects import FolderObjects
from bot.base.recorded_files import RecordedFiles
from bot.services import objects_of, open_store, speech_cache
from bot.settings import Settings
from bot.speech.audio.cache import SETTLED_S, SpeechCache
from data.rows import ConditionalsKey
from data.store import Store


async def caches(settings: Settings, action: str) -> int:
    """Carry out one action on both caches and show the result. Returns the exit code."""
    console = Console()
    async with open_store(settings) as store:
        speech = speech_cache(settings, store, objects_of(settings))
        match action:
            case "list":
                await _list(console, store, speech)
            case "clear":
                renderings = await speech.clear()
                await store.local_clips.forget_unused(0.0)
                enrolments = await _conditionals(settings, store).remove(
                    await store.conditionals.all()
                )
                console.print(f"Removed {renderings} renderings and {enrolments} enrolled clips.")
            case _:
                return await _verify(console, settings, store, speech)
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
            entry.voice_identity[:24],
            _kib(entry.size_bytes),
            _when(entry.last_used_at),
        )
    if renderings or enrolments:
        console.print(table)
    total = sum(row.size_bytes for row in renderings) + sum(row.size_bytes for row in enrolments)
    console.print(
        f"{len(renderings)} renderings and {len(enrolments)} enrolled clips, {_kib(total)}."
    )


async def _verify(console: Console, settings: Settings, store: Store, speech: SpeechCache) -> int:
    report = await speech.verify()
    files = _conditionals(settings, store)
    home, of_others = settings.home, settings.objects.place is not None

    async def is_whole(row: ConditionalsKey) -> bool:
        path = home / row.path
        if not path.is_file():
            return of_others  # another machine may have it
        return path.stat().st_size == row.size_bytes

    damaged = await files.remove_broken(is_whole)
    # A worker may be about to report a younger one.
    unknown = await files.remove_unknown(time.time() - SETTLED_S)
    sound = len(await store.conditionals.all())
    console.print(
        f"Speech: {report.sound} sound, {report.unreadable} damaged and forgotten, "
        f"{report.unknown} unknown files removed, {_kib(report.size_bytes)}.\n"
        f"Enrolled clips: {sound} sound, {damaged} damaged and "
        f"forgotten, {unknown} unknown files removed."
    )
    return 1 if report.unreadable or damaged else 0


def _conditionals(settings: Settings, store: Store) -> RecordedFiles[ConditionalsKey]:
    return RecordedFiles(FolderObjects(settings.home), CONDITIONALS, store.conditionals)


def _kib(size_bytes: int) -> str:
    return f"{size_bytes / 1024:,.1f} KiB"


def _when(unix_s: float) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M}"
