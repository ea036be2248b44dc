"""The compiled kernels against their plain-torch twins, on a GPU.

Longer than most files: all of it compares with the same twins.
"""

from unittest.mock import MagicMock

import pytest
import torch
from torch.nn import functional

from engine.bench.t3 import some_text, some_voice
from engine.chatterbox.cuda.available import why_not
from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.config import PAGE, DecoderConfig
from engine.chatterbox.t3.kernels import T3Kernels, many_rows
from engine.chatterbox.t3.kernels.compiled import CompiledT3Kernels
from engine.chatterbox.t3.kernels.many_rows import ManyRows
from engine.chatterbox.t3.kernels.products import Between, Library
from engine.chatterbox.t3.kernels.reference import RMS_EPSILON, ReferenceT3Kernels
from engine.chatterbox.t3.kv_cache import SINK_PAGE, InPages, PagePool
from engine.chatterbox.t3.loading import load_weights
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.prompt import Earlier
from engine.chatterbox.t3.quantised import Quantised
from engine.chatterbox.t3.rotary import rotary_tables
from engine.chatterbox.t3.slots import Column, SlotStatus
from engine.chatterbox.t3.weights import load_t3
from engine.chatterbox.utterance import Utterance
from engine.speech import SpeechParameters
from engine.weights.sizes import HEAD_DIM
from tests.engine.chatterbox.t3.t3_checkpoint import Checkpoint
from tests.engine.chatterbox.utterances import to_decode

pytestmark = pytest.mark.usefixtures("cuda")

UTTERANCES = [
    to_decode(some_text(40), some_voice(0), SpeechParameters(top_p=0.8, seed=2**40 + 7), cap=300),
    to_decode(some_text(9), some_voice(1), SpeechParameters(cfg_weight=0.0, seed=3), cap=300),
    to_decode(some_text(70), some_voice(0), SpeechParameters(temperature=1.2, seed=5), cap=6),
    to_decode(some_text(25), some_voice(2), SpeechParameters(min_p=0.3, seed=6), cap=300),
    to_decode(some_text(31), some_voice(1), SpeechParameters(repetition_penalty=2.0), cap=300),
]


def compiled(
    checkpoint: Checkpoint, dtype: torch.dtype = torch.float32, form: torch.dtype | None = None
) -> T3Kernels:
    assert why_not(checkpoint.device) is None
    return CompiledT3Kernels(checkpoint.sizes, dtype, checkpoint.device, form, form)


class KeptNowhere(InPages):
    """For what is only attended to."""

    def __init__(self, pages: torch.Tensor, offsets: torch.Tensor) -> None:
        super().__init__(MagicMock(), pages, offsets)


@torch.inference_mode()
def trace(
    checkpoint: Checkpoint,
    kernels: T3Kernels,
    utterances: list[Utterance],
    steps: int,
    context: int,
    *,
    dtype: torch.dtype = torch.float32,
    form: torch.dtype | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of each step, the tokens, and the final state of the slots.

    Weights, keys and values are kept in `form`, or in `dtype`. Every step is fed the tokens of a
    fixed list, so that a difference cannot carry on.
    """
    weights = load_weights(checkpoint.file, checkpoint.device, dtype, stored=form)
    slots = max(16, len(utterances))
    config = DecoderConfig.for_streams(slots, dtype, voices=4, sizes=weights.sizes, cache=form)
    t3 = T3(weights, config, kernels)
    prompts = [t3.reserve(said, slot) for slot, said in enumerate(utterances)]
    batch = t3.prefill(prompts)
    guided = any(prompt.assignment.guided for prompt in prompts)
    logits = [batch.logits.clone()]
    batch = t3.buffers.batch(batch.places, guided=guided, context=context)
    t3.buffers.fill(batch, list(range(len(prompts))))
    for step in range(steps):
        t3.slots.state[: len(prompts), Column.TOKEN] = 37 * step + 11
        t3.step(batch)
        logits.append(batch.logits.clone())
    return torch.stack(logits), t3.slots.said.clone(), t3.slots.state.clone()


@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_compiled_steps_compute_what_plain_torch_computes(
    checkpoint: Checkpoint, count: int
) -> None:
    """Few rows and many, one and two rows a slot, an utterance that ends, and idle places."""
    expected = trace(checkpoint, ReferenceT3Kernels(), UTTERANCES[:count], 10, 256)
    got = trace(checkpoint, compiled(checkpoint), UTTERANCES[:count], 10, 256)
    rows = [slot for slot in range(count) if slot != 2]  # the third ends after six tokens
    error = (got[0][:, rows] - expected[0][:, rows]).norm() / expected[0][:, rows].norm()
    assert error <= 2e-5
    assert torch.equal(got[1][:count], expected[1][:count])
    assert torch.equal(got[2][:count], expected[2][:count])


def test_logits_that_are_no_numbers_end_an_utterance_and_no_other(checkpoint: Checkpoint) -> None:
    states = []
    for kernels in (ReferenceT3Kernels(), compiled(checkpoint)):
        weights = load_t3(checkpoint.file, checkpoint.device, torch.float32)
        t3 = T3(weights, DecoderConfig.for_streams(4, torch.float32, voices=4), kernels)
        with torch.inference_mode():
            batch = t3.prefill([t3.reserve(said, n) for n, said in enumerate(UTTERANCES[:4])])
            batch.logits[0, 7] = torch.nan
            batch.logits[3, 8000] = torch.inf
            kernels.sample(t3.slots, batch)
        states.append(t3.slots.state[:4, Column.STATUS].tolist())
    assert (
        states[0]
        == states[1]
        == [SlotStatus.FAILED, SlotStatus.RUNNING, SlotStatus.RUNNING, SlotStatus.FAILED]
    )


def test_who_is_not_guided_has_no_twin_whose_logits_matter(checkpoint: Checkpoint) -> None:
    for kernels in (ReferenceT3Kernels(), compiled(checkpoint)):
        weights = load_t3(checkpoint.file, checkpoint.device, torch.float32)
        t3 = T3(weights, DecoderConfig.for_streams(4, torch.float32, voices=4), kernels)
        with torch.inference_mode():
            batch = t3.prefill([t3.reserve(said, n) for n, said in enumerate(UTTERANCES[:4])])
            batch.logits[batch.places + 1] = torch.nan  # the second is not
            kernels.sample(t3.slots, batch)
        assert t3.slots.state[:4, Column.STATUS].tolist() == [SlotStatus.RUNNING] * 4


@torch.inference_mode()
@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_a_query_that_is_no_number_is_not_waited_for(
    checkpoint: Checkpoint, half: torch.dtype
) -> None:
    """Attention waits for bits that no number and no rounding has: all of them set."""
    weights = load_t3(checkpoint.file, checkpoint.device, half)
    config = DecoderConfig.for_streams(1, half, voices=1, sizes=weights.sizes)
    t3 = T3(weights, config, compiled(checkpoint, half))
    batch = t3.prefill([t3.reserve(UTTERANCES[0], 0)])
    assert t3.slots.state[0, Column.STATUS] == SlotStatus.RUNNING
    qkv = weights.layers[1].qkv
    assert isinstance(qkv, torch.Tensor)
    qkv.fill_(torch.nan)
    t3.step(batch)
    assert t3.slots.state[0, Column.STATUS] == SlotStatus.FAILED


def test_attention_reads_every_position_of_a_long_context(checkpoint: Checkpoint) -> None:
    """More positions than one program reads at once, in every part of the context."""
    long = to_decode(some_text(600), some_voice(0), SpeechParameters(), cap=50)
    expected = trace(checkpoint, ReferenceT3Kernels(), [long], 40, 1024)
    got = trace(checkpoint, compiled(checkpoint), [long], 40, 1024)
    assert (got[0] - expected[0]).norm() / expected[0].norm() <= 2e-5
    assert torch.equal(got[1], expected[1])


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    ("count", "start", "lengths"), [(34, 34, (34, 34, 0)), (130, 34, (34, 34, 34)), (65, 0, (0,))]
)
def test_prompts_attend_and_are_kept_as_in_plain_torch(
    checkpoint: Checkpoint, half: torch.dtype, count: int, start: int, lengths: tuple[int, ...]
) -> None:
    """Behind prefixes of several lengths and none, in one tile of positions and in three."""
    rows, heads, page = len(lengths), checkpoint.sizes.heads, 32
    random = torch.Generator("cuda").manual_seed(count)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=random, device="cuda").to(half)

    qkv, storage = drawn(rows, count, 3 * heads * 64), drawn(4, 2, 2, heads, start, 64)
    angles = torch.rand(count, 64, generator=random, device="cuda")
    total = start + count
    pool = PagePool(checkpoint.sizes, rows * (total // page + 1), half, torch.device("cuda"))
    position = torch.arange(total, device="cuda")
    table = torch.arange(rows, device="cuda")[:, None] * (total // page + 1) + 1
    pages, offsets = table + position // page, (position % page).repeat(rows, 1)

    def attended(kernels: T3Kernels, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
        pool.storage.zero_()
        voices = torch.arange(rows, device="cuda")
        of_rows = torch.tensor(lengths, device="cuda")
        earlier = Earlier(storage.to(dtype), voices, of_rows, count)
        kept = InPages(pool, pages, offsets) if dtype == half else KeptNowhere(pages, offsets)
        tables = angles.cos(), angles.sin()
        mixed = torch.empty(rows, count, 64 * heads, dtype=dtype, device="cuda")
        kernels.prompt_attend(qkv.to(dtype), 1, earlier, kept, tables, mixed)
        return mixed.double(), pool.storage[1].clone()

    exact, _ = attended(ReferenceT3Kernels(), torch.float32)
    plain, kept = attended(ReferenceT3Kernels(), half)
    got, kept_now = attended(compiled(checkpoint, half), half)
    assert (got - exact).norm() <= 1.1 * (plain - exact).norm()
    assert (kept_now - kept).float().norm() <= 1e-3 * kept.float().norm()
    assert kept.float().norm() > 0


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
def test_steps_in_half_precision_are_as_near_to_fp32_as_plain_torch(
    checkpoint: Checkpoint, count: int, half: torch.dtype
) -> None:
    said = [
        to_decode(some_text(20 + 5 * n), some_voice(n % 3), SpeechParameters(seed=n), cap=300)
        for n in range(count)
    ]
    exact = trace(checkpoint, ReferenceT3Kernels(), said, 8, 256)[0]
    plain = trace(checkpoint, ReferenceT3Kernels(), said, 8, 256, dtype=half)[0]
    got = trace(checkpoint, compiled(checkpoint, half), said, 8, 256, dtype=half)[0]
    allowed = 1.1 * (plain - exact).norm()
    assert 0 < (got - exact).norm() <= allowed
    for row in range(2 * count):
        assert (got - exact)[:, row].norm() <= 1.5 * (plain - exact)[:, row].norm()


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
def test_steps_of_int8_are_as_near_to_fp32_of_the_same_as_plain_torch(
    checkpoint: Checkpoint, count: int, half: torch.dtype
) -> None:
    """Few rows and the library's many; keys and values behind prompts and from steps."""
    form = torch.int8
    said = [
        to_decode(some_text(20 + 5 * n), some_voice(n % 3), SpeechParameters(seed=n), cap=300)
        for n in range(count)
    ]
    exact = trace(checkpoint, ReferenceT3Kernels(), said, 8, 256, form=form)[0]
    plain = trace(checkpoint, ReferenceT3Kernels(), said, 8, 256, dtype=half, form=form)[0]
    kernels = compiled(checkpoint, half, form)
    got = trace(checkpoint, kernels, said, 8, 256, dtype=half, form=form)[0]
    assert 0 < (got - exact).norm() <= 1.1 * (plain - exact).norm()
    for row in range(2 * count):
        assert (got - exact)[:, row].norm() <= 1.5 * (plain - exact)[:, row].norm()
    again = trace(checkpoint, kernels, said, 8, 256, dtype=half, form=form)
    assert torch.equal(again[0], got)


@torch.inference_mode()
@pytest.mark.parametrize(("guided", "places"), [(True, 18), (False, 18), (True, 8), (True, 36)])
def test_attention_by_pages_reads_all_that_is_used_and_nothing_else(
    checkpoint: Checkpoint, guided: bool, places: int
) -> None:
    """Contexts of every length up to the longest, a row that is idle, first pages shared."""
    device, sizes, dtype = checkpoint.device, checkpoint.sizes, torch.bfloat16
    if not many_rows.attends(dtype, torch.cuda.get_device_capability(device)):
        pytest.skip("this card attends to many rows as to few")
    every = [-1, 0, 1, 31, 32, 33, 150, 191, 192, 193, 350, 383, 777, 1500, 2047, 2048, 3000, 4095]
    lengths = every[::-1][: 2 * places : 2] if places == 8 else every * (places // len(every))
    rows = places * (1 + guided)
    positions = torch.tensor(lengths * (1 + guided), dtype=torch.int32, device=device)
    tables = torch.arange(1, rows * 128 + 1, dtype=torch.int32).view(rows, 128).to(device)
    for row in range(places, rows):
        if positions[row] >= PAGE:  # nothing is added to a page that is shared
            tables[row, 0] = tables[row - places, 0]
    drawn = torch.Generator(device).manual_seed(7)
    cache = torch.full((2, rows * 128 + 1, sizes.heads, PAGE, HEAD_DIM), torch.nan, device=device)
    cache[:, SINK_PAGE] = 0
    for row in range(rows):
        for first in range(0, int(positions[row]), PAGE):
            used = min(PAGE, int(positions[row]) - first)
            page = cache[:, int(tables[row, first // PAGE]), :, :used]
            page.normal_(generator=drawn)
    cache = cache.to(dtype)
    hidden = sizes.heads * HEAD_DIM
    batch = Batch(
        slots=torch.zeros(places, dtype=torch.int32, device=device),
        guided=guided,
        context=4096,
        tables=tables,
        positions=positions,
        residual=torch.zeros(rows, hidden, device=device),
        qkv=torch.randn(rows, 3 * hidden, device=device, generator=drawn).to(dtype),
        attended=torch.zeros(rows, hidden, dtype=dtype, device=device),
        **dict.fromkeys(("normed", "gate_up", "activated", "logits"), torch.zeros(0)),
    )
    rotary = rotary_tables(4096, device)
    kernels = CompiledT3Kernels(sizes, dtype, device)
    given = cache.clone()
    kernels.attend(batch, (given[0], given[1]), rotary)
    got, stored = batch.attended.float(), given.clone()
    ReferenceT3Kernels().attend(batch, (cache[0], cache[1]), rotary)
    rows_with_work = positions >= 0
    assert torch.equal(stored[:, 1:].isnan(), cache[:, 1:].isnan())
    torch.testing.assert_close(
        got[rows_with_work], batch.attended.float()[rows_with_work], rtol=0.02, atol=0.005
    )
    rounded = (stored[:, 1:] - cache[:, 1:]).nan_to_num().abs().max()
    assert rounded <= 0.04, "keys are turned in other orders"


@pytest.fixture
def of_many(checkpoint: Checkpoint) -> ManyRows:
    capability = torch.cuda.get_device_capability(checkpoint.device)
    if not many_rows.multiplies(checkpoint.sizes, torch.bfloat16, capability, None):
        pytest.skip("this card has no products of many rows of its own")
    return ManyRows(checkpoint.sizes, checkpoint.device)


@torch.inference_mode()
@pytest.mark.parametrize("rows", [9, 16, 17, 32, 50, 64, 100, 128])
def test_products_of_many_rows_are_as_near_to_fp64_as_the_librarys(
    checkpoint: Checkpoint, of_many: ManyRows, rows: int
) -> None:
    """A layer's and the head's; twice the same, and none of it depends on the other rows."""
    weights = load_t3(checkpoint.file, checkpoint.device, torch.bfloat16)
    layer = weights.layers[-1]
    config = DecoderConfig.for_streams(64, torch.bfloat16, voices=1, sizes=weights.sizes)
    buffers = T3(weights, config).buffers
    drawn = torch.Generator(checkpoint.device).manual_seed(rows)
    # In fp32: each row of its own size.
    residual = torch.randn(rows, 1024, device=checkpoint.device, generator=drawn)
    residual *= 1 + torch.arange(rows, device=checkpoint.device)[:, None]
    attended = torch.randn(rows, 1024, device=checkpoint.device, generator=drawn).bfloat16()

    def run(kernels: ManyRows | Library, given: slice) -> dict[str, torch.Tensor]:
        count = len(residual[given])
        batch = buffers.batch(count, guided=False, context=256)
        batch.residual.copy_(residual[given])
        batch.attended.copy_(attended[given])
        if isinstance(kernels, ManyRows):
            kernels.begin(batch)
        kernels.norm_linear(batch, layer.qkv, batch.qkv)
        found = {"qkv": batch.qkv.clone()}
        kernels.add_attended(batch, layer.output)
        found["output"] = batch.residual - residual[given]
        kernels.add_mlp(batch, layer.gate_up, layer.down)
        found["mlp"] = batch.residual - residual[given] - found["output"]
        kernels.norm_linear(batch, weights.speech_head, batch.logits)
        return found | {"head": batch.logits.clone()}

    def exact() -> dict[str, torch.Tensor]:
        def normed(stream: torch.Tensor) -> torch.Tensor:
            return functional.rms_norm(stream, stream.shape[-1:], eps=RMS_EPSILON)

        def times(vectors: torch.Tensor, weight: Quantised | torch.Tensor) -> torch.Tensor:
            assert isinstance(weight, torch.Tensor)
            return vectors @ weight.double().T

        stream = residual.double()
        found = {"qkv": times(normed(stream), layer.qkv)}
        found["output"] = times(attended.double(), layer.output)
        stream = stream + found["output"]
        gate, up = times(normed(stream), layer.gate_up).chunk(2, dim=-1)
        found["mlp"] = times(functional.silu(gate) * up, layer.down)
        return found | {"head": times(normed(stream + found["mlp"]), weights.speech_head)}

    everything = slice(0, rows)
    sizes, dtype = checkpoint.sizes, torch.bfloat16
    plain = run(Library(Between(sizes, dtype, checkpoint.device)), everything)
    got, again, right = run(of_many, everything), run(of_many, everything), exact()
    few = 9 if rows <= 16 else 17
    alone = run(of_many, slice(0, few))
    for name, expected in right.items():
        allowed = 1.2 * (plain[name].double() - expected).norm(dim=1) + 1e-6 * expected.norm(dim=1)
        assert ((got[name].double() - expected).norm(dim=1) <= allowed).all(), name
        assert torch.equal(got[name], again[name]), name
        assert torch.equal(got[name][:few], alone[name]), name
