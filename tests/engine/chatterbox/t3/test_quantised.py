"""Weights, keys and values of int8: what they round to, and that they are decoded exactly."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from engine.bench.divergence import in_form
from engine.bench.t3 import some_text, some_voice
from engine.chatterbox.t3.config import DecoderConfig, Formats
from engine.chatterbox.t3.kernels.reference import ReferenceT3Kernels
from engine.chatterbox.t3.kv_cache import PagePool, page_of, parts, read, write
from engine.chatterbox.t3.loading import AnyWeights, load_weights
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.prefix import PrefixCache
from engine.chatterbox.t3.quantised import Quantised, quantised, widened
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.t3.slots import Column
from engine.chatterbox.t3.weights import Layer, T3Weights, load_t3
from engine.chatterbox.utterance import Utterance
from engine.speech import SpeechParameters
from engine.weights.sizes import HEAD_DIM, SMALL
from tests.engine.chatterbox.t3.t3_checkpoint import (
    Checkpoint,
    NewScheduler,
    assert_as_alone,
    finish,
    some_utterance,
    tokens,
)
from tests.engine.chatterbox.utterances import to_decode


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_a_row_is_rounded_by_half_a_step_at_most() -> None:
    rows = drawn(64, 256) * torch.logspace(-6, 6, 64)[:, None]
    codes, scales = quantised(rows)
    assert (codes.dtype, codes.shape, scales.shape) == (torch.int8, rows.shape, (64,))
    error = (widened(codes, scales) - rows).abs() / scales[:, None]
    assert error.max() <= 0.5 + 1e-3
    assert error.mean() > 0.2
    largest = rows.abs().amax(1)
    assert torch.allclose(widened(codes, scales).abs().amax(1), largest, rtol=1e-5)


def test_rows_do_not_depend_on_one_another_nor_on_their_scale() -> None:
    rows = drawn(5, 64)
    codes, scales = quantised(rows)
    louder = rows * torch.tensor([1.0, 4.0, 0.25, 2.0**20, 2.0**-20])[:, None]
    again, _ = quantised(louder)
    assert torch.equal(again, codes)
    alone, scale = quantised(rows[2])
    assert torch.equal(alone, codes[2])
    assert scale == scales[2]


def test_a_matrix_lies_row_by_row_though_its_file_has_columns() -> None:
    """As a GPT-2's does: kernels know where a matrix begins, and nothing of strides."""
    file = drawn(96, 64)
    matrix = Quantised.of(file.t() * drawn(96))
    assert (matrix.codes.is_contiguous(), matrix.scales.is_contiguous()) == (True, True)
    assert torch.equal(matrix.codes, quantised((file.t() * drawn(96)).contiguous())[0])


def test_nothing_stays_nothing() -> None:
    codes, scales = quantised(torch.zeros(3, 64))
    assert torch.equal(widened(codes, scales), torch.zeros(3, 64))


@pytest.mark.parametrize("page", [32, 1024])
def test_what_is_written_to_the_cache_is_read_again(page: int) -> None:
    """By prefill, by a step and as a whole page; and none beside it changes."""
    sizes = SMALL.t3
    pool = PagePool(sizes, 3, torch.int8, torch.device("cpu"), page)
    keys, values = pool.views(1)
    assert page_of(keys) == page

    def expected(vectors: Tensor) -> Tensor:
        return widened(*quantised(vectors))

    step = drawn(2, sizes.heads, HEAD_DIM, seed=1)
    write(keys, torch.tensor([1, 3]), torch.tensor([0, 31]), step)
    got = read(keys, torch.tensor([[1, 3]]), torch.float32)[0]
    assert torch.equal(got[[0, 1], :, [0, 31]], expected(step))
    assert torch.count_nonzero(got) == torch.count_nonzero(expected(step))

    both = drawn(2, 1, sizes.heads, 2, HEAD_DIM, seed=2)
    pool.put(1, pool.places(torch.tensor([[1, 2]]), torch.tensor([[5, 6]])), both)
    for cache, vectors in ((keys, both[0, 0]), (values, both[1, 0])):
        got = read(cache, torch.tensor([[1, 2]]), torch.float32)[0]
        assert torch.equal(got[0, :, 5], expected(vectors[:, 0]))
        assert torch.equal(got[1, :, 6], expected(vectors[:, 1]))

    whole = drawn(sizes.layers, 2, sizes.heads, page, HEAD_DIM, seed=3)
    pool.fill(2, whole)
    assert torch.equal(read(keys, torch.tensor([[2]]), torch.float32)[0, 0], expected(whole[1, 0]))
    pool.clear(2)
    assert not pool.storage[:, :, 2].any()
    assert read(keys, torch.tensor([[1]]), torch.float32).any()


def test_a_voice_that_is_forgotten_leaves_no_scale_behind() -> None:
    sizes = SMALL.t3
    pool = PagePool(sizes, 4, torch.int8, torch.device("cpu"))
    prefixes = PrefixCache(pool, sizes, 2)
    count = sizes.conditioning_positions
    computed = drawn(sizes.layers, 2, sizes.heads, count, HEAD_DIM)
    prefix = prefixes.acquire("voice", count, lambda: computed)
    (page,) = prefix.pages
    codes, scales = parts(pool.storage[:, :, page])
    assert codes.any()
    assert (scales > 0).all()
    prefixes.release(prefix)
    prefixes.forget()
    assert not pool.storage.any()


def weights_of(checkpoint: Checkpoint, stored: torch.dtype | None) -> AnyWeights:
    return load_weights(checkpoint.file, checkpoint.device, torch.float32, stored=stored)


@torch.inference_mode()
def logits(t3: T3, said: Utterance, speech: list[int]) -> Tensor:
    """Teacher-forced, (rows, len(speech) + 1, vocabulary)."""
    prompt = t3.reserve(said, 0)
    batch = t3.prefill([prompt])
    found = [batch.logits.clone()]
    batch = t3.buffers.batch(1, guided=prompt.assignment.guided, context=1024)
    t3.buffers.fill(batch, [0])
    for count, token in enumerate(speech, start=1):
        t3.slots.state[0, Column.GENERATED], t3.slots.state[0, Column.TOKEN] = count, token
        t3.step(batch)
        found.append(batch.logits.clone())
    t3.release(prompt)
    return torch.stack(found, dim=1)


SAID = to_decode(some_text(30), some_voice(0), SpeechParameters(), cap=260)
SPEECH = list(range(1, 6000, 300))


def test_weights_of_int8_decode_as_the_matrices_that_they_stand_for(checkpoint: Checkpoint) -> None:
    stored = weights_of(checkpoint, torch.int8)
    assert isinstance(stored, T3Weights)
    assert stored.stored == torch.int8

    def plain(matrix: Tensor | Quantised) -> Tensor:
        assert isinstance(matrix, Quantised)
        return matrix.widened(torch.float32)

    matrices = replace(
        stored,
        layers=tuple(
            Layer(*map(plain, (of.qkv, of.output, of.gate_up, of.down))) for of in stored.layers
        ),
    )
    config = DecoderConfig.for_streams(1, torch.float32, voices=4)
    expected = logits(T3(matrices, config, ReferenceT3Kernels()), SAID, SPEECH)
    got = logits(T3(stored, config), SAID, SPEECH)
    assert (got - expected).norm() / expected.norm() <= 1e-5
    unrounded = logits(T3(weights_of(checkpoint, None), config), SAID, SPEECH)
    assert (got - unrounded).norm() / unrounded.norm() > 1e-3


def test_loading_rounds_as_whoever_compares_does(checkpoint: Checkpoint) -> None:
    """A norm's gains are in a matrix before it is rounded."""
    loaded = load_t3(checkpoint.file, checkpoint.device, torch.float32, torch.int8).layers[0]
    rounded = in_form(weights_of(checkpoint, None), torch.float32, torch.int8).layers[0]
    for got, expected in zip(vars(loaded).values(), vars(rounded).values(), strict=True):
        assert torch.equal(got.codes, expected.codes)
        assert torch.equal(got.scales, expected.scales)


def test_int8_stays_near_the_fp32_distribution(checkpoint: Checkpoint) -> None:
    """Mean KL divergence, after guidance and temperature: bits of three that a token has."""

    def log_p(weights: AnyWeights, cache: torch.dtype | None) -> Tensor:
        config = DecoderConfig.for_streams(1, torch.float32, voices=4, cache=cache)
        heard, unheard = logits(T3(weights, config), SAID, SPEECH)
        guided: Tensor = (heard + 0.5 * (heard - unheard)) / 0.8
        return guided.log_softmax(-1)

    exact = log_p(weights_of(checkpoint, None), None)
    bits = {}
    for what, stored, cache in (("weights", torch.int8, None), ("cache", None, torch.int8)):
        rough = log_p(weights_of(checkpoint, stored), cache)
        bits[what] = float((exact.exp() * (exact - rough)).sum(-1).mean()) / 0.693
    assert 1e-6 < bits["cache"] <= 0.01
    assert 1e-6 < bits["weights"] <= 0.05


@pytest.fixture
def new_quantised_scheduler(checkpoint: Checkpoint) -> NewScheduler:
    weights = weights_of(checkpoint, torch.int8)

    def make(slots: int = 4) -> Scheduler:
        config = DecoderConfig.for_streams(slots, torch.float32, 400, voices=4, cache=torch.int8)
        return Scheduler(T3(weights, config))

    return make


def test_equal_seeds_give_equal_tokens_alone_and_among_others(
    checkpoint: Checkpoint, new_quantised_scheduler: NewScheduler
) -> None:
    first = [some_utterance(index, cap=20) for index in range(5)]
    again = [some_utterance(index, cap=20) for index in range(5)]
    scheduler = new_quantised_scheduler()
    assert scheduler.t3.pool.storage.dtype == torch.int8
    assert set(finish(scheduler, first)) == set(first)
    assert set(finish(new_quantised_scheduler(), again)) == set(again)
    assert list(map(tokens, first)) == list(map(tokens, again))
    assert len({tuple(tokens(each)) for each in first}) == 5
    if checkpoint.device.type == "cpu":
        # On a GPU what is put in beside others differs in its last digits, and so do some codes.
        assert_as_alone(new_quantised_scheduler, *first)


def test_only_a_gpu_has_it() -> None:
    assert Formats.of("int8", torch.device("cpu")) == Formats(torch.float32)
    assert Formats.of("bf16", torch.device("cpu")).half == "bf16"
