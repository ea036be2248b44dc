"""`python -m bot statistics`: what the bot did in the last 30 days, of nobody and of no server."""

from bot.base.statistics import table
from bot.services import open_store
from bot.settings import Settings


async def statistics(settings: Settings) -> int:
    """Print a line a day. Returns 0; raises `SettingsError` where the database cannot be used."""
    async with open_store(settings) as store:
        days = await store.statistics.days()
    if days:
        print(table(days))
        print("p50 and p95 are from a command to its first sound, to a tenth.")
    else:
        print("Nothing was spoken in the last 30 days.")
    return 0
