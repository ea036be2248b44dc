"""What a decode step that failed half way left to be added does not reach the next one."""

from pathlib import Path

from engine.weights.models import ENGLISH
from tests.engine.chatterbox.stub_triton import run_with_stub

#: Steps of two guided utterances; printed are the numbers of pending sums that each norm adds.
_STEPS = """
import sys
from pathlib import Path

import torch
import triton

from engine.chatterbox.t3.config import DecoderConfig
from engine.chatterbox.t3.kernels.fused import FusedT3Kernels
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.weights import load_t3

added, fails = [], False

def launched(name, options):
    if name == "norm_kernel":
        if fails and len(added) == 1:
            raise torch.OutOfMemoryError
        added.append(options["PENDING"])

triton.launched = launched
cpu = torch.device("cpu")
weights = load_t3(Path(sys.argv[1]), cpu, torch.bfloat16)
t3 = T3(weights, DecoderConfig.for_streams(2, torch.bfloat16), FusedT3Kernels(cpu))

def step():
    added.clear()
    batch = t3.buffers.batch(2, guided=True, context=256)
    t3.buffers.fill(batch, [])
    t3.step(batch)
    print(*added)

step()
fails = True
try:
    step()
except torch.OutOfMemoryError:
    fails = False
step()
"""


def test_pending_sums_do_not_survive_a_step_that_failed(
    small_checkpoint: Path, tmp_path: Path
) -> None:
    """It fails after the attention of its first layer has left sums to the next norm."""
    run = run_with_stub(tmp_path, _STEPS, str(small_checkpoint / ENGLISH.t3))
    before, after = run.stdout.splitlines()
    assert before.split()[:2] == ["0", "1"], run.stderr
    assert after == before
