"""The stock voice: its model is made ready once in a run, which takes three seconds of a core.

Lanes and the bots that they start share a folder of weights, in which it is kept.
"""

import os
from functools import cache

from engine.messages import EngineConfig
from engine.stock.engine import StockEngine


def shared_weights() -> dict[str, str]:
    """Settings of a bot whose stock voice is to start fast. Nothing else is in the folder.

    With two threads it would take a tenth more of what tests share.
    """
    home = os.environ.get("STOCK_FOR_TESTS")  # tests' parts are also used without pytest
    return {"TIMBRE_ENGINE_THREADS": "1"} | ({"TIMBRE_WEIGHTS_HOME": home} if home else {})


@cache
def stock_engine() -> StockEngine:
    """Loaded once in a process of tests."""
    home = os.environ.get("STOCK_FOR_TESTS")
    folder = EngineConfig(home="", weights_home=home).stock_folder if home else None
    return StockEngine(threads=1, reason="It is a test.", folder=folder)
