"""Threads share a core when told to, and neither children nor other threads do."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import cores

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="there is nothing to choose"
)


def test_threads_share_a_core_and_get_all_of_them_back() -> None:
    everything = os.sched_getaffinity(0)
    other, done = threading.Event(), threading.Event()

    def idle() -> None:
        other.set()
        done.wait(30)

    def sharing() -> None:
        assert cores.share(0, thread.native_id or 0)
        (core,) = os.sched_getaffinity(0)
        assert os.sched_getaffinity(thread.native_id or 0) == {core}
        assert os.sched_getaffinity(threading.main_thread().native_id or 0) == everything
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        try:
            assert os.sched_getaffinity(child.pid) == {core}
            assert cores.free(child.pid)
            assert os.sched_getaffinity(child.pid) == everything
        finally:
            child.communicate(b"\n")
        with ThreadPoolExecutor(initializer=cores.free, initargs=(0,)) as pool:
            assert pool.submit(os.sched_getaffinity, 0).result() == everything
        assert cores.free(0, thread.native_id or 0)
        assert os.sched_getaffinity(0) == everything

    thread = threading.Thread(target=idle, daemon=True)
    thread.start()
    assert other.wait(10)
    try:
        with ThreadPoolExecutor() as pool:  # this thread itself stays as it is
            pool.submit(sharing).result(60)
    finally:
        done.set()


def test_what_has_ended_is_no_failure() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not cores.free(child.pid)
