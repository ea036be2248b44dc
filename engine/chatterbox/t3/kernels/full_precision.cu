// Products of weight matrices with one or two rows in fp32, the mode that is compared with others.
//
// Compiled with GPT2, whether the network is one: with a bias on every product, and no gate. A warp
// takes one row of the matrix and multiplies it with each vector. A gate's warp takes the row of its
// up as well.
#include "common.cuh"

constexpr float EPSILON = 1e-5f;
constexpr int WARPS = 4;

enum End { STORE, GATE, GELU, ADD };

// `vectors` (rows, width), normed if NORM, times `weight`; width is a multiple of 128. `bias` is
// (columns,), and read if BIASED.
template <bool NORM, End END, bool BIASED>
__device__ __forceinline__ void product(
    const float* vectors, const float* weight, const float* bias, float* out, int rows, int columns,
    int width) {
    const int column = blockIdx.x * WARPS + (threadIdx.x >> 5), lane = threadIdx.x & 31;
    start_next();
    wait_for_previous();
    if (column >= columns) return;
    const float* one = weight + i64(column) * width;
    const float* other = one + i64(columns) * width;
    for (int row = 0; row < rows; row++) {
        const float* x = vectors + i64(row) * width;
        float a = 0, b = 0, square = 0;
        for (int at = lane * 4; at < width; at += 128) {
            const float4 v = *(const float4*)(x + at), w = *(const float4*)(one + at);
            a += v.x * w.x + v.y * w.y + v.z * w.z + v.w * w.w;
            if (NORM) square += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
            if (END == GATE) {
                const float4 u = *(const float4*)(other + at);
                b += v.x * u.x + v.y * u.y + v.z * u.z + v.w * u.w;
            }
        }
        a = sum_of_warp(a);
        if (NORM) {
            const float scale = rsqrtf(sum_of_warp(square) / width + EPSILON);
            a *= scale;
            if (END == GATE) b = sum_of_warp(b) * scale;
        }
        if (lane) continue;
        if (BIASED) a += bias[column];
        float* to = out + i64(row) * columns + column;
        if (END == STORE) *to = a;
        if (END == ADD) *to += a;
        if (END == GATE) *to = a / (1.f + expf(-a)) * b;
        if (END == GELU) *to = a / (1.f + expf(-1.5957691216f * (a + 0.044715f * a * a * a)));
    }
}

#if GPT2
#define PRODUCT(NAME, NORM, END)                                                                 \
    extern "C" __global__ void __launch_bounds__(32 * WARPS) NAME(                               \
        const float* vectors, const float* weight, const float* bias, float* out, int rows,      \
        int columns, int width) {                                                                \
        product<NORM, END, true>(vectors, weight, bias, out, rows, columns, width);              \
    }

PRODUCT(up_normed, true, GELU)
#else
#define PRODUCT(NAME, NORM, END)                                                                 \
    extern "C" __global__ void __launch_bounds__(32 * WARPS) NAME(                               \
        const float* vectors, const float* weight, float* out, int rows, int columns, int width) { \
        product<NORM, END, false>(vectors, weight, nullptr, out, rows, columns, width);          \
    }

PRODUCT(up_normed, true, GATE)
#endif
PRODUCT(store_normed, true, STORE)
PRODUCT(add, false, ADD)
