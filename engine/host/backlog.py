"""What was asked for and is not done: jobs, who waits for them, until when, and which is next.

Belongs to one event loop; knows nothing of processes. Whatever happens, every waiter is answered
exactly once.
"""

import asyncio
import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection

import msgspec

from engine.errors import DeadlineExceeded, QueueFull, SpeechError
from engine.host.fair_queue import FairQueue, Lane
from engine.host.jobs import Job, Waiter
from engine.host.shedding import job_to_shed
from engine.messages import Speak
from engine.speech import Priority, Speech, SpeechRequest

#: How often a job is given to a worker before its loss is reported.
ATTEMPTS_MAX = 2


class Backlog:
    """Jobs in three places: the queue, the workers, and those to be tried again.

    A waiter queues in the lane of its own guild, user and priority, and a job starts when the
    first of its waiters has its turn: so a better priority lifts the job, and nobody's turn is
    lost to somebody else's cancellation. A job that lost its worker comes before the queue, and
    has a worker to itself: if it was what killed the first, it will not take others with it again.
    One worker at a time is held back for that, or whichever is idle; the others go on.

    Every try has a job id of its own: what a worker says that was given up on means nothing.
    """

    def __init__(self, queued_max: int) -> None:
        self._queued_max = queued_max
        self._ids = itertools.count(1)
        self._jobs: dict[str, Job] = {}  # by content key; a waiter's job is in here until answered
        self._queue: FairQueue[Waiter] = FairQueue()
        self._running: dict[int, Job] = {}  # by job id, in the order of their start
        self._held_by: defaultdict[int, dict[int, Job]] = defaultdict(dict)  # by worker, likewise
        self._again: deque[Job] = deque()
        self._held_back: int | None = None  # the worker that gets free for what is tried again

    @property
    def queued(self) -> int:
        """Jobs that no worker holds."""
        return len(self._jobs) - len(self._running)

    @property
    def running(self) -> int:
        """Jobs that workers hold."""
        return len(self._running)

    def running_on(self, worker: int) -> int:
        """Jobs that one worker holds."""
        return len(self._held_by[worker])

    @property
    def waiting(self) -> Counter[Priority]:
        """Callers whose job no worker has had yet, by class."""
        return self._queue.waiting()

    def submit(self, request: SpeechRequest) -> Waiter:
        """Join the equal job that is in flight, or queue a new one. Raises `QueueFull`."""
        key = request.content_key
        job = self._jobs.get(key)
        if job is None:
            full = self.queued - len(self._again) >= self._queued_max
            if full and not self._make_room(_lane(request)):
                raise QueueFull(
                    "Too much is waiting to be spoken: {most} pieces. Please "
                    "try again in a moment.",
                    most=self._queued_max,
                )
            speak = Speak(
                0,  # until it is given to a worker
                request.text,
                request.voice,
                request.parameters,
                request.language,
                model=request.model,
            )
            job = self._jobs[key] = Job(key, speak)
        waiter = Waiter(job, _lane(request), asyncio.get_running_loop().create_future())
        job.waiters.append(waiter)
        if job.attempts == 0:
            self._enqueue(waiter, request.deadline_s)
        return waiter

    def promote(self, request: SpeechRequest) -> None:
        """Move a member's waiters for equal audio into a better lane, if they queue in a worse."""
        job, lane = self._jobs.get(request.content_key), _lane(request)
        for waiter in job.waiters if job else ():
            same_member = waiter.lane._replace(priority=lane.priority) == lane
            if same_member and lane.priority < waiter.lane.priority and waiter in self._queue:
                self._unqueue(waiter)
                waiter.lane = lane
                self._enqueue(waiter, request.deadline_s)

    def start(
        self,
        running_max: int,
        worker: int = 0,
        *,
        place: Callable[[Speak], int] | None = None,
    ) -> Speak | None:
        """The next job for a worker, now counted as running; None if it is not to have one.

        Half of `running_max` is kept from what is made in the background, where it is more than
        one: a worker finishes what it has begun, and who listens would wait for that. `place` may
        name another worker for a job that comes from the queue; which one it was, `worker_of` says.
        """
        if not self.takes(worker, running_max):
            return None
        mine = self._held_by[worker]
        if self._again and not mine:
            job = self._again.popleft()
            self._held_back = None
        elif self._again and self._is_held_back(worker):
            return None
        elif (waiter := self._next(mine.values(), running_max)) is not None:
            job = waiter.job
            best = min(waiter.lane.priority for waiter in job.waiters)
            job.speak = msgspec.structs.replace(job.speak, priority=best)
            for waiter in job.waiters:
                self._unqueue(waiter)
            worker = place(job.speak) if place else worker
        else:
            return None
        job.attempts += 1
        job.worker = worker
        job.speak = msgspec.structs.replace(job.speak, job_id=next(self._ids))
        self._running[job.speak.job_id] = self._held_by[worker][job.speak.job_id] = job
        return job.speak

    def takes(self, worker: int, running_max: int) -> bool:
        """Whether a worker may be given a job."""
        mine = self._held_by[worker]
        if len(mine) >= running_max or any(job.attempts > 1 for job in mine.values()):
            return False
        return not (self._again and self._held_back == worker and mine)

    def worker_of(self, job_id: int) -> int:
        """Which worker a running job was given to."""
        return self._running[job_id].worker

    def _is_held_back(self, worker: int) -> bool:
        if self._held_back is None and all(job.attempts == 1 for job in self._running.values()):
            self._held_back = worker
        return self._held_back == worker

    def _next(self, jobs: Collection[Job], running_max: int) -> Waiter | None:
        in_background = sum(job.speak.priority is Priority.BACKGROUND for job in jobs)
        full = in_background >= max(1, running_max // 2)
        try:
            return self._queue.take(Priority.IN_LINE if full else Priority.BACKGROUND)
        except IndexError:
            return None

    def _end(self, job_id: int) -> Job | None:
        job = self._running.pop(job_id, None)
        if job is not None:
            del self._held_by[job.worker][job_id]
        return job

    def leave(self, waiter: Waiter) -> int | None:
        """Note that nobody listens to `waiter`; returns the id of a running job to be cancelled.

        Also to be called once it was answered.
        """
        if waiter.answer.done():
            if not waiter.answer.cancelled():
                waiter.answer.exception()  # else asyncio reports an error that nobody looked at
            if waiter not in waiter.job.waiters:
                return None
        return self._drop(waiter)

    def finish(self, job_id: int, speech: Speech) -> None:
        """Answer whoever waits for a job. An unknown id was cancelled, or is tried elsewhere."""
        job = self._end(job_id)
        if job is not None:
            for waiter in self._forget(job):
                waiter.answer.set_result(speech)

    def fail(self, job_id: int, error: SpeechError) -> None:
        """Tell whoever waits for a running job; one that may be retried is tried again first."""
        job = self._end(job_id)
        if job is None:
            return
        if error.retry and job.attempts < ATTEMPTS_MAX:
            self._again.append(job)
        else:
            self._refuse(job, error)

    def worker_lost(self, error: SpeechError, worker: int = 0) -> None:
        """Try everything that a worker held again, in the order it had; `error` if it was."""
        if self._held_back == worker:
            self._held_back = None
        lost = self._held_by.pop(worker, {})
        for job_id in lost:
            del self._running[job_id]
        for job in reversed(lost.values()):
            if job.attempts < ATTEMPTS_MAX:
                self._again.appendleft(job)
            else:
                self._refuse(job, error)

    def fail_all(self, error: SpeechError) -> None:
        """Answer everybody with `error`."""
        self._running.clear()
        self._held_by.clear()
        self._again.clear()
        for job in list(self._jobs.values()):
            self._refuse(job, error)

    def _make_room(self, lane: Lane) -> bool:
        """Refuse the job that has to give way to one in `lane`; false if none has."""
        queued = [job for job in self._jobs.values() if job.attempts == 0]
        shed = job_to_shed(queued, lane)
        if shed is None:
            return False
        self._refuse(*shed)
        return True

    def _expire(self, waiter: Waiter, deadline_s: float) -> None:
        self._drop(waiter)
        if waiter.answer.done():  # given up in the same turn of the loop
            return
        waiter.answer.set_exception(
            DeadlineExceeded(
                "There was too much to say: I could not begin this within {deadline_s:g} s.",
                deadline_s=deadline_s,
            )
        )

    def _drop(self, waiter: Waiter) -> int | None:
        job = waiter.job
        self._unqueue(waiter)
        job.waiters.remove(waiter)
        if job.waiters:
            return None
        del self._jobs[job.key]
        if job in self._again:
            self._again.remove(job)
        return job.speak.job_id if self._end(job.speak.job_id) else None

    def _refuse(self, job: Job, error: SpeechError) -> None:
        for waiter in self._forget(job):
            # Each its own instance: raising one in several tasks would mix their tracebacks.
            waiter.answer.set_exception(type(error)(*error.args))

    def _forget(self, job: Job) -> list[Waiter]:
        """End a job; returns the waiters to be answered now."""
        del self._jobs[job.key]
        waiters, job.waiters = job.waiters, []
        for waiter in waiters:
            self._unqueue(waiter)
        return [waiter for waiter in waiters if not waiter.answer.done()]

    def _enqueue(self, waiter: Waiter, deadline_s: float | None) -> None:
        self._queue.put(waiter, waiter.lane)
        if deadline_s is not None:
            waiter.deadline = asyncio.get_running_loop().call_later(
                deadline_s, self._expire, waiter, deadline_s
            )

    def _unqueue(self, waiter: Waiter) -> None:
        if waiter in self._queue:
            self._queue.remove(waiter)
        if waiter.deadline is not None:
            waiter.deadline.cancel()
            waiter.deadline = None


def _lane(request: SpeechRequest) -> Lane:
    return Lane(request.priority, request.guild_id, request.user_id)
