"""Enrolment's part of upstream is the same with the rest of the package and without."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from engine.upstream import {first}, {second}
from engine.upstream import encoders
from engine.upstream import package as upstream
part = [encoders.CAMPPlus, encoders.S3Tokenizer, encoders.mel_spectrogram]
assert part == [getattr(upstream.s3gen_module, each.__name__) for each in part]
assert sys.modules["chatterbox"].ChatterboxTTS is upstream.ChatterboxTTS
"""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("encoders", "package"),
        pytest.param("package", "encoders", marks=pytest.mark.slow),
    ],
)
def test_both_doors_lead_to_the_same_classes(first: str, second: str) -> None:
    program = PROGRAM.format(first=first, second=second)
    subprocess.run([sys.executable, "-c", program], check=True)
