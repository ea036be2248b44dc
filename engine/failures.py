"""What an exception in an engine means to the one who asked, and how it is logged without a text.

The message of a library's exception may quote the text it was given, so it is never logged.
"""

import logging
import traceback

from engine.errors import OutOfMemory, SpeechError, SynthesisFailed

#: How the messages of a device's failure begin: CUDA's own, cuBLAS's, cuDNN's, Triton's.
_OF_THE_DEVICE = ("CUDA error", "CUDA driver error", "cuDNN error", "cuFFT error", "Triton Error")

log = logging.getLogger(__name__)


def failure_of_job(error: Exception) -> SpeechError:
    """What is reported for an exception that a job met; logged where it is none of ours.

    Raises the exception where the device failed: that is no fault of the job's.
    """
    if is_device_fault(error):
        raise error
    if isinstance(error, SpeechError):
        return error
    if is_out_of_memory(error):
        return OutOfMemory("There was not enough memory to speak this.")
    log_without_values("a job failed", error)
    return SynthesisFailed("The speech engine failed on this text.")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's, or torch's, which need not be imported for this."""
    return isinstance(error, MemoryError | OutOfMemory) or any(
        cls.__name__ == "OutOfMemoryError" for cls in type(error).__mro__
    )


def is_device_fault(error: BaseException) -> bool:
    """Whether the device failed, which says nothing of the job: every later call fails likewise.

    torch raises an `AcceleratorError`, or a `RuntimeError` that begins with the library's name;
    Triton has an error of its own.
    """
    if is_out_of_memory(error):
        return False
    named = any(cls.__name__ == "AcceleratorError" for cls in type(error).__mro__)
    return named or (isinstance(error, RuntimeError) and str(error).startswith(_OF_THE_DEVICE))


def log_without_values(what: str, error: BaseException) -> None:
    """Log where `error` was raised and of what type, causes first; no messages.

    A record a line, so that each has its level at the other end of the pipe.
    """
    for line in f"{what}\n{_traceback(error)}".splitlines():
        log.error("%s", line)


def _traceback(error: BaseException) -> str:
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        frames = "".join(traceback.format_tb(seen.__traceback__))
        parts.append(f"{frames}{type(seen).__module__}.{type(seen).__qualname__}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\nwhich led to\n".join(reversed(parts))
