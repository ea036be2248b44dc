"""Nobody else reads what the bot holds in memory."""

import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="Windows dumps no core")
def test_no_core_is_dumped_and_nobody_looks_in() -> None:
    code = (
        "import ctypes, resource, sys\n"
        "from bot.base.own_memory import keep_memory_private\n"
        "keep_memory_private()\n"
        "print(*resource.getrlimit(resource.RLIMIT_CORE))\n"
        "get_dumpable = 3\n"
        "if sys.platform == 'linux': print(ctypes.CDLL(None).prctl(get_dumpable, 0, 0, 0, 0))\n"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["0", "0", *(["0"] if sys.platform == "linux" else [])]
