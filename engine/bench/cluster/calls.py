"""What calls of Ray alone take: the way to an actor, which answers at once, and back.

`measure` starts `python -m engine.bench.cluster.calls ADDRESS`, which prints JSON: whoever has
joined a cluster has two dozen threads more.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable

from engine.bench.cluster.head import RayHead
from engine.cluster.joining import join

#: What is called.
NAMES = {
    "nothing": "a call of Ray that answers nothing",
    "sound": "a call of Ray that answers a chunk in two pieces",
}
_CALLS, _WARM_UPS = 600, 50
#: Half a chunk's int16 each: what is longer than 100 KB, Ray lays into its shared memory.
_PIECE = bytes(57_600)


class Answerer:
    """The actor."""

    async def nothing(self) -> bytes:
        return b""

    async def sound(self) -> tuple[bytes, bytes]:
        return _PIECE, _PIECE


async def measure(head: RayHead) -> dict[str, list[float]]:
    """Milliseconds of each call, by its key in `NAMES`. Raises `RuntimeError` where it fails."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "engine.bench.cluster.calls", head.address),
        env=os.environ | head.variables,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"calls of Ray cannot be measured: exit code {child.returncode}")
    times: dict[str, list[float]] = json.loads(said)
    return times


async def _measure(address: str) -> dict[str, list[float]]:
    ray = join(address)
    actor = ray.remote(Answerer).options(num_cpus=0).remote()
    sound = actor.sound.options(num_returns=2).remote

    async def fetch() -> None:
        for piece in sound():
            await piece

    kinds: dict[str, Callable[[], Awaitable[None]]] = {
        "nothing": actor.nothing.remote,
        "sound": fetch,
    }
    took: dict[str, list[float]] = {}
    for kind, call in kinds.items():
        times = took[kind] = []
        for _ in range(_WARM_UPS + _CALLS):
            began = time.perf_counter()
            await call()
            times.append(1e3 * (time.perf_counter() - began))
        del times[:_WARM_UPS]
    ray.shutdown()
    return took


if __name__ == "__main__":
    json.dump(asyncio.run(_measure(sys.argv[1])), sys.stdout)
