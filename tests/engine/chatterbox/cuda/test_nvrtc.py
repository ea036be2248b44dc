"""CUDA C++ is compiled without a card, for every card."""

import pytest

from engine.chatterbox.cuda.available import TRIAL
from engine.chatterbox.cuda.nvrtc import CompileError
from tests.engine.chatterbox.cuda.compiling import ARCHITECTURES, nvrtc


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_trial_compiles_for_every_card(architecture: str) -> None:
    compiled = TRIAL.compile(nvrtc(), f"sm_{architecture}")
    assert compiled.cubin.startswith(b"\x7fELF")
    (kernel,) = compiled.resources
    assert kernel.name == "double_kernel"
    assert (kernel.spilled, kernel.shared) == (0, 0)
    assert 0 < kernel.registers <= 32


def test_what_a_kernel_takes_is_read_off_the_assemblers_words() -> None:
    source = """
    extern "C" __global__ void __launch_bounds__(1024) many(float* out, const float* in) {
        __shared__ float kept[SIZE];
        float held[128];
        for (int i = 0; i < 128; i++) held[i] = in[i * 1024 + threadIdx.x];
        kept[threadIdx.x] = held[0];
        __syncthreads();
        for (int i = 0; i < 128; i++) out[i * 1024 + threadIdx.x] = held[127 - i] + kept[i];
    }
    extern "C" __global__ void few(float* out) { out[0] = 1; }
    """
    compiled = nvrtc().compile(source, "many.cu", "sm_90", ["--define-macro=SIZE=1024"])
    of = {kernel.name: kernel for kernel in compiled.resources}
    assert of["many"].spilled > 0
    assert of["many"].shared == 4096
    assert of["many"].registers <= 64
    assert (of["few"].spilled, of["few"].shared) == (0, 0)


def test_a_refused_source_says_where_it_is_wrong() -> None:
    with pytest.raises(CompileError, match=r"wrong\.cu\(1\): error"):
        nvrtc().compile("__global__ void k() { nothing(); }", "wrong.cu", "sm_90")
