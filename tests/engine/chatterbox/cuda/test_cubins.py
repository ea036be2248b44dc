"""Compiled kernels are kept on disk: privately, and only as they were written."""

import logging
import os
from pathlib import Path

import pytest

from engine.chatterbox.cuda.cubins import CubinCache

KEY = ("step.cu", "a" * 64, "sm_90", "13.0")


class Compiler:
    def __init__(self) -> None:
        self.runs = 0

    def __call__(self) -> bytes:
        self.runs += 1
        return b"cubin %d" % self.runs


def test_a_kernel_is_compiled_once_for_each_source_architecture_and_compiler(
    tmp_path: Path,
) -> None:
    compiler = Compiler()
    first = CubinCache(tmp_path / "kernels").get(KEY, compiler)
    again = CubinCache(tmp_path / "kernels").get(KEY, compiler)  # as after a restart
    other = CubinCache(tmp_path / "kernels").get((*KEY[:2], "sm_120", "13.0"), compiler)
    assert (first, again, other) == (b"cubin 1", b"cubin 1", b"cubin 2")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_what_is_kept_is_its_owners_alone(tmp_path: Path) -> None:
    cache = CubinCache(tmp_path / "kernels")
    cache.get(KEY, Compiler())
    (file,) = cache.folder.iterdir()
    assert (cache.folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize("content", [b"", b"x" * 10, b"x" * 100])
def test_a_damaged_file_is_compiled_anew(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    cache, compiler = CubinCache(tmp_path), Compiler()
    cache.get(KEY, compiler)
    (file,) = cache.folder.iterdir()
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert cache.get(KEY, compiler) == b"cubin 2"
    assert "is damaged" in caplog.text
    assert cache.get(KEY, compiler) == b"cubin 2"


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "kernels").touch()
    assert CubinCache(tmp_path / "kernels").get(KEY, Compiler()) == b"cubin 1"
    assert "cannot be kept" in caplog.text


def test_the_oldest_files_make_room(tmp_path: Path) -> None:
    cache, compiler = CubinCache(tmp_path, most=3), Compiler()
    for number in range(5):
        cache.get((str(number),), compiler)
        for file in tmp_path.iterdir():  # a clock may be too coarse to tell their order
            stat = file.stat()
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10**9))
    assert len(list(tmp_path.iterdir())) == 3
    cache.get(("4",), compiler)
    assert compiler.runs == 5
