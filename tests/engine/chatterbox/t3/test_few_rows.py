"""What the attention of few rows is left with by a step that failed halfway."""

from pathlib import Path

import pytest
import torch

from engine.chatterbox.t3 import kernels
from engine.chatterbox.t3.kernels.few_rows import MOST_ROWS, Mailbox
from engine.weights.sizes import T3Sizes

CPU = torch.device("cpu")


def empty(mailbox: Mailbox, layer: int) -> bool:
    return bool((mailbox.of(layer, MOST_ROWS).view(torch.int16) == -1).all())


@pytest.mark.parametrize("failure", [torch.OutOfMemoryError, KeyboardInterrupt])
def test_queries_that_attention_was_not_launched_for_are_not_left_to_the_next_step(
    failure: type[BaseException],
) -> None:
    mailbox = Mailbox(T3Sizes(), torch.bfloat16, CPU)

    def launch() -> None:
        with mailbox.taken_out(1):
            mailbox.of(1, 2).fill_(0.5)
            raise failure

    with pytest.raises(failure):
        launch()
    assert empty(mailbox, 1)


def test_what_was_launched_is_left_to_attention() -> None:
    mailbox = Mailbox(T3Sizes(), torch.bfloat16, CPU)
    with mailbox.taken_out(1):
        mailbox.of(1, 2).fill_(0.5)
    assert mailbox.of(1, 2).eq(0.5).all()
    assert empty(mailbox, 0)


def test_positions_are_there_when_an_embedding_that_lets_nothing_start_early_ends() -> None:
    source = Path(kernels.__file__).with_name("sampling.cu").read_text(encoding="utf-8")
    embed = source[source.index(" embed(") : source.index("void philox(")]
    written, ends = embed.index("positions[row] ="), embed.index("return;")
    assert "__threadfence();" in embed[written:ends]
