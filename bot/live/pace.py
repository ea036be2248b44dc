"""How fast a message is spoken that had to wait."""

#: What waited for less than this is not late; what waited for more than that is spoken as fast as
#: the server lets it be.
_LATE_S, _AS_LATE_AS_COUNTS_S = 5.0, 30.0


def rate_after(waited_s: float, most_percent: int) -> float:
    """How many times as fast as usual to say what waited so long for its turn."""
    share = (waited_s - _LATE_S) / (_AS_LATE_AS_COUNTS_S - _LATE_S)
    return 1 + min(max(share, 0.0), 1.0) * (most_percent / 100 - 1)
