"""CUDA C++ to machine code of one architecture, in this process, without a GPU or a C compiler."""

import ctypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_OPTIONS = ("--std=c++17", "-default-device", "--ptxas-options=-v")
_USED = re.compile(
    r"entry function '(?P<name>\w+)'.*?"
    r"(?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads.*?"
    r"Used (?P<registers>\d+) registers(?P<rest>[^\n]*)",
    re.DOTALL,
)
_SHARED = re.compile(r"(\d+) bytes smem")


class CompileError(Exception):
    """NVRTC refused a source; the message is its log."""


@dataclass(frozen=True)
class KernelResources:
    """What one kernel takes on a card, as the assembler says."""

    name: str
    registers: int  # a thread
    spilled: int  # bytes a thread, written and read
    shared: int  # bytes a block, beside what a launch asks for


@dataclass(frozen=True)
class Compiled:
    """Machine code, and what compiler and assembler said of it."""

    cubin: bytes
    log: str

    @property
    def resources(self) -> list[KernelResources]:
        return [
            KernelResources(
                name=found["name"],
                registers=int(found["registers"]),
                spilled=int(found["stores"]) + int(found["loads"]),
                shared=int(shared[1]) if (shared := _SHARED.search(found["rest"])) else 0,
            )
            for found in _USED.finditer(self.log)
        ]


class Nvrtc:
    """A loaded NVRTC library."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.nvrtcGetErrorString.restype = ctypes.c_char_p
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._check(library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)))
        self.version = f"{major.value}.{minor.value}"

    def compile(
        self,
        source: str,
        name: str,
        architecture: str,
        options: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Compiled:
        """Compile for an architecture such as `sm_90`. Raises `CompileError`.

        `name` stands in messages; `headers` are what the source may include, by name.
        """
        headers = headers or {}
        program = ctypes.c_void_p()
        self._check(
            self._library.nvrtcCreateProgram(
                ctypes.byref(program),
                source.encode(),
                name.encode(),
                len(headers),
                _strings(headers.values()),
                _strings(headers),
            )
        )
        try:
            given = [f"--gpu-architecture={architecture}", *_OPTIONS, *options]
            status = self._library.nvrtcCompileProgram(program, len(given), _strings(given))
            log = self._read(program, "ProgramLog").rstrip(b"\0").decode(errors="replace")
            if status:
                raise CompileError(f"{self._says(status)}\n{log}")
            return Compiled(self._read(program, "CUBIN"), log)
        finally:
            self._library.nvrtcDestroyProgram(ctypes.byref(program))

    def _read(self, program: ctypes.c_void_p, what: str) -> bytes:
        size = ctypes.c_size_t()
        self._check(getattr(self._library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
        content = ctypes.create_string_buffer(size.value)
        self._check(getattr(self._library, f"nvrtcGet{what}")(program, content))
        return content.raw

    def _check(self, status: int) -> None:
        if status:
            raise CompileError(self._says(status))

    def _says(self, status: int) -> str:
        said: bytes = self._library.nvrtcGetErrorString(status)
        return said.decode(errors="replace")


def _strings(values: Any) -> Any:
    encoded = [value.encode() for value in values]
    return (ctypes.c_char_p * len(encoded))(*encoded)
