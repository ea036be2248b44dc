"""S3Gen's CUDA C++ is compiled without a card, for every card that it is for."""

from typing import Any

import pytest
import torch

from engine.chatterbox.s3gen.kernels import cuda, cuda_mark, cuda_vocoder, hopper_forms
from tests.engine.chatterbox.cuda.compiling import REGISTERS, SHARED_KB, nvrtc

#: Turing's shared memory is too small for these kernels: it is left to plain torch.
CARDS = sorted(set(SHARED_KB) - {"75", "120", "90"})


def check(architecture: str, name: str, dtype: torch.dtype, of: Any = cuda) -> None:
    for source, file in of.sources(dtype).items():
        found = {kernel.name: kernel for kernel in file.compile(nvrtc(), name).resources}
        assert found.keys() == of.FORMS[source].keys()
        for kernel, form in of.FORMS[source].items():
            assert found[kernel].spilled == 0, kernel
            assert found[kernel].registers * form.threads <= REGISTERS, kernel
            shared = form.shared + found[kernel].shared
            assert shared <= SHARED_KB[architecture] * 1024, kernel


def test_every_kernel_fits_a_consumers_card() -> None:
    check("120", "sm_120", torch.bfloat16)
    check("120", "sm_120", torch.float16, cuda_vocoder)
    check("120", "sm_120", torch.float16, cuda_mark)


def test_hoppers_own_products_fit_it() -> None:
    check("90", "sm_90a", torch.bfloat16, hopper_forms)


@pytest.mark.slow
def test_every_other_kernel_fits_hopper() -> None:
    check("90", "sm_90a", torch.bfloat16)
    check("90", "sm_90a", torch.float16, cuda_vocoder)
    check("90", "sm_90a", torch.float16, cuda_mark)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", CARDS)
def test_every_kernel_fits_every_other_card(architecture: str) -> None:
    check(architecture, f"sm_{architecture}", torch.float16)
    check(architecture, f"sm_{architecture}", torch.float16, cuda_vocoder)
    check(architecture, f"sm_{architecture}", torch.float16, cuda_mark)
