"""A second look at the few tests that failed in a whole run: their files again, and nothing beside.

    pytest -p tests.second_look

In a whole run six processes share the cores, on a machine that may be half as fast as an hour
before. What passes alone did not fail for what it holds; it is named all the same, to be mended.
Whole files, because the tests of one often share a bot. `.ci/run` does this. Whoever works on a
change wants to see the first failure.
"""

import subprocess
import sys

import pytest

#: More than these are no accident.
MOST = 3
TIMEOUT_S = 600


class SecondLook:
    """Registered where the run is led, not in the processes that it is spread over."""

    def __init__(self) -> None:
        self.failed: dict[str, None] = {}
        self.said = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed[report.nodeid] = None

    @pytest.hookimpl(trylast=True)  # the other processes have ended by then
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        # A run that was cut short has another status.
        if exitstatus != pytest.ExitCode.TESTS_FAILED or not 0 < len(self.failed) <= MOST:
            return
        everything = ["--all"] if session.config.getoption("--all", default=False) else []
        files = dict.fromkeys(nodeid.partition("::")[0] for nodeid in self.failed)
        try:
            run = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-n", "0", *everything, *files],
                cwd=session.config.rootpath,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self.said = f"They had not ended {TIMEOUT_S} s later."
            return
        self.said = run.stdout
        if run.returncode == 0:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.said:
            return
        terminalreporter.section("a second look, with nothing beside it")
        terminalreporter.write_line(self.said)
        for nodeid in self.failed:
            terminalreporter.write_line(f"FAILED BESIDE OTHERS {nodeid}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SecondLook(), "second-look")
