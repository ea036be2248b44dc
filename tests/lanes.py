"""How a whole run is spread over processes: what waits for the clock beside what needs the cores.

Only the process that hands out the files imports this.
"""

import contextlib
import os
import sys

import pytest
from _pytest.assertion import rewrite
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests.conftest import HEAVY, ROOT, TIMED_LANES, is_timed

#: Files that take half a minute and more: begun first, so that no lane ends long after the others.
LONGEST = (
    "tests/end_to_end/test_faults.py",
    "tests/bot/loopback/test_server.py",
    "tests/end_to_end/test_process_faults.py",
    "tests/end_to_end/test_nothing_phones_home.py",
    "tests/end_to_end/test_speaking.py",
    "tests/end_to_end/test_queue.py",
    "tests/end_to_end/test_process.py",
    "tests/end_to_end/test_single_words.py",
    "tests/end_to_end/test_server_settings.py",
    "tests/end_to_end/test_live.py",
    "tests/end_to_end/test_speaker_proof.py",
    "tests/end_to_end/test_live_places.py",
    "tests/end_to_end/test_long_text.py",
    "tests/end_to_end/test_other_scripts.py",
    "tests/end_to_end/test_live_restart.py",
    "tests/bot/demo/test_soak.py",
    "tests/engine/bench/test_bench.py",
    "tests/bot/clips/test_hostile.py",
    "tests/bot/text/test_corpus.py",
    "tests/engine/upstream/test_full_size.py",
    "tests/engine/upstream/test_encoders.py",
    "tests/bot/voices/test_killed_registration.py",
    "tests/bot/commands/test_command_line.py",
    "tests/engine/weights/test_hub.py",
    "tests/end_to_end/test_cloning.py",
    "tests/end_to_end/test_nano.py",
    "tests/end_to_end/test_voices.py",
    "tests/end_to_end/test_formats.py",
    "tests/engine/stock/test_stock_voice.py",
    "tests/bot/clips/test_one_speaker.py",
    "tests/end_to_end/test_choosing.py",
    "tests/end_to_end/test_hostile_uploads.py",
    "tests/engine/chatterbox/t3/test_gpt2.py",
    "tests/engine/test_silence.py",
    "tests/engine/chatterbox/test_engine.py",
    "tests/bot/clips/test_judge.py",
    "tests/test_set_up.py",
    "tests/test_package.py",
)
#: A lane that has loaded every engine takes two gigabytes.
MOST_LANES = 6


def lanes() -> int:
    """How many processes a whole run is spread over: one for each core, and the timed ones."""
    return min(MOST_LANES, TIMED_LANES + (os.cpu_count() or 1))


def rewrite_once(config: pytest.Config) -> None:
    """Keep all test files as pytest rewrites them, where the lanes find them.

    In a fresh tree each of them would do it, for all files and all at the same moment: five seconds
    of a core. Pytest has no public way to rewrite a file without running it.
    """
    state = config.stash.get(rewrite.assertstate_key, None)
    if sys.dont_write_bytecode or state is None or state.mode != "rewrite":
        return
    tests = ROOT / "tests"
    for file in (*tests.rglob("test_*.py"), *tests.rglob("conftest.py")):
        kept = rewrite.get_cache_dir(file) / f"{file.stem}{rewrite.PYC_TAIL}"
        if rewrite._read_pyc(file, kept) is None and rewrite.try_makedirs(kept.parent):
            with contextlib.suppress(SyntaxError):  # told where it is collected
                source, code = rewrite._rewrite_test(file, config)
                rewrite._write_pyc(state, code, source, kept)


class Lanes(LoadScopeScheduling):
    """Hands out whole files, each kind to its own lanes; at the end any lane takes either."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]

    def _check_nodes_have_same_collection(self) -> bool:
        """What is handed out is what the first lane has: the full one. Light ones have part."""
        lanes = sorted(self.registered_collections.items(), key=lambda lane: -len(lane[1]))
        self.registered_collections = dict(lanes)
        light = [lane for lane in lanes if lane[0].workerinput["light"]]
        full = set(lanes[0][1])
        same = all(full == set(found) for lane, found in lanes if (lane, found) not in light)
        return same and all(full.issuperset(found) for _, found in light)

    def _assign_work_unit(self, node: WorkerController) -> None:
        timed_lane = int(node.gateway.id.removeprefix("gw")) < TIMED_LANES
        known = {self._split_scope(test) for test in self.registered_collections[node]}
        suit = known.intersection(self.workqueue)
        scopes = sorted(suit, key=lambda scope: self._rank(scope, timed_lane))
        if not scopes:
            node.shutdown()
            return
        self.workqueue.move_to_end(scopes[0], last=False)
        super()._assign_work_unit(node)

    @staticmethod
    def _rank(scope: str, timed_lane: bool) -> tuple[bool, bool, int]:
        """Files of its own kind first, of those what no other lane can take, then the longest."""
        at = LONGEST.index(scope) if scope in LONGEST else len(LONGEST)
        shared = timed_lane or not scope.startswith(HEAVY)
        return is_timed(scope) != timed_lane, shared, at
