"""How many cards, processes, cores and dollars so many servers take, and which limit comes first.

One machine is simulated, with its share of the servers: machines of a cluster are alike, and a
server stays with one of them.
"""

import math
from dataclasses import dataclass, replace

from engine.bench.scale.assumptions import Assumptions
from engine.bench.scale.cluster import Cluster, Messages, Tally, draw_messages

#: p95 of first sound in the busiest hour.
WANTED_MS = 300.0
#: At the beginning of a window the cards are empty: its first fifth does not count.
_WARM = 0.2
#: More seconds of sound a second than any card makes of messages: fewer cards are not tried.
_MOST_SOUND = 200.0


@dataclass(frozen=True)
class Load:
    """One window of one machine: what its members tally. Milliseconds."""

    hour: int
    servers_per_card: float
    messages: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    late_percent: float  # of later chunks, those that a gap was heard before
    sound_per_card: float  # seconds of sound a second
    mean_batch: float
    busy: float  # S3Gen's share of the time
    new_voices: int


@dataclass(frozen=True)
class Size:
    """What one number of servers takes in its busiest hour, and for a day."""

    servers: int
    in_channel: float
    sounding: float
    messages_per_s: float
    cards: int
    machines: int
    processes: int
    cores: int
    shards: int
    restart_min: float
    statements_per_s: float
    gbit_s: float
    cards_usd_day: float
    cards_usd_day_following: float  # with as many cards as each hour wants
    cores_usd_day: float
    traffic_usd_day: float
    peak: Load
    hours: list[Load]

    @property
    def usd_day(self) -> float:
        return self.cards_usd_day + self.cores_usd_day + self.traffic_usd_day


@dataclass(frozen=True)
class Simulation:
    """`seconds` of a busy hour are simulated for a size, fewer for each of the day's hours."""

    given: Assumptions
    seconds: float = 120.0
    hour_seconds: float = 60.0
    seed: int = 17

    @property
    def busiest(self) -> int:
        return self.given.day.index(max(self.given.day))

    def load(self, servers: float, cards: int, hour: int, seconds: float) -> Load:
        """The figures of one machine with so many cards in that hour."""
        drawn = draw_messages(self.given, servers, hour, seconds, seed=self.seed)
        tally = Cluster(self.given, cards).run(drawn)
        return _load(tally, drawn, servers / cards, cards, hour)

    def meets(self, servers: int, cards: int) -> bool:
        peak = self._machine(servers, cards, self.busiest, self.seconds)
        return peak.messages == 0 or peak.p95_ms <= WANTED_MS

    def cards_for(self, servers: int) -> int:
        """The fewest cards with which p95 of first sound is as wanted in the busiest hour."""
        made = servers * self.given.in_channel * self.given.messages_per_minute / 60
        made *= self.given.mean_message_s() * (1 - self.given.from_cache)
        short, enough = 0, max(int(made / _MOST_SOUND), 1)
        while not self.meets(servers, enough):
            short, enough = enough, 2 * enough
        # Between two numbers of cards that differ by less than one in a hundred, nothing is learnt.
        while enough - short > max(1, enough // 100):
            middle = (short + enough) // 2
            if self.meets(servers, middle):
                enough = middle
            else:
                short = middle
        return enough

    def size(self, servers: int) -> Size:
        given, cards = self.given, self.cards_for(servers)
        in_channel = servers * given.in_channel
        messages = in_channel * given.messages_per_minute / 60
        sounding = messages * given.mean_message_s()
        made = sounding * (1 - given.from_cache)
        cores = (made * given.encode_ms / 1e3 + sounding * given.sender_cores) / given.cpu_share
        processes = max(math.ceil(in_channel / given.servers_per_process), 1)
        shards = max(math.ceil(servers / given.guilds_per_shard), 1)
        rounds = math.ceil(shards / (given.concurrency if servers >= 150_000 else 1))
        gbit_s = sounding * given.kbit_s / 1e6
        day = sum(given.day) / max(given.day)  # hours like the busiest one
        follow = sum(math.ceil(cards * share / max(given.day)) for share in given.day)
        return Size(
            servers=servers,
            in_channel=in_channel,
            sounding=sounding,
            messages_per_s=messages,
            cards=cards,
            machines=math.ceil(cards / given.host_cards),
            processes=processes,
            cores=max(math.ceil(cores), processes),
            shards=shards,
            restart_min=rounds * given.identify_s / 60,
            statements_per_s=messages * given.statements,
            gbit_s=gbit_s,
            cards_usd_day=24 * cards * given.card_usd_h,
            cards_usd_day_following=follow * given.card_usd_h,
            cores_usd_day=24 * max(math.ceil(cores), processes) * given.core_usd_h,
            traffic_usd_day=gbit_s / 8 * 3600 * day * given.traffic_usd_gb,
            peak=self._machine(servers, cards, self.busiest, self.seconds),
            hours=[self._machine(servers, cards, hour, self.hour_seconds) for hour in range(24)],
        )

    def limits(self, servers_per_card: float) -> list[tuple[float, str]]:
        """At how many servers each limit is reached, the lowest first."""
        given = self.given
        per_server = given.in_channel * given.messages_per_minute / 60
        reached = [
            (given.servers_per_process / given.in_channel, "one Discord process: its sender"),
            (servers_per_card, "one card"),
            (servers_per_card * given.host_cards, "one machine of eight cards"),
            (given.sqlite_per_s / (per_server * given.statements), "one SQLite file's statements"),
            (
                given.identifies_per_day * given.guilds_per_shard,
                "a second restart in a day: Discord's identifies",
            ),
            (
                10 * 60 / given.identify_s * given.guilds_per_shard,
                "a restart within ten minutes, one identify at a time (without the buckets that "
                "Discord gives large bots)",
            ),
        ]
        return sorted(reached)

    def checks(self) -> list[tuple[str, float, float]]:
        """What the model says of what was measured as a whole: name, simulated, measured."""
        one = Messages.at_once(1, characters=34)
        alone = Cluster(self.given, 1).run(one).percentile_ms(50)
        # That run's batches held at most four.
        narrow = replace(self.given, streams=128, first_batch=4, batch=4)
        flood = Cluster(narrow, 1).run(Messages.at_once(2000, characters=34))
        return [
            ("a first chunk through the worker, ms (h200/triton.json)", alone, 65.3),
            (
                "128 at once on one card, batches of four, seconds of sound a second "
                "(h200/pool.json)",
                flood.sound_s / flood.ends_s,
                181.7,
            ),
        ]

    def _machine(self, servers: int, cards: int, hour: int, seconds: float) -> Load:
        """One of the machines that so many cards make."""
        simulated = min(cards, self.given.host_cards)
        return self.load(servers * simulated / cards, simulated, hour, seconds)


def _load(tally: Tally, drawn: Messages, per_card: float, cards: int, hour: int) -> Load:
    count = len(drawn.at)
    warm = int(count * _WARM)
    p50, p95, p99 = (
        tally.percentile_ms(percent, warm) if count else 0.0 for percent in (50, 95, 99)
    )
    later = tally.spoken - count
    return Load(
        hour=hour,
        servers_per_card=per_card,
        messages=count,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        late_percent=100 * tally.late / later if later else 0.0,
        sound_per_card=tally.sound_s / tally.ends_s / cards if count else 0.0,
        mean_batch=tally.spoken / tally.batches if count else 0.0,
        busy=tally.busy,
        new_voices=tally.enrolments,
    )
