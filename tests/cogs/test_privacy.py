"""What `/privacy` says of what is stored."""

from cogs.privacy import WHAT
from data.store import Store
from tests.store import clock, store

__all__ = ["clock", "store"]


async def test_everything_about_a_person_is_called_by_words(store: Store) -> None:
    assert (await store.personal.rows_about(1)).keys() == WHAT.keys()
