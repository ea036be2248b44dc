"""Who is next: priority classes, and within one class fair turns, by guild and then by user.

One guild with a hundred requests delays another one's first by a single turn. Pure and
synchronous; knows nothing of jobs, deadlines or workers.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

from engine.speech import Priority

#: A class that was passed over this many times in a row is served next, so that lower classes are
#: slowed down but never starved: each gets at least one turn in ten. Two are left out: what waits
#: `IN_LINE` is promoted when it is due, and what is made in the `BACKGROUND` delays nobody who
#: listens.
PASSED_OVER_MAX = 8
_PATIENT = (Priority.IN_LINE, Priority.BACKGROUND)

Item = TypeVar("Item", bound=Hashable)


class Lane(NamedTuple):
    """Where an item waits."""

    priority: Priority
    guild_id: int
    user_id: int


class _Class(Generic[Item]):
    """One priority class: guilds take turns, in a guild its users do, a user's items keep order."""

    def __init__(self) -> None:
        # The innermost dict is an ordered set: an item can be taken out of the middle.
        self._guilds: OrderedDict[int, OrderedDict[int, dict[Item, None]]] = OrderedDict()
        self.passed_over = 0

    def __bool__(self) -> bool:
        return bool(self._guilds)

    def put(self, item: Item, lane: Lane) -> None:
        users = self._guilds.setdefault(lane.guild_id, OrderedDict())
        users.setdefault(lane.user_id, {})[item] = None

    def take(self) -> Item:
        guild_id, users = next(iter(self._guilds.items()))
        user_id, items = next(iter(users.items()))
        item = next(iter(items))
        users.move_to_end(user_id)
        self._guilds.move_to_end(guild_id)
        self.discard(item, guild_id, user_id)
        return item

    def discard(self, item: Item, guild_id: int, user_id: int) -> None:
        users = self._guilds[guild_id]
        del users[user_id][item]
        if not users[user_id]:
            del users[user_id]
        if not users:
            del self._guilds[guild_id]


class FairQueue(Generic[Item]):
    """Items in their lanes. Each item may be in the queue once."""

    def __init__(self) -> None:
        self._classes: dict[Priority, _Class[Item]] = {each: _Class() for each in sorted(Priority)}
        self._lanes: dict[Item, Lane] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def __contains__(self, item: Item) -> bool:
        return item in self._lanes

    def put(self, item: Item, lane: Lane) -> None:
        """Add `item` behind everything else in its lane."""
        self._lanes[item] = lane
        self._classes[lane.priority].put(item, lane)

    def remove(self, item: Item) -> None:
        """Take `item` out of wherever it waits. Raises `KeyError` if it is not in the queue."""
        lane = self._lanes.pop(item)
        self._classes[lane.priority].discard(item, lane.guild_id, lane.user_id)

    def waiting(self) -> Counter[Priority]:
        """How many items wait in each class."""
        return Counter(lane.priority for lane in self._lanes.values())

    def take(self, least: Priority = Priority.BACKGROUND) -> Item:
        """Remove and return whoever is next. Raises `IndexError` where nothing waits.

        The best class that is not empty, unless another was passed over `PASSED_OVER_MAX` times;
        classes below `least` stay where they are.
        """
        waiting = [each for priority, each in self._classes.items() if each and priority <= least]
        if not waiting:
            raise IndexError("nothing waits")
        chosen = next((c for c in waiting if c.passed_over >= PASSED_OVER_MAX), waiting[0])
        for priority, each in self._classes.items():
            counts = each and each is not chosen and priority not in _PATIENT
            each.passed_over = each.passed_over + 1 if counts else 0
        item = chosen.take()
        del self._lanes[item]
        return item
