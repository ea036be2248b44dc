"""A short soak: several servers at once lose, repeat and break nothing."""

from dataclasses import replace
from pathlib import Path

from bot.demo.soak import soak


async def test_five_servers_speak_at_once(tmp_path: Path) -> None:
    """The full figures are for a quiet machine; what must never happen must not here either."""
    figures = await soak(5, 5.0, tmp_path)
    assert figures.utterances >= 5
    assert 15 < figures.gap_p50_ms < 25
    assert figures.missed() == []
    late = replace(figures, lost_utterances=1, gap_p99_ms=40.1)
    assert late.missed() == [
        "lost_utterances is 1, not at most 0",
        "gap_p99_ms is 40.1, not at most 40",
    ]
