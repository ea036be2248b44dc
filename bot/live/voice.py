"""The stock voice of a member who has no voice of their own: always the same one."""

import hashlib
from collections.abc import Sequence

from engine.speech import StockVoice


def stock_voice_of(user_id: int, stock_voices: Sequence[str], default: str | None) -> StockVoice:
    """The server's `default` where the engine has it, else one picked by a hash of the member."""
    if default is not None and default in stock_voices:
        return StockVoice(default)
    if not stock_voices:
        return StockVoice()
    digest = hashlib.sha256(str(user_id).encode()).digest()
    return StockVoice(stock_voices[int.from_bytes(digest[:8], "big") % len(stock_voices)])
