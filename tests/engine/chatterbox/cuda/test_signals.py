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
READS = "wait_for_previous();"
ALL_MEET = re.compile(r"__syncthreads\(\);|meet_cluster\(\);")
WARP_MEETS = re.compile(r"__syncwarp\(\);")
COPIES = re.compile(r"\b(?:copy|ask|send|tell|post)\w*\(")
TO_OTHERS = re.compile(r"\b(?:send|tell|post)\(")
BLOCKS_MEET = re.compile(r"(?:wait_for|meet)_cluster\(\);")


def unmet(source: str) -> int:
    """How many preparations others may not know of when they copy."""
    count = 0
    for found in PREPARED.finditer(source):
        # Signals that each warp has for itself need no more than that it meets.
        last = source.rfind("prepare(", 0, found.start())
        meets = WARP_MEETS if source.startswith("prepare(&there[warp]", last) else ALL_MEET
        # Who prepares may copy: that is up to the end of its braces.
        behind = source[found.end() + own_thread(source[found.end() :]) :]
        met = meets.search(behind.partition(READS)[0])
        count += met is None or COPIES.search(behind, 0, met.start()) is not None
    return count


def own_thread(text: str) -> int:
    """Where the braces end that `text` begins in."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return at
    return 0


def unmet_in_cluster(source: str) -> bool:
    """Whether a block may write to another one that has not begun."""
    _, prepared, behind = source.partition("end_preparing();")
    if not prepared:
        _, prepared, behind = source.partition("fence.mbarrier_init")
    told, met = TO_OTHERS.search(behind), BLOCKS_MEET.search(behind)
    return told is not None and (met is None or told.start() < met.start())


def test_all_threads_meet_between_preparing_signals_and_copying_by_them() -> None:
    prepared = [path for path in SOURCES if PREPARED.search(path.read_text(encoding="utf-8"))]
    assert len(prepared) >= 10
    assert [path.name for path in prepared if unmet(path.read_text(encoding="utf-8"))] == []


def test_all_blocks_of_a_cluster_meet_before_they_write_to_one_another() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in SOURCES}
    telling = [name for name, text in texts.items() if TO_OTHERS.search(text)]
    assert telling == ["out_and_feed.cu", "resnet.cu", "many_rows.cu"]
    assert [name for name in telling if unmet_in_cluster(texts[name])] == []


@pytest.mark.parametrize("meeting", ["__syncthreads();", "meet_cluster();"])
def test_a_preparation_without_a_meeting_is_found(meeting: str) -> None:
    source = (
        "if (first) { prepare(%s, 1); end_preparing(); copy(); }\n%s\nwait_for_previous();\ncopy();"
    )
    assert unmet(source % ("it", meeting)) == 0
    assert unmet(source % ("it", "ask(0);" + meeting)) == 1
    assert unmet(source % ("it", "begin_cluster();")) == 1
    assert unmet(source % ("it", "__syncwarp();")) == 1
    assert unmet(source % ("&there[warp]", "__syncwarp();")) == 0


def test_a_cluster_without_a_meeting_is_found() -> None:
    source = "end_preparing();\nbegin_cluster();\n%s tell(theirs); wait_for_cluster();"
    assert unmet_in_cluster(source % "")
    assert not unmet_in_cluster(source % "wait_for_cluster();")
