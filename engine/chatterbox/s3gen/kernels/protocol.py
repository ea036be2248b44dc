"""What the parts of S3Gen that are worth a kernel compute, whichever form of them does."""

from collections.abc import Sequence
from typing import Literal, Protocol

from torch import Tensor

from engine.chatterbox.s3gen.layout import Linear
from engine.chatterbox.s3gen.weights import EstimatorBlock, NormedConv, TransformerLayer

Activation = Literal["none", "gelu"]


class EncoderKernels(Protocol):
    """How the encoder's `stream` (batch, time, width) fp32 grows, and is read by its products."""

    def norm(self, stream: Tensor, bias: Tensor | None) -> Tensor:
        """`stream` grows by `bias` (width,) if there is one; its rows at zero mean, unit variance.

        In the dtype that products read, or in fp32.
        """

    def grow(self, stream: Tensor, rows: Tensor, product: Linear) -> Tensor | None:
        """`stream` grows by a product of `rows`, all but for the bias that is returned.

        `rows` are in the weight's dtype.
        """

    def attend(self, rows: Tensor, heads: int, places: Tensor, lengths: Tensor) -> Tensor:
        """Attention within each item's first `lengths` rows: (batch, time, width).

        `rows` is (batch, time, 4 * width): queries that meet keys, those that meet distances, both
        scaled, keys and values. `places` is (2 * time, width): the distances time-1 ... -time.
        """


class S3GenKernels(Protocol):
    """Rows are (batch, time, channels). Sums, norms and the residual stream are fp32.

    Rows past an item's length hold anything finite: what is computed of the others never reads
    them, because the convolutions here look back only and attention stops at the length.
    """

    def block(
        self,
        rows: Tensor,
        block: EstimatorBlock,
        lengths: Tensor,
        step: int,
        skip: Tensor | None = None,
    ) -> Tensor:
        """`resnet` of `rows`, with `skip` beside them if there is any, and its layers.

        A new fp32 stream.
        """

    def resnet(self, rows: Tensor, block: EstimatorBlock, step: int) -> Tensor:
        """A resnet at Euler step `step`: a new fp32 stream."""

    def transform(
        self, stream: Tensor, layers: tuple[TransformerLayer, ...], heads: int, lengths: Tensor
    ) -> None:
        """Attention and feed-forward of each layer grow `stream`, in place."""

    def norm_linear(
        self, stream: Tensor, ahead: Tensor, product: Linear, activation: Activation
    ) -> Tensor:
        """Normalise each row of `stream - ahead` to zero mean and unit variance, then multiply.

        `stream` is fp32, `ahead` (channels,) fp32; the result is in the weight's dtype.
        """

    def add_product(self, stream: Tensor, rows: Tensor, weight: Tensor) -> None:
        """`stream` (fp32) grows by `rows` times the transposed weight, in place."""

    def linear(self, rows: Tensor, product: Linear) -> Tensor:
        """The product in fp32, of rows in any dtype rounded to the weight's."""

    def attend(self, qkv: Tensor, heads: int, lengths: Tensor) -> Tensor:
        """Attention within each item's first `lengths` rows; qkv is (batch, time, 3 * inner)."""

    def causal_conv(self, rows: Tensor, product: Linear) -> Tensor:
        """Three taps: a row and the two before it, zero before the first; in fp32."""

    def normed_conv(
        self, rows: Tensor, block: NormedConv, *, shift: Tensor | None, stream: Tensor | None
    ) -> Tensor:
        """Causal convolution, norm and Mish, plus `shift` (channels,) fp32.

        With `stream`, that is added to in place and returned; else the result is in weight's dtype.
        """

    def advance(
        self, mel: Tensor, slope: Tensor, shares: Sequence[float], features: Tensor
    ) -> None:
        """An Euler step: `mel` (batch, frames, 80) fp32 grows by each row's share of its slope.

        `slope` is (rows, batch, frames, 80) fp32. The first 80 of `features`, (rows, batch, frames,
        320) fp32, become the new mel in every row.
        """

    def snake(
        self, signal: Tensor, added: Tensor | None, alpha: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """`x = signal + added`, and Snake of it, x + sin(alpha x)^2 / alpha, zero past the length.

        Signals are (batch, channels, 1, time) with channels last in memory; alpha (channels,).
        """
