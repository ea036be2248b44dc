"""Typed failures of speech, each with a sentence that can be shown to the person who asked.

Raised by `Executor.synthesise`. The worker's side names one by its `kind` on the wire.
"""

from typing import ClassVar


class SpeechError(Exception):
    """Base of everything that can go wrong between a request and its audio.

    `str(error)` is one sentence for the person who asked: no paths, no stack, no text of theirs.
    `sentence` is it as catalogues have it, with names in braces for `values` where there are any;
    those do not cross to another process. `retry` is true where another worker process may succeed
    with the same request.
    """

    kind: ClassVar[str] = "failed"
    retry: ClassVar[bool] = False

    def __init__(self, sentence: str = "", /, **values: str | int | float) -> None:
        self.sentence, self.values = sentence, values
        super().__init__(sentence.format(**values) if values else sentence)


class QueueFull(SpeechError):
    """The bounded queue has no place left; nothing was accepted."""

    kind = "queue_full"


class DeadlineExceeded(SpeechError):
    """The request did not start before its deadline."""

    kind = "deadline"


class ExecutorClosed(SpeechError):
    """The bot is shutting down and takes no more work."""

    kind = "closed"


class WorkerDied(SpeechError):
    """The worker was lost (killed, hung) while it held the request, and again on the second try."""

    kind = "worker_died"
    retry = True


class WorkerUnavailable(SpeechError):
    """The worker cannot be started; the sentence says why."""

    kind = "worker_unavailable"


class OutOfMemory(SpeechError):
    """The worker ran out of memory on this request."""

    kind = "out_of_memory"
    retry = True


class WatermarkMissing(WorkerUnavailable):
    """The watermark cannot be put into speech: nothing may speak."""


class VoiceUnusable(SpeechError):
    """The voice's clip is missing, changed since it was registered, or cannot be enrolled."""

    kind = "voice_unusable"


class SynthesisFailed(SpeechError):
    """The engine could not speak this text; trying again would fail the same way."""

    kind = "synthesis_failed"


#: Those above that have a kind of their own.
BY_KIND = {error.kind: error for error in SpeechError.__subclasses__()}
