"""Short-time Fourier transforms of padded batches, each item as if it were alone.

They reflect a signal at its own end and divide by its own window sums, as `torch.stft` and
`torch.istft` with `center=True` do for one signal. Written as products with the transform's
matrices, so that a CUDA graph holds no plan of a library. Always fp32.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.s3gen.config import tf32_products


class ShortTimeFourier:
    """A Hann-windowed transform of `n_fft` points every `hop` samples.

    A spectrum is (batch, frames, 2, bins) fp32, real parts and then imaginary ones; a signal of
    n samples has n // hop + 1 frames.
    """

    def __init__(self, n_fft: int, hop: int, device: torch.device) -> None:
        self.n_fft, self.hop = n_fft, hop
        self.bins = n_fft // 2 + 1
        window = torch.hann_window(n_fft, dtype=torch.float64)
        turns = torch.outer(torch.arange(n_fft), torch.arange(self.bins)).double() / n_fft
        angles = 2 * math.pi * turns
        basis = torch.stack([angles.cos(), -angles.sin()], dim=1)  # (n_fft, 2, bins)
        # Each bin but the first and the last stands for its conjugate, too.
        weight = torch.full((self.bins,), 2.0, dtype=torch.float64)
        weight[0] = weight[-1] = 1
        self._analysis = (basis * window[:, None, None]).float().to(device)
        self._synthesis = (basis * weight * window[:, None, None] / n_fft).float().to(device)
        self.window_square = window.square().float().to(device)

    @property
    def analysis(self) -> Tensor:
        """The matrix that makes a spectrum, (n_fft, 2 * bins)."""
        return self._analysis.flatten(1)

    @property
    def synthesis(self) -> Tensor:
        """The matrix that makes samples of one, laid out likewise."""
        return self._synthesis.flatten(1)

    def analyse(self, signal: Tensor, lengths: Tensor) -> Tensor:
        """Spectrum of a (batch, samples) fp32 signal, zero in frames past an item's end.

        `lengths` (batch,) is in samples.
        """
        batch, samples = signal.shape
        half = self.n_fft // 2
        index = (torch.arange(samples + self.n_fft, device=signal.device) - half).abs()
        last = lengths[:, None] - 1
        index = torch.where(index > last, 2 * last - index, index).clamp(min=0)
        frames = signal.gather(1, index).unfold(1, self.n_fft, self.hop)
        with tf32_products(False):
            spectrum = frames @ self._analysis.flatten(1)
        used = self._used_frames(spectrum.shape[1], lengths)
        return (spectrum * used[..., None]).view(batch, -1, 2, self.bins)

    def synthesise(self, spectrum: Tensor, lengths: Tensor) -> Tensor:
        """Signal of a spectrum, which may hold the lowest bins only; the others are zero.

        Returns (batch, (frames - 1) * hop) fp32, zero past an item's end.
        """
        _, frames, _, bins = spectrum.shape
        used = self._used_frames(frames, lengths)[..., None]
        with tf32_products(False):
            pieces = spectrum.flatten(2) @ self._synthesis[..., :bins].flatten(1).T
        total = self._overlap_add(pieces * used)
        envelope = self._overlap_add(self.window_square * used)
        within = torch.arange(total.shape[1], device=total.device) < lengths[:, None]
        return torch.where(within, total / envelope.clamp(min=1e-8), 0)

    def _used_frames(self, frames: int, lengths: Tensor) -> Tensor:
        count = (lengths // self.hop + 1)[:, None]
        return (torch.arange(frames, device=lengths.device) < count).float()

    def _overlap_add(self, pieces: Tensor) -> Tensor:
        """Sum (batch, frames, n_fft) at steps of `hop`; half a transform is cut off either end."""
        batch, frames, _ = pieces.shape
        hops = math.ceil(self.n_fft / self.hop)
        pieces = functional.pad(pieces, (0, hops * self.hop - self.n_fft)).view(
            batch, frames, hops, -1
        )
        total = pieces.new_zeros(batch, frames + hops - 1, self.hop)
        for hop in range(hops):
            total[:, hop : hop + frames] += pieces[:, :, hop]
        start = self.n_fft // 2
        return total.flatten(1)[:, start : start + (frames - 1) * self.hop]
