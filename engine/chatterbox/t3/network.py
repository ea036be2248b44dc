"""What T3's caches, slots and scheduler know of a network: that it turns rows into logits.

`llama` is English's and Multilingual's, `gpt2` Turbo's and Nano's.
"""

from collections.abc import Hashable
from typing import Any, Protocol

from torch import Tensor

from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.kernels import T3Kernels
from engine.chatterbox.t3.kv_cache import PagePool
from engine.chatterbox.t3.prefix import PrefixCache
from engine.chatterbox.t3.prompt import PromptRows
from engine.chatterbox.t3.rules import SamplingRules
from engine.chatterbox.t3.slots import Slots
from engine.enrolment import Conditionals


class T3Network(Protocol):
    """A network with its weights. No tensor's value decides what is launched on CUDA.

    A prompt is a voice's prefix, a text of at most `text_positions` tokens and `starts` starts of
    speech.
    """

    rules: SamplingRules
    starts: int
    text_positions: int

    @property
    def kernels(self) -> T3Kernels: ...

    def expected_tokens(self, text_tokens: Tensor) -> int:
        """Speech tokens that nearly all texts like this stay below."""

    def prefix_key(self, exaggeration: float) -> Hashable:
        """All that a voice's prefix depends on beside the voice."""

    def prefix_positions(self, voice: Conditionals) -> int: ...

    def prefix_inputs(self, voice: Conditionals, exaggeration: float) -> Any:
        """A named tuple of tensors on the device, for `prefix`."""

    def prefix(self, inputs: Any) -> Tensor:
        """Keys and values of a voice's conditioning: (layers, 2, heads, positions, HEAD_DIM).

        At least as many positions as `prefix_positions`; what is past those means nothing.
        """

    def prefill(self, rows: PromptRows[Tensor], prefixes: PrefixCache, pool: PagePool) -> Tensor:
        """Put prompts through, and their keys and values into their pages.

        Returns the residual stream (rows, hidden) fp32 at the last position of each.
        """

    def step(self, batch: Batch, slots: Slots, pool: PagePool) -> None:
        """Put each row's last token through; `residual` becomes the stream behind all layers."""

    def logits(self, batch: Batch) -> None:
        """`logits` becomes what `residual` says of the next token."""
