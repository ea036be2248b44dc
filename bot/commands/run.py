"""`python -m bot run`: the bot on Discord, from start to a clean end.

SIGINT and SIGTERM (on Windows, Ctrl-C and Ctrl-Break) end it within `SHUTDOWN_S`: it takes no more
work, leaves voice, stops the worker and closes the database. With `--shards` it is one of several.
"""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import discord
from filelock import FileLock, Timeout

from bot.base import logs
from bot.base.health import forget_lives, ready_file
from bot.base.home import prepare_home
from bot.base.own_memory import keep_memory_private
from bot.base.peers import HomeTaken, Peers
from bot.base.private_files import make_folder
from bot.base.shards import Shards
from bot.base.thread_names import show_name
from bot.catalogue import CatalogueError, Catalogues, install
from bot.commands.connecting import REFUSED_BY_DISCORD, connect, connector_of
from bot.commands.process import allow_descriptors, leave_in_any_case, on_signals
from bot.services import Services, address_of, http_server, open_services, require_unmoved
from bot.settings import Settings, SettingsError, exposed_token
from engine import cores
from engine.errors import SpeechError

if TYPE_CHECKING:
    from bot.http.server import HttpServer

#: Held by a bot that has all shards.
LONE_LOCK = "bot.lock"
_LOOKED_WITHIN_S = 1.0

log = logging.getLogger(__name__)

#: Of `SHUTDOWN_S`, what Discord and the worker get to let go.
PATIENCE_S = 3.5


async def run(
    settings: Settings,
    shards: Shards | None = None,
    *,
    taking_over: bool = False,
    workers_fd: int | None = None,
) -> int:
    """Run until told to stop. Returns the exit code; raises `SettingsError` for a wrong setting.

    `taking_over`: load everything, then wait until the process that has these shards ends.
    `workers_fd` is of a socket to the supervisor, which has the workers.
    """
    workers = None if workers_fd is None else socket.socket(fileno=workers_fd)
    if workers is not None:
        workers.set_inheritable(False)
    token = settings.discord.require_token()
    keep_memory_private()
    link = connector_of(settings)
    secrets = (token, settings.http.secret, address_of(settings) or "", *settings.objects.secrets)
    logs.configure(settings.log.level, settings.log.format, *secrets)
    allow_descriptors()
    # What encodes and reads files needs no interpreter meanwhile.
    asyncio.get_running_loop().set_default_executor(
        ThreadPoolExecutor(thread_name_prefix="asyncio", initializer=_begin_thread)
    )
    if exposed := exposed_token():
        log.warning(exposed)
    _install_languages(settings)
    stop = asyncio.Event()
    on_signals(stop)
    if shards is not None:
        return await _run(
            settings, token, link, stop, shards, taking_over=taking_over, workers=workers
        )
    require_peers(settings)
    with alone(settings.home):
        return await _run(settings, token, link, stop)


def require_peers(settings: Settings) -> None:
    """Raise `SettingsError` where a bot without shards would not know of one on another machine."""
    if settings.objects.place:
        raise SettingsError(
            "TIMBRE_OBJECTS is for bot processes on several machines, which have to know of each "
            "other: start with `run --processes N` or `run --shards A-B/N`."
        )


async def _run(
    settings: Settings,
    token: str,
    link: aiohttp.TCPConnector | None,
    stop: asyncio.Event,
    shards: Shards | None = None,
    *,
    taking_over: bool = False,
    workers: socket.socket | None = None,
) -> int:
    async with (
        open_services(settings, shards, workers) as services,
        _joined(services, stop, taking_over=taking_over) as peers,
        _serving(services) as http,
    ):
        bot, connection = await connect(services, token, link, stop, http)
        log.info("stopping")
        leave_in_any_case()
        closing = [asyncio.create_task(bot.close()), asyncio.create_task(services.executor.close())]
        if http:
            closing.append(asyncio.create_task(http.close()))
        _, late = await asyncio.wait(closing, timeout=PATIENCE_S)
        failure = connection.exception() if connection.done() else None
    match failure:
        case _ if peers.evicted.is_set():
            return 1
        case discord.LoginFailure():
            raise SettingsError(REFUSED_BY_DISCORD)
        case _ if failure is None or stop.is_set():
            log.info("stopped")
        case discord.DiscordException() | aiohttp.ClientError():
            log.error("Discord ended the connection", extra={"reason": str(failure)})
            return 1
        case _:
            raise failure
    if late:
        # discord.py waits ten seconds for a voice server that does not answer, and cannot be
        # cancelled meanwhile. Nothing of ours is open any more.
        log.warning("Discord did not let go in time")
        logging.shutdown()
        os._exit(0)
    return 0


def _begin_thread() -> None:
    cores.stay_apart()
    show_name()


def _install_languages(settings: Settings) -> None:
    """Read all catalogues, whoever's they are. Raises `SettingsError` for one that cannot be."""
    try:
        install(Catalogues(settings.languages))
    except CatalogueError as error:
        raise SettingsError(f"TIMBRE_LANGUAGES: {error}") from None


@asynccontextmanager
async def _joined(
    services: Services, stop: asyncio.Event, *, taking_over: bool
) -> AsyncGenerator[Peers, None]:
    """Be one of the home's processes. Raises `SettingsError` where that cannot be."""
    peers, home = services.peers, services.settings.home
    if taking_over:
        await _be_ready(services)
    try:
        await peers.join(waiting=taking_over)
    except HomeTaken as error:
        taken = f"TIMBRE_HOME: another Timbre is running in {home}"
        wrong = taken if peers.shards is None else "--shards"
        raise SettingsError(f"{wrong}: {error}") from None
    if peers.shards is not None:
        await asyncio.to_thread(_require_no_lone_bot, home)
        await require_unmoved(services.settings, services.store)
        if peers.first:
            await asyncio.to_thread(forget_lives, home)

    async def watch() -> None:
        await peers.evicted.wait()
        stop.set()

    tasks = {
        asyncio.create_task(peers.run(services.notices), name="peers"),
        asyncio.create_task(watch(), name="eviction"),
    }
    try:
        yield peers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _be_ready(services: Services) -> None:
    """Have the engine loaded, then say so to the supervisor, which ends the former process."""
    try:
        await services.executor.engine_info()
    except SpeechError as error:  # nor would it speak if it had begun at once
        log.warning("taking over without an engine", extra={"reason": str(error)})
    peers = services.peers
    assert peers.shards is not None
    file = ready_file(services.settings.home, peers.shards)
    await asyncio.to_thread(make_folder, file.parent)
    await asyncio.to_thread(file.touch, 0o600)


@asynccontextmanager
async def _serving(services: Services) -> "AsyncGenerator[HttpServer | None, None]":
    """HTTP, if the settings want it. Raises `SettingsError` where it cannot be served."""
    settings = services.settings.http
    if not settings.port:
        yield None
        return
    async with AsyncExitStack() as stack:
        try:
            http = await stack.enter_async_context(http_server(services))
        except OSError as error:
            raise SettingsError(
                f"TIMBRE_HTTP_PORT: {settings.host} port {settings.port} cannot be used: "
                f"{error.strerror}"
            ) from None
        yield http


def _require_no_lone_bot(home: Path) -> None:
    """Raise `SettingsError` where a bot without shards has the home. Blocks for a moment."""
    try:
        with FileLock(home / LONE_LOCK, timeout=_LOOKED_WITHIN_S):  # others may be looking, too
            pass
    except Timeout:
        raise SettingsError(f"TIMBRE_HOME: another Timbre is running in {home}") from None


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home's lock. Raises `SettingsError` where another bot has it.

    Two bots would clean away each other's unfinished files. The system frees the lock of a process
    that ends, in whatever way.
    """
    lock = FileLock(home / LONE_LOCK)
    try:
        prepare_home(home)
        lock.acquire(blocking=False)
    except Timeout:
        raise SettingsError(f"TIMBRE_HOME: another Timbre is running in {home}") from None
    except OSError as error:
        raise SettingsError(f"TIMBRE_HOME cannot be used: {error}") from None
    try:
        yield
    finally:
        lock.release()
