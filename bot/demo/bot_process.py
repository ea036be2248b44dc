"""A real bot process, `python -m bot run`, as a child: started, watched, stopped as a person would.

Also what the end-to-end tests start.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from bot.loopback import LoopbackDiscord

_ROOT = Path(__file__).parents[2]

#: What is watched is whether it ends; a start takes three seconds where nothing else wants a core.
_START_TIMEOUT_S = 120.0
#: What is watched is whether it ends; the bot gives itself five seconds.
_STOP_TIMEOUT_S = 30.0


class BotEnded(Exception):
    """The bot ended before it was asked to; `str(error)` says how."""


class BotProcess:
    """`async with BotProcess(environment, log)`: runs from enter to exit.

    `options` are of the command `run`; `environment` is added to this process's own. Everything it
    prints goes to the file `log`.
    `stopped_s` is how long it took to end after it was asked to.
    """

    def __init__(self, environment: Mapping[str, str], log: Path, *options: str) -> None:
        self._options = options
        self.environment = {**os.environ, **environment}
        self.log = log
        self.stopped_s: float | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.returncode if self._process else None

    async def __aenter__(self) -> Self:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                "run",
                *self._options,
                cwd=_ROOT,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own on Windows, so that Ctrl-Break reaches it alone.
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def until(self, ready: Awaitable[None]) -> None:
        """Wait for `ready`. Raises `BotEnded` where the bot ends before."""
        waiting = asyncio.ensure_future(ready)
        while not waiting.done():
            if self.returncode is not None:
                waiting.cancel()
                raise BotEnded(f"The bot ended with exit code {self.returncode}.")
            await asyncio.wait({waiting}, timeout=0.05)
        await waiting

    def send_signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def stop(self) -> int:
        """Ask it to end, wait, and kill it if it does not. Returns the exit code."""
        process = self._process
        assert process is not None
        if process.returncode is None:
            asked = time.monotonic()
            process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM))
            try:
                async with asyncio.timeout(_STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
            self.stopped_s = time.monotonic() - asked
        return await process.wait()


def environment_of(discord: LoopbackDiscord, home: Path, **settings: str) -> dict[str, str]:
    """What a bot on `discord` is started with: the stock engine, and no `.env`, unless told."""
    return {
        **discord.environment(),
        "TIMBRE_HOME": str(home),
        "TIMBRE_ENGINE": "stock",
        "TIMBRE_ENV_FILE": "",
        **settings,
    }


@asynccontextmanager
async def running_bot(
    discord: LoopbackDiscord,
    home: Path,
    log: Path,
    *,
    options: Sequence[str] = (),
    **settings: str,
) -> AsyncIterator[BotProcess]:
    async with BotProcess(environment_of(discord, home, **settings), log, *options) as bot:
        await bot.until(discord.wait_for_bot(timeout_s=_START_TIMEOUT_S))
        yield bot
