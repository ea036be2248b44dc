"""`report.json`: what was measured of every line that the voice channel heard."""

import msgspec


class SpokenLine(msgspec.Struct, frozen=True, kw_only=True):
    """One `/say`, from the outside: all times are taken where the sound arrives.

    `first_audible_ms` runs from sending the interaction to the arrival of the first packet that
    can be heard; `lead_in_ms` of it are silence on purpose. A gap is time inside the utterance in
    which no packet of speech arrived.
    """

    text: str
    engine: str
    cache_hit: bool
    first_audible_ms: float
    lead_in_ms: int
    seconds: float
    packets: int
    unencrypted_audible_packets: int
    gaps_over_40_ms: list[float]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole demo."""

    timbre: str
    engine: str
    reason: str
    platform: str
    bot_ready_s: float
    join_ms: float
    lines: list[SpokenLine]
    lost_packets: int
    bot_stopped_s: float
