"""Who speaks next in one server: everybody's own words in order, authors in turn."""

from collections import deque

from bot.channel.playback import Playback


class Line:
    """Waiting utterances. While each author has one, it is first come, first served."""

    def __init__(self) -> None:
        # By author, in the order of their turns: who has just spoken goes to the end.
        self._turns: dict[int, deque[Playback]] = {}

    def __len__(self) -> int:
        return sum(len(own) for own in self._turns.values())

    def add(self, playback: Playback) -> None:
        """Put it behind everything else of its author."""
        self._turns.setdefault(playback.author_id, deque()).append(playback)

    def take(self) -> Playback | None:
        """Remove and return what is to be said next."""
        if not self._turns:
            return None
        author_id = next(iter(self._turns))
        own = self._turns.pop(author_id)
        playback = own.popleft()
        if own:
            self._turns[author_id] = own
        return playback

    @property
    def first(self) -> Playback | None:
        """What `take` would return."""
        return next((own[0] for own in self._turns.values()), None)

    def remove(self, playback: Playback) -> bool:
        """Take it out of the line; false if it was not in it."""
        own = self._turns.get(playback.author_id)
        if own is None or playback not in own:
            return False
        own.remove(playback)
        if not own:
            del self._turns[playback.author_id]
        return True

    def take_older(self, moment: float) -> list[Playback]:
        """Remove and return what was asked for before `moment` (the event loop's clock)."""
        old = [playback for playback in self.listed() if playback.asked_at < moment]
        for playback in old:
            self.remove(playback)
        return old

    def postpone(self, seconds: float) -> None:
        """Let nothing grow older by this time, in which nothing could be said."""
        for own in self._turns.values():
            for playback in own:
                playback.asked_at += seconds

    def spare(self, author_id: int) -> Playback | None:
        """The newest of the author with the most; None if `author_id` would then have more.

        That is what a full line can do without when the author has one more to say.
        """
        greediest = max(self._turns, key=lambda author: len(self._turns[author]), default=author_id)
        most, own = len(self._turns.get(greediest, ())), len(self._turns.get(author_id, ()))
        return self._turns[greediest][-1] if own + 2 <= most else None

    def listed(self) -> list[Playback]:
        """Everything that waits, in the order in which it will be said."""
        rest = [deque(own) for own in self._turns.values()]
        order: list[Playback] = []
        while rest:
            own = rest.pop(0)
            order.append(own.popleft())
            if own:
                rest.append(own)
        return order
