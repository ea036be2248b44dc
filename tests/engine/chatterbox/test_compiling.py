"""Kernels are compiled for every size of batch, in a process of its own."""

import logging
import sys
import threading
from pathlib import Path

import pytest
import torch

from engine.chatterbox.compiling import _run, compile_aside, step_every_size
from engine.weights.models import ENGLISH


def test_every_size_of_batch_is_stepped_through(small_checkpoint: Path) -> None:
    rows = step_every_size(small_checkpoint / ENGLISH.t3, torch.device("cpu"), "fp32", 5)
    assert rows == [4, 8, 16, 2, 2, 4, 8, 1]


def test_it_is_done_once_with_triton_and_where_memory_is_not_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, note, free = [], tmp_path / "note", 10**10
    monkeypatch.setattr("engine.chatterbox.compiling._note", lambda *_: note)
    monkeypatch.setattr("engine.chatterbox.compiling._run", started.append)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, free))

    def begin(device: str) -> int:
        compile_aside(Path("t3"), torch.device(device), "bf16", 4)
        for thread in threading.enumerate():
            if thread.name == "compiling":
                thread.join()
        return len(started)

    assert begin("cpu") == 0
    monkeypatch.setattr("engine.chatterbox.compiling.triton_runs", lambda _: True)
    free = 10**9
    assert begin("cuda") == 0
    free = 10**10
    assert begin("cuda") == 1
    assert started[0][1:] == ["-m", "engine.chatterbox.compiling", "t3", "cuda", "bf16", "4"]
    note.touch()
    assert begin("cuda") == 1


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
