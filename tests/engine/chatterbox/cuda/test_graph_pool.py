"""What is asked of CUDA to capture a graph, and what a failure of it means; no GPU is needed."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch

from engine.chatterbox.cuda.capture import GraphPool


class Recorder:
    """What a pool asks of CUDA, in its order; a capture in which something failed is void."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.failed = False
        self.status: str | None = None
        record = self.asked.append
        stream = SimpleNamespace(wait_stream=lambda _: record("the pool waits"))
        current = SimpleNamespace(wait_stream=lambda _: record("it is waited for"))

        class Graph:
            def capture_begin(self, **_: object) -> None:
                record("capture")

            def capture_end(_self) -> None:  # noqa: N805 - the recorder's own is `self`
                record("captured")
                if self.failed:
                    raise torch.AcceleratorError("operation failed due to a previous error")
                if self.status is not None:
                    raise torch.AcceleratorError(self.status)

        for name, fake in {
            "MemPool": lambda: SimpleNamespace(id=(0, 1)),
            "Stream": lambda: stream,
            "current_stream": lambda: current,
            "stream": lambda _: nullcontext(),
            "use_mem_pool": lambda _: nullcontext(),
            "CUDAGraph": Graph,
        }.items():
            monkeypatch.setattr(torch.cuda, name, fake)
        self.pool = GraphPool()
        self.pool._first = torch.cuda.CUDAGraph()

    def fail(self) -> None:
        self.failed = True
        raise torch.OutOfMemoryError("CUDA out of memory")


def test_what_was_queued_before_a_failure_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(monkeypatch)
    with pytest.raises(torch.OutOfMemoryError):
        recorder.pool.rehearse(recorder.fail)
    assert recorder.asked == ["the pool waits", "it is waited for"]


def test_memory_that_is_scarce_is_not_taken_for_a_void_capture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = Recorder(monkeypatch)
    with pytest.raises(torch.OutOfMemoryError):
        recorder.pool.capture(recorder.fail)
    assert recorder.asked == ["the pool waits", "capture", "captured", "it is waited for"]


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        ("CUDA error: out of memory\nCUDA kernel errors might be", torch.OutOfMemoryError),
        ("CUDA error: an illegal memory access was encountered", torch.AcceleratorError),
    ],
)
def test_a_graph_that_the_driver_has_no_memory_for_is_no_fault_of_the_device(
    monkeypatch: pytest.MonkeyPatch, status: str, raised: type[Exception]
) -> None:
    recorder = Recorder(monkeypatch)
    recorder.status = status
    with pytest.raises(raised):
        recorder.pool.capture(lambda: None)
    assert recorder.asked[-1] == "it is waited for"
