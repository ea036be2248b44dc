"""On a card of less than 6 GB: how much of it speech takes, and that enrolment takes none."""

import os
from pathlib import Path

import pytest
import torch

from engine.chatterbox.engine import ChatterboxEngine
from engine.chatterbox.loading import assemble
from engine.chatterbox.s3gen.config import NARROW, SMALL, WIDE, batch_limits
from engine.enrolment.networks import EnrolmentNetworks
from engine.messages import Speak
from engine.speech import Speech, SpeechParameters, Voice
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights.models import MODELS
from tests.engine.chatterbox.test_engine import new_voices

CARD_BYTES = 4_000_000_000
TEXT = "The night train to the coast leaves from platform nine in about ten minutes."


@pytest.mark.parametrize(
    ("gigabytes", "limits"), [(4, SMALL), (5.9, SMALL), (6, NARROW), (24, NARROW), (80, WIDE)]
)
def test_the_smaller_a_card_the_less_sound_is_made_at_once(
    gigabytes: float, limits: object
) -> None:
    assert batch_limits(torch.device("cuda"), int(1e9 * gigabytes)) == limits
    assert batch_limits(torch.device("cpu"), int(1e9 * gigabytes)) == NARROW


def spoken(engine: ChatterboxEngine, voices: list[Voice]) -> list[Speech]:
    for job_id, voice in enumerate(voices):
        engine.admit(Speak(job_id, TEXT, voice, SpeechParameters(seed=job_id)))
    said = []
    while engine.busy:
        for outcome in engine.step():
            assert isinstance(outcome.result, Speech), outcome
            said.append(outcome.result)
    return said


@pytest.fixture(scope="module")
def full_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 4))  # 800 million weights are drawn
    folder = tmp_path_factory.mktemp("full-checkpoint")
    write_random_checkpoint(folder, MODELS["english"], seed=3, small=False, stop_after=100)
    return folder


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize(("streams", "most_gib"), [(1, 1.6), (8, 2.4)])
def test_speech_and_new_voices_fit_a_small_card(
    full_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    streams: int,
    most_gib: float,
) -> None:
    computed_on: set[str] = set()
    enrol = EnrolmentNetworks.enrol

    def seen(self: EnrolmentNetworks, clip: object) -> object:
        computed_on.update(parameter.device.type for parameter in self.tokenizer.parameters())
        return enrol(self, clip)  # type: ignore[arg-type]

    monkeypatch.setattr(EnrolmentNetworks, "enrol", seen)
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    engine = assemble(
        full_checkpoint,
        MODELS["english"],
        revision="test",
        device="cuda",
        precision="int8",
        reason="",
        home=tmp_path,
        report=lambda _: None,
        max_streams=streams,
        max_speech_tokens=250,
        memory_bytes=CARD_BYTES,
    )
    assert engine.info.precision == "int8"
    assert engine.info.streams == streams
    torch.cuda.reset_peak_memory_stats()
    voices: list[Voice] = list(new_voices(tmp_path, 140))
    for _ in range(3):  # the first is eager, the second captures
        assert len(spoken(engine, voices * streams)) == streams
    assert computed_on == {"cpu"}
    took_gib = (torch.cuda.max_memory_allocated() - before) / 2**30
    print(f"{streams} at once: {took_gib:.2f} GiB")
    assert took_gib <= most_gib
