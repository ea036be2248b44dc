"""How the speech-token decoder is run: limits, precision, and the sizes of its buckets.

The network's own sizes come from the checkpoint (`engine.weights.sizes.T3Sizes`). Nothing here
may change which tokens an fp32 decoder produces.
"""

from dataclasses import dataclass, replace

import torch

from engine.weights.sizes import T3Sizes

#: By the names that people know them by. On a CPU a GPT-2's steps alone are in int8; S3Gen's
#: estimator is in bf16 then, where the CPU multiplies in it.
DTYPES = {
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp32": torch.float32,
    "int8": torch.float32,
}

#: The compute capability since which a card has bf16.
_BF16_SINCE = (8, 0)


@dataclass(frozen=True)
class Formats:
    """What T3 computes in, and what its layers' matrices and its keys and values are kept in.

    None: the same. int8 on a GPU is that of `quantised`; no other network's weights ever are in it.
    """

    dtype: torch.dtype
    stored: torch.dtype | None = None
    cache: torch.dtype | None = None

    @classmethod
    def of(cls, precision: str, device: torch.device) -> "Formats":
        if precision != "int8" or device.type != "cuda":
            return cls(DTYPES[precision])
        has_bf16 = torch.cuda.get_device_capability(device) >= _BF16_SINCE
        return cls(torch.bfloat16 if has_bf16 else torch.float16, torch.int8, torch.int8)

    @property
    def half(self) -> str:
        """The name of what is computed in."""
        return next(name for name, dtype in DTYPES.items() if dtype == self.dtype)


#: Positions of one key-value page. The conditioning prefix fills one page or more, which are then
#: shared.
PAGE = 32
#: On a CPU, where memory that lies in one piece is read fastest: most utterances have one page.
CPU_PAGE = 1024

START_OF_TEXT, STOP_OF_TEXT = 255, 0
#: Upstream's ids; every id from the first on is dropped before the waveform.
START_OF_SPEECH, STOP_OF_SPEECH = 6561, 6562
#: Upstream asks for at most this many tokens per utterance: 40 s.
MAX_SPEECH_TOKENS = 1000

#: Ids of dead air. 4299 is upstream's own (Turbo's `S3GEN_SIL`); github.com/loudreader/loudkit
#: measured the others: of 11,479 tokens in three languages, these sound at -103 dBFS or less.
SILENT_TOKENS = (4137, 4215, 4218, 4299, 6324, 6405, 6486)
#: After 3 s of them, past half of its cap, an utterance has no more to say. Half the cap is more
#: than a text usually takes, so a model that only halts goes on.
SILENCE_AT_END = 75
#: So many stay at the end: 0.4 s.
SILENCE_KEPT = 10

#: Behind the conditioning: a sentence of 250 letters with its speech, and some 500 tokens of text
#: with as many speech tokens as there may be.
_USUAL_POSITIONS = 478
_LONGEST_POSITIONS = 1566

SLOT_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128)
CONTEXT_BUCKETS = (256, 512, 1024, 2048, 4096)
#: With the two starts of speech behind them, multiples of the rows that products take at once.
TEXT_BUCKETS = (30, 62, 94, 126, 190, 254, 382, 510, 1022, 2050)


@dataclass(frozen=True)
class DecoderConfig:
    """Limits of one decoder.

    `slots` is how many utterances are decoded at once; `pages` how many key-value pages of `page`
    positions they share, the prefixes of `voices` included, kept in `dtype` or in the eight bits of
    `cache`; `burst` how many steps are put on the
    device before the host looks again. With `in_turn` the most urgent utterance alone is decoded,
    which is sooner done where rows take as long beside one another as one after the other.
    """

    slots: int
    pages: int
    voices: int
    dtype: torch.dtype
    sizes: T3Sizes
    page: int = PAGE
    cache: torch.dtype | None = None
    burst: int = 1
    in_turn: bool = False

    @classmethod
    def for_streams(
        cls,
        slots: int,
        dtype: torch.dtype,
        positions: int | None = None,
        voices: int | None = None,
        *,
        sizes: T3Sizes | None = None,
        page: int = PAGE,
        cache: torch.dtype | None = None,
    ) -> "DecoderConfig":
        """Room for `slots` utterances of `positions` each, and for as many voices and 4.

        They are guided where the network knows guidance. One alone can be as long as
        `_LONGEST_POSITIONS` behind its voice.
        """
        sizes = T3Sizes() if sizes is None else sizes
        prefix = sizes.conditioning_positions
        voices = slots + 4 if voices is None else voices
        usual = pages_for(prefix + _USUAL_POSITIONS if positions is None else positions, page)
        longest = pages_for(prefix + _LONGEST_POSITIONS, page)
        rows = 1 if sizes.backbone == "gpt2" else 2
        pages = rows * max(slots * usual, longest) + voices * (prefix // page)
        return cls(slots, pages, voices, dtype, sizes, page, cache)

    def halved(self) -> "DecoderConfig":
        smaller = DecoderConfig.for_streams(
            self.slots // 2, self.dtype, sizes=self.sizes, page=self.page, cache=self.cache
        )
        return replace(smaller, burst=self.burst, in_turn=self.in_turn)


def pages_for(positions: int, page: int = PAGE) -> int:
    return -(-positions // page)


def bucket_for(value: int, buckets: tuple[int, ...]) -> int:
    """The smallest bucket that holds `value`. Raises `ValueError` past the last one."""
    for bucket in buckets:
        if value <= bucket:
            return bucket
    raise ValueError(f"{value} is past the largest bucket, {buckets[-1]}")
