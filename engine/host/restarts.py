"""When a lost worker is replaced, and when that is given up. Pure; chance is passed in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """Exponential back-off with jitter.

    The pause before the n-th replacement in a row is drawn from the upper half of
    `first_pause_s * 2**(n - 1)`, at most `pause_max_s`. The row ends once a worker has been ready
    for `healthy_after_s`. A worker lost `load_attempts` times in a row before it was ready makes
    speech unavailable; so does one that says it cannot load. A request that comes at least
    `unavailable_pause_s` later begins again.
    """

    first_pause_s: float = 0.25
    pause_max_s: float = 30.0
    healthy_after_s: float = 60.0
    load_attempts: int = 3
    unavailable_pause_s: float = 60.0

    def pause_s(self, losses: int, chance: float) -> float:
        """The pause after `losses` >= 1 in a row; `chance` is uniform in [0, 1)."""
        longest = min(self.pause_max_s, self.first_pause_s * 2.0 ** min(losses - 1, 60))
        return longest * (0.5 + 0.5 * chance)
