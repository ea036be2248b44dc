"""Kernels are compiled for every size of batch, in a process of its own."""

import logging
import sys
from pathlib import Path

import pytest
import torch

from engine.chatterbox.compiling import _run, compile_aside, step_every_size
from engine.weights.checkpoint import T3


def test_every_size_of_batch_is_stepped_through(small_checkpoint: Path) -> None:
    """With and without guidance, up to the bucket that holds all streams; the smallest last."""
    rows = step_every_size(small_checkpoint / T3, torch.device("cpu"), "fp32", 5)
    assert rows == [4, 8, 16, 2, 2, 4, 8, 1]


def test_without_triton_no_process_is_started(
    small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.chatterbox.compiling._run", lambda _: pytest.fail("it was"))
    compile_aside(small_checkpoint / T3, torch.device("cpu"), "fp32", 4)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ([sys.executable, "-c", "import engine; raise OSError('no compiler')"], "no compiler"),
        (["/no/such/interpreter"], "NotFoundError"),
    ],
)
def test_what_goes_wrong_there_is_logged(
    command: list[str], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        _run(command)
    assert "could not be compiled ahead" in caplog.text
    assert told in caplog.text
