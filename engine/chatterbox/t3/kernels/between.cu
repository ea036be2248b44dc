// What is between the library's products where there are many positions: prompts, and many rows.
//
// Compiled with TYPE, that of what is normed and gated, and ROTARY, whether positions are turned
// into queries and keys.
#include "eight_bits.cuh"

constexpr int HEAD_DIM = 64, THREADS = 128, WARPS = THREADS / 32;
constexpr float EPSILON = 1e-5f;

// `out` = the RMS norm of a row of `residual` (rows, width), a multiple of four.
extern "C" __global__ void __launch_bounds__(THREADS) norm_rows(
    const float* residual, TYPE* out, int width) {
    __shared__ float squares[WARPS];
    start_next();
    wait_for_previous();
    const float* row = residual + i64(blockIdx.x) * width;
    TYPE* to = out + i64(blockIdx.x) * width;
    float square = 0;
    for (int at = threadIdx.x * 4; at < width; at += THREADS * 4) {
        const float4 v = *(const float4*)(row + at);
        square += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
    }
    square = sum_of_warp(square);
    if ((threadIdx.x & 31) == 0) squares[threadIdx.x >> 5] = square;
    __syncthreads();
    square = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) square += squares[w];
    const float scale = rsqrtf(square / width + EPSILON);
    for (int at = threadIdx.x * 4; at < width; at += THREADS * 4) {
        const float4 v = *(const float4*)(row + at);
        to[at] = from_float<TYPE>(v.x * scale);
        to[at + 1] = from_float<TYPE>(v.y * scale);
        to[at + 2] = from_float<TYPE>(v.z * scale);
        to[at + 3] = from_float<TYPE>(v.w * scale);
    }
}

// `out` (rows, width) = silu(gate) * up of `gate_up` (rows, 2 * width), which is a multiple of four.
extern "C" __global__ void __launch_bounds__(THREADS) gated(
    const TYPE* gate_up, TYPE* out, int width) {
    start_next();
    wait_for_previous();
    const int at = (blockIdx.y * THREADS + threadIdx.x) * 4;
    if (at >= width) return;
    const TYPE* gate = gate_up + i64(blockIdx.x) * 2 * width + at;
    const TYPE* up = gate + width;
    TYPE* to = out + i64(blockIdx.x) * width + at;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float v = to_float(gate[i]);
        to[i] = from_float<TYPE>(v / (1.f + expf(-v)) * to_float(up[i]));
    }
}

// One position of one row: turns its queries and keys if ROTARY, and puts keys and values where they
// belong.
// The grid is (positions, rows). Positions before `start` are copied from `before`, whose rows and
// halves are so far apart; the rotary tables begin at `start`.
extern "C" __global__ void __launch_bounds__(THREADS) turn_heads(
    const TYPE* qkv, const TYPE* before, const float* cosines, const float* sines, TYPE* query,
    TYPE* both, int count, int start, i64 row_stride, i64 half_stride, int heads) {
    start_next();
    wait_for_previous();
    const int position = blockIdx.x, row = blockIdx.y, total = start + count;
    const i64 values = i64(gridDim.y) * heads * total * HEAD_DIM;
    // A thread has a dimension and the opposite one.
    for (int i = threadIdx.x; i < heads * HEAD_DIM / 2; i += THREADS) {
        const int head = i / (HEAD_DIM / 2), d = i % (HEAD_DIM / 2), o = d + HEAD_DIM / 2;
        TYPE* kept = both + ((i64(row) * heads + head) * total + position) * HEAD_DIM;
        if (position < start) {
            const TYPE* given = before + row * row_stride + (i64(head) * start + position) * HEAD_DIM;
            kept[d] = given[d], kept[o] = given[o];
            kept[values + d] = given[half_stride + d], kept[values + o] = given[half_stride + o];
            continue;
        }
        const int now = position - start;
        const TYPE* of_head = qkv + (i64(row) * count + now) * 3 * heads * HEAD_DIM + head * HEAD_DIM;
#if ROTARY
        const float c = cosines[now * HEAD_DIM + d], s = sines[now * HEAD_DIM + d];
        const float co = cosines[now * HEAD_DIM + o], so = sines[now * HEAD_DIM + o];
#else
        const float c = 1, s = 0, co = 1, so = 0;
#endif
        TYPE* turned = query + ((i64(row) * heads + head) * count + now) * HEAD_DIM;
        float a = to_float(of_head[d]), b = to_float(of_head[o]);
        turned[d] = from_float<TYPE>(a * c - b * s);
        turned[o] = from_float<TYPE>(b * co + a * so);
        of_head += heads * HEAD_DIM;
        a = to_float(of_head[d]), b = to_float(of_head[o]);
        kept[d] = from_float<TYPE>(a * c - b * s);
        kept[o] = from_float<TYPE>(b * co + a * so);
        of_head += heads * HEAD_DIM;
        kept[values + d] = of_head[d], kept[values + o] = of_head[o];
    }
}

// `out` (rows, width) = `codes` times its row's scale, for any product; width is a multiple of four.
extern "C" __global__ void __launch_bounds__(THREADS) widen(
    const u32* codes, const float* scales, TYPE* out, int width) {
    start_next();
    wait_for_previous();
    const i64 row = blockIdx.x;
    const float scale = scales[row];
    for (int at = threadIdx.x; at < width / 4; at += THREADS) {
        float v[4];
        unpack4(codes[row * (width / 4) + at], v);
#pragma unroll
        for (int i = 0; i < 4; i++)
            out[row * width + at * 4 + i] = from_float<TYPE>(v[i] * scale);
    }
}
