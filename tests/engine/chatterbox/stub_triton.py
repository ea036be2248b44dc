"""A Triton that imports and defines kernels, for processes without a GPU."""

import os
import subprocess
import sys
from pathlib import Path

_TRITON = """
__version__ = "3.5.0"

def launched(_name, _options):
    raise RuntimeError("Failed to find C compiler. Please specify via CC.")

class jit:
    def __init__(self, function):
        self.name = function.__name__

    def __getitem__(self, _grid):
        return lambda *_arguments, **options: launched(self.name, options)

def cdiv(a, b):
    return -(-a // b)

def next_power_of_2(n):
    return 1 << (n - 1).bit_length()
"""
_LANGUAGE = """
from types import SimpleNamespace

constexpr = object
extra = SimpleNamespace(cuda=SimpleNamespace(gdc_wait=None))
"""


def run_with_stub(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in whose process every launch of a kernel calls `triton.launched`.

    As long as the script does not replace that, it fails as without a C compiler.
    """
    (folder / "triton" / "language").mkdir(parents=True)
    (folder / "triton" / "__init__.py").write_text(_TRITON)
    (folder / "triton" / "language" / "__init__.py").write_text(_LANGUAGE)
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(Path.cwd())])},
        capture_output=True,
        text=True,
        check=False,
    )
