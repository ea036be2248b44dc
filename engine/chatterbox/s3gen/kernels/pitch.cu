// The pitch of a few frames, in fp32 throughout: a phase is its sum over time, so that its last bit is
// heard. Of many frames the library's products are faster.
#include "tiles.cuh"

#define FRAMES 8    // that a block takes
#define OUTPUTS 32  // a lane each
#define WARPS 8     // each a part of the inputs
#define TAPS 3

// ELU of a convolution of `rows` (items, frames, inputs), zero past each length, by `weight`
// (3 * inputs, outputs), the earliest tap first. The grid is (frames / 8, outputs / 32, items).
extern "C" __global__ void __launch_bounds__(OUTPUTS *WARPS, 2)
pitch_layer(const float *rows, const float *weight, const float *bias, const i64 *lengths,
            float *result, int frames, int inputs, int outputs) {
    __shared__ float seen[(FRAMES + TAPS - 1) * 512], parts[WARPS][FRAMES][OUTPUTS];
    int lane = threadIdx.x % OUTPUTS, warp = threadIdx.x / OUTPUTS, item = blockIdx.z;
    int first = blockIdx.x * FRAMES, output = blockIdx.y * OUTPUTS + lane;
    start_next();
    wait_for_previous();
    int length = (int)lengths[item];
    for (int i = threadIdx.x; i < (FRAMES + TAPS - 1) * inputs; i += OUTPUTS * WARPS) {
        int frame = first - TAPS / 2 + i / inputs;
        bool used = frame >= 0 && frame < length;
        seen[i] = used ? rows[((size_t)item * frames + frame) * inputs + i % inputs] : 0;
    }
    __syncthreads();
    // A window is neighbouring frames, which lie side by side: its inputs follow one another.
    float sum[FRAMES] = {};
    int share = TAPS * inputs / WARPS;
    const float *column = weight + (size_t)warp * share * outputs + output;
    const float *window = seen + warp * share;
#pragma unroll 4
    for (int i = 0; i < share; i += 2, column += 2 * outputs) {
        float near = column[0], next = column[outputs];
#pragma unroll
        for (int frame = 0; frame < FRAMES; frame++) {
            float2 x = *(const float2 *)(window + frame * inputs + i);
            sum[frame] = fmaf(x.y, next, fmaf(x.x, near, sum[frame]));
        }
    }
#pragma unroll
    for (int frame = 0; frame < FRAMES; frame++) parts[warp][frame][lane] = sum[frame];
    __syncthreads();
    int frame = first + warp;  // as many warps as frames
    if (frame >= frames) return;
    float total = bias[output];
#pragma unroll
    for (int i = 0; i < WARPS; i++) total += parts[i][warp][lane];
    result[((size_t)item * frames + frame) * outputs + output] = total > 0 ? total : expm1f(total);
}

// Hertz: the size of each row's product with `weight` (inputs,). A warp takes a row.
extern "C" __global__ void __launch_bounds__(128)
pitch_head(const float *rows, const float *weight, const float *bias, float *pitch, int count,
           int inputs) {
    int row = blockIdx.x * 4 + threadIdx.x / 32;
    start_next();
    wait_for_previous();
    if (row >= count) return;
    float sum = 0;
    for (int i = threadIdx.x % 32; i < inputs; i += 32)
        sum = fmaf(rows[(size_t)row * inputs + i], weight[i], sum);
    sum = sum_of_warp(sum);
    if (threadIdx.x % 32 == 0) pitch[row] = fabsf(sum + bias[0]);
}
