"""What a card will do, from its memory, its arithmetic and what was measured on one card.

    python -m engine.bench.roofline

Each stage has two parts: a chain of kernels that wait for one another, whose time depends on the
clock alone, and bytes or products, whose time depends on the card's memory or its tensor cores.
They overlap in part: the time is the root of the sum of both squares. That form was chosen on the
figures of an H200 and an H100, which one exponent brings within five per cent of each other
(tests/engine/bench/test_roofline.py); below them it is an extrapolation. Nothing here is a
measurement; `timbre.py bench` prints what it measured beside this.
"""

import argparse
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from engine.bench.setting import TOKENS_PER_SECOND, tokens_for
from engine.bench.t3 import median_ms
from engine.chatterbox.cuda.program import HOPPER
from engine.chatterbox.t3.kv_cache import position_bytes
from engine.weights.sizes import T3Sizes

#: Of what a data sheet states, what a plain copy reaches (H200 4.01 of 4.8 TB/s, H100 2.90 of 3.35)
COPY_SHARE = 0.85
#: and a large bf16 product (H200 762 of 989 TFLOP/s).
PRODUCT_SHARE = 0.77
CONTEXT = 350  # positions, the mean of a sentence
_SIDE = 4096  # of the matrices whose product is timed


@dataclass(frozen=True)
class CardRates:
    """What of a card decides. Rates are those it reaches, not those of its data sheet."""

    name: str
    bytes_per_s: float
    """Of a plain copy, reads and writes both counted."""
    flops: float
    """Of a dense product of bf16 with sums in fp32; multiply and add are two."""
    clock_hz: float
    """Of the multiprocessors, boosted."""
    hopper: bool = False
    """Whether the kernels that are for compute capability 9.0 alone run there."""

    @classmethod
    def from_sheet(
        cls, name: str, gb_per_s: float, tflops: float, clock_mhz: float, *, hopper: bool = False
    ) -> "CardRates":
        """From a data sheet's figures: dense bf16 with sums in fp32, no sparsity."""
        return cls(
            name,
            bytes_per_s=gb_per_s * 1e9 * COPY_SHARE,
            flops=tflops * 1e12 * PRODUCT_SHARE,
            clock_hz=clock_mhz * 1e6,
            hopper=hopper,
        )


#: NVIDIA's data sheets and architecture papers. GeForce cards do products of 16 bits at half the
#: rate where their sums are fp32.
CARDS = (
    CardRates.from_sheet("RTX 3050, 6 GB", 168, 13.6, 1470),
    CardRates.from_sheet("RTX 3050, 8 GB", 224, 18.2, 1777),
    CardRates.from_sheet("RTX 3060", 360, 25.5, 1777),
    CardRates.from_sheet("RTX 4060", 272, 30.2, 2460),
    CardRates.from_sheet("RTX 4070", 504, 58.3, 2475),
    CardRates.from_sheet("RTX 5070 Ti", 896, 87.9, 2452),
    CardRates.from_sheet("RTX 5090", 1792, 209.5, 2407),
    CardRates.from_sheet("L4", 300, 121, 2040),
    CardRates.from_sheet("A10", 600, 125, 1695),
    CardRates.from_sheet("H100", 3350, 989, 1980, hopper=True),
    CardRates.from_sheet("H200", 4800, 989, 1980, hopper=True),
)


@dataclass(frozen=True)
class Measured:
    """Figures of one card, which all others are reckoned from. Milliseconds.

    What is not given is of Triton's flow and the library's vocoder.
    """

    card: CardRates
    step_ms: Mapping[int, float]
    """Of a decode step, by the number of guided streams, at a mean context of `CONTEXT`."""
    int8_step_ms: Mapping[int, float]
    """The same where weights, keys and values have eight bits."""
    flow_chain_ms: float = 25.0
    flow_flops: float = 257e12
    """A second that the flow's products and attention reach where there is enough of them."""
    vocoder_chain_ms: float = 1.95
    vocoder_ms_per_s: float = 0.4
    first_token_ms: float = 3.3
    rest_ms: float = 2.0
    """Watermark, and what lies between the stages."""


#: An H200 with the kernels that all cards have: docs/benchmarks/h200, step.md, and flow.md where
#: that has Triton's flow and "as other cards do it".
H200_COMMON = Measured(
    CardRates("H200", bytes_per_s=4.0145e12, flops=762e12, clock_hz=1.98e9),
    {1: 0.441, 2: 0.473, 4: 0.533, 8: 0.680, 16: 1.437, 64: 2.559},
    {1: 0.470, 2: 0.524, 4: 0.559, 8: 0.701, 16: 1.924, 64: 2.864},
    vocoder_chain_ms=0.85,
    vocoder_ms_per_s=0.28,
    first_token_ms=1.8,
    rest_ms=0.6,
)
#: An H200 with Hopper's own kernels: bench.json there.
H200_HOPPER = replace(
    H200_COMMON,
    card=replace(H200_COMMON.card, hopper=True),
    step_ms={1: 0.404, 2: 0.434, 4: 0.542, 8: 0.634, 16: 0.838, 32: 1.232, 64: 2.002},
    int8_step_ms={1: 0.445, 2: 0.477, 4: 0.512, 8: 0.676, 64: 2.803},
    flow_chain_ms=11.1,
    flow_flops=289e12,
    vocoder_chain_ms=0.56,
    vocoder_ms_per_s=0.2,
)


def step_bytes(streams: int, sizes: T3Sizes | None = None, *, int8: bool = False) -> int:
    """What a guided step reads: every weight once, two rows of keys and values a stream.

    In bf16, or with int8 where that is kept: all but the head.
    """
    sizes = sizes or T3Sizes()
    layers = sizes.layers * (4 * sizes.hidden**2 + 3 * sizes.hidden * sizes.ffn)
    head = sizes.speech_vocabulary * sizes.hidden
    vectors = 2 * streams * CONTEXT * 2 * sizes.layers * sizes.heads
    kept = torch.int8 if int8 else torch.bfloat16
    return kept.itemsize * layers + 2 * head + vectors * position_bytes(kept)


def flow_flop(audio_s: float, prompt_s: float = 10.0) -> float:
    """Arithmetic of the flow's ten steps for one utterance, both guidance rows counted.

    The estimator has 71 M parameters and 56 layers of attention, 512 wide, over 50 frames a second
    of the prompt and the utterance.
    """
    frames = 50 * (prompt_s + audio_s)
    return 10 * 2 * (2 * 71e6 * frames + 56 * 4 * 512 * frames**2)


class Roofline:
    """What one card takes. All times are milliseconds of one English utterance, its voice known."""

    def __init__(self, card: CardRates, measured: Measured | None = None) -> None:
        """Reckoned from `measured`, or from the H200's figures with the kernels that it runs."""
        measured = measured or (H200_HOPPER if card.hopper else H200_COMMON)
        self.card = card
        self._measured = measured
        self._slower = measured.card.clock_hz / card.clock_hz

    @property
    def streams(self) -> Collection[int]:
        """The numbers of streams whose steps are known."""
        return self._measured.step_ms.keys()

    def step_ms(self, streams: int, *, int8: bool = False) -> float:
        """Of a decode step. Raises `KeyError` for a number of streams that was not measured."""
        read = step_bytes(streams, int8=int8)
        floor = 1e3 * read / self._measured.card.bytes_per_s
        measured = self._measured.int8_step_ms if int8 else self._measured.step_ms
        chain = math.sqrt(measured[streams] ** 2 - floor**2)
        return math.hypot(chain * self._slower, 1e3 * read / self.card.bytes_per_s)

    def flow_ms(self, audio_s: float) -> float:
        share = self._measured.flow_flops / self._measured.card.flops
        products = 1e3 * flow_flop(audio_s) / (share * self.card.flops)
        return math.hypot(self._measured.flow_chain_ms * self._slower, products)

    def vocoder_ms(self, audio_s: float) -> float:
        slower = self._measured.card.flops / self.card.flops
        products = self._measured.vocoder_ms_per_s * audio_s * slower
        return math.hypot(self._measured.vocoder_chain_ms * self._slower, products)

    def utterance_ms(self, tokens: int) -> float:
        """From text to the whole PCM of so many speech tokens."""
        audio_s = tokens / TOKENS_PER_SECOND
        around = (self._measured.first_token_ms + self._measured.rest_ms) * self._slower
        decoding = tokens * self.step_ms(1)
        return around + decoding + self.flow_ms(audio_s) + self.vocoder_ms(audio_s)

    def text_ms(self, characters: int) -> float:
        """From so many characters of text to the whole PCM; of a first chunk, the first sound."""
        return self.utterance_ms(tokens_for(characters))


def probed(device: torch.device, name: str, bytes_per_s: float) -> CardRates:
    """A GPU as it is found: a product timed, the clock asked for."""
    factor = torch.randn(_SIDE, _SIDE, device=device, dtype=torch.bfloat16)
    ms = median_ms(lambda: factor @ factor, device, repeats=5)
    clock_khz = torch.cuda.get_device_properties(device).clock_rate
    hopper = torch.cuda.get_device_capability(device) == HOPPER
    return CardRates(name, bytes_per_s, 2 * _SIDE**3 / (ms / 1e3), clock_khz * 1e3, hopper)


def table(cards: Sequence[CardRates] = CARDS) -> str:
    """Markdown of what each card will do, all of it predicted."""
    lines = [
        "| card | T3, ms a token | with int8 | 8 streams, tokens/s | with int8 "
        "| first sound, 25 characters, ms | 100 characters, ms | 10 s utterance, ms "
        "| times real time |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for card in cards:
        roof = Roofline(card)
        ten_s_ms = roof.utterance_ms(10 * TOKENS_PER_SECOND)
        figures = (
            *(f"{roof.step_ms(1, int8=int8):.2f}" for int8 in (False, True)),
            *(f"{8e3 / roof.step_ms(8, int8=int8):,.0f}" for int8 in (False, True)),
            f"{roof.text_ms(25):.0f}",
            f"{roof.text_ms(100):.0f}",
            f"{ten_s_ms:,.0f}",
            f"{10e3 / ten_s_ms:.0f}",
        )
        lines.append(f"| {card.name} | {' | '.join(figures)} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    argparse.ArgumentParser(prog="engine.bench.roofline", description=__doc__).parse_args(arguments)
    sys.stdout.write(table())


if __name__ == "__main__":
    main()
