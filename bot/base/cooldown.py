"""How soon a person may do something again. In memory: a restart forgives."""

from collections.abc import Callable

from bot.base.errors import UserError


class Cooldown:
    """One kind of thing, by person. `clock` is in seconds."""

    def __init__(self, pause_s: float, clock: Callable[[], float]) -> None:
        self._pause_s = pause_s
        self._clock = clock
        self._last: dict[int, float] = {}

    def require(self, user_id: int) -> None:
        """Raise `UserError` if the last use was too short a time ago."""
        now = self._clock()
        # Forgotten as soon as it says nothing any more, so that this cannot grow without end.
        self._last = {user: at for user, at in self._last.items() if now - at < self._pause_s}
        if (last := self._last.get(user_id)) is not None:
            wait_s = max(1.0, last + self._pause_s - now)
            raise UserError(f"That was quick. Please try again in {wait_s:.0f} s.")

    def use(self, user_id: int) -> None:
        self._last[user_id] = self._clock()

    def forget(self, user_id: int) -> None:
        self._last.pop(user_id, None)
