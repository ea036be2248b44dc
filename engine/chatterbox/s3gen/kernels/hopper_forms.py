"""What is compiled for Hopper alone, and the threads and shared memory that its kernels take."""

from typing import NamedTuple

import torch

from engine.chatterbox.cuda.program import SourceFile

_PACKAGE = "engine.chatterbox.s3gen.kernels"
_BLOCK_BYTES = 64 * 64 * 2


class ChainForm(NamedTuple):
    """A kernel's threads, the blocks that it keeps in shared memory, and bytes beside them."""

    threads: int
    blocks: int
    more: int = 0

    @property
    def shared(self) -> int:
        return self.blocks * _BLOCK_BYTES + self.more


def _conv(channels: int, parts: int, at_once: int) -> ChainForm:
    across = channels // 64
    tile = across * 72 * 64 * 2  # rows of halves, with two before the block's
    told = 8 * 64 * 8 + 8 * (parts + 4)  # between the blocks of a cluster, and signals
    return ChainForm(256, at_once * across, tile + told)


#: Four times 64 inputs of two tiles of 64 rows with eight before, and of a matrix.
_CONV_MANY = ChainForm(384, 4 * (2 + 4), 4 * 2 * 8 * 64 * 2)


#: Of these names a file's kernels are that have all of a matrix at once: so two cores compile it.
_WHOLE = "_whole"

#: By source and kernel.
FORMS = {
    "transformer": {
        "begin_rows": ChainForm(256, 0),
        "qkv": ChainForm(256, 4 + 2 * 4),
        "qkv_of_two_128": ChainForm(512, 2 * 4 + 2 * 4),
        "qkv_of_two_192": ChainForm(768, 2 * 4 + 3 * 4),
        "attended_out": ChainForm(160, 8 + 8 + 1),
        "feed_in": ChainForm(256, 4 + 2 * 4),
        "feed_out": ChainForm(160, 16 + 8 + 1),
    },
    "out_and_feed": {"out_and_feed": ChainForm(512, 28)},
    "transformer_many": {
        "norm_blocks": ChainForm(256, 0),
        "many_product": ChainForm(320, 16 + 3 * 4),
    },
    "grow_many": {"many_grow": ChainForm(384, 8 + 5 * 4)},
    "attention_blocks": {
        "halved_64": ChainForm(256, 1 + 2 * 3 * 2),
        "halved_64_cut_2": ChainForm(512, 2 * (1 + 2 * 3 * 2)),
        "halved_64_cut_3": ChainForm(512, 2 * (1 + 2 * 3 * 2)),
        "attention_64": ChainForm(160, 1 + 4 * 2),
        "attention_64_back": ChainForm(160, 1 + 4 * 2),
    },
    "resnet": {
        "first_256": _conv(256, 4, 2),
        "first_320": _conv(320, 4, 2),
        "first_512": _conv(512, 4, 2),
        "first_blocks": _conv(256, 4, 2),
        "first_two": _conv(512, 4, 2),
        "second": _conv(256, 3, 2),
        "last": _conv(256, 3, 2),
        "plain": _conv(256, 3, 2),
        "plain_blocks": _conv(256, 3, 2),
    },
    "resnet_whole": {
        "first_256_all": _conv(256, 4, 4),
        "first_320_all": _conv(320, 4, 4),
        "first_blocks_all": _conv(256, 4, 4),
        "second_all": _conv(256, 3, 3),
        "last_all": _conv(256, 3, 3),
        "plain_all": _conv(256, 3, 3),
        "plain_blocks_all": _conv(256, 3, 3),
    },
    "resnet_many": {
        "round_blocks": ChainForm(256, 0),
        "many_first": _CONV_MANY,
        "many_second": _CONV_MANY,
        "many_last": _CONV_MANY,
        "many_plain": _CONV_MANY,
    },
}


def sources(dtype: torch.dtype) -> dict[str, SourceFile]:
    """What is compiled for a precision, by name."""
    bf16 = int(dtype == torch.bfloat16)
    return {
        name: SourceFile(
            _PACKAGE,
            f"{name.removesuffix(_WHOLE)}.cu",
            {"BF16": bf16, "WHOLE": int(name.endswith(_WHOLE))},
        )
        for name in FORMS
    }
