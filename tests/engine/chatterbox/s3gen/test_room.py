"""What flow and vocoder read of a batch, whatever was there before."""

import torch
from torch import Tensor

from engine.chatterbox.s3gen.noise import Noise
from engine.chatterbox.s3gen.room import FlowRoom, SoundRoom
from engine.chatterbox.utterance import EnrolledVoice, Utterance
from engine.enrolment import Conditionals
from tests.engine.chatterbox.utterances import decoded

CPU, WIDTH = torch.device("cpu"), 12


def voice(seed: int, prompt: int) -> EnrolledVoice:
    random = torch.Generator().manual_seed(seed)
    conditionals = Conditionals(
        speaker=torch.zeros(1, 1),
        t3_prompt_tokens=torch.zeros(1, 1, dtype=torch.int64),
        prompt_tokens=torch.randint(0, 6561, (1, prompt), generator=random),
        prompt_mel=torch.randn(1, 2 * prompt, 80, generator=random),
        x_vector=torch.randn(1, WIDTH, generator=random),
    )
    return EnrolledVoice(str(seed), conditionals)


LONG, SHORT = voice(1, 9), voice(2, 5)


class Counted:
    """The prompts' mels, and how many were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, utterance: Utterance) -> Tensor:
        self.asked += 1
        return utterance.voice.conditionals.prompt_mel[0]


def said(by: EnrolledVoice, count: int) -> Utterance:
    return decoded(torch.arange(count) + 7, by, seed=count)


def put(room: FlowRoom, *batch: Utterance) -> int:
    """How many prompts were put there for it."""
    mels = Counted()
    room.put(batch, [Noise(each, CPU, mean_flow=False) for each in batch], mels)
    return mels.asked


def test_nothing_of_a_voice_is_left_once_it_is_forgotten() -> None:
    room = FlowRoom(2, 24, WIDTH, CPU)
    put(room, said(LONG, 12), said(SHORT, 19))
    room.forget()
    new = FlowRoom(2, 24, WIDTH, CPU)
    for got, expected in zip(room.inputs[:4], new.inputs[:4], strict=True):
        assert torch.equal(got, expected)
    assert put(room, said(LONG, 12), said(SHORT, 19)) == 2
    assert room.inputs.prompt.any()


def test_a_batch_is_there_as_in_new_memory() -> None:
    room = FlowRoom(2, 24, WIDTH, CPU)
    for batch in (
        [said(LONG, 12), said(SHORT, 19)],
        [said(SHORT, 4)],
        [said(SHORT, 3), said(LONG, 6)],
        [said(LONG, 15)],
    ):
        put(room, *batch)
        new = FlowRoom(2, 24, WIDTH, CPU)
        put(new, *batch)
        for got, expected in zip(room.inputs[:2], new.inputs[:2], strict=True):
            assert torch.equal(got, expected)  # tokens and lengths of rows that only fill it, too
        for row, utterance in enumerate(batch):
            frames = utterance.total_frames
            assert torch.equal(room.inputs.prompt[row], new.inputs.prompt[row])
            assert torch.equal(room.inputs.embedding[row], new.inputs.embedding[row])
            assert torch.equal(room.inputs.noise[row, :frames], new.inputs.noise[row, :frames])


def test_a_voice_that_is_there_is_not_put_there_again() -> None:
    room = FlowRoom(1, 24, WIDTH, CPU)
    assert put(room, said(LONG, 3)) == 1
    assert put(room, said(LONG, 8)) == 0
    assert put(room, said(voice(1, 9), 8)) == 1  # another's, though it sounds the same
    assert put(room, said(LONG, 8)) == 1


def test_sound_is_there_as_in_new_memory_up_to_each_end() -> None:
    room = SoundRoom(2, 40, CPU)
    for batch in ([said(LONG, 12), said(SHORT, 19)], [said(SHORT, 4)], [said(SHORT, 3)] * 2):
        batch[0].cut_tokens = 1
        noise = [Noise(each, CPU, mean_flow=False) for each in batch]
        assert room.is_new == (len(batch[0].speech_tokens) == 12)
        room.expect(batch, noise)
        room.put([torch.full((each.frames, 80), each.frames) for each in batch])
        idle = [1] * (2 - len(batch))
        assert room.inputs.lengths.tolist() == [each.frames for each in batch] + idle
        assert room.kept.tolist() == [each.kept_samples for each in batch] + idle
        for row, (utterance, drawn) in enumerate(zip(batch, noise, strict=True)):
            frames, samples = utterance.frames, utterance.samples
            assert torch.equal(room.inputs.phase[row], drawn.phase)
            assert torch.equal(room.inputs.source[row, :, :samples], drawn.source)
            assert (room.inputs.mel[row, :frames] == frames).all()
    room.forget()
    assert not any(left.any() for left in (room.inputs.mel, room.inputs.phase, room.inputs.source))
    assert room.inputs.lengths.tolist() == room.kept.tolist() == [1, 1]
