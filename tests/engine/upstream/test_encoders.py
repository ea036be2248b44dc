"""Enrolment's part of upstream is the same with the rest of the package and without."""

import subprocess
import sys

PROGRAM = """
import sys
import engine.upstream.encoders, engine.upstream.package
from engine.upstream import encoders
from engine.upstream import package as upstream
part = [encoders.CAMPPlus, encoders.S3Tokenizer, encoders.mel_spectrogram]
assert part == [getattr(upstream.s3gen_module, each.__name__) for each in part]
assert sys.modules["chatterbox"].ChatterboxTTS is upstream.ChatterboxTTS
"""


def test_both_doors_lead_to_the_same_classes() -> None:
    """Where the package is asked for first, it asks for the encoders before all else."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
