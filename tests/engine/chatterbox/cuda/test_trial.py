"""Where Triton is installed and cannot run, S3Gen's kernels are those in CUDA C++."""

from pathlib import Path

from tests.engine.chatterbox.stub_triton import run_with_stub

#: An Ampere card as far as the choice of kernels can see, on which ours run.
_CHOOSE = """
import torch

torch.version.cuda = "12.8"
torch.cuda.get_device_capability = lambda *_: (8, 6)

from engine.chatterbox.s3gen import kernels
from engine.chatterbox.s3gen.kernels.cuda import CudaS3GenKernels

kernels.kernels_run = lambda *_: True
CudaS3GenKernels.__init__ = lambda *_: None
for dtype in (torch.bfloat16, torch.float16, torch.float32):
    print(type(kernels.kernels_for(torch.device("cuda"), dtype)).__name__)
"""


def test_a_triton_that_cannot_compile_is_not_used(tmp_path: Path) -> None:
    """It is tried out once, before anybody waits for speech, and that is logged."""
    chosen = run_with_stub(tmp_path, _CHOOSE)
    ours, plain = "CudaS3GenKernels", "ReferenceS3GenKernels"
    assert chosen.stdout.split() == [ours, ours, plain], chosen.stderr
    assert chosen.stderr.count("Triton does not run here") == 1
