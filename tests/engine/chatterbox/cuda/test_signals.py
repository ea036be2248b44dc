"""No thread copies by a signal in shared memory that another one may not have prepared yet.

Such a copy can come first: then its bytes are forgotten, and the kernel waits for ever. That
takes a card millions of blocks to happen, so it is the sources that are read.
"""

import re
from pathlib import Path

import pytest

import engine.chatterbox

SOURCES = sorted(Path(engine.chatterbox.__file__).parent.glob("*/kernels/*.cu"))
PREPARED = re.compile(r"end_preparing\(\);|fence\.mbarrier_init")
#: What a kernel reads of the one before it is asked for behind this.
COPIES = "wait_for_previous();"
MEETINGS = re.compile(r"__syncthreads\(\);|__syncwarp\(\);|meet_cluster\(\);")


def unmet(source: str) -> int:
    """How many preparations nobody is told of before copies begin."""
    behind = (source[found.end() :].partition(COPIES)[0] for found in PREPARED.finditer(source))
    return sum(MEETINGS.search(text) is None for text in behind)


def test_all_threads_meet_between_preparing_signals_and_copying_by_them() -> None:
    prepared = [path for path in SOURCES if PREPARED.search(path.read_text(encoding="utf-8"))]
    assert len(prepared) >= 10
    assert [path.name for path in prepared if unmet(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("meeting", ["__syncthreads();", "meet_cluster();"])
def test_a_preparation_without_a_meeting_is_found(meeting: str) -> None:
    source = "if (first) { prepare(it, 1); end_preparing(); }\n%s\nwait_for_previous();\ncopy();"
    assert unmet(source % meeting) == 0
    assert unmet(source % "begin_cluster();") == 1
