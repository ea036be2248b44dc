"""Which worker speaks which job."""

from collections.abc import Sequence
from functools import partial

from engine.host.backlog import Backlog
from engine.host.seat import Seat
from engine.messages import Speak
from engine.speech import Priority

#: How many jobs more than the least busy worker one may have that knows a job's voice.
PREFERENCE_MAX = 4


class Dispatcher:
    """Gives what waits in `backlog` to the workers of `seats`."""

    def __init__(self, seats: Sequence[Seat], backlog: Backlog) -> None:
        self._seats = seats
        self._backlog = backlog

    def dispatch(self) -> None:
        """Give out jobs as long as a worker takes one, the least busy first."""
        while self._backlog.queued:
            able = [seat for seat in self._seats if self._takes(seat)]
            for seat in sorted(able, key=self._load):
                place = partial(self._place, seat)
                job = self._backlog.start(seat.streams, seat.number, place=place)
                if job is not None:
                    self._seats[self._backlog.worker_of(job.job_id)].speak(job)
                    break
            else:
                return

    def _place(self, least_busy: Seat, job: Speak) -> int:
        """Who speaks a job: a worker that knows its voice, unless it has too much more to do.

        What is made in the background stays where room was found for it.
        """
        if job.priority is Priority.BACKGROUND or least_busy.knows(job.voice):
            return least_busy.number
        enough = self._backlog.running_on(least_busy.number) + PREFERENCE_MAX
        for seat in self._seats:
            running = self._backlog.running_on(seat.number)
            if running <= enough and self._takes(seat) and seat.knows(job.voice):
                return seat.number
        return least_busy.number

    def _takes(self, seat: Seat) -> bool:
        return self._backlog.takes(seat.number, seat.streams)

    def _load(self, seat: Seat) -> float:
        return self._backlog.running_on(seat.number) / seat.streams
