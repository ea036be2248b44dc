"""The fixed numbers of S3Gen, and the shapes that graphs are captured for.

Sizes of the networks are not here: they are read from the checkpoint (`engine.weights.sizes`).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

SAMPLE_RATE = 24_000
MEL_BINS = 80

HARMONICS = 9  # the fundamental and eight overtones
EULER_STEPS = 10
MEAN_FLOW_STEPS = 2
GUIDANCE = 0.7  # S3Gen's own classifier-free guidance, not T3's

BATCH_SIZES = (1, 2, 4)  # eight at once take twice as long as four, and twice the memory
TOKEN_STEP = 64  # flow lengths (prompt and speech tokens) are rounded up to a multiple
FRAME_STEP = 64  # vocoder lengths (mel frames of speech) likewise
CPU_STEP = 8  # instead of both where nothing is captured: padding is work like any other
MAX_BATCH_TOKENS = 4096  # padded tokens of one batch of the flow: bounds the memory of a call
MAX_BATCH_FRAMES = 512  # padded frames of one batch of the vocoder: ten seconds fill the device


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


def round_up(length: int, step: int) -> int:
    return math.ceil(length / step) * step


def batch_bucket(items: int) -> int:
    return next(size for size in BATCH_SIZES if size >= items)
