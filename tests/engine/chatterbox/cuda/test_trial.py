"""Where Triton is installed and cannot run, both networks do without it."""

import os
import subprocess
import sys
from pathlib import Path

#: A Triton without a C compiler: it imports, defines kernels, and raises when one is launched.
_TRITON = """
__version__ = "3.5.0"

class jit:
    def __init__(self, function=None, **_options):
        pass

    def __call__(self, function):
        return self

    def __getitem__(self, _grid):
        def launch(*_arguments, **_options):
            raise RuntimeError("Failed to find C compiler. Please specify via CC.")
        return launch

def cdiv(a, b):
    return -(-a // b)
"""
_LANGUAGE = """
from types import SimpleNamespace

constexpr = object
extra = SimpleNamespace(cuda=SimpleNamespace(gdc_wait=None))
"""
#: An Ampere card as far as the choice of kernels can see.
_CHOOSE = """
import torch

torch.version.cuda = "12.8"
torch.cuda.get_device_capability = lambda *_: (8, 6)

from engine.chatterbox.t3 import kernels
from engine.chatterbox.s3gen import kernels as s3gen_kernels

card = torch.device("cuda")
print(type(kernels.kernels_for(card)).__name__)
print(type(s3gen_kernels.kernels_for(card, torch.bfloat16)).__name__)
"""


def test_a_triton_that_cannot_compile_is_used_by_neither_network(tmp_path: Path) -> None:
    """It is tried out once, before anybody waits for speech, and that is logged."""
    (tmp_path / "triton" / "language").mkdir(parents=True)
    (tmp_path / "triton" / "__init__.py").write_text(_TRITON)
    (tmp_path / "triton" / "language" / "__init__.py").write_text(_LANGUAGE)
    chosen = subprocess.run(
        [sys.executable, "-c", _CHOOSE],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert chosen.stdout.split() == ["ReferenceT3Kernels", "ReferenceS3GenKernels"], chosen.stderr
    assert chosen.stderr.count("Triton does not run here") == 1
