"""What a start compiles on several cores at once, and waits for where it needs it."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest
import torch

from engine.chatterbox.compiling import compile_kernels
from engine.chatterbox.cuda import cubins, program
from engine.chatterbox.cuda.cubins import CubinCache
from engine.chatterbox.cuda.libraries import LibraryMissing
from engine.chatterbox.cuda.nvrtc import CompileError
from engine.chatterbox.cuda.program import compile_ahead
from engine.chatterbox.s3gen import kernels as s3gen
from engine.chatterbox.s3gen.kernels.cuda import CudaS3GenKernels
from engine.chatterbox.s3gen.kernels.cuda_encoder import CudaEncoderKernels
from engine.chatterbox.s3gen.kernels.cuda_mark import CudaMarkKernels
from engine.chatterbox.s3gen.kernels.cuda_noise import NoiseKernel
from engine.chatterbox.s3gen.kernels.cuda_vocoder import CudaVocoderKernels
from engine.chatterbox.shared import SharedParts
from engine.chatterbox.t3 import kernels as t3
from engine.chatterbox.t3.config import Formats
from engine.chatterbox.t3.kernels.compiled import CompiledT3Kernels
from engine.chatterbox.t3.kernels.sources import between, multiplies
from engine.weights.models import MODELS, Model
from engine.weights.sizes import RELEASED
from tests.engine.chatterbox.cuda.compiling import nvrtc
from tests.engine.chatterbox.cuda.recording import card

KEYS = [("a.cu", "sm_90"), ("b.cu", "sm_90")]


def test_who_asks_waits_for_what_was_begun_and_nothing_is_compiled_twice(tmp_path: Path) -> None:
    cache, both = CubinCache(tmp_path), threading.Barrier(2, timeout=20)
    runs = []

    def compiled(name: str) -> Callable[[], bytes]:
        def run() -> bytes:
            both.wait()  # which it passes only if both are compiled at once
            runs.append(name)
            return name.encode()

        return run

    with ThreadPoolExecutor(2) as pool:
        for key in KEYS:
            cache.begin(key, compiled(key[0]), pool)
        found = [CubinCache(tmp_path).get(key, lambda: b"compiled anew") for key in KEYS]
    assert found == [b"a.cu", b"b.cu"]
    assert sorted(runs) == ["a.cu", "b.cu"]
    assert [cache.get(key, lambda: b"compiled anew") for key in KEYS] == found


def test_what_was_begun_and_is_refused_fails_who_asks_and_is_tried_anew(tmp_path: Path) -> None:
    def refused() -> bytes:
        raise CompileError("no such instruction")

    cache = CubinCache(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        cache.begin(KEYS[0], refused, pool)
    with pytest.raises(CompileError, match="no such instruction"):
        cache.get(KEYS[0], lambda: b"code")
    assert cache.get(KEYS[0], lambda: b"code") == b"code"


def test_the_compiler_does_the_same_on_two_threads() -> None:
    compiler = nvrtc()
    halves = torch.float16, torch.bfloat16
    sources = [between(RELEASED["english"].t3, half) for half in halves]
    alone = [source.compile(compiler, "sm_80").cubin for source in sources]
    with ThreadPoolExecutor(2) as pool:
        beside = list(pool.map(lambda source: source.compile(compiler, "sm_80").cubin, sources))
    assert beside == alone


def test_where_our_kernels_do_not_run_no_compiler_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing() -> None:
        raise LibraryMissing("NVRTC is not installed")

    monkeypatch.setattr(program, "_loaded_nvrtc", missing)
    compile_ahead([], torch.device("cuda", 0))
    with pytest.raises(LibraryMissing):
        program.nvrtc_version()


@pytest.mark.parametrize("capability", [(7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (12, 0)])
def test_what_is_begun_for_a_card_is_what_its_kernels_ask_for(
    tmp_path: Path, capability: tuple[int, int]
) -> None:
    cases = product(MODELS.values(), ("fp32", "fp16", "bf16", "int8"), (False, True))
    for number, (model, precision, triton) in enumerate(cases):
        with card(tmp_path / str(number), capability, triton=triton) as compiled:
            loaded(model, precision, SharedParts())
            assert not compiled.late, "these were missed"
            assert not cubins._begun, "these are not asked for"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be told")
def test_no_more_is_compiled_at_once_than_there_are_cores_for(tmp_path: Path) -> None:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        with card(tmp_path, (9, 0), triton=False) as compiled:
            loaded(MODELS["english"], "bf16", SharedParts())
    finally:
        os.sched_setaffinity(0, cores)
    assert compiled.threads == {"nvrtc_0"}


def test_of_a_second_model_no_more_is_begun_than_it_has_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "kernels").touch()  # nothing can be kept there
    with card(tmp_path, (9, 0), triton=False) as compiled:
        shared = SharedParts()
        for name in ("turbo", "english", "multilingual", "nano"):
            loaded(MODELS[name], "bf16", shared)
            assert not cubins._begun
        sound = [name for name, _ in compiled.ahead if name in {"noise.cu", "transformer.cu"}]
    assert sorted(sound) == ["noise.cu", "transformer.cu"]
    assert not compiled.late


def loaded(model: Model, precision: str, shared: SharedParts) -> None:
    """Have a model's kernels compiled as `assemble` does, and made as its networks do."""
    device, sizes = torch.device("cuda", 0), RELEASED[model.name]
    formats = Formats.of(precision, device)
    if formats.stored is not None and not multiplies(sizes.t3, formats.stored):
        formats = Formats.of(formats.half, device)
    compile_kernels(sizes, formats.dtype, device, formats, shared)
    s3gen.kernels_for(device, formats.dtype)
    s3gen.mark_kernels_for(device, formats.dtype)
    s3gen.encoder_kernels_for(device, formats.dtype, sizes.s3gen.encoder_width)
    if not sizes.s3gen.meanflow:
        s3gen.noise_kernel_for(device, formats.dtype)
    t3.kernels_for(sizes.t3, formats.dtype, device, formats.stored, formats.cache)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("model", ["english", "turbo"])
def test_all_that_an_engine_compiles_is_begun_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    device, half, every = torch.device("cuda", 0), torch.bfloat16, RELEASED[model]
    sizes, mean_flow = every.t3, every.s3gen.meanflow
    sources = s3gen.sources_for(device, half, mean_flow=mean_flow)
    sources += t3.sources_for(sizes, half, device)
    compile_ahead(sources, device)
    CudaS3GenKernels(device, half)
    CudaVocoderKernels(device)
    CudaEncoderKernels(device)
    CudaMarkKernels(device)
    if not mean_flow:
        NoiseKernel(device)
    CompiledT3Kernels(sizes, half, device)
    assert len(list(tmp_path.rglob("*.cubin"))) == len(sources)
