// Products with a matrix of weights: (outputs, inputs) halves, sums in fp32, one tile a block.
//
// A warp takes its columns in groups of 32, in an order in which a lane ends up with eight
// neighbours of a row: column 2j + e of the group's tile t / 2 ... see `column_of`. So results are
// written 32 bytes a lane and need no way back through shared memory.
#include "tiles.cuh"

#define DEPTH 64  // inputs of one step
#define CHUNKS (DEPTH / 8)
#define FLOATS (DEPTH + 8)  // of a row of fp32 in shared memory: eight rows lie in different banks

// Row `n` of the fragment for the j-th tile of eight columns, as a column of its group of 32.
DEVICE int column_of(int j, int n) { return (n / 2) * 8 + 2 * j + n % 2; }

// Spreads the columns that one fragment takes over all banks.
DEVICE int spread(int column) { return ((column >> 2) & 6) | (column & 1); }

// A tile's weights of one step: `columns` rows of DEPTH halves, zeros beyond `outputs`.
template <int COLUMNS, int THREADS>
DEVICE void copy_weights(half_t *tile, const half_t *weight, int first, int outputs, int inputs,
                         int start) {
#pragma unroll
    for (int i = threadIdx.x; i < COLUMNS * CHUNKS; i += THREADS) {
        int column = i / CHUNKS, chunk = i % CHUNKS;
        bool there = first + column < outputs;
        const half_t *from = weight + (size_t)(there ? first + column : 0) * inputs + start;
        copy16_or_zero(tile + (column * CHUNKS + (chunk ^ spread(column))) * 8, from + chunk * 8, there);
    }
}

// One warp's part of a tile: 16 * M rows by 32 * N columns.
template <int M, int N> struct Sums {
    float value[M][4 * N][4];

    DEVICE void clear() {
#pragma unroll
        for (int i = 0; i < M * 4 * N * 4; i++) (&value[0][0][0])[i] = 0;
    }

    // Takes in 16 inputs, the `k`-th of a step: `a` are the rows' fragments.
    DEVICE void add(const u32 (&a)[M][4], const half_t *weights, int column, int k) {
        int lane = threadIdx.x % 32;
#pragma unroll
        for (int group = 0; group < N; group++)
#pragma unroll
            for (int j = 0; j < 4; j += 2) {
                u32 b[4];
                int n = column + group * 32 + column_of(j + lane / 16, lane % 8);
                int chunk = 2 * k + (lane / 8) % 2;
                load_matrices(b, weights + (n * CHUNKS + (chunk ^ spread(n))) * 8);
#pragma unroll
                for (int m = 0; m < M; m++) {
                    multiply(value[m][group * 4 + j], a[m], b[0], b[1]);
                    multiply(value[m][group * 4 + j + 1], a[m], b[2], b[3]);
                }
            }
    }

    // The eight neighbours that this lane holds of a row: which half of 16 rows, which group.
    DEVICE void row(float (&x)[8], int m, int half, int group) const {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            x[2 * j] = value[m][group * 4 + j][2 * half];
            x[2 * j + 1] = value[m][group * 4 + j][2 * half + 1];
        }
    }
};

// What becomes of a tile: rounded, with or without GELU, kept in fp32, or added to what is there.
enum { ROUNDED, CURVED, KEPT, ADDED };

template <int WHAT, int M, int N>
DEVICE void put(const Sums<M, N> &sums, const half_t *bias, void *result, int row, int column,
                  int rows, int outputs) {
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int group = 0; group < N; group++) {
        int first = column + group * 32 + lane % 4 * 8;
        if (first >= outputs) continue;
        float more[8] = {};
        if (bias) load8(more, bias + first);
#pragma unroll
        for (int m = 0; m < M; m++)
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int r = row + m * 16 + half * 8 + lane / 4;
                if (r >= rows) continue;
                float x[8];
                sums.row(x, m, half, group);
                size_t place = (size_t)r * outputs + first;
                float before[8] = {};
                if (WHAT == ADDED) load8(before, (const float *)result + place);
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    x[i] += more[i] + before[i];
                    if (WHAT == CURVED) x[i] = gelu(x[i]);
                }
                if (WHAT == ROUNDED || WHAT == CURVED)
                    *(uint4 *)((half_t *)result + place) = packed(x);
                else
                    store8((float *)result + place, x);
            }
    }
}

// `result` from the rows of (items, time, channels) and the `taps - 1` before each, zero before the
// first, side by side. `FROM` is float or half_t. Channels are a multiple of DEPTH.
template <typename FROM, int M, int N, int WARPS_M, int WARPS_N, int STAGES, int WHAT>
DEVICE void windowed(const FROM *rows, const half_t *weight, const half_t *bias, void *result,
                     int time, int channels, int outputs, int taps) {
    constexpr int ROWS = 16 * M * WARPS_M, COLUMNS = 32 * N * WARPS_N;
    constexpr int THREADS = 32 * WARPS_M * WARPS_N;
    constexpr bool WIDE = sizeof(FROM) == 4;
    constexpr int ROW_BYTES = WIDE ? FLOATS * 4 : DEPTH * 2;
    constexpr int ROW_CHUNKS = DEPTH * sizeof(FROM) / 16;
    extern __shared__ __align__(128) char shared[];
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
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    int row = warp / WARPS_N * 16 * M, column = warp % WARPS_N * 32 * N;
    Sums<M, N> sums;
    sums.clear();
    for (int step = 0; step < steps; step++) {
        wait_for_groups<STAGES - 2>();
        __syncthreads();
        int next = step + STAGES - 1;
        if (next < steps) {
            copy_rows(next % STAGES, next * DEPTH);
            copy_columns(next % STAGES, next * DEPTH);
        }
        end_group();
        int stage = step % STAGES;
        const char *tile = row_tiles + stage * ROWS * ROW_BYTES;
        const half_t *weights = weight_tiles + stage * COLUMNS * DEPTH;
#pragma unroll
        for (int k = 0; k < DEPTH / 16; k++) {
            u32 a[M][4];
#pragma unroll
            for (int m = 0; m < M; m++) {
                if (WIDE) {
                    const float *from = (const float *)tile + (row + m * 16 + lane / 4) * FLOATS +
                                        k * 16 + lane % 4 * 2;
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        float2 x = *(const float2 *)(from + (i % 2) * 8 * FLOATS + (i / 2) * 8);
                        a[m][i] = pack<half_t>(x.x, x.y);
                    }
                } else {
                    int r = row + m * 16 + lane % 16, chunk = 2 * k + lane / 16;
                    load_matrices(a[m], tile + r * ROW_BYTES + (chunk ^ (r % 8)) * 16);
                }
            }
            sums.add(a, weights, column, k);
        }
    }
    size_t item = (size_t)blockIdx.z * time * outputs;
    constexpr int SIZE = WHAT == KEPT || WHAT == ADDED ? 4 : 2;
    put<WHAT>(sums, bias, (char *)result + item * SIZE, first_row + row, first_column + column,
                time, outputs);
}

// `result` from the normalised rows of `stream - ahead`: (count, 256) and (256,) fp32.
template <int M, int N, int WARPS_M, int WARPS_N, int WHAT>
DEVICE void normed(const float *stream, const float *ahead, const half_t *weight,
                   const half_t *bias, void *result, int count, int outputs) {
    constexpr int ROWS = 16 * M * WARPS_M, COLUMNS = 32 * N * WARPS_N;
    constexpr int WARPS = WARPS_M * WARPS_N, THREADS = 32 * WARPS, TOGETHER = 4;
    constexpr int STEPS = WIDTH / DEPTH;
    extern __shared__ __align__(128) char shared[];
    char *row_tile = shared;
    half_t *weight_tiles = (half_t *)(shared + ROWS * WIDTH * 2);
    int first_row = blockIdx.x * ROWS, first_column = blockIdx.y * COLUMNS;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;

    start_next();
#pragma unroll
    for (int step = 0; step < STEPS; step++) {
        copy_weights<COLUMNS, THREADS>(weight_tiles + step * COLUMNS * DEPTH, weight, first_column,
                                       outputs, WIDTH, step * DEPTH);
        end_group();
    }
    float excess[8];
    load8(excess, ahead + lane * 8);
    wait_for_previous();
#pragma unroll
    for (int begin = 0; begin < ROWS / WARPS; begin += TOGETHER) {
        float x[TOGETHER][8];
#pragma unroll
        for (int i = 0; i < TOGETHER; i++) {
            int r = first_row + warp * (ROWS / WARPS) + begin + i;
            load8(x[i], stream + (size_t)min(r, count - 1) * WIDTH + lane * 8);
        }
#pragma unroll
        for (int i = 0; i < TOGETHER; i++) {
#pragma unroll
            for (int c = 0; c < 8; c++) x[i][c] -= excess[c];
            normalise(x[i]);
            int r = warp * (ROWS / WARPS) + begin + i;
            *(uint4 *)(row_tile + r * WIDTH * 2 + (lane ^ (r % 8)) * 16) = packed(x[i]);
        }
    }
    int row = warp / WARPS_N * 16 * M, column = warp % WARPS_N * 32 * N;
    Sums<M, N> sums;
    sums.clear();
#pragma unroll
    for (int step = 0; step < STEPS; step++) {
        if (step == 0) wait_for_groups<STEPS - 1>();
        if (step == 1) wait_for_groups<STEPS - 2>();
        if (step == 2) wait_for_groups<STEPS - 3>();
        if (step == 3) wait_for_groups<0>();
        __syncthreads();
#pragma unroll
        for (int k = 0; k < DEPTH / 16; k++) {
            u32 a[M][4];
#pragma unroll
            for (int m = 0; m < M; m++) {
                int r = row + m * 16 + lane % 16, chunk = step * CHUNKS + 2 * k + lane / 16;
                load_matrices(a[m], row_tile + r * WIDTH * 2 + (chunk ^ (r % 8)) * 16);
            }
            sums.add(a, weight_tiles + step * COLUMNS * DEPTH, column, k);
        }
    }
    put<WHAT>(sums, bias, result, first_row + row, first_column + column, count, outputs);
}

#define WINDOWED(NAME, FROM, M, N, WARPS_M, WARPS_N, STAGES, WHAT)                                 \
    extern "C" __global__ void __launch_bounds__(32 * WARPS_M * WARPS_N, 512 / (32 * WARPS_M * WARPS_N))                           \
    NAME(const FROM *rows, const half_t *weight, const half_t *bias, void *result, int time,       \
         int channels, int outputs, int taps) {                                                    \
        windowed<FROM, M, N, WARPS_M, WARPS_N, STAGES, WHAT>(rows, weight, bias, result, time,     \
                                                             channels, outputs, taps);             \
    }

#define NORMED(NAME, M, N, WARPS_M, WARPS_N, WHAT)                                                 \
    extern "C" __global__ void __launch_bounds__(32 * WARPS_M * WARPS_N, 512 / (32 * WARPS_M * WARPS_N))                           \
    NAME(const float *stream, const float *ahead, const half_t *weight, const half_t *bias,        \
         void *result, int count, int outputs) {                                                   \
        normed<M, N, WARPS_M, WARPS_N, WHAT>(stream, ahead, weight, bias, result, count, outputs); \
    }

// Names say a tile's rows and columns.
WINDOWED(added_32x64, half_t, 1, 1, 2, 2, 4, ADDED)
WINDOWED(added_64x64, half_t, 2, 1, 2, 2, 4, ADDED)
WINDOWED(added_128x128, half_t, 2, 2, 4, 2, 3, ADDED)
WINDOWED(kept_32x64, half_t, 1, 1, 2, 2, 4, KEPT)
WINDOWED(kept_64x64, half_t, 2, 1, 2, 2, 4, KEPT)
WINDOWED(kept_128x128, half_t, 2, 2, 4, 2, 3, KEPT)
WINDOWED(kept_wide_32x64, float, 1, 1, 2, 2, 4, KEPT)
WINDOWED(kept_wide_64x64, float, 2, 1, 2, 2, 3, KEPT)
WINDOWED(kept_wide_128x64, float, 2, 1, 4, 2, 2, KEPT)
WINDOWED(curved_128x128, half_t, 2, 2, 4, 2, 3, CURVED)
WINDOWED(rounded_128x128, half_t, 2, 2, 4, 2, 3, ROUNDED)
NORMED(normed_64x64, 2, 1, 2, 2, ROUNDED)
NORMED(normed_64x128, 2, 2, 2, 2, ROUNDED)
NORMED(normed_curved_64x64, 2, 1, 2, 2, CURVED)
NORMED(normed_curved_64x128, 2, 2, 2, 2, CURVED)
