"""How a command ends that is interrupted, or whose output is no longer read.

Imports next to nothing: what a command needs is imported while this watches.
"""

import os
import sys
from collections.abc import Callable

#: What a shell shows of a program that Ctrl-C ended.
INTERRUPTED = 130


def carry_out(command: Callable[[], int]) -> int:
    """Run `command` and return its exit code, 130 after Ctrl-C, 1 where its reader has gone."""
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()  # here, where a closed pipe can still be told from success
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes once more at its end, and would complain of the pipe then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
