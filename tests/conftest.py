"""What holds for every test: `--all`, lanes, and a run that hangs at its end is ended and says why.

pytest-timeout and pytest's own faulthandler both stop watching a test once it has failed.
"""

import faulthandler
import gc
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import psutil
import pytest
from hypothesis import HealthCheck, settings

#: Files and folders of what waits for the clock: sound in real time, deadlines. A core idles
#: meanwhile, and times are asserted, so these run side by side in lanes of their own, at normal
#: priority. All others fill the cores that remain, a little lower, to delay no packet, and help
#: when nothing of their own is left: a core has room then.
TIMED = (
    "tests/end_to_end/",
    "tests/bot/channel/",
    "tests/bot/demo/",
    "tests/bot/loopback/",
    "tests/bot/speech/",
    "tests/engine/host/",
    "tests/engine/worker/",
)
#: Of these folders, what works more than it waits, or waits for nothing that has a deadline.
NOT_TIMED = (
    *(
        f"tests/end_to_end/test_{name}.py"
        for name in (
            "authorisation",
            "choosing",
            "cloning",
            "hostile_uploads",
            "nothing_phones_home",
            "privacy",
            "start",
            "voices",
        )
    ),
    "tests/engine/worker/test_chatterbox.py",
    "tests/engine/worker/test_selection.py",
)
#: How many lanes are for what waits for the clock, where there are more.
TIMED_LANES = 3
#: What imports torch, and with it ten seconds of a core. Of a whole run's lanes one collects it,
#: the first that is not timed; the others do without, but for what is timed in it.
HEAVY = "tests/engine/"
ROOT = Path(__file__).parents[1]
#: The longest time a test, or the whole run, may take to put its things away.
ENDING_S = 180.0

# Beside other lanes an example may wait for a core for longer than Hypothesis lets it take. A test
# draws the same examples every time: whether a change is taken is no matter of chance.
settings.register_profile(
    "lanes", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("lanes")

# numpy and torch read them when they are first imported, in processes that tests start too. Two
# threads would spin on cores that other tests use: a clip was assessed in 5 s of CPU time, where
# one thread takes 0.3 s.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

_stderr = pytest.StashKey[int]()
_failure = pytest.StashKey[str]()
_behind = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer `--all`; stretched tests ask `config.getoption("--all")` how much to do."""
    parser.addoption("--all", action="store_true", help="run what is slow, and all cases of it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked slow."""
    if not config.getoption("--all"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: needs --all"))


def pytest_configure(config: pytest.Config) -> None:
    """Keep the terminal's stderr, which is captured while tests run. Make what lanes share."""
    config.stash[_stderr] = os.dup(2)
    if not hasattr(config, "workerinput"):
        spoken = tempfile.TemporaryDirectory(prefix="spoken-")
        os.environ["SPOKEN_FOR_TESTS"] = spoken.name  # see tests/bot/clips/recordings.py
        config.add_cleanup(spoken.cleanup)
        stock = tempfile.TemporaryDirectory(prefix="stock-")
        os.environ["STOCK_FOR_TESTS"] = stock.name  # see tests/stock.py
        config.add_cleanup(stock.cleanup)
        checkpoints = tempfile.TemporaryDirectory(prefix="checkpoints-")
        os.environ["CHECKPOINTS_FOR_TESTS"] = checkpoints.name  # see tests/checkpoints.py
        config.add_cleanup(checkpoints.cleanup)
        postgresql = tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True)
        os.environ["POSTGRESQL_FOR_TESTS"] = postgresql.name  # see tests/postgresql.py
        config.add_cleanup(postgresql.cleanup)
        # aiohttp reads every certificate of the system when it is imported, in hundreds of
        # processes here: a twelfth of a bot's start. None of them vouches for whom a test talks to.
        trusted = tempfile.TemporaryDirectory(prefix="trusted-")
        one = Path(trusted.name, "one.pem")
        end = "-----END CERTIFICATE-----\n"
        one.write_text(certifi.contents().partition(end)[0] + end, "ascii", "ignore")
        os.environ["SSL_CERT_FILE"] = str(one)
        config.add_cleanup(trusted.cleanup)


def is_timed(nodeid: str) -> bool:
    """Whether a test, or every test of a file, waits for the clock."""
    return nodeid.startswith(TIMED) and not nodeid.startswith(NOT_TIMED)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Spread a whole run; files that are named run in one process, where `-s` works."""
    from tests.lanes import lanes  # noqa: PLC0415 - it needs pytest-xdist

    return lanes() if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Do once what every lane of a whole run would do."""
    from tests.lanes import rewrite_once  # noqa: PLC0415 - it needs pytest-xdist

    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        rewrite_once(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a lane whether it leaves to another what is heavy to import."""
    whole = node.config.args_source is pytest.Config.ArgsSource.TESTPATHS
    several = len(node.config.getoption("tx")) > TIMED_LANES
    heavy = int(node.gateway.id.removeprefix("gw")) == TIMED_LANES
    node.workerinput["light"] = whole and several and not heavy


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect in a light lane only what it may run. A folder's conftest may be heavy, too."""
    if not getattr(config, "workerinput", {}).get("light"):
        return None
    place = collection_path.relative_to(ROOT).as_posix()
    if collection_path.is_dir():
        place += "/"
        if any(timed.startswith(place) for timed in TIMED):
            return None
    return True if place.startswith(HEAVY) and not is_timed(place) else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage among what is imported: it stays, and there is a million of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Hand out files by their kind."""
    from tests.lanes import Lanes  # noqa: PLC0415 - it needs pytest-xdist

    return Lanes(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Step back behind what waits for the clock; with that a lane at most helps afterwards.

    Light lanes step back behind the heavy one, too, whose files only that one can take.
    """
    config = item.config
    if hasattr(config, "workerinput") and _behind not in config.stash and not is_timed(item.nodeid):
        config.stash[_behind] = True
        lane, windows = psutil.Process(), sys.platform == "win32"
        least = 10 if config.workerinput["light"] else 5
        # Never back up, which takes root: all of it may have been started with `nice`.
        lane.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if windows else max(least, lane.nice()))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Give each test's end a limit."""
    why = item.stash.get(_failure, "")
    watch = _end_it_if_late(item.config.stash[_stderr], f"{item.nodeid} did not end\n{why}\n")
    try:
        yield
    finally:
        watch.cancel()
        watch.join()  # tests count threads


def pytest_exception_interact(node: pytest.Item, report: pytest.TestReport) -> None:
    """Keep how a test failed: a run that is ended never comes to tell it."""
    node.stash[_failure] = report.longreprtext


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the process's end a limit: a thread that was left behind keeps it alive.

    A lane that is done waits for the others, and is then ended by the process that started it.
    """
    if hasattr(config, "workerinput"):
        return
    _end_it_if_late(config.stash[_stderr], "the tests are over, and the process did not end\n")


def _end_it_if_late(stderr: int, why: str) -> threading.Timer:
    def end() -> None:
        os.write(stderr, f"\n{why}".encode())
        faulthandler.dump_traceback(stderr)
        os._exit(1)

    watch = threading.Timer(ENDING_S, end)
    watch.daemon = True
    watch.start()
    return watch
