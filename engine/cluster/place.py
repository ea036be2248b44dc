"""Finding the actor of a place on the cluster, or having Ray make one."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from engine.cluster.actor import HELD_S, NodeWorker
from engine.cluster.wire import AttachAnswer
from engine.errors import WorkerUnavailable
from engine.messages import EngineConfig, Progress, Start

#: How long an actor that was there already may take to answer. One that stands still never does.
_ANSWER_S = 3.0
#: How often it is said that a new actor is being waited for.
_WAITING_S = 2.0

log = logging.getLogger(__name__)


class ActorPlace:
    """One worker's place on the cluster that `ray` is connected to.

    `name` is its name there, `holder` the bot's process, `actor_class` what Ray is to make.
    """

    def __init__(
        self,
        ray: Any,
        name: str,
        holder: bytes,
        actor_class: type[NodeWorker],
        report: Callable[[Progress], None],
    ) -> None:
        self._ray = ray
        self._name = name
        self._holder = holder
        self._actor_class = actor_class
        self._report = report
        self.actor: Any = None  # from when there is one; it may never be made

    def end(self) -> None:
        """End the actor, if there is one."""
        if self.actor is not None:
            self._ray.kill(self.actor)

    async def attach(self, start: Start) -> AttachAnswer:
        """Take the actor that a former relay left, or have a new one made.

        The attachment's state is "attached". Raises `WorkerUnavailable` where there is none.
        """
        wanted = msgspec.msgpack.encode(start)
        try:
            actor = self._ray.get_actor(self._name)
            async with asyncio.timeout(_ANSWER_S):
                attachment = await self._ask(actor, wanted)
            if attachment.state == "held":  # by a bot that was ended a moment ago, perhaps
                await asyncio.sleep(HELD_S + 1.0)
                async with asyncio.timeout(_ANSWER_S):
                    attachment = await self._ask(actor, wanted)
            if attachment.state == "held":
                raise WorkerUnavailable(
                    "Another Timbre with this TIMBRE_HOME uses this worker of the cluster."
                )
            if attachment.state == "attached":
                log.info("found the worker that was left")
                self.actor = actor
                return attachment
            self._ray.kill(actor)
        except ValueError:
            log.info("there is no worker yet")
        except (TimeoutError, self._ray.exceptions.RayError) as error:
            log.info("the worker that was left is of no use: %s", type(error).__name__)
            self._ray.kill(actor)
        return await self._make(start.config, wanted)

    async def _ask(self, actor: Any, wanted: bytes) -> AttachAnswer:
        answer = await actor.attach.remote(self._holder, wanted)
        try:
            return msgspec.msgpack.decode(answer, type=AttachAnswer)
        except msgspec.MsgspecError:
            log.warning("a worker of the cluster runs another version of Timbre")
            return AttachAnswer(state="other")

    async def _make(self, config: EngineConfig, wanted: bytes) -> AttachAnswer:
        on_card = config.device != "cpu" and config.engine != "stock"
        options = {
            "name": self._name,
            "lifetime": "detached",
            "num_cpus": config.threads or 1,
            "num_gpus": int(on_card),
            "max_restarts": 0,
            "scheduling_strategy": "SPREAD",
        }
        self.actor = await self._named(options)
        attaching = asyncio.create_task(self._ask(self.actor, wanted))
        what = "a free GPU" if on_card else "a free processor"
        while not attaching.done():
            self._report(Progress(f"Waiting for a machine of the cluster with {what}"))
            await asyncio.wait({attaching}, timeout=_WAITING_S)
        attachment = await attaching
        if attachment.state == "deaf":
            raise WorkerUnavailable(
                f"The machine of the cluster's new worker does not let it listen at "
                f"{attachment.host}: {attachment.reason}."
            )
        if attachment.state != "attached":
            raise WorkerUnavailable("The cluster's new worker does not serve this Timbre.")
        return attachment

    async def _named(self, options: dict[str, Any]) -> Any:
        """A name is free a moment after its actor was ended."""
        until = asyncio.get_running_loop().time() + _ANSWER_S
        while True:
            try:
                return self._ray.remote(self._actor_class).options(**options).remote()
            except ValueError:
                if asyncio.get_running_loop().time() > until:
                    raise
                await asyncio.sleep(0.05)
