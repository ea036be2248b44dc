"""All that the simulation takes as given, each with where it is from.

A source is a file of the repository, or "assumed": nobody has measured that one.
"""
# ruff: noqa: RUF009 - `_given` is `dataclasses.field`

import math
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

ASSUMED = "assumed"
_BENCH = "docs/benchmarks/h200/triton.json"
_FLOW = "docs/benchmarks/h200/flow.md"
_STEP = "docs/benchmarks/h200/step.md"
_S3GEN = "engine/chatterbox/s3gen/config.py"
_README = "docs/benchmarks/README.md"

Points = tuple[tuple[float, float], ...]


class Row(NamedTuple):
    """One line of the table beside the results."""

    what: str
    value: Any
    source: str


def _given(value: Any, what: str, source: str = ASSUMED) -> Any:
    return field(default=value, metadata={"what": what, "source": source})


@dataclass(frozen=True)
class Assumptions:
    """Times in milliseconds or seconds as names say; money in US dollars."""

    t3_step_ms: Points = _given(
        ((1, 0.465), (2, 0.551), (4, 0.607), (8, 0.726), (16, 1.437), (64, 2.559)),
        "T3, ms a step by streams (straight lines between)",
        _STEP,
    )
    prefill_ms: float = _given(2.7, "T3, ms before an utterance's steps, voice known", _BENCH)
    prefill_batch: int = _given(
        8,
        "utterances of one prefill (at the price of one: assumed)",
        "engine/chatterbox/t3/scheduler.py",
    )
    one_ms: Points = _given(
        ((50, 29.3), (125, 31.8), (250, 36.7), (500, 59.5)),
        "flow to watermark of one utterance, ms by speech tokens",
        _BENCH,
    )
    four_ms: Points = _given(
        ((50, 67.2), (125, 80.3), (250, 114.3)), "the same, a batch of four", _FLOW
    )
    eight_ms: Points = _given(((50, 116.8), (125, 147.1), (250, 203.0)), "a batch of eight", _FLOW)
    sixteen_ms: Points = _given(
        ((50, 211.9), (125, 269.4), (250, 390.2)), "a batch of sixteen", _FLOW
    )
    prompt_tokens: int = _given(250, "tokens of a voice in the flow, ten seconds", _FLOW)
    token_step: int = _given(64, "tokens of the flow are padded to a multiple", _S3GEN)
    batch_sizes: tuple[int, ...] = _given((1, 2, 4, 8, 16), "utterances are padded to", _S3GEN)
    first_batch: int = _given(8, "most first sounds in one batch", "engine/chatterbox/engine.py")
    batch: int = _given(16, "most others in one batch", _S3GEN)
    waveform_batches: int = _given(
        2, "batches handed over at a time", "engine/chatterbox/engine.py"
    )
    streams: int = _given(64, "utterances a card has at once (as many were measured)", _STEP)
    sharing: float = _given(0.8, "speed of T3 and of S3Gen while both run, of that alone")
    worker_ms: float = _given(2.3, "pipes and the worker's loop, ms a request", _BENCH)
    enrolment_ms: float = _given(
        91.0, "a voice new to a machine, ms, one by one; the card's other work goes on", _BENCH
    )
    recall_ms: float = _given(3.0, "a voice new to a card, on its machine's disk, ms", _BENCH)
    preference: int = _given(
        4, "jobs more that a card may have that knows the voice", "engine/host/pool.py"
    )
    host_cards: int = _given(8, "cards of one machine, behind one queue")

    speech_s_per_character: float = _given(0.0716, "seconds of sound a character", _BENCH)
    tokens_per_s: float = _given(25.0, "speech tokens a second of sound", _BENCH)
    characters_median: float = _given(30.0, "characters of a message, median (lognormal)")
    characters_sigma: float = _given(0.9, "its sigma: the mean is 45")
    characters_max: int = _given(600, "longest message")
    first_chunk: int = _given(60, "characters of a first chunk", "bot/text/limits.py")
    max_chunk: int = _given(280, "characters of any chunk", "bot/text/limits.py")
    time_ratio: float = _given(0.7, "making over playing, for chunks' growth", "bot/text/limits.py")
    in_channel: float = _given(0.05, "share of servers with the bot in a channel, busiest hour")
    messages_per_minute: float = _given(5.0, "messages read there a minute, at random")
    from_cache: float = _given(0.1, "share of messages whose sound is kept already")
    session_s: float = _given(3600.0, "how long the bot stays in a channel, s, mean")
    voices_per_server: int = _given(6, "voices of a server that speaks")
    voice_tail: float = _given(1.0, "Zipf exponent of voices in a server")
    server_tail: float = _given(0.8, "Zipf exponent of how often a server is there")
    voices_kept: int = _given(100_000, "voices that a machine has on its disk")
    day: tuple[float, ...] = _given(
        (
            *(0.75, 0.58, 0.44, 0.34, 0.28, 0.25, 0.26, 0.29, 0.33, 0.37, 0.41, 0.45),
            *(0.49, 0.53, 0.58, 0.64, 0.71, 0.79, 0.87, 0.94, 0.98, 1.0, 0.96, 0.87),
        ),
        "arrivals by hour of day, of the busiest hour's",
    )

    servers_per_process: int = _given(
        200,
        "servers in a channel a Discord process",
        _README,
    )
    encode_ms: float = _given(10.4, "processor ms a second of sound: encoding, levelling", _README)
    sender_cores: float = _given(0.42 / 600, "cores a server that sounds, the sender", _README)
    statements: float = _given(13.0, "database statements a message")
    sqlite_per_s: float = _given(6600.0, "SQLite statements a second, four processes (a probe)")
    guilds_per_shard: int = _given(1000, "servers a shard (Discord recommends about 1,000)")
    identifies_per_day: int = _given(1000, "identifies a day (Discord; large bots may get more)")
    identify_s: float = _given(5.0, "seconds between rounds of identifies (Discord)")
    concurrency: int = _given(16, "identifies a round (Discord, from 150,000 servers on; else 1)")
    card_usd_h: float = _given(3.50, "list price of an H200, dollars an hour")
    core_usd_h: float = _given(0.04, "list price of a core with 4 GiB, dollars an hour")
    traffic_usd_gb: float = _given(0.02, "list price of a gigabyte out, dollars")
    kbit_s: float = _given(80.0, "kbit/s of a server that sounds, with headers")
    cpu_share: float = _given(0.6, "how full cores are run")

    def rows(self) -> list[Row]:
        return [
            Row(each.metadata["what"], getattr(self, each.name), each.metadata["source"])
            for each in fields(self)
        ]

    def step_s(self, streams: int) -> float:
        """One decoding step of so many streams, seconds; past the last point as steep as there."""
        return _on_line(self.t3_step_ms, streams) / 1e3

    def waveforms_s(self, utterances: int, most_tokens: int) -> float:
        """Flow to watermark of one batch, seconds. It is padded, as its longest utterance is.

        Two take a third of the way from one to four: 48 ms for 5 s, where an H100 took 52.6
        (docs/benchmarks/s3gen.md) and is a seventh slower at one.
        """
        size = next(each for each in self.batch_sizes if each >= utterances)
        curves = {1: self.one_ms, 4: self.four_ms, 8: self.eight_ms, 16: self.sixteen_ms}
        padded = self._padded(most_tokens)

        def ms(of: int) -> float:
            return _on_line(tuple((self._padded(x), y) for x, y in curves[of]), padded)

        return (ms(1) + (ms(4) - ms(1)) / 3 if size == 2 else ms(size)) / 1e3

    def _padded(self, tokens: float) -> int:
        """Tokens through the flow, the voice's included: a graph there is for every 64."""
        return math.ceil((self.prompt_tokens + tokens) / self.token_step) * self.token_step

    def chunks(self, characters: int) -> list[int]:
        """How a text is cut, as `bot.text.chunking` grows its chunks, with no regard to words."""
        cut = [min(characters, self.first_chunk)]
        left, after = characters - cut[0], 0
        while left:
            most = min(int((cut[0] + after) / self.time_ratio) - after, self.max_chunk)
            cut.append(min(left, most))
            left, after = left - cut[-1], after + cut[-1]
        return cut

    def mean_message_s(self) -> float:
        """Seconds of sound of a message, by the distribution, cut at the longest."""
        characters = self.draw_characters(np.random.default_rng(0), 100_000)
        return float(characters.mean()) * self.speech_s_per_character

    def draw_characters(self, rng: np.random.Generator, count: int) -> np.ndarray[Any, Any]:
        drawn = rng.lognormal(np.log(self.characters_median), self.characters_sigma, count)
        return np.clip(drawn.round(), 1, self.characters_max).astype(int)


def _on_line(points: Points, x: float) -> float:
    """The straight line between two points, and the last one beyond them."""
    lines = list(pairwise(points))
    (x0, y0), (x1, y1) = next((line for line in lines if x <= line[1][0]), lines[-1])
    return y0 + (y1 - y0) * (max(x, points[0][0]) - x0) / (x1 - x0)
