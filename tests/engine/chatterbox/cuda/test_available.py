"""Where our kernels cannot run it is said why, and what to install."""

import logging
from collections.abc import Iterator

import pytest
import torch

from engine.chatterbox.cuda import available
from engine.chatterbox.cuda.driver import DriverError
from engine.chatterbox.cuda.libraries import LibraryMissing
from engine.chatterbox.cuda.nvrtc import CompileError

CARD = torch.device("cuda", 0)


@pytest.fixture(autouse=True)
def ampere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A card as far as can be seen from here."""
    available.why_not.cache_clear()
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (8, 6))
    yield
    monkeypatch.undo()
    available.why_not.cache_clear()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LibraryMissing("NVRTC is missing: install it."), "NVRTC is missing: install it."),
        (
            CompileError("NVRTC_ERROR_INVALID_OPTION\nlog"),
            "INVALID_OPTION): install a newer PyTorch",
        ),
        (DriverError("CUDA driver error: no image"), "no image: install a newer driver"),
    ],
)
def test_what_is_lacking_is_named_and_logged_once(
    error: Exception,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(available, "Program", fails)
    with caplog.at_level(logging.WARNING):
        assert not available.kernels_run(CARD, torch.bfloat16)
        assert not available.kernels_run(CARD, torch.float16)
    assert said in (available.why_not(CARD) or "")
    assert caplog.text.count(said) == 1
    assert said in available.which_run(CARD, torch.bfloat16)


def test_a_card_that_is_too_old_and_a_pytorch_for_cpus_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (7, 0))
    assert available.why_not(CARD) == (
        "kernels need a card of compute capability 7.5, and this one has 7.0."
    )
    available.why_not.cache_clear()
    monkeypatch.setattr(torch.version, "cuda", None)
    assert available.why_not(CARD) == "this PyTorch was not built for CUDA."


def test_turing_runs_them_in_fp16_and_not_in_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(available, "why_not", lambda _: None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: (7, 5))
    assert available.kernels_run(CARD, torch.float16)
    assert available.kernels_run(CARD, torch.float32)
    assert not available.kernels_run(CARD, torch.bfloat16)
    assert "this card has no bf16" in available.which_run(CARD, torch.bfloat16)
    assert not available.kernels_run(torch.device("cpu"), torch.float32)
