"""Which queued job gives way when the queue is full and another one comes. Pure."""

from collections import Counter
from collections.abc import Sequence

from engine.errors import QueueFull
from engine.host.fair_queue import Lane
from engine.host.jobs import Job
from engine.speech import Priority


def job_to_shed(queued: Sequence[Job], lane: Lane) -> tuple[Job, QueueFull] | None:
    """The newest job of whoever has the most, if they keep as many as `lane`'s member has.

    None: it is the new job that is refused. `queued` is in the order of the requests. Servers share
    the queue, and members of one server its share. What is made in the background makes room for
    all others, and nobody for it.
    """
    if lane.priority is Priority.BACKGROUND:
        return None
    for job in reversed(queued):
        if all(waiter.lane.priority is Priority.BACKGROUND for waiter in job.waiters):
            return job, QueueFull(
                "I cannot make files at the moment: other work goes first. Please try again later."
            )
    guilds = Counter(job.waiters[0].lane.guild_id for job in queued)
    greediest, most = max(guilds.items(), key=lambda one: one[1], default=(0, 0))
    own = False
    if guilds[lane.guild_id] + 2 > most:
        greediest, own = lane.guild_id, True
    members = Counter(
        job.waiters[0].lane.user_id for job in queued if job.waiters[0].lane.guild_id == greediest
    )
    greediest_member, most = max(members.items(), key=lambda one: one[1], default=(0, 0))
    if greediest == lane.guild_id and members[lane.user_id] + 2 > most:
        return None
    taken = greediest, greediest_member
    newest = next(job for job in reversed(queued) if job.waiters[0].lane[1:] == taken)
    return newest, QueueFull(
        "Too many of your messages are waiting to be spoken. Please wait a bit."
        if own
        else "Too many messages of this server are waiting to be spoken. Please wait a bit."
    )
