"""Every card that kernels have to fit, and a compiler that needs none of them."""

from functools import cache

import pytest

from engine.chatterbox.cuda.libraries import LibraryMissing, load_nvrtc
from engine.chatterbox.cuda.nvrtc import Nvrtc

#: Kilobytes of shared memory that one block may have, and what a multiprocessor has.
SHARED_KB = {"75": 64, "80": 163, "86": 99, "89": 99, "90": 227, "100": 227, "120": 99}
ARCHITECTURES = tuple(SHARED_KB)
REGISTERS = 65_536  # of a multiprocessor, on all of them


@cache
def nvrtc() -> Nvrtc:
    """NVRTC of CUDA 13, the one that compiles for all of these."""
    try:
        return Nvrtc(load_nvrtc([13]))
    except LibraryMissing as error:
        pytest.skip(str(error))
