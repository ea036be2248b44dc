"""A flow's noise as torch draws it, by a kernel that a graph can hold: `noise.cu`."""

import torch
from torch import Tensor

from engine.chatterbox.cuda.program import Program, SourceFile
from engine.chatterbox.s3gen.config import MEL_BINS
from engine.chatterbox.s3gen.kernels.cuda import BlockForm
from engine.chatterbox.utterance import FRAMES_PER_TOKEN

FORMS = {"noise": {"draw_flow_noise": BlockForm(1, 256, 256)}}

#: Tokens and seeds that are drawn of to compare: of one a thread of torch's draws a single number,
#: of the other more.
_TRIALS = ((293, 7), (1801, 2**40 + 3))


def sources(_dtype: torch.dtype) -> dict[str, SourceFile]:
    """What is compiled, by name."""
    return {"noise": SourceFile("engine.chatterbox.s3gen.kernels", "noise.cu")}


class NoiseKernel:
    """What draws a flow's noise, of seeds that are on the device."""

    def __init__(self, device: torch.device) -> None:
        """Raises `LibraryMissing`, `CompileError` or `DriverError`."""
        program = Program(sources(torch.float32)["noise"], device)
        self._behind = program.behind
        self._draw = program.kernel("draw_flow_noise")
        card = torch.cuda.get_device_properties(device)
        self._most = card.multi_processor_count * (card.max_threads_per_multi_processor // 256)

    def __call__(self, noise: Tensor, lengths: Tensor, seeds: Tensor) -> None:
        """Into `noise` (items, frames, 80) fp32 what `Noise.mel` is of each seed, transposed.

        `lengths` (items,) int64 are in tokens; frames past an item's stay as they are.
        """
        items, frames, bins = noise.shape
        given = (noise, lengths, seeds, frames, bins, FRAMES_PER_TOKEN, self._most)
        self._draw((-(-frames * bins // 256), items), 256, *given, behind=self._behind)

    def draws_as_torch(self, device: torch.device) -> bool:
        """Whether this torch draws the same numbers to the bit; waits for the device."""
        for tokens, seed in _TRIALS:
            frames = FRAMES_PER_TOKEN * tokens
            generator = torch.Generator(device).manual_seed(seed)
            wanted = torch.randn(MEL_BINS, frames, generator=generator, device=device)
            noise = torch.zeros(1, frames, MEL_BINS, device=device)
            lengths, seeds = (torch.tensor([one], device=device) for one in (tokens, seed))
            self(noise, lengths, seeds)
            if not torch.equal(noise[0].T, wanted):
                return False
        return True
