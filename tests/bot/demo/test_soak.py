"""A short soak: several servers at once lose, repeat and break nothing."""

from pathlib import Path

from bot.demo.soak import soak


async def test_five_servers_speak_at_once(tmp_path: Path) -> None:
    """The full figures are for a quiet machine; what must never happen must not here either."""
    figures = await soak(5, 5.0, tmp_path)
    assert figures.utterances >= 5
    assert figures.lost_utterances == 0
    assert figures.repeated_utterances == 0
    assert figures.broken_utterances == 0
    assert figures.unencrypted_packets == 0
    assert 15 < figures.gap_p50_ms < 25
    assert figures.gap_p99_ms <= 40
    assert figures.loop_lag_p99_ms <= 50
