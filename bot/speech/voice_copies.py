"""What a machine keeps of voices whose clips lie in a bucket: copies for the engine to read.

A copy lasts as long as the process that fetched it, at most, and goes as soon as its voice is
forgotten. So does what the engine computed of the voice on this machine. With clips in TIMBRE_HOME
there are no copies.
"""

import asyncio
import hashlib
import math
import secrets
import shutil
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import Timeout
from msgspec.structs import replace

from bot.base import private_files
from bot.base.home import CLIPS, CONDITIONALS, COPIES
from bot.base.liveness import ProcessLock
from bot.base.locks import KeyedLocks
from bot.base.objects import FolderObjects, Objects, ObjectsFailed
from bot.base.recorded_files import RecordedFiles
from data.store import Store
from engine.speech import ClonedVoice

#: Of so many voices copies are kept, more than can wait to be spoken in at once.
_COPIES_MAX = 1024


class VoiceCopies:
    """Of one process; `home` is TIMBRE_HOME."""

    def __init__(self, store: Store, objects: Objects, home: Path) -> None:
        self._store = store
        self._objects = objects
        self._home = home
        self._here = FolderObjects(home)
        self._process = secrets.token_hex(16)
        self._lock = ProcessLock(home / COPIES, self._process)
        self._paths: OrderedDict[str, Path] = OrderedDict()
        self._turns = KeyedLocks[str]()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None, None]:
        """Keep copies until it is left.

        On entering, what others left that were killed goes, and so does what was computed of
        voices that were forgotten while this machine was away. No engine may be loaded yet.
        """
        if not self._objects.elsewhere:
            yield
            return
        await asyncio.to_thread(self._begin)
        try:
            files = RecordedFiles(self._here, CONDITIONALS, self._store.conditionals)
            await files.remove_unknown(math.inf)
            yield
        finally:
            await asyncio.to_thread(self._end)

    async def at_hand(self, voice: ClonedVoice) -> ClonedVoice | None:
        """The voice with its clip in a file of this machine; None where it has none any more.

        Without a bucket it does not wait for anything: later words would overtake earlier ones.
        Raises `ObjectsFailed`.
        """
        path = Path(voice.clip_path)
        if not self._objects.elsewhere or path.parent != self._home / CLIPS:
            return voice if path.is_file() else None  # noqa: ASYNC240 - microseconds
        if (copy := self._known(voice.identity)) is None:
            # Whoever wants it may have given up; that it comes must be known all the same.
            copy = await asyncio.shield(self._fetched(voice))
        return None if copy is None else replace(voice, clip_path=str(copy))

    async def forget(self, identity: str) -> None:
        """Remove what this machine has of a voice. Nothing may be under way of it."""
        async with self._turns.of(identity):
            copy = self._paths.pop(identity, None)
            await asyncio.to_thread(private_files.remove, [copy] if copy else [])
        enrolments = await self._store.conditionals.made_with(identity)
        await self._here.delete(row.path for row in enrolments)

    def _known(self, identity: str) -> Path | None:
        copy = self._paths.get(identity)
        if copy is None or not copy.is_file():
            return None
        self._paths.move_to_end(identity)
        return copy

    async def _fetched(self, voice: ClonedVoice) -> Path | None:
        async with self._turns.of(voice.identity):
            if copy := self._known(voice.identity):
                return copy
            name = Path(voice.clip_path).relative_to(self._home).as_posix()
            copy = self._home / COPIES / self._process / f"{secrets.token_hex(16)}.flac"

            def keep(content: bytes) -> None:
                # Whoever can write to the bucket could have a voice speak that is somebody else's.
                if hashlib.sha256(content).hexdigest() != voice.clip_sha256:
                    raise ObjectsFailed(f"{name} in the bucket is not the clip that was kept there")
                private_files.create(copy, content)

            try:
                await self._objects.get(name, keep)
            except FileNotFoundError:
                return None
            self._paths[voice.identity] = copy
        if len(self._paths) > _COPIES_MAX:
            _, oldest = self._paths.popitem(last=False)
            await asyncio.to_thread(private_files.remove, [oldest])
        return copy

    def _begin(self) -> None:
        folder = self._home / COPIES
        private_files.make_folder(folder)
        for left in folder.iterdir():
            if left.is_dir():
                lock = ProcessLock(folder, left.name)
                try:
                    lock.acquire()
                except Timeout:
                    continue  # it lives
                shutil.rmtree(left, ignore_errors=True)
                lock.release()
        self._lock.acquire()
        private_files.make_folder(folder / self._process)

    def _end(self) -> None:
        shutil.rmtree(self._home / COPIES / self._process, ignore_errors=True)
        self._lock.release()
