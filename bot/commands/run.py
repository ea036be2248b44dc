"""`python -m bot run`: the bot on Discord, from start to a clean end.

SIGINT and SIGTERM (on Windows, Ctrl-C and Ctrl-Break) end it within `SHUTDOWN_S`: it takes no more
work, leaves voice, stops the worker and closes the database. With `--shards` it is one of several.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import discord
from filelock import FileLock, Timeout

from bot.base import logs
from bot.base.discord_address import DiscordAddressError, connector
from bot.base.health import forget_lives, ready_file
from bot.base.home import prepare_home
from bot.base.own_memory import keep_memory_private
from bot.base.peers import HomeTaken, Peers
from bot.base.private_files import make_folder
from bot.base.shards import Shards
from bot.catalogue import CatalogueError, Catalogues, install
from bot.client import TimbreBot
from bot.services import Services, http_server, open_services
from bot.settings import Settings, SettingsError, exposed_token
from engine import cores
from engine.errors import SpeechError

if TYPE_CHECKING:
    from bot.http.server import HttpServer

#: Held by a bot that has all shards.
LONE_LOCK = "bot.lock"
_LOOKED_WITHIN_S = 1.0

log = logging.getLogger(__name__)

#: How long a clean end may take before the process gives up on being clean.
SHUTDOWN_S = 4.8
#: Of that, what Discord and the worker get to let go.
PATIENCE_S = 3.5
#: How many files and sockets the process may have open, where the system lets it.
DESCRIPTORS = 16_384
#: The pauses while Discord cannot be reached at a start, such as before the network is up, double
#: from the first to the last. Once connected, discord.py reconnects by itself.
RETRY_FIRST_S, RETRY_MAX_S = 1.0, 60.0
UNREACHABLE = (
    aiohttp.ClientConnectionError,
    TimeoutError,
    discord.DiscordServerError,
    discord.GatewayNotFound,
)


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
    logs.configure(settings.log.level, settings.log.format, token, settings.http.secret)
    _allow_descriptors()
    # What encodes and reads files needs no interpreter meanwhile.
    asyncio.get_running_loop().set_default_executor(
        ThreadPoolExecutor(thread_name_prefix="asyncio", initializer=cores.stay_apart)
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
    with _alone(settings.home):
        return await _run(settings, token, link, stop)


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
        bot, connection = await _connect(services, token, link, stop, http)
        log.info("stopping")
        _leave_in_any_case()
        closing = [asyncio.create_task(bot.close()), asyncio.create_task(services.executor.close())]
        if http:
            closing.append(asyncio.create_task(http.close()))
        _, late = await asyncio.wait(closing, timeout=PATIENCE_S)
        failure = connection.exception() if connection.done() else None
    match failure:
        case _ if peers.evicted.is_set():
            return 1
        case discord.LoginFailure():
            raise SettingsError("DISCORD_TOKEN was refused by Discord")
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
        raise SettingsError(f"TIMBRE_HOME: another Timbre is running in {home}: {error}") from None
    if peers.shards is not None:
        await asyncio.to_thread(_require_no_lone_bot, home)
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


async def _connect(
    services: Services,
    token: str,
    link: aiohttp.TCPConnector | None,
    stop: asyncio.Event,
    http: "HttpServer | None",
) -> "tuple[TimbreBot, asyncio.Task[None]]":
    """Keep a bot on Discord until `stop` is set or its connection ended for good."""
    message_content = services.settings.discord.message_content
    stopping = asyncio.create_task(stop.wait(), name="signal")
    pause_s = RETRY_FIRST_S
    while True:
        bot = TimbreBot(services, link, message_content=message_content)
        if http:
            http.discord = bot
        connection = asyncio.create_task(bot.start(token), name="discord")
        await asyncio.wait({connection, stopping}, return_when=asyncio.FIRST_COMPLETED)
        failure = connection.exception() if connection.done() else None
        if isinstance(failure, discord.PrivilegedIntentsRequired) and message_content:
            message_content = False
            log.warning(
                "Discord does not let this bot read messages, so /live is off; switch on "
                "Message Content Intent for it in the developer portal"
            )
        elif isinstance(failure, UNREACHABLE) and not stop.is_set():
            log.warning(
                "Discord cannot be reached",
                extra={"reason": str(failure), "next_try_s": pause_s},
            )
            await asyncio.wait({stopping}, timeout=pause_s)
            pause_s = min(2 * pause_s, RETRY_MAX_S)
        else:
            break
        if stop.is_set():
            break
        await bot.close()
        link = connector_of(services.settings)
    stopping.cancel()
    return bot, connection


def _require_no_lone_bot(home: Path) -> None:
    """Raise `SettingsError` where a bot without shards has the home. Blocks for a moment."""
    try:
        with FileLock(home / LONE_LOCK, timeout=_LOOKED_WITHIN_S):  # others may be looking, too
            pass
    except Timeout:
        raise SettingsError(f"TIMBRE_HOME: another Timbre is running in {home}") from None


@contextmanager
def _alone(home: Path) -> Iterator[None]:
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


def _allow_descriptors() -> None:
    """Open as many files and sockets as the system lets this process, two for each voice channel.

    What is usual, 1,024, is enough for some 500.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as error:  # macOS may allow less than it says
            log.info("no more descriptors", extra={"reason": str(error), "allowed": soft})


def _leave_in_any_case() -> None:
    """End the process `SHUTDOWN_S` from now, whatever still hangs."""
    timer = threading.Timer(SHUTDOWN_S, os._exit, (1,))
    timer.daemon = True
    timer.start()


def connector_of(settings: Settings) -> aiohttp.TCPConnector | None:
    discord_at = settings.discord
    if discord_at.resolve is None or discord_at.ca is None:
        return None
    try:
        return connector(discord_at.resolve, discord_at.ca)
    except DiscordAddressError as error:
        raise SettingsError(f"TIMBRE_DISCORD_CA: {error}") from None


def on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGBREAK", None)):
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows' event loops know no signal handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
