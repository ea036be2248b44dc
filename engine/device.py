"""Which device and number format Chatterbox runs in on this machine, and why.

The graphics driver is asked directly, so that a machine without a usable GPU learns it in
milliseconds and never pays for the import of torch. Only `confirm` and `apply_tf32` import it.
"""

import ctypes
import re
import sys
from collections.abc import Mapping
from typing import Literal

import msgspec

from engine.errors import WorkerUnavailable

Device = Literal["cuda", "cpu"]
PrecisionName = Literal["bf16", "fp16", "fp32", "int8"]
#: What may be asked for.
AskedPrecision = Literal["auto", "bf16", "fp16", "fp32", "int8"]
Capability = tuple[int, int]

BFLOAT16_SINCE: Capability = (8, 0)  # Ampere; also Ada, Hopper and both Blackwells
FLOAT16_SINCE: Capability = (7, 5)  # Turing; older cards are run in fp32

#: Total memory that a card needs: weights of 1.6 GB in half precision, a few streams and the
#: driver's own share. Cards sold as "4 GB" report between 4.0e9 and 4.3e9 bytes.
LEAST_MEMORY_BYTES = 4_000_000_000
#: Where less is free, T3 is in int8, sound is made of fewer utterances at once, and new voices are
#: computed on the CPU. Cards sold as "6 GB" report more.
SMALL_CARD_BYTES = 6_000_000_000

#: What may be asked for; N is a card's number.
_ASKED = re.compile(r"auto|cpu|cuda(:(?P<number>[0-9]{1,3}))?")

# From cuda.h.
_COMPUTE_CAPABILITY_MAJOR, _COMPUTE_CAPABILITY_MINOR = 75, 76


def require_device(name: str) -> None:
    """Raise `ValueError`, with a sentence, unless `name` is auto, cpu, cuda or cuda:N."""
    if not _ASKED.fullmatch(name):
        raise ValueError(
            f"TIMBRE_DEVICE: {name} is none of auto, cpu, cuda and cuda:N, where N is a card's "
            "number in nvidia-smi"
        )


def require_cards(names: str) -> None:
    """Raise `ValueError`, with a sentence, unless `names` is empty, all, or numbers with commas."""
    numbers = re.split(r" *, *", names)
    listed = re.fullmatch(r"[0-9]{1,3}( *, *[0-9]{1,3})*", names)
    if names not in ("", "all") and (listed is None or len(set(numbers)) < len(numbers)):
        raise ValueError(
            f"TIMBRE_GPUS: {names} is neither all nor numbers of cards in nvidia-smi, each once, "
            "with commas between them"
        )


def card_environment(device: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables with which a process sees no card but N of "cuda:N"; none for other devices.

    CUDA counts cards by their speed unless it is told to count as nvidia-smi does. Where
    CUDA_VISIBLE_DEVICES is set in `environment` already, N counts among those, as they are.
    """
    asked = _ASKED.fullmatch(device)
    if asked is None or asked["number"] is None:
        return {}
    number = int(asked["number"])
    if visible := environment.get("CUDA_VISIBLE_DEVICES"):
        cards = visible.split(",")
        return {"CUDA_VISIBLE_DEVICES": cards[number].strip() if number < len(cards) else "-1"}
    order = environment.get("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    return {"CUDA_DEVICE_ORDER": order, "CUDA_VISIBLE_DEVICES": str(number)}


class Gpu(msgspec.Struct, frozen=True):
    """The first CUDA device that this process sees, as its driver describes it.

    `free_bytes` is what nobody has of its memory, where that is known.
    """

    name: str
    capability: Capability
    memory_bytes: int
    free_bytes: int | None = None

    def __str__(self) -> str:
        major, minor = self.capability
        return f"{self.name} (compute capability {major}.{minor})"


class NoGpu(msgspec.Struct, frozen=True):
    """No CUDA device can be used; `why` reads on after "because"."""

    why: str


class DeviceChoice(msgspec.Struct, frozen=True):
    """How Chatterbox is to be run.

    `tf32` says whether fp32 matrix products and convolutions may round their inputs to TF32: only
    where the networks are in half precision anyway, never where fp32 was chosen or asked for.
    `reason` is one sentence for people.
    """

    device: Device
    precision: PrecisionName
    tf32: bool
    reason: str


def choose(
    gpu: Gpu | NoGpu,
    device: str = "auto",
    precision: AskedPrecision = "auto",
    *,
    int8: bool = False,
) -> DeviceChoice:
    """Choose device and precision; `device` and `precision` are as in `EngineConfig`.

    On a GPU int8 is what T3's matrices, keys and values are kept in; all else is in half
    precision. `int8` says that the model's tokens may be decoded in int8 on a CPU; all else is in
    fp32 there, but for S3Gen's estimator where the CPU has bf16 (`EngineInfo.precision` is
    "int8-bf16" then).

    Raises `WorkerUnavailable` when a CUDA device is asked for, or a precision that only one has,
    and there is none. Which one of several it is was decided by `card_environment`, when this
    process was started.
    """
    if device == "cpu":
        return _on_cpu(precision, "as the settings ask", int8)
    if isinstance(gpu, NoGpu):
        if device != "auto":
            which = "A CUDA device" if device == "cuda" else f"The CUDA device {device[5:]}"
            raise WorkerUnavailable(f"{which} was asked for, but {gpu.why}.")
        return _on_cpu(precision, gpu.why, int8)
    if device == "auto" and gpu.memory_bytes < LEAST_MEMORY_BYTES:
        return _on_cpu(precision, too_small(gpu), int8)
    best, why = _best(gpu)
    chosen = best if precision == "auto" else precision
    if chosen != best:
        why = f"asked for, although {why}"
    return DeviceChoice(
        device="cuda",
        precision=chosen,
        tf32=chosen != "fp32" and gpu.capability >= BFLOAT16_SINCE,
        reason=f"{chosen} on {gpu}: {why}.",
    )


def too_small(gpu: Gpu) -> str:
    """Why a card with too little memory is not used; reads on after "because"."""
    return (
        f"{gpu.name} has {gpu.memory_bytes / 1e9:.1f} GB of memory and Chatterbox needs "
        f"{LEAST_MEMORY_BYTES / 1e9:.0f}"
    )


def _best(gpu: Gpu) -> tuple[PrecisionName, str]:
    if gpu.capability < FLOAT16_SINCE:
        return "fp32", "it is too old for fast half precision"
    free = gpu.memory_bytes if gpu.free_bytes is None else gpu.free_bytes
    if free < SMALL_CARD_BYTES:
        what = "memory" if gpu.free_bytes is None else "free memory"
        return "int8", f"it has {free / 1e9:.1f} GB of {what}, and int8 takes the least"
    if gpu.capability >= BFLOAT16_SINCE:
        return "bf16", "it has bfloat16 tensor cores"
    return "fp16", "it is fast in float16 and has no bfloat16"


def _on_cpu(precision: AskedPrecision, why: str, int8: bool) -> DeviceChoice:
    if precision == "int8" and not int8:
        raise WorkerUnavailable(
            "TIMBRE_PRECISION=int8 needs a CUDA GPU for all but Turbo and Nano, "
            f"and the CPU is used: {why}."
        )
    usual: PrecisionName = "int8" if int8 else "fp32"
    chosen = usual if precision == "auto" else precision
    return DeviceChoice(
        device="cpu", precision=chosen, tf32=False, reason=f"{chosen} on the CPU: {why}."
    )


def driver_name(platform: str = sys.platform) -> str:
    """What the library of NVIDIA's driver is called on a system."""
    return "nvcuda.dll" if platform == "win32" else "libcuda.so.1"


def detect() -> Gpu | NoGpu:
    """Ask NVIDIA's driver for the first CUDA device; CUDA_VISIBLE_DEVICES is respected.

    Where there is no driver this takes under a millisecond, else as long as it takes to wake up.
    """
    if sys.platform == "darwin":
        return NoGpu("macOS has no CUDA")
    try:
        driver = ctypes.CDLL(driver_name())
    except OSError:
        return NoGpu("this machine has no CUDA GPU")
    return describe(driver)


def count_cards() -> int:
    """How many CUDA devices NVIDIA's driver shows to this process; 0 without a driver."""
    number = ctypes.c_int()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return 0
    failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(number))
    return 0 if failed else number.value


def describe(driver: ctypes.CDLL) -> Gpu | NoGpu:
    """Read the first device's name, compute capability and memory through the CUDA driver API."""
    handle, number = ctypes.c_int(), ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(number)) or not number.value:
        return NoGpu("NVIDIA's driver shows no CUDA GPU to this process")
    name = ctypes.create_string_buffer(256)
    major, minor, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
    failed = (
        driver.cuDeviceGet(ctypes.byref(handle), 0)
        or driver.cuDeviceGetName(name, len(name), handle)
        or driver.cuDeviceGetAttribute(ctypes.byref(major), _COMPUTE_CAPABILITY_MAJOR, handle)
        or driver.cuDeviceGetAttribute(ctypes.byref(minor), _COMPUTE_CAPABILITY_MINOR, handle)
        or driver.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
    )
    if failed:
        return NoGpu(f"NVIDIA's driver does not answer (CUDA error {failed})")
    return Gpu(name.value.decode("utf-8", "replace"), (major.value, minor.value), memory.value)


def confirm(gpu: Gpu) -> Gpu | NoGpu:
    """`gpu` with its free memory, if the installed PyTorch really computes on it. Imports torch."""
    try:
        import torch  # noqa: PLC0415 - seconds, and only where there is a GPU to use
    except (ImportError, OSError) as error:
        return NoGpu(f"PyTorch cannot be imported ({type(error).__name__})")
    if not torch.cuda.is_available():
        built_for = torch.version.cuda
        lacking = (
            f"was not built for CUDA, which {gpu.name} needs"
            if built_for is None
            else f"cannot use {gpu.name}: its driver may be too old for CUDA {built_for}"
        )
        return NoGpu(f"the installed PyTorch ({torch.__version__}) {lacking}")
    try:
        works = bool(torch.ones(2, device="cuda").sum().item() == 2)
        free_bytes, _ = torch.cuda.mem_get_info()
    except RuntimeError:  # no kernels for this compute capability, or the card is exhausted
        works, free_bytes = False, 0
    if not works:
        return NoGpu(f"PyTorch {torch.__version__} has no working kernels for {gpu}")
    return msgspec.structs.replace(gpu, free_bytes=free_bytes)


def apply_tf32(choice: DeviceChoice) -> None:
    """Set PyTorch's TF32 switches for this process as `choice` says. Imports torch.

    PyTorch's own default is off for matrix products and on for convolutions.
    """
    import torch  # noqa: PLC0415

    torch.backends.cuda.matmul.allow_tf32 = choice.tf32
    torch.backends.cudnn.allow_tf32 = choice.tf32
