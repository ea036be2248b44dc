"""How soon a person may do something again."""

from collections.abc import Callable

from bot.base.errors import UserError
from data.pauses import PauseStore


class Cooldown:
    """One kind of thing in one process, by id or code; a restart forgives. `clock`: in seconds."""

    def __init__(self, pause_s: float, clock: Callable[[], float]) -> None:
        self._pause_s = pause_s
        self._clock = clock
        self._last: dict[int | str, float] = {}

    def require(self, person: int | str) -> None:
        """Raise `UserError` if the last use was too short a time ago."""
        now = self._clock()
        # Forgotten as soon as it says nothing any more, so that this cannot grow without end.
        self._last = {who: at for who, at in self._last.items() if now - at < self._pause_s}
        if (last := self._last.get(person)) is not None:
            raise _too_soon(last + self._pause_s - now)

    def use(self, person: int | str) -> None:
        self._last[person] = self._clock()


class StoredCooldown:
    """One kind of thing in all processes, by people's codes. `clock` gives UTC in Unix seconds."""

    def __init__(
        self, store: PauseStore, kind: str, pause_s: float, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._kind = kind
        self._pause_s = pause_s
        self._clock = clock

    async def require(self, person: str) -> None:
        """Raise `UserError` if the last use was too short a time ago."""
        until = await self._store.until(self._kind, person, self._pause_s)
        if until is not None:
            raise _too_soon(until - self._clock())

    async def use(self, person: str) -> None:
        if self._pause_s:
            await self._store.pause(self._kind, person, self._pause_s)


def _too_soon(wait_s: float) -> UserError:
    return UserError(
        "That was quick. Please try again in {seconds:.0f} s.", seconds=max(1.0, wait_s)
    )
