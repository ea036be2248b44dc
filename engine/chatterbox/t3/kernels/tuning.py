"""Block sizes and thresholds, as measured on an H100 (docs/benchmarks).

They change speed, and results by no more than rounding. A pair is (matrix rows, warps) of one
program.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tuning:
    """Which kernels take how many rows, and how their work is cut up."""

    few_rows: int = 2  # at most: matrix times each vector
    some_rows: int = 16  # at most: tensor cores in Triton; beyond: the library
    qkv: tuple[int, int] = (8, 2)
    head: tuple[int, int] = (4, 2)
    output: tuple[int, int] = (1, 1)
    gate_up: tuple[int, int] = (2, 1)
    down: tuple[int, int] = (2, 4)
    some_gate_up: tuple[int, int] = (16, 4)
    output_parts: int = 1
    # A context is divided until attention has so many programs; each reads so many positions at
    # once, with so many warps. With few rows, joining the parts costs more than it saves.
    few_programs: int = 32
    few_positions: tuple[int, int] = (512, 16)
    programs: int = 128
    positions: tuple[int, int] = (128, 4)
    many_positions: tuple[int, int] = (64, 2)  # the same where rows alone fill the device
    sampling_warps: int = 32
    early: bool = True  # start kernels before those in front of them have ended
