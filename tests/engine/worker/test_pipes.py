"""What a worker says goes out at once, while the other side still has something else to do."""

import subprocess
import sys

import pytest

CHUNK = 4 * 57_600  # 2.4 s of 24 kHz float32
WORKER = f"""
import os
from engine.worker.pipes import claim
_, out = claim()
os.set_blocking(out, False)
print(os.write(out, bytes({CHUNK})))  # to standard error, as anything that is printed
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a pipe is as the system makes it")
def test_a_first_chunk_of_sound_has_room_in_the_pipe() -> None:
    done = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, check=True)
    assert (len(done.stdout), done.stderr) == (CHUNK, f"{CHUNK}\n".encode())
