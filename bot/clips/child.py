"""The child process: reads one upload on stdin, says one `Verdict` on stdout, and ends.

`python -m bot.clips.child <limits as JSON>`. Once it has loaded what it
needs, and before it reads the first byte, it confines itself.
Never imports torch, discord, or anything that the bot keeps.
"""

import sys

# PyAV and numpy import these where they first need them, which a confined process cannot.
import av.subtitles.stream  # noqa: F401
import msgspec
import numpy.fft
import numpy.ma  # noqa: F401

from bot.clips.assessment import Assessor
from bot.clips.confinement import confine
from bot.clips.decoding import decode
from bot.clips.limits import ClipLimits
from bot.clips.verdict import Refused, Unfit, Verdict


def main() -> None:
    limits = msgspec.json.decode(sys.argv[1], type=ClipLimits)
    assessor = Assessor()
    confine(cpu_s=limits.decode_cpu_s, memory_mib=limits.decode_memory_mib)
    verdict: Verdict
    try:
        verdict = assessor.assess(decode(sys.stdin.buffer, limits.max_decoded_s), limits)
    except Unfit as unfit:
        verdict = Refused(str(unfit))
    sys.stdout.buffer.write(msgspec.msgpack.encode(verdict))


if __name__ == "__main__":
    main()
