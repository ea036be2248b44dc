"""What can go wrong with stored data.

Nothing outside `data` knows the errors of SQLite and PostgreSQL.
"""

from enum import StrEnum


class DatabaseUnusable(Exception):
    """The database cannot be used, and was left as it was found.

    `str(error)` is one sentence for the person who runs the bot.
    """


class DatabaseClosed(Exception):
    """The bot is shutting down: nothing can be read or stored any more."""


class VoiceNameTaken(Exception):
    """The owner already has a voice of this name, in whatever case it is written."""


class Failure(StrEnum):
    """Why a statement failed."""

    FULL = "full"  # no room on the disk
    HELD = "held"  # somebody else writes, and did not end in time
    READ_ONLY = "read-only"
    DISK = "disk"  # it does not take or give back what it should
    DAMAGED = "damaged"
    AWAY = "away"  # the server cannot be reached
    REFUSED = "refused"  # by the database, for another reason
    FAULT = "fault"  # ours: a statement or a value that is wrong


class StoreFailed(Exception):
    """A statement failed and changed nothing; `str(error)` is for the log alone.

    Where the database was `AWAY` in the middle of it, it may have been done all the same.
    """

    def __init__(self, why: Failure, reason: str) -> None:
        super().__init__(reason)
        self.why = why


class RuleBroken(StoreFailed):
    """Rows would break a rule of their table: a key there twice, a reference to nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(Failure.FAULT, reason)
