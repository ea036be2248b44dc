// Rows of the stream as kernels of a layer on Hopper hand them on.
//
// A matrix whose rows sum to zero does not see what all of a row have in common. So rows are handed
// on as they are, less roughly their mean, rounded, and a product's sums are divided by the
// deviation. Of that the parts of 32 columns tell: `told` is (rows / 64, 8, 64) means and sums of
// squares around them.
#pragma once
#include "blocks.cuh"

#define PARTS (WIDTH / 32)

// A row's mean, and one over its deviation (Chan, Golub and LeVeque 1979), of so many COUNT parts.
template <int COUNT = PARTS> DEVICE float2 deviation(const float2 *told, int tile, int row) {
    float2 of[COUNT];
    float mean = 0, squares = 0;
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
        of[i] = told[(tile * COUNT + i) * 64 + row];
        mean += of[i].x / COUNT;
    }
#pragma unroll
    for (int i = 0; i < COUNT; i++)
        squares += of[i].y + WIDTH / COUNT * (of[i].x - mean) * (of[i].x - mean);
    return make_float2(mean, rsqrtf(squares / WIDTH + EPSILON));
}

// What is taken off a lane's columns of the stream before they are handed on, if anything is.
DEVICE void load_excess(float2 (&excess)[8], const float *ahead, int column) {
#pragma unroll
    for (int j = 0; j < 8; j++) {
        excess[j] = make_float2(0, 0);
        if (ahead) excess[j] = *(const float2 *)(ahead + column * 64 + threadIdx.x % 4 * 2 + j * 8);
    }
}

// Four warps round 64 columns of 64 rows of the stream, less `excess`, as they are handed on: into
// `rounded`, a block of shared memory, with `common` taken off the rows `row` and `row + 8` of a lane.
// `told`, if anything, is where the tile's first part is told of, of COUNT.
template <int COUNT = PARTS>
DEVICE void round_rows(float (&x)[8][4], int row, int column, const float2 (&excess)[8],
                       const float (&common)[2], half_t *rounded, float2 *told) {
    constexpr int HERE = COUNT / 4;
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) x[j][i] -= i % 2 ? excess[j].y : excess[j].x;
    float sums[2][HERE] = {}, squares[2][HERE] = {};
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float &off = x[j][2 * half + i];
                off -= common[half];
                sums[half][j * HERE / 8] += off;
                squares[half][j * HERE / 8] = fmaf(off, off, squares[half][j * HERE / 8]);
            }
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int j = 0; j < 8; j++)
            *(u32 *)(rounded + ((row + half * 8) * 8 + (j ^ row % 8)) * 8 + lane % 4 * 2) =
                pack<half_t>(x[j][2 * half], x[j][2 * half + 1]);
    if (!told) return;
#pragma unroll
    for (int step = 1; step <= 2; step *= 2)
#pragma unroll
        for (int half = 0; half < 2; half++)
#pragma unroll
            for (int part = 0; part < HERE; part++) {
                sums[half][part] += __shfl_xor_sync(~0u, sums[half][part], step);
                squares[half][part] += __shfl_xor_sync(~0u, squares[half][part], step);
            }
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int part = 0; part < HERE; part++) {
            // Around the part's own mean, which is not far from the row's of before.
            float mean = sums[half][part] / (64 / HERE);
            float around = fmaxf(squares[half][part] - mean * sums[half][part], 0);
            if (lane % 4 == 0)
                told[(column * HERE + part) * 64 + row + half * 8] =
                    make_float2(mean + common[half], around);
        }
}

// The same, handed on to the kernels behind.
DEVICE void hand_on(float (&x)[8][4], int row, int tile, int column, const float2 (&excess)[8],
                    const float (&common)[2], half_t *rounded, half_t *left, float2 *told) {
    int lane = threadIdx.x % 32;
    round_rows(x, row, column, excess, common, rounded, told ? told + tile * PARTS * 64 : told);
    __syncwarp();
    size_t at = (row - lane / 4) * 64 + lane * 8;
    half_t *block = left + (size_t)(tile * (WIDTH / 64) + column) * BLOCK + at;
#pragma unroll
    for (int i = 0; i < 4; i++)
        *(uint4 *)(block + i * 256) = *(const uint4 *)(rounded + at + i * 256);
}
