"""The C library's heap, which keeps what was freed until it is asked to give it back."""

import ctypes
import sys


def give_back() -> None:
    """Return freed memory to the system, where the C library is one that can (glibc).

    Loading a model leaves gaps of hundreds of megabytes between what stays.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
