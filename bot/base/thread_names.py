"""Threads under their names in `top -H` and /proc, where else all are called after the program."""

import ctypes
import sys
import threading

_PR_SET_NAME = 15
#: Linux takes no more.
_NAME_MAX_BYTES = 15


def show_name() -> None:
    """Tell Linux what the calling thread is called in Python."""
    if sys.platform == "linux":
        name = threading.current_thread().name.encode()[:_NAME_MAX_BYTES]
        # Fails for no name that there is (prctl(2)).
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name, 0, 0, 0)
