"""S3Gen's CUDA C++ is compiled without a card, for every card that it is for."""

from collections.abc import Collection
from typing import Any

import pytest
import torch

from engine.chatterbox.s3gen.kernels import (
    cuda,
    cuda_encoder,
    cuda_mark,
    cuda_noise,
    cuda_vocoder,
    hopper_forms,
)
from tests.engine.chatterbox.cuda.compiling import REGISTERS, SHARED_KB, nvrtc

#: Turing's shared memory is too small for these kernels: it is left to plain torch.
CARDS = sorted(set(SHARED_KB) - {"75", "120", "90"})
#: These have the same registers, shared memory and instructions for what is compiled here.
ALIKE = ("86", "89")
#: Of what Hopper alone has: a tenth of all that is compiled for it.
QUICK = ("transformer", "attention_blocks")


def check(
    architecture: str,
    name: str,
    dtype: torch.dtype,
    of: Any = cuda,
    wanted: Collection[str] | None = None,
) -> None:
    """Compile the sources that are `wanted`, all by default, and hold them against the card."""
    for source, file in of.sources(dtype).items():
        if wanted is not None and source not in wanted:
            continue
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
    check("120", "sm_120", torch.float16, cuda_encoder)
    check("120", "sm_120", torch.float16, cuda_noise)


@pytest.mark.parametrize(
    "source",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in hopper_forms.FORMS
    ],
)
def test_hoppers_own_products_fit_it(source: str) -> None:
    check("90", "sm_90a", torch.bfloat16, hopper_forms, [source])


@pytest.mark.slow
def test_every_other_kernel_fits_hopper() -> None:
    check("90", "sm_90a", torch.bfloat16)
    check("90", "sm_90a", torch.float16, cuda_vocoder)
    check("90", "sm_90a", torch.float16, cuda_mark)
    check("90", "sm_90a", torch.float16, cuda_encoder)
    check("90", "sm_90a", torch.float16, cuda_noise)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", CARDS)
def test_every_kernel_fits_every_other_card(architecture: str) -> None:
    """Of two cards that are alike, each has every other source."""
    for of in (cuda, cuda_vocoder, cuda_mark, cuda_encoder, cuda_noise):
        names = list(of.sources(torch.float16))
        if architecture in ALIKE:
            names = names[ALIKE.index(architecture) :: len(ALIKE)]
        check(architecture, f"sm_{architecture}", torch.float16, of, names)
