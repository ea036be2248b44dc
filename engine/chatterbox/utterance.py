"""One utterance from its request to its sound: the object that every stage works on.

It lies below both networks, so that scheduler and waveform decoder take the same objects.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from torch import Tensor

from engine.enrolment import Conditionals
from engine.messages import Speak

#: A speech token is 40 ms: two mel frames of 480 samples at 24 kHz.
FRAMES_PER_TOKEN = 2
SAMPLES_PER_FRAME = 480


@dataclass(frozen=True)
class EnrolledVoice:
    """A voice that can speak, on the CPU.

    `identity` distinguishes it from every other voice; `substitution` says why it is another one
    than was asked for.
    """

    identity: str
    conditionals: Conditionals
    substitution: str | None = None


class UtteranceStatus(Enum):
    """Which stage an utterance is in."""

    NEW = auto()
    ENROLLING = auto()  # its voice is new, and being computed
    WAITING = auto()  # for a slot
    DECODING = auto()
    DECODED = auto()  # its speech tokens wait for the waveform decoder
    FAILED = auto()  # its logits were no numbers any more
    SOUNDING = auto()
    DONE = auto()


@dataclass(eq=False, slots=True)
class Utterance:
    """A request with everything that became of it so far.

    Fields without a value are set by the stage that knows them: `text_tokens`, int64 (n,) with
    start and stop, `voice` and `cap` before it waits for a slot, `speech_tokens`, int64 (n,) on the
    CPU without upstream's extras, once it is decoded. At most `cap` tokens are sampled.
    """

    request: Speak
    status: UtteranceStatus = UtteranceStatus.NEW
    cancelled: bool = False
    text_tokens: Tensor = field(init=False)
    voice: EnrolledVoice = field(init=False)
    cap: int = field(init=False)
    speech_tokens: Tensor = field(init=False)
    #: The mel of its voice's prompt (frames, 80) fp32, once it is where the flow wants it.
    prompt_mel: Tensor | None = None
    #: Whether the voice that it waits for is computed.
    voice_ready: Callable[[], bool] = field(init=False)
    queued: int = 0  # tokens sampled once all steps queued on the device have run
    preempted: int = 0  # how often it began anew, to make room
    capped: bool = False  # the model did not stop by itself
    cut_tokens: int = 0  # speech tokens at the end whose sound is left out
    stage_ms: dict[str, float] = field(default_factory=dict)
    began: float = 0.0  # by `time.perf_counter`, when the stage began that is measured now

    @property
    def total_tokens(self) -> int:
        """Prompt and speech together: the length that the flow works on."""
        return self.voice.conditionals.prompt_tokens.shape[1] + len(self.speech_tokens)

    @property
    def total_frames(self) -> int:
        return self.total_tokens * FRAMES_PER_TOKEN

    @property
    def frames(self) -> int:
        """Mel frames that become sound: all but the prompt's, as upstream counts them."""
        return self.total_frames - self.voice.conditionals.prompt_mel.shape[1]

    @property
    def samples(self) -> int:
        return self.frames * SAMPLES_PER_FRAME

    @property
    def kept_samples(self) -> int:
        """Those of `samples` that are heard: a token's at least, whatever is cut."""
        tokens = max(1, len(self.speech_tokens) - self.cut_tokens)
        return min(self.samples, tokens * FRAMES_PER_TOKEN * SAMPLES_PER_FRAME)

    def end_stage(self, name: str) -> None:
        """Note how long the stage took that was measured; the next one begins."""
        now = time.perf_counter()
        self.stage_ms[name] = 1e3 * (now - self.began)
        self.began = now
