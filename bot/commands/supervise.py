"""`python -m bot run --processes N`: several bot processes of one home, started and kept running.

Deals Discord's shards out, or with `--shards` those of this machine, has the workers that all of
them speak with, starts a process anew that ended or that was frozen, and on SIGHUP replaces one
after the other: the next one is ready before the former one ends.
"""

import asyncio
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

import discord

from bot.base import logs
from bot.base.health import ready_file
from bot.base.metrics import Metrics
from bot.base.own_memory import keep_memory_private
from bot.base.peers import LEASE_S
from bot.base.shards import Shards, dealt
from bot.base.tasks import TaskSet
from bot.commands.connecting import (
    REFUSED_BY_DISCORD,
    RETRY_FIRST_S,
    RETRY_MAX_S,
    UNREACHABLE,
    connector_of,
)
from bot.commands.process import SHUTDOWN_S, on_signals
from bot.services import address_of, local_executor, objects_of, open_store
from bot.settings import SOURCE, Settings, SettingsError
from bot.speech.voice_copies import VoiceCopies
from bot.voices.enrolments import EnrolmentRecords
from data.store import Store
from engine.host.executor_server import ExecutorServer
from engine.host.restarts import RestartPolicy

_RESTARTS = RestartPolicy(first_pause_s=1.0, pause_max_s=60.0)
#: The exit code of a process that was started with a wrong setting.
_WRONG_SETTING = 2
_LOOK_EVERY_S = 1.0
#: How long an engine may take to be loaded beside the one that speaks.
_READY_WITHIN_S = 900.0
_MOST_PROCESSES = 64

log = logging.getLogger(__name__)


async def supervise(settings: Settings, processes: int, given: Shards | None = None) -> int:
    """Run until told to stop. Returns the exit code; raises `SettingsError` for a wrong setting.

    Without the shards `given`, Discord says how many there are, and this machine has all.
    """
    if not 1 <= processes <= _MOST_PROCESSES:
        raise SettingsError(f"--processes: has to be 1 to {_MOST_PROCESSES}")
    if given is not None and len(given.ids) < processes:
        raise SettingsError(f"--processes: {processes} cannot have a shard each of {given}")
    token = settings.discord.require_token()
    keep_memory_private()
    secrets = (token, settings.http.secret, address_of(settings) or "", *settings.objects.secrets)
    logs.configure(settings.log.level, settings.log.format, *secrets)
    stop, replace = asyncio.Event(), asyncio.Event()
    on_signals(stop)
    if hasattr(signal, "SIGHUP"):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, replace.set)
    if given is None:
        count = await _shard_count(settings, token, stop)
        if count is None:
            return 0
        hands = dealt(max(count, processes), processes)
    else:
        hands = given.dealt(processes)
    async with open_store(settings) as store, _workers(settings, store) as workers:
        members = [
            _Member(settings, number, shards, workers) for number, shards in enumerate(hands)
        ]
        log.info("supervising", extra={"processes": processes, "shards": hands[0].count})
        tasks = [asyncio.create_task(member.keep(), name=str(member.shards)) for member in members]
        tasks.append(asyncio.create_task(_watch(store, members), name="watch"))
        tasks.append(asyncio.create_task(_replace_each(members, replace), name="replace"))
        stopping = asyncio.create_task(stop.wait(), name="signal")
        done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.wait({*tasks, stopping})
        await asyncio.gather(*(member.end() for member in members))
        for task in done - {stopping}:
            task.result()  # nothing else ends by itself but by a failure
    return 0


@asynccontextmanager
async def _workers(settings: Settings, store: Store) -> AsyncGenerator[ExecutorServer | None, None]:
    """What all processes speak with; None where each has to have its own, on Windows."""
    if os.name != "posix":
        yield None
        return
    metrics = Metrics()
    enrolments = EnrolmentRecords(store, metrics)
    executor = await local_executor(settings, enrolments)
    async with VoiceCopies(store, objects_of(settings), settings.home).open():
        try:
            await executor.start()
            yield ExecutorServer(executor, enrolments.settled, lambda: metrics.enrolments)
        finally:
            await executor.close()
            await enrolments.settled()


async def _shard_count(settings: Settings, token: str, stop: asyncio.Event) -> int | None:
    """How many shards Discord wants the bot to have; None where it was told to stop before."""
    pause_s = RETRY_FIRST_S
    while not stop.is_set():
        client = discord.Client(intents=discord.Intents.none(), connector=connector_of(settings))
        try:
            async with client:
                await client.login(token)
                shards, _, _ = await client.http.get_bot_gateway()
                return shards
        except discord.LoginFailure:
            raise SettingsError(REFUSED_BY_DISCORD) from None
        except UNREACHABLE as error:
            log.warning(
                "Discord cannot be reached", extra={"reason": str(error), "next_try_s": pause_s}
            )
        try:
            async with asyncio.timeout(pause_s):
                await stop.wait()
        except TimeoutError:
            pause_s = min(2 * pause_s, RETRY_MAX_S)
    return None


async def _watch(store: Store, members: "list[_Member]") -> None:
    """Kill processes whose lease has ended: they are frozen, and silent in any case."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        living = await store.processes.living(time.monotonic())
        for member in members:
            member.seen(lives=member.shards.first in living)


async def _replace_each(members: "list[_Member]", asked: asyncio.Event) -> None:
    while True:
        await asked.wait()
        asked.clear()
        for member in members:
            if not await member.replace():
                log.error("the others are not replaced")
                break


class _Member:
    """One of the processes, and whichever follows it."""

    def __init__(
        self, settings: Settings, number: int, shards: Shards, workers: ExecutorServer | None
    ) -> None:
        self.shards = shards
        self._workers = workers
        self._serving = TaskSet()
        self._home = settings.home
        self._environment = _environment(settings, number)
        self._process: asyncio.subprocess.Process | None = None
        self._successor: asyncio.subprocess.Process | None = None
        self._lived_at: float | None = None

    async def keep(self) -> None:
        """Start it, and start it anew each time that it ends. Raises `SettingsError`."""
        losses, first = 0, True
        while True:
            begun = time.monotonic()
            self._lived_at = None
            if self._successor is not None:
                self._process, self._successor, losses = self._successor, None, 0
            else:
                self._process = await self._start()
            code = await self._process.wait()
            if self._successor is not None:
                first = False
                continue
            if code == _WRONG_SETTING and first:
                raise SettingsError("a bot process could not be started, as it said")
            first = False
            if time.monotonic() - begun > _RESTARTS.healthy_after_s:
                losses = 0
            losses += 1
            pause_s = _RESTARTS.pause_s(losses, random.random())
            log.warning(
                "a bot process ended, and is started anew",
                extra={"shards": str(self.shards), "code": code, "pause_s": round(pause_s, 1)},
            )
            await asyncio.sleep(pause_s)

    async def replace(self) -> bool:
        """Start the next one, and end this one as soon as that is ready. Whether it was."""
        ready = ready_file(self._home, self.shards)
        ready.unlink(missing_ok=True)
        successor = await self._start("--taking-over")
        give_up_at = time.monotonic() + _READY_WITHIN_S
        try:
            while not ready.exists():
                if successor.returncode is not None or time.monotonic() > give_up_at:
                    await _end(successor)
                    return False
                await asyncio.sleep(_LOOK_EVERY_S / 10)
        except BaseException:  # told to stop: it would take over from what is ended then
            if successor.returncode is None:
                successor.kill()
            raise
        ready.unlink(missing_ok=True)
        self._successor = successor
        if self._process is not None and self._process.returncode is None:
            await _end(self._process)
        log.info("a bot process was replaced", extra={"shards": str(self.shards)})
        return True

    def seen(self, *, lives: bool) -> None:
        """Note whether its lease lasts; kill it if that has ended some time ago."""
        now = time.monotonic()
        if lives:
            self._lived_at = now
        elif self._lived_at is not None and now - self._lived_at > LEASE_S:
            self._lived_at = None
            if self._process is not None and self._process.returncode is None:
                log.error("a bot process is frozen, so it is killed")
                self._process.kill()

    async def end(self) -> None:
        """End it, and whichever is to follow it."""
        processes = (self._process, self._successor)
        await asyncio.gather(*(_end(one) for one in processes if one is not None))
        await self._serving.cancel()

    async def _start(self, *further: str) -> asyncio.subprocess.Process:
        if self._workers is None:
            return await self._run(*further)
        ours, theirs = socket.socketpair()
        with theirs:
            process = await self._run(
                *further, "--workers-fd", str(theirs.fileno()), pass_fds=[theirs.fileno()]
            )
        self._serving.spawn(self._workers.serve(ours), name="workers")
        return process

    async def _run(self, *further: str, pass_fds: Sequence[int] = ()) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "run",
            "--shards",
            str(self.shards),
            *further,
            cwd=SOURCE,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=pass_fds,
            # A group of its own on Windows, so that Ctrl-Break reaches it alone.
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )


def _environment(settings: Settings, number: int) -> Mapping[str, str]:
    """What the process with this number gets that is its own: a port for its figures."""
    environment = dict(os.environ)
    if settings.http.port:
        environment["TIMBRE_HTTP_PORT"] = str(settings.http.port + number)
    return environment


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and kill it if it does not."""
    if process.returncode is None:
        process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
    try:
        async with asyncio.timeout(SHUTDOWN_S + 1.0):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
