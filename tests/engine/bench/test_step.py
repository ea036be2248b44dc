"""The decode step's timing, on the CPU at reduced size: what it decodes, not how fast."""

import pytest
import torch

from engine.bench.step import random_weights, step_ms
from engine.chatterbox.t3.slots import Slots
from engine.weights.models import ModelName
from engine.weights.sizes import REDUCED


@pytest.mark.parametrize("model", ["english", "turbo"])
def test_as_many_tokens_are_decoded_as_are_timed(
    model: ModelName, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Slots] = []
    assign = Slots.assign

    def seen(self: Slots, assignments: object) -> None:
        made.append(self)
        assign(self, assignments)  # type: ignore[arg-type]

    monkeypatch.setattr(Slots, "assign", seen)
    weights = random_weights(REDUCED[model].t3, torch.device("cpu"), torch.float32)
    assert step_ms(weights, 1, context=250, guided=False, repeats=1) > 0
    (slots,) = made
    # Three calls of ten steps, around the two hundredth token.
    assert slots.state[0, :2].tolist() == [1, 200 - 15 + 30]
