"""Transforms of padded batches against torch's transforms of each signal alone."""

import pytest
import torch

from engine.chatterbox.s3gen.spectrum import ShortTimeFourier
from tests.engine.chatterbox.s3gen.upstream_s3gen import relative_error


@pytest.mark.parametrize(("n_fft", "hop"), [(16, 4), (1536, 240)])
def test_each_item_is_transformed_as_if_it_were_alone(n_fft: int, hop: int) -> None:
    transform = ShortTimeFourier(n_fft, hop, torch.device("cpu"))
    window = torch.hann_window(n_fft)
    lengths = torch.tensor([4800, 2400, 960])
    signal = torch.randn(3, 4800, generator=torch.Generator().manual_seed(0))
    spectrum = transform.analyse(signal, lengths)
    changed = spectrum * torch.linspace(0.5, 1.5, n_fft // 2 + 1)
    back = transform.synthesise(changed, lengths)
    for row, length in enumerate(lengths.tolist()):
        frames = length // hop + 1
        alone = torch.stft(signal[row, :length], n_fft, hop, window=window, return_complex=True)
        ours = torch.complex(spectrum[row, :frames, 0], spectrum[row, :frames, 1]).T
        assert relative_error(torch.view_as_real(ours), torch.view_as_real(alone)) < 1e-5
        assert not spectrum[row, frames:].any()
        alone = alone * torch.linspace(0.5, 1.5, n_fft // 2 + 1)[:, None]
        wave = torch.istft(alone, n_fft, hop, window=window)
        assert relative_error(back[row, :length], wave) < 1e-5
        assert not back[row, length:].any()


def test_the_lowest_bins_can_be_synthesised_alone() -> None:
    transform = ShortTimeFourier(1536, 240, torch.device("cpu"))
    lengths = torch.tensor([2400])
    spectrum = transform.analyse(
        torch.randn(1, 2400, generator=torch.Generator().manual_seed(1)), lengths
    )
    spectrum[..., 100:] = 0
    whole = transform.synthesise(spectrum, lengths)
    assert relative_error(transform.synthesise(spectrum[..., :100], lengths), whole) < 1e-5
