"""Proof, before anything is spoken, that the watermark is put in and found again.

Upstream's embedder and upstream's detector: the reference engine has no code of its own for it.
"""

from typing import Any

import numpy as np

from engine.errors import WatermarkMissing


def verify(watermarker: Any, sample_rate: int) -> None:
    """Mark two seconds of a synthetic tone and look for the mark, and for none in the original.

    Raises `WatermarkMissing`.
    """
    if not hasattr(watermarker, "perth_net"):
        raise WatermarkMissing(f"{type(watermarker).__name__} puts no watermark into speech.")
    time = np.arange(2 * sample_rate) / sample_rate
    tone = sum(np.sin(2 * np.pi * 140 * k * time) / k for k in range(1, 20))
    noise = np.random.default_rng(0).standard_normal(len(time))
    unmarked = (0.1 * tone + 0.005 * noise).astype(np.float32)
    marked = watermarker.apply_watermark(unmarked, sample_rate=sample_rate)
    if not found(watermarker, marked, sample_rate):
        raise WatermarkMissing("The watermark is not found again in what was just marked.")
    if found(watermarker, unmarked, sample_rate):
        raise WatermarkMissing("The watermark detector sees a mark where there is none.")


def found(watermarker: Any, pcm: Any, sample_rate: int) -> bool:
    """Whether upstream's detector sees the mark: most of its bits are one."""
    return bool(watermarker.get_watermark(pcm, sample_rate=sample_rate).mean() > 0.5)
