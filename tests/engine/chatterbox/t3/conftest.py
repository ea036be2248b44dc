"""Schedulers on the checkpoint that all tests here share."""

from dataclasses import replace

import pytest
import torch

from engine.chatterbox.t3.config import DecoderConfig
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.t3.weights import load_t3
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint, NewScheduler


@pytest.fixture
def new_scheduler(checkpoint: Checkpoint) -> NewScheduler:
    weights = load_t3(checkpoint.file, checkpoint.device, torch.float32)

    def make(
        slots: int = 4,
        positions: int = 400,
        voices: int = 4,
        burst: int = 4,
        in_turn: bool = False,
    ) -> Scheduler:
        config = DecoderConfig.for_streams(slots, torch.float32, positions, voices)
        return Scheduler(T3(weights, replace(config, burst=burst, in_turn=in_turn)))

    return make
