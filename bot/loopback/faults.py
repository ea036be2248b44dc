"""What can be made to go wrong, each a switch that is off until a test turns it on.

Faults that are single events are methods of what they happen to: `Guild` (a kick, a move),
`Gateway` (a lost session), `VoiceServers` (a migration), `VoiceConnection` (a close).
"""

import random
import re
import time
from dataclasses import dataclass


@dataclass
class RestFault:
    """What happens to requests of one kind, `times` of them (None: until it is removed)."""

    method: str
    path: re.Pattern[str]
    delay_s: float = 0.0
    status: int | None = None
    answered_after_s: float = 0.0
    retry_after_s: float | None = None
    times: int | None = 1
    met: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is concerned; `path` is without host and version."""
        spent = self.times is not None and self.met >= self.times
        return not spent and self.method in (method, "*") and bool(self.path.search(path))


class VoiceFaults:
    """The switches of one guild's voice."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        #: How long the announcement (op 29) of the bot's commit is held back, in seconds. Until
        #: it comes discord.py sends in the clear (or with the previous group's keys).
        self.dave_commit_delay_s = 0.0
        #: The DAVE version that new voice connections negotiate: 0 is a channel without
        #: end-to-end encryption.
        self.dave_version = 1
        #: Close code with which the voice server turns every new connection away, such as 4017
        #: (a client without DAVE) or 4006 (an invalid session).
        self.refusal: int | None = None
        #: Answer voice state updates with a server update that names no server, as Discord does
        #: while it looks for one.
        self.server_missing = False
        #: How long VOICE_SERVER_UPDATE is held back, in seconds.
        self.server_delay_s = 0.0
        self.lose_packets(0)

    def lose_packets(self, share: float, *, seed: int = 0) -> None:
        """Lose this share (0 to 1) of the bot's voice packets on the way.

        The same seed loses the same packets, counted from now.
        """
        self._loss = share
        self._random = random.Random(seed)

    def loses_packet(self) -> bool:
        return self._loss > 0 and self._random.random() < self._loss


class Faults:
    """The switches of REST and the gateway."""

    def __init__(self) -> None:
        #: Refuse bots that ask for the content of messages, as if the portal did not allow it.
        self.message_content_refused = False
        self.rest: list[RestFault] = []
        #: How many requests with the bot's token are answered in any second; None: all.
        self.requests_per_s: int | None = None
        #: When one was answered and when one was refused for that, in `time.monotonic` seconds.
        self.answered_s: list[float] = []
        self.refused_s: list[float] = []

    def beyond_limit(self) -> bool:
        """Whether a request with the bot's token, now, is one too many; it is noted."""
        now_s = time.monotonic()
        recent = [moment_s for moment_s in self.answered_s if now_s - moment_s < 1]
        beyond = self.requests_per_s is not None and len(recent) >= self.requests_per_s
        (self.refused_s if beyond else self.answered_s).append(now_s)
        return beyond

    def slow(self, method: str, path: str, seconds: float, *, times: int | None = 1) -> RestFault:
        """Answer requests whose path matches the regular expression `path` this much later.

        The request is worked on after the delay.
        """
        return self._add(RestFault(method, re.compile(path), delay_s=seconds, times=times))

    def answer_late(self, method: str, path: str, seconds: float) -> RestFault:
        """Work on such a request at once and answer it this much later: others see it before."""
        return self._add(RestFault(method, re.compile(path), answered_after_s=seconds))

    def fail(
        self, method: str, path: str, status: int = 503, *, times: int | None = 1
    ) -> RestFault:
        """Answer with a server error and do nothing. discord.py retries 500, 502 and 504."""
        return self._add(RestFault(method, re.compile(path), status=status, times=times))

    def rate_limit(self, method: str, path: str, retry_after_s: float) -> RestFault:
        """Answer 429 once."""
        fault = RestFault(method, re.compile(path), status=429, retry_after_s=retry_after_s)
        return self._add(fault)

    def rest_fault(self, method: str, path: str) -> RestFault | None:
        """The fault that a request meets, counted as met."""
        for fault in self.rest:
            if fault.matches(method, path):
                fault.met += 1
                return fault
        return None

    def _add(self, fault: RestFault) -> RestFault:
        self.rest.append(fault)
        return fault
