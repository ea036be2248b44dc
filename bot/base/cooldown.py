"""How soon a person may do something again. In memory: a restart forgives."""

from collections.abc import Callable

from bot.base.errors import UserError


class Cooldown:
    """One kind of thing, by person: an id, or a code for one. `clock` is in seconds."""

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
            wait_s = max(1.0, last + self._pause_s - now)
            raise UserError("That was quick. Please try again in {seconds:.0f} s.", seconds=wait_s)

    def use(self, person: int | str) -> None:
        self._last[person] = self._clock()
