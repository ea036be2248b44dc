// Products with a matrix of weights: (outputs, inputs) halves, sums in fp32, one tile a block.
//
// A warp takes its columns in groups of 32, in an order in which a lane ends up with eight
// neighbours of a row: column 2j + e of the group's tile t / 2 ... see `column_of`. So results are
// written 32 bytes a lane and need no way back through shared memory.
#include "hopper.cuh"

#define DEPTH 64  // inputs of one step
#define CHUNKS (DEPTH / 8)
#define FLOATS (DEPTH + 8)  // of a row of fp32 in shared memory: eight rows lie in different banks

// Row `n` of the fragment for the j-th tile of eight columns, as a column of its group of 32.
DEVICE int column_of(int j, int n) { return (n / 2) * 8 + 2 * j + n % 2; }

// Where a column's chunk lies among the weights of a step. Four warps together take rows in order,
// so there the order of columns is in the place; else a warp asks for the rows that it wants.
DEVICE int place_of(int column, int chunk) {
#if HOPPER
    int within = column % 32, row = within % 8 / 2 * 8 + within / 8 * 2 + within % 2;
    return (column - within + row) * CHUNKS + (chunk ^ (row % 8));
#else
    return column * CHUNKS + (chunk ^ (((column >> 2) & 6) | (column & 1)));
#endif
}

// A tile's weights of one step: `columns` rows of DEPTH halves, zeros beyond `outputs`.
template <int COLUMNS, int THREADS>
DEVICE void copy_weights(half_t *tile, const half_t *weight, int first, int outputs, int inputs,
                         int start) {
#pragma unroll
    for (int i = threadIdx.x; i < COLUMNS * CHUNKS; i += THREADS) {
        int column = i / CHUNKS, chunk = i % CHUNKS;
        bool there = first + column < outputs;
        const half_t *from = weight + (size_t)(there ? first + column : 0) * inputs + start;
        copy16_or_zero(tile + place_of(column, chunk) * 8, from + chunk * 8, there);
    }
}

// One warp's part of a tile: 16 * M rows by 32 * N columns.
template <int M, int N> struct Sums {
    float value[M][4 * N][4];

    DEVICE void clear() {
#pragma unroll
        for (int i = 0; i < M * 4 * N * 4; i++) (&value[0][0][0])[i] = 0;
    }

#if HOPPER
    // Takes in one step of inputs: 64 rows of halves, or as many in registers.
    DEVICE void add(const half_t *rows, const half_t *weights) {
        u64 a = matrix_at(rows), b = matrix_at(weights);
        begin_products();
#pragma unroll
        for (int k = 0; k < DEPTH / 16; k++) {
            if constexpr (N == 2) multiply_64(value[0], a + 2 * k, b + 2 * k, 1);
            if constexpr (N == 4) multiply_128(value[0], a + 2 * k, b + 2 * k);
        }
        end_products();
    }

    DEVICE void add(const u32 (&rows)[DEPTH / 16][M][4], const half_t *weights, int) {
        u64 b = matrix_at(weights);
        begin_products();
#pragma unroll
        for (int k = 0; k < DEPTH / 16; k++) {
            if constexpr (N == 2) multiply_64<0>(value[0], rows[k][0], b + 2 * k);
            if constexpr (N == 4) multiply_128(value[0], rows[k][0], b + 2 * k);
        }
        end_products();
    }
#else
    // Takes in one step of inputs, of which `rows` are the fragments, for columns from `column` on.
    DEVICE void add(const u32 (&rows)[DEPTH / 16][M][4], const half_t *weights, int column) {
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int k = 0; k < DEPTH / 16; k++)
#pragma unroll
            for (int group = 0; group < N; group++)
#pragma unroll
                for (int j = 0; j < 4; j += 2) {
                    u32 b[4];
                    int n = column + group * 32 + column_of(j + lane / 16, lane % 8);
                    load_matrices(b, weights + place_of(n, 2 * k + lane / 8 % 2) * 8);
#pragma unroll
                    for (int m = 0; m < M; m++) {
                        multiply(value[m][group * 4 + j], rows[k][m], b[0], b[1]);
                        multiply(value[m][group * 4 + j + 1], rows[k][m], b[2], b[3]);
                    }
                }
    }
#endif

    // The eight neighbours that this lane holds of a row: which half of 16 rows, which group.
    DEVICE void row(float (&x)[8], int m, int half, int group) const {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            x[2 * j] = value[m][group * 4 + j][2 * half];
            x[2 * j + 1] = value[m][group * 4 + j][2 * half + 1];
        }
    }
};

// One step's inputs of a warp's rows, from `row` of a tile on. Four warps together read halves there
// themselves.
template <int M, int N>
DEVICE void add_rows(Sums<M, N> &sums, const half_t *tile, const half_t *weights, int row,
                     int column) {
#if HOPPER
    sums.add(tile + row / 64 * 64 * DEPTH, weights);
#else
    int lane = threadIdx.x % 32;
    u32 rows[DEPTH / 16][M][4];
#pragma unroll
    for (int k = 0; k < DEPTH / 16; k++)
#pragma unroll
        for (int m = 0; m < M; m++) {
            int r = row + m * 16 + lane % 16, chunk = 2 * k + lane / 16;
            load_matrices(rows[k][m], tile + (r * CHUNKS + (chunk ^ (r % 8))) * 8);
        }
    sums.add(rows, weights, column);
#endif
}

template <int M, int N>
DEVICE void add_rows(Sums<M, N> &sums, const float *tile, const half_t *weights, int row,
                     int column) {
    int lane = threadIdx.x % 32;
    u32 rows[DEPTH / 16][M][4];
#pragma unroll
    for (int k = 0; k < DEPTH / 16; k++)
#pragma unroll
        for (int m = 0; m < M; m++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                int r = row + m * 16 + lane / 4 + i % 2 * 8, c = k * 16 + lane % 4 * 2 + i / 2 * 8;
                float2 x = *(const float2 *)(tile + r * FLOATS + c);
                rows[k][m][i] = pack<half_t>(x.x, x.y);
            }
    sums.add(rows, weights, column);
}

// A tile's sums and their bias to `result`, as far as there are rows and outputs.
template <int M, int N>
DEVICE void put(const Sums<M, N> &sums, const half_t *bias, float *result, int row, int column,
                int rows, int outputs) {
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int group = 0; group < N; group++) {
        int first = column + group * 32 + lane % 4 * 8;
        if (first >= outputs) continue;
        float more[8];
        load8(more, bias + first);
#pragma unroll
        for (int m = 0; m < M; m++)
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int r = row + m * 16 + half * 8 + lane / 4;
                if (r >= rows) continue;
                float x[8];
                sums.row(x, m, half, group);
#pragma unroll
                for (int i = 0; i < 8; i++) x[i] += more[i];
                store8(result + (size_t)r * outputs + first, x);
            }
    }
}

// `result` from the rows of (items, time, channels) and the `taps - 1` before each, zero before the
// first, side by side. `FROM` is float or half_t. Channels are a multiple of DEPTH.
template <typename FROM, int M, int N, int WARPS_M, int WARPS_N, int STAGES>
DEVICE void windowed(const FROM *rows, const half_t *weight, const half_t *bias, float *result,
                     int time, int channels, int outputs, int taps) {
    constexpr int ROWS = 16 * M * WARPS_M, COLUMNS = 32 * N * WARPS_N;
    constexpr int THREADS = 32 * WARPS_M * WARPS_N;
    constexpr bool WIDE = sizeof(FROM) == 4;
    constexpr int ROW_BYTES = WIDE ? FLOATS * 4 : DEPTH * 2;
    constexpr int ROW_CHUNKS = DEPTH * sizeof(FROM) / 16;
    extern __shared__ __align__(1024) char shared[];
    char *row_tiles = shared;
    half_t *weight_tiles = (half_t *)(shared + STAGES * ROWS * ROW_BYTES);
    int first_row = blockIdx.x * ROWS, first_column = blockIdx.y * COLUMNS;
    int inputs = taps * channels, steps = inputs / DEPTH;
    rows += (size_t)blockIdx.z * time * channels;

    auto copy_rows = [&](int stage, int start) {
        int back = start / channels - (taps - 1);
        const FROM *from = rows + start % channels;
        char *tile = row_tiles + stage * ROWS * ROW_BYTES;
#pragma unroll
        for (int i = threadIdx.x; i < ROWS * ROW_CHUNKS; i += THREADS) {
            int r = i / ROW_CHUNKS, chunk = i % ROW_CHUNKS, source = first_row + r + back;
            bool there = source >= 0 && source < time;
            const char *row = (const char *)(from + (size_t)(there ? source : 0) * channels);
            int place = WIDE ? chunk : chunk ^ (r % 8);
            copy16_or_zero(tile + r * ROW_BYTES + place * 16, row + chunk * 16, there);
        }
    };
    auto copy_columns = [&](int stage, int start) {
        copy_weights<COLUMNS, THREADS>(weight_tiles + stage * COLUMNS * DEPTH, weight, first_column,
                                       outputs, inputs, start);
    };

    start_next();
#pragma unroll
    for (int stage = 0; stage < STAGES - 1; stage++)
        if (stage < steps) copy_columns(stage, stage * DEPTH);
    wait_for_previous();
#pragma unroll
    for (int stage = 0; stage < STAGES - 1; stage++) {
        if (stage < steps) copy_rows(stage, stage * DEPTH);
        end_group();  // the first group holds the weights of all these stages, too
    }
    int warp = threadIdx.x / 32;
    int row = warp / WARPS_N * 16 * M, column = warp % WARPS_N * 32 * N;
    Sums<M, N> sums;
    sums.clear();
    for (int step = 0; step < steps; step++) {
        wait_for_groups<STAGES - 2>();
        show_to_products();
        __syncthreads();
        int next = step + STAGES - 1;
        if (next < steps) {
            copy_rows(next % STAGES, next * DEPTH);
            copy_columns(next % STAGES, next * DEPTH);
        }
        end_group();
        int stage = step % STAGES;
        add_rows(sums, (const FROM *)(row_tiles + stage * ROWS * ROW_BYTES),
                 weight_tiles + stage * COLUMNS * DEPTH, row, column);
    }
    put(sums, bias, result + (size_t)blockIdx.z * time * outputs, first_row + row,
        first_column + column, time, outputs);
}

// How many 16 rows and 32 columns a warp takes, and how many warps take a tile, down and across.
#if HOPPER
#define SHAPE(ROWS, COLUMNS) 1, COLUMNS / 32, ROWS / 16, 1
#else
#define SHAPE(ROWS, COLUMNS) 2, COLUMNS / 64, ROWS / 32, 2
#endif
#define BOUNDS(ROWS) __launch_bounds__(2 * ROWS, 256 / ROWS)

#define WINDOWED(NAME, FROM, ROWS, COLUMNS, STAGES)                                                \
    extern "C" __global__ void BOUNDS(ROWS)                                                        \
    NAME(const FROM *rows, const half_t *weight, const half_t *bias, float *result, int time,      \
         int channels, int outputs, int taps) {                                                    \
        windowed<FROM, SHAPE(ROWS, COLUMNS), STAGES>(rows, weight, bias, result, time, channels,  \
                                                     outputs, taps);                              \
    }

// Names say a tile's rows and columns; WIDE takes rows of fp32.
WINDOWED(kept_64x64, half_t, 64, 64, 6)
WINDOWED(kept_128x128, half_t, 128, 128, 3)
WINDOWED(kept_wide_64x64, float, 64, 64, 3)
WINDOWED(kept_wide_128x64, float, 128, 64, 2)
