"""How fast a message is spoken while others wait before it."""

#: About so many characters are spoken in a second at the usual pace.
CHARS_PER_S = 15.0
#: What waits for less than this is not late; what waits for more than that is as late as can be.
_LATE_S, _AS_LATE_AS_CAN_BE_S = 10.0, 40.0


def rate_after(waiting_chars: int, most_percent: int) -> float:
    """How many times as fast as usual to say what comes after so many characters.

    In tenths, so that the same words at almost the same pace are one rendering.
    """
    late_s = waiting_chars / CHARS_PER_S - _LATE_S
    share = min(max(late_s / (_AS_LATE_AS_CAN_BE_S - _LATE_S), 0.0), 1.0)
    return round(1 + share * (most_percent / 100 - 1), 1)
