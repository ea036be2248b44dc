"""Where NVIDIA's libraries are looked for on each system, with the loader's calls recorded."""

import ctypes
from pathlib import Path

import pytest

from engine.chatterbox.cuda.libraries import LibraryMissing, load_driver, load_nvrtc


class Loader:
    """Knows some libraries by name or path, and records what it was asked for."""

    def __init__(self, *known: str) -> None:
        self.asked: list[str] = []
        self._known = known

    def __call__(self, name: str) -> ctypes.CDLL:
        self.asked.append(name)
        if not name.endswith(self._known):
            raise OSError(name)
        return ctypes.CDLL(None)


def folder_with(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_on_linux_the_compiler_comes_with_the_library_that_it_looks_for_by_name(
    tmp_path: Path,
) -> None:
    empty = folder_with(tmp_path / "torch")
    builtins = "libnvrtc-builtins.so.13.0"
    whole = folder_with(tmp_path / "cu13", "libnvrtc.so.13", builtins)
    load = Loader(".so.13", ".so.13.0")
    load_nvrtc([13], load, "linux", [empty, whole])
    assert load.asked == [str(whole / builtins), str(whole / "libnvrtc.so.13")]


def test_on_windows_the_compiler_is_among_torchs_libraries(tmp_path: Path) -> None:
    torch = folder_with(tmp_path / "lib", "nvrtc64_130_0.dll", "nvrtc-builtins64_130.dll")
    load = Loader(".dll")
    load_nvrtc([13], load, "win32", [torch])
    assert load.asked == [str(torch / "nvrtc64_130_0.dll")]


@pytest.mark.parametrize(
    ("platform", "names"),
    [
        ("linux", ["libnvrtc.so.13", "libnvrtc.so.12"]),
        ("win32", ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"]),
    ],
)
def test_without_a_package_the_systems_own_compiler_is_looked_for_and_else_named(
    platform: str, names: list[str]
) -> None:
    load = Loader(names[1])
    load_nvrtc([13, 12], load, platform, [])
    assert load.asked == names
    with pytest.raises(LibraryMissing, match="NVRTC of CUDA 13 is missing: install"):
        load_nvrtc([13], Loader("none"), platform, [])


def test_a_broken_compiler_is_passed_over(tmp_path: Path) -> None:
    broken = folder_with(tmp_path / "broken", "libnvrtc.so.13")
    load = Loader("/cu13/libnvrtc.so.13")
    load_nvrtc([13], load, "linux", [broken, folder_with(tmp_path / "cu13", "libnvrtc.so.13")])
    assert len(load.asked) == 2


@pytest.mark.parametrize(("platform", "name"), [("linux", "libcuda.so.1"), ("win32", "nvcuda.dll")])
def test_the_driver_is_the_systems(platform: str, name: str) -> None:
    load = Loader(name)
    load_driver(load, platform)
    assert load.asked == [name]
    with pytest.raises(LibraryMissing, match=f"{name} does not load: install NVIDIA's driver"):
        load_driver(Loader("none"), platform)
