"""Machines of several cards behind one queue, and what members hear of them.

A message's first chunk goes before all others. When a chunk is sound, the next one is asked for.
"""

import heapq
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from engine.bench.scale.assumptions import Assumptions
from engine.bench.scale.card import Card, Chunk
from engine.speech import Priority


@dataclass(frozen=True)
class Messages:
    """What members write: times in seconds in order, characters, voices."""

    at: np.ndarray[Any, Any]
    characters: np.ndarray[Any, Any]
    voices: np.ndarray[Any, Any]
    known: frozenset[int]  # voices that were heard before

    @classmethod
    def at_once(cls, count: int, characters: int) -> "Messages":
        """So many equal messages at the beginning, in one voice that is known."""
        voices = np.zeros(count, int)
        return cls(np.zeros(count), np.full(count, characters), voices, frozenset([0]))


@dataclass
class Tally:
    """What came of it. A gap is silence between two chunks of one message."""

    first_sound_s: np.ndarray[Any, Any]  # by message; NaN where there was none
    asked: int = 0
    spoken: int = 0
    late: int = 0
    sound_s: float = 0.0
    ends_s: float = 0.0
    enrolments: int = 0
    batches: int = 0
    busy: float = 0.0  # share of the time that S3Gen ran, mean of the cards

    def percentile_ms(self, percent: float, since: int = 0) -> float:
        """Of the first sounds, those of the first `since` messages left out."""
        return 1e3 * float(np.percentile(self.first_sound_s[since:], percent))


def draw_messages(
    given: Assumptions, servers: float, hour: int, seconds: float, *, seed: int
) -> Messages:
    """Messages of `servers` in that hour of day, a Poisson process; those kept already left out.

    A server's place in a channel is taken by another one when its session ends.
    """
    rng = np.random.default_rng(seed)
    speaking = max(servers * given.in_channel * given.day[hour], 1e-9)
    rate = speaking * given.messages_per_minute / 60 * (1 - given.from_cache)
    at = np.sort(rng.uniform(0, seconds, rng.poisson(rate * seconds)))
    places = max(round(speaking), 1)
    population = max(round(servers), 1)
    ranks = np.arange(1, population + 1) ** -given.server_tail
    before, after = rng.choice(population, (2, places), p=ranks / ranks.sum())
    leaves_at = rng.exponential(given.session_s, places)
    place = rng.integers(places, size=len(at))
    server = np.where(at < leaves_at[place], before[place], after[place])
    per_server = given.voices_per_server
    tail = np.arange(1, per_server + 1) ** -given.voice_tail
    voices = server * per_server + rng.choice(per_server, len(at), p=tail / tail.sum())
    kept = min(given.voices_kept, population * per_server)
    sitting = np.unique(before)[:, None] * per_server + np.arange(per_server)
    known = frozenset(range(kept)) | frozenset(sitting.ravel().tolist())
    return Messages(at, given.draw_characters(rng, len(at)), voices, known)


class Cluster:
    """The cards of one machine. `run` is called once."""

    def __init__(self, given: Assumptions, cards: int) -> None:
        self._given = given
        self._kept: set[int] = set()
        self._cards = [Card(given, self._kept) for _ in range(cards)]
        self._waiting: list[tuple[int, int, Chunk]] = []
        self._order = count()
        self._events: list[tuple[float, int, int]] = []
        self._versions = [0] * cards

    def run(self, messages: Messages) -> Tally:
        """All messages to their ends."""
        given, cards = self._given, self._cards
        self._kept |= messages.known
        for voice in messages.known:
            cards[voice % len(cards)].known.add(voice)
        tally = Tally(np.full(len(messages.at), np.nan))
        cut = [given.chunks(int(characters)) for characters in messages.characters]
        plays_until = np.zeros(len(messages.at))
        arrivals = iter(enumerate(messages.at.tolist()))
        arrival = next(arrivals, None)
        now = 0.0

        def ask(message: int, index: int) -> None:
            seconds = cut[message][index] * given.speech_s_per_character
            chunk = Chunk(
                message=message,
                index=index,
                seconds=seconds,
                tokens=max(round(seconds * given.tokens_per_s), 1),
                voice=int(messages.voices[message]),
                priority=Priority.SPEAKING if index else Priority.FIRST_SOUND,
            )
            heapq.heappush(self._waiting, (chunk.priority, next(self._order), chunk))
            tally.asked += 1

        while True:
            due = self._due()
            if arrival is not None and arrival[1] <= due:
                message, now = arrival
                ask(message, 0)
                arrival = next(arrivals, None)
            elif self._events:
                now, _, place = self._events[0]
                for chunk in cards[place].happen():
                    message, at = chunk.message, now + given.worker_ms / 1e3
                    tally.spoken += 1
                    tally.sound_s += chunk.seconds
                    if chunk.index == 0:
                        tally.first_sound_s[message] = at - messages.at[message]
                    elif at > plays_until[message]:
                        tally.late += 1
                    plays_until[message] = max(plays_until[message], at) + chunk.seconds
                    if chunk.index + 1 < len(cut[message]):
                        ask(message, chunk.index + 1)
                self._watch(place)
            else:
                break
            self._hand_out(now)
        tally.ends_s = now
        tally.enrolments = sum(card.enrolments for card in cards)
        tally.batches = sum(card.batches for card in cards)
        tally.busy = sum(card.busy_s for card in cards) / len(cards) / max(now, 1e-9)
        return tally

    def _due(self) -> float:
        """When the next event is; those that another one has overtaken are dropped."""
        while self._events and self._events[0][1] != self._versions[self._events[0][2]]:
            heapq.heappop(self._events)
        return self._events[0][0] if self._events else np.inf

    def _watch(self, place: int) -> None:
        self._versions[place] += 1
        if (due := self._cards[place].due()) < np.inf:
            heapq.heappush(self._events, (due, self._versions[place], place))

    def _hand_out(self, now: float) -> None:
        """As `engine.host.pool`: where the voice is known, unless that card is much busier."""
        while self._waiting:
            free = [i for i, card in enumerate(self._cards) if card.jobs < self._given.streams]
            if not free:
                return
            chunk = heapq.heappop(self._waiting)[2]
            place = min(free, key=lambda i: self._cards[i].jobs)
            most = self._cards[place].jobs + self._given.preference
            know = [i for i in free if chunk.voice in self._cards[i].known]
            if (
                know
                and self._cards[(best := min(know, key=lambda i: self._cards[i].jobs))].jobs <= most
            ):
                place = best
            self._cards[place].admit(chunk, now)
            self._watch(place)
