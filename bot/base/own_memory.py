"""What this process holds, its token among it, is for no other process to read."""

import ctypes
import os
import sys

_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Leave no core dump; on Linux let no process of the same user look into this one's memory.

    Not the superuser, whom nothing stops; nor on macOS and Windows, whose own rules hold. The
    children begun later leave no core dump either. Raises `OSError`.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - Windows has none

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
