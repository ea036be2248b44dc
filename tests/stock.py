"""The stock voice, loaded once in a process of tests: that takes three seconds of a core."""

from functools import cache

from engine.stock.engine import StockEngine


@cache
def stock_engine() -> StockEngine:
    return StockEngine(threads=1, reason="It is a test.")
