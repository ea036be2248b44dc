// Rows of the stream as kernels of a layer on Hopper hand them on.
//
// A matrix whose rows sum to zero does not see what all of a row have in common. So rows are handed
// on as they are, less roughly their mean, rounded, and a product's sums are divided by the
// deviation. Of that the parts of 32 columns tell: `told` is (rows / 64, 8, 64) means and sums of
// squares around them.
#pragma once
#include "blocks.cuh"

#define PARTS (WIDTH / 32)

// A row's mean, and one over its deviation (Chan, Golub and LeVeque 1979).
DEVICE float2 deviation(const float2 *told, int tile, int row) {
    float2 of[PARTS];
    float mean = 0, squares = 0;
#pragma unroll
    for (int i = 0; i < PARTS; i++) {
        of[i] = told[(tile * PARTS + i) * 64 + row];
        mean += of[i].x / PARTS;
    }
#pragma unroll
    for (int i = 0; i < PARTS; i++)
        squares += of[i].y + 32 * (of[i].x - mean) * (of[i].x - mean);
    return make_float2(mean, rsqrtf(squares / WIDTH + EPSILON));
}

// Four warps hand on 64 columns of 64 rows of the stream: see above. `rounded` is a block of shared
// memory, `common` what is taken off the rows `row` and `row + 8` of a lane.
DEVICE void hand_on(float (&x)[8][4], int row, int tile, int column, const float *ahead,
                    const float (&common)[2], half_t *rounded, half_t *left, float2 *told) {
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int j = 0; j < 8; j++) {
        float2 excess = *(const float2 *)(ahead + column * 64 + lane % 4 * 2 + j * 8);
#pragma unroll
        for (int i = 0; i < 4; i++) x[j][i] -= i % 2 ? excess.y : excess.x;
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int r = row + half * 8;
#pragma unroll
        for (int part = 0; part < 2; part++) {
            float mean = 0, squares = 0;
#pragma unroll
            for (int j = part * 4; j < part * 4 + 4; j++)
                mean += x[j][2 * half] + x[j][2 * half + 1];
            mean = sum_of_four(mean) / 32;
#pragma unroll
            for (int j = part * 4; j < part * 4 + 4; j++)
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float off = x[j][2 * half + i] - mean;
                    squares = fmaf(off, off, squares);
                }
            squares = sum_of_four(squares);
            if (lane % 4 == 0)
                told[(tile * PARTS + column * 2 + part) * 64 + r] =
                    make_float2(mean, squares);
        }
#pragma unroll
        for (int j = 0; j < 8; j++)
            *(u32 *)(rounded + (r * 8 + (j ^ r % 8)) * 8 + lane % 4 * 2) =
                pack<half_t>(x[j][2 * half] - common[half], x[j][2 * half + 1] - common[half]);
    }
    __syncwarp();
    size_t at = (row - lane / 4) * 64 + lane * 8;
    half_t *block = left + (size_t)(tile * (WIDTH / 64) + column) * BLOCK + at;
#pragma unroll
    for (int i = 0; i < 4; i++)
        *(uint4 *)(block + i * 256) = *(const uint4 *)(rounded + at + i * 256);
}
