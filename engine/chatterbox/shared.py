"""What the models of one worker have once. Imports no torch until there is something to share."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.chatterbox.cuda.program import SourceFile
    from engine.chatterbox.s3gen import WaveformDecoder
    from engine.enrolment import Enrolment


@dataclass
class SharedParts:
    """By what distinguishes the files that they come from, which two models may have in common.

    English and Multilingual have one waveform decoder, and so have Turbo and Nano; what a member's
    voice was enrolled as is in memory once for each of these pairs.
    """

    waveforms: "dict[str, WaveformDecoder]" = field(default_factory=dict)
    enrolments: "dict[str, Enrolment]" = field(default_factory=dict)
    #: What was compiled for waveform decoders, which use the same kernels where they can.
    sources: "list[SourceFile]" = field(default_factory=list)

    @cached_property
    def background(self) -> ThreadPoolExecutor:
        """The one thread that computes new voices."""
        return ThreadPoolExecutor(1, "enrolment")
