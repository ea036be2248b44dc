"""How many utterances the device has memory for."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import torch

from engine.chatterbox.t3.config import CPU_PAGE, PAGE, SLOT_BUCKETS, DecoderConfig
from engine.chatterbox.t3.kv_cache import position_bytes
from engine.weights.sizes import T3Sizes

#: What must stay free for waveforms, graphs and the work between.
RESERVED_BYTES = 1_500_000_000

#: For the cache of a decoder on the CPU, which is far too slow to serve many at once.
ON_THE_CPU_BYTES = 2_000_000_000
#: Of Turbo and Nano, whose rows are put through one after the other there.
_ON_THE_CPU_STREAMS = 4

_log = logging.getLogger(__name__)
T = TypeVar("T")


def cache_bytes(config: DecoderConfig, sizes: T3Sizes) -> int:
    """Of the pages, and of what prefill reads of each voice."""
    vectors = 2 * sizes.layers * sizes.heads
    pages = config.pages * config.page * position_bytes(config.cache or config.dtype)
    prefixes = config.voices * sizes.conditioning_positions * position_bytes(config.dtype)
    return vectors * (pages + prefixes)


def config_that_fits(
    streams: int,
    sizes: T3Sizes,
    dtype: torch.dtype,
    device: torch.device,
    cache: torch.dtype | None = None,
) -> DecoderConfig:
    """The largest decoder up to `streams` utterances that leaves enough memory for the rest."""
    streams = min(streams, SLOT_BUCKETS[-1])
    page, budget = PAGE, ON_THE_CPU_BYTES
    in_turn = device.type != "cuda" and sizes.backbone == "gpt2"
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        budget = free - RESERVED_BYTES
    elif in_turn:
        streams, page = min(streams, _ON_THE_CPU_STREAMS), CPU_PAGE
    config = DecoderConfig.for_streams(streams, dtype, sizes=sizes, page=page, cache=cache)
    config = replace(config, in_turn=in_turn)
    while config.slots > 1 and cache_bytes(config, sizes) > budget:
        config = config.halved()
    if config.slots < streams:
        _log.warning("memory is short: %d utterances at once instead of %d", config.slots, streams)
    return config


def with_fewer_if_need_be(config: DecoderConfig, make: Callable[[DecoderConfig], T]) -> T:
    """What `make` makes of a decoder of this size, or of half of it while memory runs out.

    Raises `torch.OutOfMemoryError` when not even one utterance fits.
    """
    while True:
        try:
            return make(config)
        except torch.OutOfMemoryError:
            if config.slots == 1:
                raise
        torch.cuda.empty_cache()
        config = config.halved()
        _log.warning("memory ran out: %d utterances at once", config.slots)
