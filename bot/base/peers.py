"""The bot processes of one home: each has some shards, a lease, and what the others tell it.

A process speaks only while its lease lasts, by the machine's monotonic clock, which is one for all;
on several machines, by its own machine's, which is never later than what the database's clock says
to the others. One that was frozen, or cannot reach the database, is silent from then on, so the
others need not wait for it any longer. That a process is dead is known at once on one machine: the
system has freed its lock. One that the others gave up writes nothing more, and ends.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from bot.base.errors import UserError
from bot.base.home import PROCESSES
from bot.base.liveness import OtherProcesses, ProcessLock
from bot.base.private_files import make_folder
from bot.base.shards import Shards
from bot.base.tasks import TaskSet
from data.errors import RuleBroken, StoreFailed
from data.processes import Notice, ProcessRow
from data.store import Store

#: A frozen process keeps others from telling somebody that something is gone for so long at most.
LEASE_S = 6.0
_RENEW_EVERY_S = 1.0
#: How often a process looks for what others tell it, and a sender for what they have done.
_LOOK_EVERY_S = 0.2
_ASK_EVERY_S = 0.05
#: A process that lives but has not acted on a notice by then is given up.
_ACKNOWLEDGED_WITHIN_S = 30.0

log = logging.getLogger(__name__)


class HomeTaken(Exception):
    """Another process has what this one wants; `str(error)` says what."""


class Listener(Protocol):
    """What acts on the notices of other processes."""

    def act_on(self, content: str) -> AbstractAsyncContextManager[None]:
        """Silence at once, on the call, whoever is to be silent; the rest on entering.

        When it is entered all is done, and the notice is acknowledged. It is left as soon as the
        notice does not stand any more.
        """

    def cut_off(self) -> AbstractContextManager[None]:
        """End what is being said, and begin nothing until it is left: the lease has ended."""


class Peers:
    """One process among those that share `home`. Without `shards` it has all, and is alone there.

    `clock` is in seconds, and one for all processes.
    """

    def __init__(
        self,
        store: Store,
        home: Path,
        shards: Shards | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.shards = shards
        #: Set when the others have given this process up, or what it works with is gone: it ends.
        self.evicted = asyncio.Event()
        self.first = True
        self._rows = store.processes
        self._transaction = store.transaction
        self._folder = home / PROCESSES
        self._clock = clock
        self._process = secrets.token_hex(16)
        self._lock = ProcessLock(self._folder, self._process)
        self._others = OtherProcesses(store.processes, self._folder, self._process, clock)
        self._lease_until = 0.0
        self._standing: dict[int, asyncio.Event] = {}  # set when a notice stands no more
        self._tasks = TaskSet()
        self.guilds: Callable[[], int] = lambda: 0

    def owns(self, guild_id: int) -> bool:
        """Whether a server is this process's."""
        return self.shards is None or self.shards.has(guild_id)

    def may_speak(self) -> bool:
        """Whether the lease lasts; for any thread, and quick enough for each packet."""
        return self.shards is None or self._clock() < self._lease_until

    async def join(self, *, waiting: bool = False) -> None:
        """Take this process's shards; if `waiting`, as soon as whoever has them ends.

        `first` says then whether nobody else was there. Raises `HomeTaken`.
        """
        if self.shards is None:
            await self._others.give_up_gone()
            if await self._rows.all():
                raise HomeTaken("bot processes with shards of their own are running")
            return
        await asyncio.to_thread(make_folder, self._folder)
        self._lock.acquire()
        # On several machines one that is dead is known by the end of its lease alone.
        give_up_at = self._clock() + (0.0 if self._rows.of_one_machine else LEASE_S + 1.0)
        try:
            while True:
                try:
                    await self._enter(self.shards)
                    break
                except HomeTaken:
                    over = not waiting and self._clock() >= give_up_at
                    if over or self.evicted.is_set():
                        raise
                await asyncio.sleep(_ASK_EVERY_S)
        except BaseException:
            self._lock.release()
            raise
        await self._rows.fence(self._process)

    async def _enter(self, shards: Shards) -> None:
        await self._others.give_up_gone()
        async with self._transaction():
            others = await self._rows.all()
            for other in others:
                if other.shard_count != shards.count:
                    raise HomeTaken(
                        f"{shards} does not go with a bot process that counts "
                        f"{other.shard_count} shards"
                    )
                if other.first_shard <= shards.last and shards.first <= other.last_shard:
                    raise HomeTaken(
                        f"{shards} overlaps with a bot process that has the shards "
                        f"{other.first_shard}-{other.last_shard}"
                    )
            mine, until = await self._lease()
            await self._rows.join(
                ProcessRow(
                    process=self._process,
                    first_shard=shards.first,
                    last_shard=shards.last,
                    shard_count=shards.count,
                    lease_until=until,
                )
            )
        self._lease_until = mine
        self.first = not others

    async def run(self, listener: Listener) -> None:
        """Renew the lease and act on notices until cancelled, or until `evicted`."""
        if self.shards is None:
            return
        renew_at, failed = 0.0, False
        cut_off: AbstractContextManager[None] | None = None
        try:
            while not self.evicted.is_set():
                try:
                    await self._look(listener)
                    if self._clock() >= renew_at or not self.may_speak():
                        await self._renew()
                        renew_at = self._clock() + _RENEW_EVERY_S
                    failed = False
                except (StoreFailed, OSError) as error:
                    if not failed:  # once, not five times a second
                        log.error("the other processes cannot be reached", exc_info=error)
                    failed = True
                if cut_off is None and not self.may_speak():
                    log.error("the lease of this process has ended, so it is silent")
                    cut_off = listener.cut_off()
                    cut_off.__enter__()
                elif cut_off is not None and self.may_speak():
                    log.info("the lease of this process was renewed")
                    cut_off.__exit__(None, None, None)
                    cut_off = None
                await asyncio.sleep(_LOOK_EVERY_S)
        except Exception:
            log.exception("this process can keep no lease, so it ends")
            self.evicted.set()
        finally:
            await self._tasks.cancel()

    async def _look(self, listener: Listener) -> None:
        notices = await self._rows.notices_for(self._process)
        for gone in self._standing.keys() - {notice.notice_id for notice in notices}:
            self._standing.pop(gone).set()
        for notice in notices:
            if notice.notice_id not in self._standing:
                over = self._standing[notice.notice_id] = asyncio.Event()
                try:
                    acting = listener.act_on(notice.content)
                except msgspec.MsgspecError:  # a newer version's: without an answer this one ends
                    log.exception("a notice of another process is not understood")
                    continue
                self._tasks.spawn(self._act(notice, acting, over), name="notice")

    async def _act(
        self, notice: Notice, acting: AbstractAsyncContextManager[None], over: asyncio.Event
    ) -> None:
        async with acting:
            while not over.is_set():
                try:
                    await self._rows.acknowledge(notice.notice_id, self._process)
                    break
                except RuleBroken:
                    raise
                except StoreFailed as error:  # busy: whoever waits goes on waiting
                    log.warning("not acknowledged yet", extra={"reason": str(error)})
                await asyncio.sleep(_LOOK_EVERY_S)
            await over.wait()

    async def _renew(self) -> None:
        mine, until = await self._lease()
        if not await self._rows.renew(self._process, until, self.guilds()):
            log.error("the other processes have given this one up, so it ends")
            self.evicted.set()
            return
        self._lease_until = mine
        await self._others.give_up_gone()

    async def _lease(self) -> tuple[float, float]:
        """The end of a lease that begins now, by this process's clock and by that of all."""
        mine = self._clock() + LEASE_S
        return mine, await self._others.now() + LEASE_S

    async def leave(self) -> None:
        """Give the shards back. Nothing may be said any more."""
        if self.shards is None:
            return
        self._lease_until = 0.0
        try:
            await self._rows.leave(self._process)
        except StoreFailed as error:  # the freed lock says it as well
            log.warning("not signed off", extra={"reason": str(error)})
        self._lock.release()

    async def leads(self) -> bool:
        """Whether this process does what one has to do for all: that with the first shard."""
        rows = await self._rows.all() if self.shards else []
        return not rows or rows[0].process == self._process

    async def servers(self) -> int:
        """In how many servers the bot is, by all processes."""
        if self.shards is None:
            return self.guilds()
        return sum(row.guilds for row in await self._rows.all() if row.process != self._process) + (
            self.guilds()
        )

    @asynccontextmanager
    async def told(self, content: str) -> AsyncGenerator[None, None]:
        """Have every other process act on something before the body begins, until it ends.

        Those that are dead, or whose lease ends meanwhile, do not count: they are silent. Raises
        `UserError` where it is this process that the others have given up.
        """
        if self.shards is None:
            yield
            return
        notice_id = await self._rows.tell(self._process, content)
        try:
            await self._acknowledged(notice_id)
            if not await self._rows.stands(notice_id):
                raise UserError("I was interrupted in the middle of that. Please try again.")
            yield
        finally:
            await asyncio.shield(self._rows.take_back(notice_id))

    @asynccontextmanager
    async def claim(self, subject: str) -> AsyncGenerator[None, None]:
        """Do something as the only one of all processes; the others wait for their turn."""
        if self.shards is None:
            yield
            return
        while not await self._rows.claim(subject, self._process):  # noqa: ASYNC110 - of others
            await asyncio.sleep(_ASK_EVERY_S)
        try:
            yield
        finally:
            await asyncio.shield(self._rows.release(subject, self._process))

    async def _acknowledged(self, notice_id: int) -> None:
        give_up_at = self._clock() + _ACKNOWLEDGED_WITHIN_S
        while late := await self._rows.unacknowledged(notice_id):
            await self._others.give_up_gone_of(late)
            if self._clock() > give_up_at:
                await self._others.give_up(late, "unanswered")
                # They do not know yet, and speak until they do or their lease ends.
                await asyncio.sleep(LEASE_S)
            await asyncio.sleep(_ASK_EVERY_S)
