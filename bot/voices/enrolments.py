"""What an engine has computed about voices, noted in the database while speech goes on."""

import logging

import msgspec

from bot.base.home import CONDITIONALS, is_own
from bot.base.metrics import Metrics
from bot.base.tasks import TaskSet
from data.errors import StoreFailed
from data.rows import NewConditionals
from data.store import Store
from engine.messages import Enrolled

_log = logging.getLogger(__name__)


class EnrolmentRecords:
    """Notes every enrolment as it is reported, so that its file can be found and forgotten.

    A file whose row could not be written is no loss: the janitor removes files without a row,
    and the voice is computed anew.
    """

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._under_way = TaskSet()

    def note(self, made: Enrolled) -> None:
        """Begin to write a row; returns at once.

        What lies where no enrolment is written is not noted: it would be deleted with the voice.
        """
        if not is_own(made.path, CONDITIONALS):
            _log.error("the worker reported an enrolment where none can be")
            return
        self._metrics.enrolments += 1
        self._under_way.spawn(self._record(made), name="enrolment")

    async def settled(self) -> None:
        """Wait until all that was reported so far is written."""
        await self._under_way.wait()

    async def _record(self, made: Enrolled) -> None:
        try:
            row = msgspec.convert(made, NewConditionals, from_attributes=True)
            await self._store.conditionals.record(row)
        except StoreFailed:
            _log.exception("an enrolment could not be noted")
