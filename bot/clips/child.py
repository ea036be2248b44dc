"""The child process: reads one upload on stdin, says one `Verdict` on stdout, and ends.

`python -m bot.clips.child <a Task as JSON>`. Once it has loaded what it
needs, and before it reads the first byte, it confines itself.
Never imports torch, discord, or anything that the bot keeps.
"""

import sys
from collections.abc import Callable
from pathlib import Path

# PyAV and numpy import these where they first need them, which a confined process cannot.
import av.subtitles.stream  # noqa: F401
import msgspec
import numpy.fft
import numpy.ma  # noqa: F401

from bot.clips.assessment import Assessor
from bot.clips.confinement import confine
from bot.clips.decoding import decode
from bot.clips.limits import Task
from bot.clips.verdict import Unfit, Verdict
from engine.speech import FloatArray


def main() -> None:
    task = msgspec.json.decode(sys.argv[1], type=Task)
    answer(task, judging(task))


def answer(task: Task, judge: Callable[[FloatArray], Verdict]) -> None:
    """Read stdin and say what `judge` finds of it. The process is confined from here on."""
    confine(cpu_s=task.limits.decode_cpu_s, memory_mib=task.limits.decode_memory_mib)
    verdict: Verdict
    try:
        verdict = judge(decode(sys.stdin.buffer, task.limits.max_decoded_s))
    except Unfit as unfit:
        verdict = unfit.refused
    sys.stdout.buffer.write(msgspec.msgpack.encode(verdict))


def judging(task: Task) -> Callable[[FloatArray], Verdict]:
    """What is done with the samples. All that it needs is open by then."""
    if task.statement is None:
        assessor = Assessor()
        return lambda samples: assessor.assess(samples, task.limits)
    # The recogniser and the detector of watermarks would delay the clips that need neither.
    from bot.clips.proof import Examiner  # noqa: PLC0415

    examiner, clip = Examiner(task.statement), Path(task.clip_path).open("rb")  # noqa: SIM115 - until the end
    return lambda samples: examiner.examine(
        samples, decode(clip, task.limits.max_decoded_s), task.proof_limits
    )


if __name__ == "__main__":
    main()
