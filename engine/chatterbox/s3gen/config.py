"""The fixed numbers of S3Gen, and the shapes that graphs are captured for.

Sizes of the networks are not here: they are read from the checkpoint (`engine.weights.sizes`).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from engine.device import SMALL_CARD_BYTES

SAMPLE_RATE = 24_000
MEL_BINS = 80

HARMONICS = 9  # the fundamental and eight overtones
EULER_STEPS = 10
MEAN_FLOW_STEPS = 2
GUIDANCE = 0.7  # S3Gen's own classifier-free guidance, not T3's

BATCH_SIZES = (1, 2, 4, 8, 16)
TOKEN_STEP = 64  # flow lengths (prompt and speech tokens) are rounded up to a multiple
FRAME_STEP = 64  # vocoder lengths (mel frames of speech) likewise
#: Of an utterance alone, which somebody waits for.
ALONE_STEP = 32
CPU_STEP = 8  # instead of all where nothing is captured: padding is work like any other


@dataclass(frozen=True)
class BatchLimits:
    """What bounds the memory of one call; one item always goes.

    `items` is one of `BATCH_SIZES`, `tokens` are padded ones of the flow, `frames` the vocoder's.
    """

    items: int
    tokens: int
    frames: int


SMALL = BatchLimits(items=2, tokens=2048, frames=512)
NARROW = BatchLimits(items=4, tokens=4096, frames=512)
#: On an H200 sixteen of ten seconds took 4.3 GiB at the peak, weights included, with more frames.
WIDE = BatchLimits(items=16, tokens=8192, frames=4096)
WIDE_SINCE_BYTES = 30_000_000_000  # of a card's memory


def batch_limits(device: torch.device, memory_bytes: int | None = None) -> BatchLimits:
    """The batches that a device has memory for: cards of data centres are not filled by four.

    `memory_bytes` is the card's memory; it is asked for where that is not given.
    """
    if device.type != "cuda":
        return NARROW
    if memory_bytes is None:
        memory_bytes = torch.cuda.mem_get_info(device)[1]
    if memory_bytes < SMALL_CARD_BYTES:
        return SMALL
    return WIDE if memory_bytes >= WIDE_SINCE_BYTES else NARROW


@contextmanager
def tf32_products(allowed: bool) -> Iterator[None]:
    """Within, fp32 products and convolutions on CUDA use TF32 if `allowed`, and never otherwise.

    A captured graph keeps what was in force while it was captured.
    """
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = allowed
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


def multiplies_bf16() -> bool:
    """Whether this CPU has instructions for bf16; without them bf16 is slower than fp32."""
    found = torch.cpu.get_capabilities()
    return bool(found.get("amx_bf16") or found.get("avx512_bf16"))


def rounds_to_tf32(dtype: torch.dtype, device: torch.device) -> bool:
    """Whether fp32 products beside an estimator of `dtype` may use TF32.

    On a CPU, which has none, torch would look for other products, and find slower ones.
    """
    return dtype != torch.float32 and device.type == "cuda"


def encoder_dtype(dtype: torch.dtype, device: torch.device) -> torch.dtype:
    """What the encoder multiplies in, beside an estimator of `dtype`.

    On a GPU fp16 in half precision, which has TF32's digits at half its size. A CPU takes a quarter
    of fp32's time in bf16.
    """
    return dtype if device.type == "cpu" or dtype == torch.float32 else torch.float16


def round_up(length: int, step: int) -> int:
    return math.ceil(length / step) * step


def batch_bucket(items: int) -> int:
    return next(size for size in BATCH_SIZES if size >= items)
