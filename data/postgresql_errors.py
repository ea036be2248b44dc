"""What PostgreSQL, its client and the network raise, as errors of our own."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from data.errors import Failure, RuleBroken, StoreFailed

#: By SQLSTATE, or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html
_FAILURES = {
    "53100": Failure.FULL,  # disk_full
    "55P03": Failure.HELD,  # lock_not_available
    "40P01": Failure.HELD,  # deadlock_detected
    "25006": Failure.READ_ONLY,  # read_only_sql_transaction
    "42501": Failure.READ_ONLY,  # insufficient_privilege
    "25P03": Failure.AWAY,  # idle_in_transaction_session_timeout
    "08": Failure.AWAY,  # connection exceptions
    "57P": Failure.AWAY,  # operator intervention: it stops, or is starting
    "58": Failure.DISK,  # system errors: I/O
    "XX": Failure.DAMAGED,  # internal errors: corrupted data or index
    "42": Failure.FAULT,  # a statement that is wrong
    "22": Failure.FAULT,  # a value that is
}
#: Classes of SQLSTATE: errors about values, whose messages show them, and broken rules.
_VALUES, _RULES = "22", "23"


@contextmanager
def failing() -> Iterator[None]:
    """Raise our own errors for those of the server, of asyncpg and of the network.

    Without theirs, which logs would show: they have the values of rows in them, members' words.
    """
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _failed(error) from None
    except asyncpg.InternalClientError as error:  # a connection that was closed under a statement
        raise StoreFailed(Failure.AWAY, str(error)) from None
    except (asyncpg.InterfaceError, OSError, TimeoutError) as error:
        # ValueError: the address cannot be read.
        why = Failure.FAULT if isinstance(error, ValueError) else Failure.AWAY
        raise StoreFailed(why, str(error) or type(error).__name__) from None


def _failed(error: asyncpg.PostgresError) -> StoreFailed:
    """Our own error for one with an SQLSTATE."""
    state = error.sqlstate or ""
    known = (state, state[:3], state[:2])
    why = next((_FAILURES[one] for one in known if one in _FAILURES), Failure.REFUSED)
    reason = f"{type(error).__name__} ({state})"
    if state[:2] != _VALUES:
        reason = f"{reason}: {getattr(error, 'message', None) or error.args[0]}"
    return RuleBroken(reason) if state[:2] == _RULES else StoreFailed(why, reason)
