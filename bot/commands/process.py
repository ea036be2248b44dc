"""What a bot's process and the system agree on: signals, open files, an end in any case."""

import asyncio
import logging
import os
import signal
import sys
import threading

log = logging.getLogger(__name__)

#: How long a clean end may take before the process gives up on being clean.
SHUTDOWN_S = 4.8
#: How many files and sockets the process may have open, where the system lets it.
DESCRIPTORS = 16_384


def allow_descriptors() -> None:
    """Open as many files and sockets as the system lets this process, two for each voice channel.

    What is usual, 1,024, is enough for some 500.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as error:  # macOS may allow less than it says
            log.info("no more descriptors", extra={"reason": str(error), "allowed": soft})


def leave_in_any_case() -> None:
    """End the process `SHUTDOWN_S` from now, whatever still hangs."""
    timer = threading.Timer(SHUTDOWN_S, os._exit, (1,))
    timer.daemon = True
    timer.start()


def on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGBREAK", None)):
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows' event loops know no signal handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
