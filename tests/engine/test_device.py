"""Device and precision follow from the graphics card, or from what was asked for."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.device import (
    Gpu,
    NoGpu,
    apply_tf32,
    card_environment,
    choose,
    describe,
    detect,
)
from engine.errors import WorkerUnavailable
from engine.messages import EngineConfig
from engine.worker import checks

GIB = 2**30
NONE = NoGpu("this machine has no CUDA GPU")


@pytest.mark.parametrize(
    ("name", "capability", "precision", "tf32"),
    [
        ("NVIDIA A100", (8, 0), "bf16", True),
        ("NVIDIA H100", (9, 0), "bf16", True),
        ("NVIDIA GeForce RTX 5070 Ti", (12, 0), "bf16", True),
        ("NVIDIA T4", (7, 5), "fp16", False),
        ("NVIDIA TITAN V", (7, 0), "fp32", False),
        ("NVIDIA GeForce GTX 1080", (6, 1), "fp32", False),
    ],
)
def test_a_card_is_used_in_the_best_format_it_is_fast_in(
    name: str, capability: tuple[int, int], precision: str, tf32: bool
) -> None:
    """bfloat16 from Ampere on, float16 on Turing, fp32 on what is older."""
    choice = choose(Gpu(name, capability, 16 * GIB))
    assert (choice.device, choice.precision, choice.tf32) == ("cuda", precision, tf32)
    major, minor = capability
    assert choice.reason.startswith(
        f"{precision} on {name} (compute capability {major}.{minor}): it "
    )


@pytest.mark.parametrize(
    ("memory", "free", "capability", "precision"),
    [
        (5 * GIB, None, (8, 6), "int8"),
        (24 * GIB, 5 * 10**9, (8, 6), "int8"),
        (24 * GIB, 6 * 10**9, (8, 6), "bf16"),
        (6 * GIB, None, (8, 6), "bf16"),
        (5 * GIB, 5 * GIB, (7, 5), "int8"),
        (5 * GIB, 5 * GIB, (7, 0), "fp32"),
    ],
)
def test_where_little_memory_is_free_weights_take_eight_bits(
    memory: int, free: int | None, capability: tuple[int, int], precision: str
) -> None:
    gpu = Gpu("NVIDIA Card", capability, memory, free)
    assert choose(gpu).precision == precision
    assert choose(gpu, precision="int8").precision == "int8"
    assert choose(gpu, precision="bf16").precision == "bf16"


def test_a_precision_that_only_a_gpu_has_is_refused_in_a_sentence() -> None:
    with pytest.raises(WorkerUnavailable) as refusal:
        choose(NONE, "cpu", "int8")
    assert str(refusal.value) == (
        "TIMBRE_PRECISION=int8 needs a CUDA GPU for all but Turbo and Nano, and the CPU is used: "
        "as the settings ask."
    )


def test_the_reason_is_one_sentence_for_people() -> None:
    assert choose(Gpu("GTX 1650", (7, 5), 4_100_000_000)).reason == (
        "int8 on GTX 1650 (compute capability 7.5): it has 4.1 GB of memory, and int8 takes the "
        "least."
    )
    assert choose(Gpu("NVIDIA H100", (9, 0), 80 * GIB)).reason == (
        "bf16 on NVIDIA H100 (compute capability 9.0): it has bfloat16 tensor cores."
    )
    assert choose(NONE).reason == "fp32 on the CPU: this machine has no CUDA GPU."
    assert choose(NONE, int8=True).precision == "int8"
    assert choose(NONE, precision="fp32", int8=True).precision == "fp32"
    assert choose(Gpu("GeForce MX", (8, 6), 2 * 10**9)).reason == (
        "fp32 on the CPU: GeForce MX has 2.0 GB of memory and Chatterbox needs 4."
    )


@pytest.mark.parametrize(
    ("gpu", "device", "precision", "expected"),
    [
        (NONE, "auto", "auto", ("cpu", "fp32", False)),
        (NONE, "cpu", "bf16", ("cpu", "bf16", False)),
        (Gpu("H", (9, 0), 80 * GIB), "cpu", "auto", ("cpu", "fp32", False)),
        (Gpu("H", (9, 0), 80 * GIB), "auto", "fp32", ("cuda", "fp32", False)),
        (Gpu("H", (9, 0), 80 * GIB), "cuda", "fp16", ("cuda", "fp16", True)),
        (Gpu("T4", (7, 5), 16 * GIB), "cuda", "bf16", ("cuda", "bf16", False)),
        (Gpu("small", (8, 6), 2 * GIB), "auto", "auto", ("cpu", "fp32", False)),
        (Gpu("small", (8, 6), 2 * GIB), "cuda", "auto", ("cuda", "int8", True)),
    ],
)
def test_what_the_settings_ask_for_wins(
    gpu: Gpu | NoGpu, device: str, precision: str, expected: tuple[str, str, bool]
) -> None:
    """Both can be overridden; TF32 never weakens fp32 that was asked for."""
    choice = choose(gpu, device, precision)
    assert (choice.device, choice.precision, choice.tf32) == expected


def test_asking_for_cuda_without_a_device_is_refused_in_a_sentence() -> None:
    """It is not silently done on the CPU, thirty times slower."""
    with pytest.raises(WorkerUnavailable, match=r"CUDA .* this machine has no CUDA GPU\.$"):
        choose(NONE, "cuda")
    with pytest.raises(WorkerUnavailable, match="The CUDA device 3 was asked for, but this mach"):
        choose(NONE, "cuda:3")


@pytest.mark.parametrize(
    ("device", "before", "expected"),
    [
        ("cuda:1", {}, {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}),
        (
            "cuda:0",
            {"CUDA_DEVICE_ORDER": "FASTEST_FIRST"},
            {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "FASTEST_FIRST"},
        ),
        ("cuda:1", {"CUDA_VISIBLE_DEVICES": "4, GPU-5a"}, {"CUDA_VISIBLE_DEVICES": "GPU-5a"}),
        ("cuda:2", {"CUDA_VISIBLE_DEVICES": "4,5"}, {"CUDA_VISIBLE_DEVICES": "-1"}),
        ("cuda", {"CUDA_VISIBLE_DEVICES": "4"}, {}),
        ("auto", {}, {}),
        ("cpu", {}, {}),
    ],
)
def test_of_several_cards_the_engine_sees_the_one_that_is_asked_for(
    device: str, before: dict[str, str], expected: dict[str, str]
) -> None:
    """Counted as nvidia-smi counts them, or among those that somebody else chose before."""
    assert card_environment(device, before) == expected


def test_the_tf32_switches_follow_the_choice() -> None:
    """PyTorch's own default differs between products and convolutions; ours does not."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    try:
        for choice in (choose(Gpu("H", (9, 0), 80 * GIB)), choose(NONE)):
            apply_tf32(choice)
            assert (matmul.allow_tf32, cudnn.allow_tf32) == (choice.tf32, choice.tf32)
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


_DRIVER = """
#include <stddef.h>
#include <string.h>
int cuInit(unsigned flags) { return INIT; }
int cuDeviceGetCount(int *count) { *count = COUNT; return 0; }
int cuDeviceGet(int *device, int ordinal) { *device = 7 + ordinal; return 0; }
int cuDeviceGetName(char *name, int length, int device) {
    strncpy(name, "Test Card", length); return device == 7 ? NAME : 1; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 75 ? 8 : attribute == 76 ? 9 : -1; return device == 7 ? 0 : 1; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    *bytes = 24000000000u; return device == 7 ? 0 : 1; }
"""


@pytest.mark.skipif(shutil.which("cc") is None or sys.platform == "win32", reason="needs cc")
@pytest.mark.parametrize(
    ("init", "count", "name", "expected"),
    [
        (0, 2, 0, Gpu("Test Card", (8, 9), 24_000_000_000)),
        (100, 1, 0, NoGpu("NVIDIA's driver shows no CUDA GPU to this process")),
        (0, 0, 0, NoGpu("NVIDIA's driver shows no CUDA GPU to this process")),
        (0, 1, 999, NoGpu("NVIDIA's driver does not answer (CUDA error 999)")),
    ],
)
def test_the_driver_is_read_through_its_own_interface(
    tmp_path: Path, init: int, count: int, name: int, expected: Gpu | NoGpu
) -> None:
    """A driver that is there but has no device, or fails, is no GPU."""
    source, library = tmp_path / "driver.c", tmp_path / "driver.so"
    source.write_text(_DRIVER)
    macros = [f"-DINIT={init}", f"-DCOUNT={count}", f"-DNAME={name}"]
    subprocess.run(["cc", "-shared", "-fPIC", *macros, "-o", library, source], check=True)
    assert describe(ctypes.CDLL(str(library))) == expected


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize(
    ("built_for", "said"),
    [
        (None, "was not built for CUDA, which NVIDIA H100 needs"),
        ("13.0", "cannot use NVIDIA H100: its driver may be too old for CUDA 13.0"),
    ],
)
def test_the_doctor_says_in_a_sentence_why_torch_cannot_use_a_card(
    monkeypatch: pytest.MonkeyPatch, built_for: str | None, said: str
) -> None:
    monkeypatch.setattr(torch.version, "cuda", built_for)
    monkeypatch.setattr(checks, "detect", lambda: Gpu("NVIDIA H100", (9, 0), 80 * GIB))
    asked = EngineConfig(engine="auto", home="")
    looks = [(name, look) for name, look in checks.CHECKS if name in {"GPU", "GPU kernels"}]
    gpu, kernels = (checks._run(name, look, asked) for name, look in looks)
    assert said in gpu.detail
    assert gpu.state != "error"
    assert (kernels.state, kernels.detail) == ("ok", "not needed: no GPU is used")


@pytest.mark.gpu
def test_the_driver_and_torch_agree_on_the_card() -> None:
    """What was read without torch is what torch will compute on."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    found = detect()
    properties = torch.cuda.get_device_properties(0)
    assert found == Gpu(
        properties.name, (properties.major, properties.minor), properties.total_memory
    )
