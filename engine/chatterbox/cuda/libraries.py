"""NVIDIA's compiler and driver, found and loaded: what differs between systems is here alone.

The driver comes with the card; the compiler (NVRTC) with PyTorch's CUDA wheels: on Linux as a
package of its own beside them, on Windows among PyTorch's own libraries.
"""

import ctypes
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from engine.device import driver_name

#: Compiles no more than it is told to, and both systems name it by its major version.
NVRTC_MAJORS = (13, 12)

LoadLibrary = Callable[[str], ctypes.CDLL]


class LibraryMissing(Exception):
    """A library is not there or does not load; says which, and what to install."""


def load_driver(load: LoadLibrary = ctypes.CDLL, platform: str = sys.platform) -> ctypes.CDLL:
    """The CUDA driver's library. Raises `LibraryMissing`."""
    name = driver_name(platform)
    try:
        return load(name)
    except OSError as error:
        message = f"{name} does not load: install NVIDIA's driver for this card."
        raise LibraryMissing(message) from error


def load_nvrtc(
    majors: Iterable[int] = NVRTC_MAJORS,
    load: LoadLibrary = ctypes.CDLL,
    platform: str = sys.platform,
    folders: Iterable[Path] | None = None,
) -> ctypes.CDLL:
    """NVRTC of the first of these CUDA versions that is there. Raises `LibraryMissing`.

    `folders` are looked through before the system's own places.
    """
    majors = list(majors)
    searched = list(_folders(platform) if folders is None else folders)
    for major in majors:
        name = f"nvrtc64_{major}0_0.dll" if platform == "win32" else f"libnvrtc.so.{major}"
        for folder in searched:
            if (folder / name).is_file():
                try:
                    _load_builtins(folder, load, platform)
                    return load(str(folder / name))
                except OSError:
                    continue  # a library of another system, or a broken one
        try:
            return load(name)
        except OSError:
            continue
    wanted = " or ".join(str(major) for major in majors)
    raise LibraryMissing(
        f"NVRTC of CUDA {wanted} is missing: install PyTorch's CUDA build (where there is a card, "
        "any command of timbre.py does), or the package nvidia-cuda-nvrtc of that version."
    )


def _load_builtins(folder: Path, load: LoadLibrary, platform: str) -> None:
    """Load what NVRTC looks for by name alone when it compiles.

    On Windows it finds it: a library's folder is searched for what that library loads.
    """
    if platform == "win32":
        return
    for builtins in sorted(folder.glob("libnvrtc-builtins.so.*")):
        load(str(builtins))


def _folders(platform: str) -> Iterator[Path]:
    """Where pip puts NVRTC: torch's own libraries, then NVIDIA's packages."""
    torch = importlib.util.find_spec("torch")
    for root in (torch.submodule_search_locations or []) if torch else []:
        yield Path(root) / "lib"
    nvidia = importlib.util.find_spec("nvidia")
    for root in (nvidia.submodule_search_locations or []) if nvidia else []:
        for package in ("cu13", "cuda_nvrtc"):
            if platform == "win32":
                yield Path(root) / package / "bin" / "x86_64"
                yield Path(root) / package / "bin"
            else:
                yield Path(root) / package / "lib"
