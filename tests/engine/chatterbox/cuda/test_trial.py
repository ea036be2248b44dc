"""Where Triton is installed and cannot run, both networks do without it."""

from pathlib import Path

from tests.engine.chatterbox.stub_triton import run_with_stub

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
    chosen = run_with_stub(tmp_path, _CHOOSE)
    assert chosen.stdout.split() == ["ReferenceT3Kernels", "ReferenceS3GenKernels"], chosen.stderr
    assert chosen.stderr.count("Triton does not run here") == 1
