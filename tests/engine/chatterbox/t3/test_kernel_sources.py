"""T3's kernels compile for every card without one, and fit it."""

import pytest
import torch

from engine.chatterbox.cuda.program import SourceFile
from engine.chatterbox.t3.kernels import few_rows, many_rows, sources
from engine.weights.sizes import RELEASED, T3Sizes
from tests.engine.chatterbox.cuda.compiling import REGISTERS, SHARED_KB, nvrtc

LLAMA = T3Sizes()
SIZES = {"llama": LLAMA, "turbo": RELEASED["turbo"].t3, "nano": RELEASED["nano"].t3}
GPT2 = ("turbo", "nano")
slow = pytest.mark.slow
any_sizes = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
#: Of every network, on every card.
ATTENTION = {f"attend_{how.name}": (how.threads, 0) for how in sources.attentions(LLAMA, (9, 0))}
#: By how an allocation is rounded up.
REGISTERS_OF_A_WARP = 256
BETWEEN = dict.fromkeys(("norm_rows", "gated", "turn_heads", "widen"), (128, 0))


def capability_of(architecture: str) -> tuple[int, int]:
    return int(architecture[:-1]), int(architecture[-1])


def check(
    source: SourceFile, architecture: str, launched: dict[str, tuple[int, int]], own: str = ""
) -> None:
    """Compile, with an architecture's `own` instructions; `launched`: threads, dynamic memory."""
    found = source.compile(nvrtc(), f"sm_{architecture}{own}").resources
    assert {kernel.name for kernel in found} == set(launched)
    for kernel in found:
        threads, dynamic = launched[kernel.name]
        assert kernel.spilled == 0, kernel
        warp = -(-32 * kernel.registers // REGISTERS_OF_A_WARP) * REGISTERS_OF_A_WARP
        assert warp * threads // 32 <= REGISTERS, kernel
        assert kernel.shared + dynamic <= 1024 * SHARED_KB[architecture], kernel


def check_all(architecture: str, half: torch.dtype, sizes: T3Sizes) -> None:
    check_products(architecture, half, sizes, None)
    check(sources.between(sizes, half), architecture, BETWEEN)
    check(sources.prompts(sizes, half), architecture, {"attend_prompts": (128, 0)})
    ends = {"embed": (sizes.hidden // 4, 0), "sample": (1024, 0)}
    check(sources.sampling(sizes, half), architecture, ends)


def check_products(
    architecture: str, half: torch.dtype, sizes: T3Sizes, form: torch.dtype | None
) -> None:
    """With weights, keys and values in `form`, int8, or in half precision."""
    capability = capability_of(architecture)
    launched = {
        product.kernel: (product.threads, product.shared(capability))
        for of_matrix in sources.products(sizes, capability, form).values()
        for product in of_matrix
    }
    check(sources.projections(sizes, half, capability, form), architecture, launched)
    check(sources.attention(sizes, half, capability, form), architecture, ATTENTION)


def half_of(architecture: str) -> torch.dtype:
    """Before 8.0 there is no bf16: such cards get fp16."""
    return torch.bfloat16 if capability_of(architecture) >= (8, 0) else torch.float16


@pytest.mark.parametrize("model", ["llama", *(pytest.param(name, marks=slow) for name in GPT2)])
def test_kernels_fit_a_consumers_card(model: str) -> None:
    check_all("120", torch.bfloat16, SIZES[model])


@pytest.mark.parametrize("architecture", ["75", "86"])
def test_a_token_is_chosen_in_registers_by_older_cards(architecture: str) -> None:
    ends = {"embed": (LLAMA.hidden // 4, 0), "sample": (1024, 0)}
    check(sources.sampling(LLAMA, half_of(architecture)), architecture, ends)


def test_kernels_for_int8_fit_a_consumers_card() -> None:
    check_products("120", torch.bfloat16, SIZES["turbo"], torch.int8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "model"),
    [
        *(("75", "turbo"), ("80", "llama"), ("86", "turbo")),
        *(("90", "llama"), ("90", "turbo"), ("100", "turbo")),
    ],
)
def test_kernels_fit_every_other_card(architecture: str, model: str) -> None:
    """One model each, and the other in int8; both on Hopper, which has forms of its own.

    To a kernel 8.6 and 8.9 are one card: of the two, one has it in half precision, one in int8.
    """
    check_all(architecture, half_of(architecture), SIZES[model])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "model"),
    [
        *(("75", "llama"), ("80", "turbo"), ("89", "llama")),
        *(("90", "llama"), ("90", "turbo"), ("100", "llama"), ("120", "llama")),
    ],
)
def test_kernels_for_int8_fit_every_card(architecture: str, model: str) -> None:
    check_products(architecture, half_of(architecture), SIZES[model], torch.int8)


@pytest.mark.parametrize("model", ["llama", "turbo"])
@pytest.mark.parametrize("architecture", SHARED_KB)
def test_every_product_fits_the_shared_memory_of_every_card(architecture: str, model: str) -> None:
    """What each asks for when it is launched, which is all but some hundred bytes of it."""
    capability = capability_of(architecture)
    for stored in (None, torch.int8):
        for of_matrix in sources.products(SIZES[model], capability, stored).values():
            for product in of_matrix:
                assert product.shared(capability) <= 1024 * SHARED_KB[architecture], product


def test_only_a_narrow_network_has_no_int8() -> None:
    assert [sources.multiplies(sizes, torch.int8) for sizes in SIZES.values()] == [
        True,
        True,
        False,
    ]
    assert all(sources.multiplies(sizes) for sizes in SIZES.values())


@pytest.mark.parametrize("model", ["llama", pytest.param("turbo", marks=slow)])
def test_the_parity_mode_compiles(model: str) -> None:
    products = dict.fromkeys(("store_normed", "up_normed", "add"), (128, 0))
    check(sources.full_precision(SIZES[model]), "90", products)
    check(sources.attention(SIZES[model], torch.float32, (9, 0)), "90", ATTENTION)
    check(sources.between(SIZES[model], torch.float32), "90", BETWEEN)
    # Slow, with registers in memory: for comparing alone.
    sources.attention(SIZES[model], torch.float32, (9, 0), torch.int8).compile(nvrtc(), "sm_90")


@pytest.mark.parametrize("cache", [None, torch.int8])
@pytest.mark.parametrize("model", ["llama", *(pytest.param(name, marks=slow) for name in GPT2)])
def test_attention_of_few_rows_fits_hopper(model: str, cache: torch.dtype | None) -> None:
    forms = sources.attentions_of_few(SIZES[model], cache)
    launched = {f"attend_{how.name}": (how.threads, 0) for how in forms}
    for half in (torch.bfloat16, torch.float16):
        check(sources.attention_few(SIZES[model], half, cache), "90", launched, own="a")
    assert forms[-1].rows == few_rows.MOST_ROWS


def test_only_hopper_attends_to_few_rows_before_all_queries_are_there() -> None:
    capabilities = [capability_of(name) for name in SHARED_KB]
    found = [each for each in capabilities if few_rows.attends(LLAMA, torch.float16, each)]
    assert found == [(9, 0)]
    assert not few_rows.attends(LLAMA, torch.float32, (9, 0))
    assert not few_rows.attends(SIZES["nano"], torch.bfloat16, (9, 0), torch.int8)


@pytest.mark.parametrize("model", ["llama", "turbo"])
def test_kernels_of_many_rows_fit_hopper(model: str) -> None:
    launched = {
        f"{matrix}_{form.rows}": (form.threads, form.shared)
        for matrix, forms in many_rows.forms(SIZES[model]).items()
        for form in forms
    }
    source = many_rows.products(SIZES[model])
    check(source, "90", launched | {"begin": (SIZES[model].hidden // 4, 0)}, own="a")
    for warps in many_rows.WARPS.values():
        paged = {"attend_pages": (32 * warps, many_rows.pages_shared(warps))}
        check(many_rows.attention(SIZES[model], warps), "90", paged, own="a")


@pytest.mark.parametrize("model", ["llama", "turbo"])
def test_products_of_many_rows_take_all_of_a_matrix_in_one_wave(model: str) -> None:
    """Of clusters of four and eight the card holds 120 blocks where a multiprocessor has one."""
    sizes = SIZES[model]
    up = 2 * sizes.ffn if model == "llama" else sizes.ffn
    shapes = {
        "qkv": (3 * sizes.hidden, sizes.hidden),
        "output": (sizes.hidden, sizes.hidden),
        "up": (up, sizes.hidden),
        "down": (sizes.hidden, sizes.ffn),
        "head": (sizes.speech_vocabulary, sizes.hidden),
    }
    for name, forms in many_rows.forms(sizes).items():
        few = [16] if model == "llama" else []
        assert [form.rows for form in forms] == [*few, 32, 64, many_rows.MOST_ROWS]
        rows, columns = shapes[name]
        for form in forms:
            assert form.split * form.chunks * 64 == columns, (name, form)
            split, across, groups = form.grid(rows)
            assert across * 64 * form.tiles >= rows > (across - 1) * 64 * form.tiles
            beside = 228 * 1024 // (form.shared + 2048)
            assert groups * form.vectors == form.rows
            assert split * across * groups <= (132 if split <= 2 else 120) * beside, (name, form)


def test_only_hopper_has_products_of_many_rows_and_only_for_bf16_and_large_networks() -> None:
    def has(sizes: T3Sizes, dtype: torch.dtype, stored: torch.dtype | None = None) -> list[str]:
        capabilities = {name: capability_of(name) for name in SHARED_KB}
        return [
            name
            for name, capability in capabilities.items()
            if many_rows.multiplies(sizes, dtype, capability, stored)
        ]

    assert [has(sizes, torch.bfloat16) for sizes in SIZES.values()] == [["90"], ["90"], []]
    assert many_rows.attends(torch.bfloat16, (9, 0))
    assert not many_rows.attends(torch.float16, (9, 0))
    assert not many_rows.attends(torch.bfloat16, (10, 0))
    assert not many_rows.attends(torch.bfloat16, (9, 0), torch.int8)
    assert has(LLAMA, torch.float16) == has(LLAMA, torch.bfloat16, torch.int8) == []


@any_sizes
@pytest.mark.parametrize("stored", [None, torch.int8])
@pytest.mark.parametrize("architecture", SHARED_KB)
def test_blocks_take_every_row_of_a_matrix_once(
    architecture: str, sizes: T3Sizes, stored: torch.dtype | None
) -> None:
    """Only the head's last block may take rows that are none."""
    products = sources.products(sizes, capability_of(architecture), stored)
    rows = {"qkv": 3 * sizes.hidden, "output": sizes.hidden, "down": sizes.hidden}
    up = 2 * sizes.ffn if sizes.backbone == "llama" else sizes.ffn
    for name, count in (rows | {"up": up}).items():
        for product in products[name]:
            assert count % (8 * product.tiles) == 0, product


@any_sizes
@pytest.mark.parametrize("architecture", SHARED_KB)
def test_any_few_rows_have_a_product_and_no_larger_one_than_they_need(
    architecture: str, sizes: T3Sizes
) -> None:
    for of_matrix in sources.products(sizes, capability_of(architecture)).values():
        rows = [product.rows for product in of_matrix]
        assert rows == sorted(set(rows))
        assert rows[-1] == sources.MOST_ROWS
