"""Tensors that go to the device in one copy arrive as they were."""

import numpy as np
import torch

from engine.chatterbox.cuda.packed import Arrays, Packed, upload

CPU = torch.device("cpu")
ARRAYS: Arrays = (
    np.arange(3, dtype=np.int64),
    np.array([[[0.5]], [[1.5]]], np.float32),
    np.arange(20, dtype=np.int32).reshape(4, 5).T,  # which does not lie as it reads
    np.zeros((2, 0), np.int64),
    np.array([7], np.int64),
)


def test_each_has_its_dtype_shape_and_values() -> None:
    for given, got in zip(ARRAYS, upload(ARRAYS, CPU), strict=True):
        assert got.dtype == torch.from_numpy(given).dtype
        assert got.shape == given.shape
        assert np.array_equal(got.numpy(), given)


def test_memory_that_graphs_read_is_filled_in_place_and_idle_at_first() -> None:
    packed = Packed(ARRAYS, CPU)
    before = [tensor.data_ptr() for tensor in packed.tensors]
    for more in (0, 1, 2):
        for given, got in zip(ARRAYS, packed.tensors, strict=True):
            assert np.array_equal(got.numpy(), given + max(0, more - 1))
        for given, idle in zip(packed.begin(), ARRAYS, strict=True):
            assert np.array_equal(given, idle)  # whatever was sent before
            given += more
        packed.send()
    assert [tensor.data_ptr() for tensor in packed.tensors] == before


def test_nothing_of_what_was_sent_is_left_once_it_is_forgotten() -> None:
    packed = Packed(ARRAYS, CPU)
    sent = packed.begin()
    for given in sent:
        given += 5
    packed.send()
    packed.forget()
    for idle, got, on_host in zip(ARRAYS, packed.tensors, sent, strict=True):
        assert np.array_equal(got.numpy(), idle)
        assert np.array_equal(on_host, idle)
