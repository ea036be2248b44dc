"""Enrolment's part of upstream comes without the rest, and is the same as with it."""

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


def run(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_rest_of_the_package_is_not_imported() -> None:
    """A worker has use for neither upstream's models nor what they import."""
    run(
        "import sys, engine.enrolment.networks\n"
        "whole = {'chatterbox', 'chatterbox.models', 'transformers', 'diffusers', 'perth'}\n"
        "assert not whole & set(sys.modules), whole & set(sys.modules)"
    )


@pytest.mark.parametrize(
    "order",
    [
        ("encoders", "package"),
        pytest.param(("package", "encoders"), marks=pytest.mark.slow),
    ],
)
def test_both_doors_lead_to_the_same_classes(order: tuple[str, str]) -> None:
    run(PROGRAM.format(first=order[0], second=order[1]))
