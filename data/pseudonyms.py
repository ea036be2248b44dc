"""Codes that stand for people who deleted their data, so that what moderators decided outlives it.

A code is a digest of a person's id under a random key of this database: whoever has both can try
out ids, and nobody can read one off.
"""

import hmac
from collections.abc import Callable

from data.database import Database
from data.part import StorePart

Pseudonym = Callable[[int], str]


async def pseudonyms(database: Database, new_key: Callable[[], str]) -> Pseudonym:
    """The codes of this database. Its key is made when it is first opened, and stays."""
    row = {"name": "people", "value": new_key()}
    await database.insert("secrets", row, unless_known=True)
    (key,) = await database.column("SELECT value FROM secrets WHERE name = 'people'")
    keyed = hmac.new(key.encode(), digestmod="sha256")

    def pseudonym(user_id: int) -> str:
        # Not `hmac.digest`: it gives up the interpreter's lock, which takes longer than the digest.
        code = keyed.copy()
        code.update(str(user_id).encode())
        return code.hexdigest()

    return pseudonym


class PseudonymousPart(StorePart):
    """A part that also knows people by their codes."""

    def __init__(
        self, database: Database, clock: Callable[[], float], pseudonym: Pseudonym
    ) -> None:
        super().__init__(database, clock)
        self._pseudonym = pseudonym
