"""The child that reads uploads, many times over: started once, and forked for each.

To start Python and import what the child needs takes most of its time. Here that is done once; the
fork then does what the child does, confinement included.
"""

import asyncio
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from bot.clips import child
from bot.clips.judge import JudgedClip, _clip_of, _refusal, _understood
from bot.clips.limits import ClipLimits, Task
from bot.clips.verdict import Accepted, Verdict
from engine.speech import FloatArray

ROOT = Path(__file__).parents[3]


class _Answer(msgspec.Struct):
    said: bytes
    complaint: bytes
    code: int


class ForkedChildren:
    """Judges one upload after another as `bot.clips.judge.judge` does."""

    def __init__(self, limits: ClipLimits) -> None:
        self._limits = limits
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, msgspec.json.encode(Task(limits=limits)).decode()],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    async def judge(self, upload: Path) -> JudgedClip:
        verdict = _understood(*msgspec.structs.astuple(await asyncio.to_thread(self._ask, upload)))
        if not isinstance(verdict, Accepted):
            raise _refusal(verdict)
        return _clip_of(verdict)

    def _ask(self, upload: Path) -> _Answer:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{upload}\n".encode())
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=_Answer)

    def close(self) -> None:
        with self._process:
            pass


def _forked(upload: Path, task: Task, judge: Callable[[FloatArray], Verdict]) -> _Answer:
    said, says = os.pipe()
    complaint, complains = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            for to, from_ in enumerate((os.open(upload, os.O_RDONLY), says, complains)):
                os.dup2(from_, to)
            sys.stdin = open(0)  # noqa: SIM115 - the former one knows that it cannot seek
            signal.alarm(
                round(task.limits.decode_wall_s)
            )  # the bot keeps the time by a clock of its own
            child.answer(task, judge)
            sys.stdout.flush()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(says)
    os.close(complains)
    # Fits into the pipe, whereas a verdict does not.
    with os.fdopen(said, "rb") as saying, os.fdopen(complaint, "rb") as complaining:
        answer = saying.read(), complaining.read()
    return _Answer(*answer, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _main() -> None:
    # Whoever is forked has files of their own at 0 to 2.
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    task = msgspec.json.decode(sys.argv[1], type=Task)
    judge = child.judging(task)
    for line in asked:
        answer = _forked(Path(os.fsdecode(line.rstrip(b"\n"))), task, judge)
        answers.write(msgspec.json.encode(answer) + b"\n")
        answers.flush()


if __name__ == "__main__":
    _main()
