"""The interface of S3Gen to the engine: batches of utterances in, watermarked waveforms out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from engine.chatterbox.s3gen.utterance import Utterance


class PendingWaveforms:
    """Waveforms on their way; the device works on them while the caller does something else."""

    def done(self) -> bool:
        """Whether `wait` would return at once."""
        raise NotImplementedError

    def wait(self) -> list[Tensor]:
        """The waveforms, in the order of the batch: (samples,) float32 in pinned CPU memory."""
        raise NotImplementedError

    def stage_ms(self) -> dict[str, float]:
        """Milliseconds that flow, vocoder and watermark took for the batch; after `wait`."""
        raise NotImplementedError


class WaveformDecoder:
    """S3Gen and the watermark, loaded on one device. Not thread-safe."""

    def __init__(
        self,
        weights: Path | Mapping[str, Tensor],
        device: torch.device | str,
        precision: str = "fp32",
        *,
        graphs: bool = True,
    ) -> None:
        """`weights` is a checkpoint's folder or the tensors of its `s3gen.safetensors`.

        `precision` is "fp32" (parity mode), "bf16" or "fp16". With `graphs`, on CUDA, a bucket's
        first batch runs eagerly and the second captures its CUDA graph.
        """
        raise NotImplementedError

    def submit(self, batch: Sequence[Utterance]) -> PendingWaveforms:
        """Queue a batch on the current CUDA stream and return without waiting for it.

        Any number of utterances, lengths and voices; on the CPU the work is done on return.
        """
        raise NotImplementedError

    def decode(self, batch: Sequence[Utterance]) -> list[Tensor]:
        """`submit` and `wait`: one (samples,) float32 CPU tensor at 24 kHz for each utterance."""
        raise NotImplementedError

    def prepare(self, batch_size: int, prompt_tokens: int, speech_tokens: int) -> None:
        """Capture the graphs of one bucket ahead of its first use."""
        raise NotImplementedError
