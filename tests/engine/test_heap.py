"""Freed memory goes back to the system where the C library can do that."""

import ctypes
from types import SimpleNamespace

import pytest

from engine import heap


def test_glibc_is_asked_and_another_c_library_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(malloc_trim=asked.append))
    heap.give_back()
    assert asked == [0]
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    heap.give_back()
    monkeypatch.setattr("sys.platform", "win32")
    heap.give_back()
    assert asked == [0]
