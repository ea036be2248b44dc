"""Block sizes and thresholds, as measured on an H100 (docs/benchmarks).

They change speed, and results by no more than rounding. A pair is (matrix rows, warps) of one
program.
"""

FEW_ROWS = 2  # at most: matrix times each vector
SOME_ROWS = 16  # at most: tensor cores in Triton; beyond: the library
QKV = 8, 2
HEAD = 4, 2
OUTPUT = 1, 1
GATE_UP = 2, 1
DOWN = 2, 4
SOME_GATE_UP = 16, 4
OUTPUT_PARTS = 1
# A context is divided until attention has so many programs; each reads so many positions at once,
# with so many warps. With few rows, joining the parts costs more than it saves.
FEW_PROGRAMS = 32
FEW_POSITIONS = 512, 16
PROGRAMS = 128
POSITIONS = 128, 4
MANY_POSITIONS = 64, 2  # the same where rows alone fill the device
SAMPLING_WARPS = 32
