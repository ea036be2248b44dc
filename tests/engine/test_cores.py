"""Threads share a core when told to, and neither children nor other threads do."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import cores

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="there is nothing to choose"
)


def test_threads_share_a_core_but_those_apart_and_children() -> None:
    everything = os.sched_getaffinity(0)
    with (
        ThreadPoolExecutor(1) as others,
        ThreadPoolExecutor(1, initializer=cores.stay_apart) as apart,
    ):
        for pool in (others, apart):
            assert pool.submit(os.sched_getaffinity, 0).result() == everything
        try:
            assert cores.share()
            core = os.sched_getaffinity(0)
            assert len(core) == 1
            assert others.submit(os.sched_getaffinity, 0).result() == core
            assert apart.submit(os.sched_getaffinity, 0).result() == everything
            with ThreadPoolExecutor(1, initializer=cores.stay_apart) as begun_now:
                assert begun_now.submit(os.sched_getaffinity, 0).result() == everything
            child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
            try:
                assert os.sched_getaffinity(child.pid) == core
                assert cores.give_all(child.pid)
                assert os.sched_getaffinity(child.pid) == everything
            finally:
                child.communicate(b"\n")
        finally:
            cores.spread()
        assert others.submit(os.sched_getaffinity, 0).result() == everything
        assert os.sched_getaffinity(0) == everything


def test_what_has_ended_is_no_failure() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not cores.give_all(child.pid)
