"""What a flow begins with, drawn where its graph reads it."""

import pytest
import torch

from engine.chatterbox.s3gen.kernels.cuda_noise import NoiseKernel
from engine.chatterbox.s3gen.noise import Noise
from engine.chatterbox.s3gen.room import FlowRoom
from engine.chatterbox.utterance import Utterance
from tests.engine.chatterbox.s3gen.upstream_s3gen import make_utterance
from tests.engine.chatterbox.utterances import decoded


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_kernel_draws_what_torch_does_to_the_bit() -> None:
    """Another torch than is installed may draw in another order, which is found out on loading."""
    device = torch.device("cuda")
    kernel = NoiseKernel(device)
    assert kernel.draws_as_torch(device)
    width = make_utterance(1, 1).voice.conditionals.x_vector.shape[1]
    room = FlowRoom(4, 1760, width, device, kernel)
    batch: list[Utterance] = [
        decoded(given.speech_tokens, given.voice, seed=seed)
        for given, seed in (
            (make_utterance(1, 1), 0),
            (make_utterance(45, 250), 2**31 + 5),
            (make_utterance(1500, 250), 2**45 + 1),
        )
    ]
    drawn = [Noise(each, device, mean_flow=False) for each in batch]
    room.put(batch, drawn, lambda utterance: utterance.voice.conditionals.prompt_mel[0].to(device))
    room.draw()
    for row, (utterance, noise) in enumerate(zip(batch, drawn, strict=True)):
        found = room.inputs.noise[row, : utterance.total_frames]
        assert torch.equal(found.T, noise.mel)
    assert (room.inputs.noise[0, batch[0].total_frames :] == 0).all()
