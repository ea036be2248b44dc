// What the encoder does between two of its products: a warp takes a row of 512.
#include "tiles.cuh"

#define ROW 512
#define LEAST 1e-12f  // of a variance

// `stream` (count, 512) grows by `bias` (512,) in halves, where there is one; `result` is its rows at
// zero mean and unit variance, in halves, too.
extern "C" __global__ void __launch_bounds__(128)
grow_and_norm(float *stream, const half_t *bias, half_t *result, int count) {
    int row = blockIdx.x * 4 + threadIdx.x / 32, column = threadIdx.x % 32 * 8;
    start_next();
    float x[2][8], more[8];
    wait_for_previous();
    if (row >= count) return;
    size_t place = (size_t)row * ROW + column;
    float sum = 0, squares = 0;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        load8(x[half], stream + place + half * 256);
        if (bias) {
            load8(more, bias + column + half * 256);
#pragma unroll
            for (int i = 0; i < 8; i++) x[half][i] += more[i];
            store8(stream + place + half * 256, x[half]);
        }
#pragma unroll
        for (int i = 0; i < 8; i++) sum += x[half][i];
    }
    float mean = sum_of_warp(sum) / ROW;
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int i = 0; i < 8; i++) {
            x[half][i] -= mean;
            squares += x[half][i] * x[half][i];
        }
    float scale = rsqrtf(sum_of_warp(squares) / ROW + LEAST);
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int i = 0; i < 8; i++) x[half][i] *= scale;
        *(uint4 *)(result + place + half * 256) = packed(x[half]);
    }
}
