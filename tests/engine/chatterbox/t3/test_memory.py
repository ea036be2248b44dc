"""How many utterances a decoder is made for."""

from dataclasses import replace
from typing import Literal

import pytest
import torch

from engine.chatterbox.t3.config import DecoderConfig
from engine.chatterbox.t3.kv_cache import PagePool
from engine.chatterbox.t3.memory import cache_bytes, config_that_fits, with_fewer_if_need_be
from engine.weights.sizes import HEAD_DIM, SMALL, T3Sizes


def test_memory_that_runs_out_halves_the_utterances_and_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:

    def make(config: DecoderConfig) -> int:
        if config.slots > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return config.slots

    config, most = DecoderConfig.for_streams(16, torch.bfloat16), 5
    assert with_fewer_if_need_be(config, make) == 4
    assert "4 utterances" in caplog.text
    most = 0
    with pytest.raises(torch.OutOfMemoryError):
        with_fewer_if_need_be(config, make)


def test_eight_streams_leave_room_for_the_rest_of_the_model() -> None:
    """Cache and voices at the real size: at most 1.1 GiB beside 1 GiB of weights."""
    config = DecoderConfig.for_streams(8, torch.bfloat16)
    assert cache_bytes(config, T3Sizes()) <= 1.1 * 2**30
    assert cache_bytes(config, T3Sizes()) > 8 * 2 * 400 * 122_880


def test_keys_and_values_of_int8_take_half_and_a_scale() -> None:
    sizes = T3Sizes()
    plain = DecoderConfig.for_streams(8, torch.bfloat16)
    form = torch.int8
    config = DecoderConfig.for_streams(8, torch.bfloat16, cache=form)
    assert (config.pages, config.voices) == (plain.pages, plain.voices)
    assert config.halved().cache == form
    pool = PagePool(replace(sizes, layers=1), config.pages, form, torch.device("cpu"))
    prefixes = config.voices * sizes.conditioning_positions * sizes.heads * HEAD_DIM * 4
    held = pool.storage.nbytes * config.pages // (config.pages + 1)  # less the sink
    assert cache_bytes(config, replace(sizes, layers=1)) == held + prefixes
    assert 0.5 < cache_bytes(config, sizes) / cache_bytes(plain, sizes) < 0.56


def test_more_streams_than_there_are_buckets_for_are_not_promised() -> None:
    config = config_that_fits(1000, SMALL.t3, torch.float32, torch.device("cpu"))
    assert config.slots == 128


@pytest.mark.parametrize(("backbone", "in_turn"), [("gpt2", True), ("llama", False)])
def test_rows_that_a_cpu_puts_through_one_by_one_are_decoded_in_turn(
    backbone: Literal["gpt2", "llama"], in_turn: bool
) -> None:
    sizes = replace(SMALL.t3, backbone=backbone)
    config = config_that_fits(4, sizes, torch.float32, torch.device("cpu"))
    assert config.in_turn is config.halved().in_turn is in_turn
