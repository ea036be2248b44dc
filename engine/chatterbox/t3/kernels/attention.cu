// Attention of one new position per row to its pages.
//
// Compiled with TYPE, that of queries, keys and values; PAGE, positions of a page; ROTARY, whether
// positions are turned into queries and keys; and for few, some and many rows the WARPS of a block,
// and AHEAD, how often each reads before it begins.
//
// A block takes one head of one row. It reads only positions that are used, and begins with earlier
// ones before the kernel that makes the new position's query, key and value has ended.
#include "common.cuh"

constexpr int HEAD_DIM = 64;
constexpr float NOTHING = -1e30f;  // a finite "minus infinity": differences of two stay numbers

__device__ __forceinline__ void unpack(uint4 v, float* to, float) {
    to[0] = __uint_as_float(v.x), to[1] = __uint_as_float(v.y);
    to[2] = __uint_as_float(v.z), to[3] = __uint_as_float(v.w);
}
template <class T> __device__ __forceinline__ void unpack(uint4 v, float* to, T) {
    to[0] = lower<T>(v.x), to[1] = upper<T>(v.x), to[2] = lower<T>(v.y), to[3] = upper<T>(v.y);
    to[4] = lower<T>(v.z), to[5] = upper<T>(v.z), to[6] = lower<T>(v.w), to[7] = upper<T>(v.w);
}
__device__ __forceinline__ uint4 repack(const float* v, float) {
    return make_uint4(__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]),
                      __float_as_uint(v[3]));
}
template <class T> __device__ __forceinline__ uint4 repack(const float* v, T) {
    return make_uint4(pack<T>(v[0], v[1]), pack<T>(v[2], v[3]), pack<T>(v[4], v[5]),
                      pack<T>(v[6], v[7]));
}
__device__ __forceinline__ uint4 read_once(const void* from) {
    uint4 v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from));
    return v;
}

// Rotates if ROTARY, stores and attends. The grid is (heads, rows); `qkv` is (rows, 3, heads,
// HEAD_DIM), `keys` and `values` (pages, heads, PAGE, HEAD_DIM), `out` (rows, heads, HEAD_DIM).
// AHEAD times GROUPS positions of a warp are read at once.
template <class T, int WARPS, int AHEAD>
__device__ __forceinline__ void attend(
    const T* qkv, T* keys, T* values, const float* cosines, const float* sines,
    const int* positions, const int* tables, T* out, int table_width, float factor) {
    constexpr int PER_LANE = 16 / sizeof(T);  // dimensions
    constexpr int LANES = HEAD_DIM / PER_LANE, GROUPS = 32 / LANES;
    __shared__ float mixed_by[WARPS][HEAD_DIM];
    __shared__ float most_by[WARPS], total_by[WARPS];
    const int head = blockIdx.x, row = blockIdx.y, heads = gridDim.x, width = heads * HEAD_DIM;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    const int group = lane / LANES, d = lane % LANES * PER_LANE;
    const T kind{};

    start_next();
    const int fed = positions[row];
    const int position = max(fed, 0);  // as many were stored earlier
    const int* table = tables + i64(row) * table_width;
    auto place = [&](int p) {
        return ((i64(table[p / PAGE]) * heads + head) * PAGE + p % PAGE) * HEAD_DIM + d;
    };
    uint4 k[AHEAD], v[AHEAD];
    auto read = [&](int turn) {
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            const int p = ((turn + i) * WARPS + warp) * GROUPS + group;
            k[i] = v[i] = make_uint4(0, 0, 0, 0);
            if (p < position) {
                const i64 at = place(p);
                k[i] = read_once(keys + at);
                v[i] = read_once(values + at);
            }
        }
    };
    read(0);
#if ROTARY
    float cosine[PER_LANE], sine[PER_LANE];
#pragma unroll
    for (int i = 0; i < PER_LANE; i += 4) {
        *(float4*)&cosine[i] = *(const float4*)&cosines[position * HEAD_DIM + d + i];
        *(float4*)&sine[i] = *(const float4*)&sines[position * HEAD_DIM + d + i];
    }
    if (d < HEAD_DIM / 2)
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) sine[i] = -sine[i];
#endif
    const i64 own = place(position);
    wait_for_previous();

    const T* of_head = qkv + i64(row) * 3 * width + head * HEAD_DIM + d;
    uint4 new_query = *(const uint4*)of_head, new_key, new_value;
    if (warp == 0) {
        new_key = *(const uint4*)(of_head + width);
        new_value = *(const uint4*)(of_head + 2 * width);
    }
    auto rotate = [&](uint4 given, float* turned) {
        unpack(given, turned, kind);
#if ROTARY
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) {
            const float opposite = __shfl_xor_sync(~0u, turned[i], LANES / 2);
            turned[i] = turned[i] * cosine[i] + opposite * sine[i];
        }
#endif
    };
    float query[PER_LANE];
    rotate(new_query, query);
#pragma unroll
    for (int i = 0; i < PER_LANE; i++) query[i] *= factor;
    if (warp == 0) {  // at once, so that the tables need no registers further on
        float key[PER_LANE];
        rotate(new_key, key);
        new_key = repack(key, kind);
    }

    float most = NOTHING, total = 0, mixed[PER_LANE] = {};
    for (int turn = 0; turn == 0 || turn * WARPS * GROUPS < position; turn += AHEAD) {
        if (turn > 0) read(turn);
        float score[AHEAD];
        float higher = most;
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            float key[PER_LANE];
            unpack(k[i], key, kind);
            score[i] = 0;
#pragma unroll
            for (int j = 0; j < PER_LANE; j++) score[i] += query[j] * key[j];
        }
#pragma unroll
        for (int step = 1; step < LANES; step <<= 1)
#pragma unroll
            for (int i = 0; i < AHEAD; i++) score[i] += __shfl_xor_sync(~0u, score[i], step);
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            if (((turn + i) * WARPS + warp) * GROUPS + group >= position) score[i] = NOTHING;
            higher = fmaxf(higher, score[i]);
        }
        const float still = __expf(most - higher);
        total *= still;
#pragma unroll
        for (int j = 0; j < PER_LANE; j++) mixed[j] *= still;
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            const float weight = score[i] == NOTHING ? 0.f : __expf(score[i] - higher);
            float value[PER_LANE];
            unpack(v[i], value, kind);
            total += weight;
#pragma unroll
            for (int j = 0; j < PER_LANE; j++) mixed[j] += weight * value[j];
        }
        most = higher;
    }

    if (warp == 0) {
        // The new position's own key and value: stored, and attended to as they are stored.
        float key[PER_LANE], value[PER_LANE];
        if (fed >= 0 && group == 0) {
            *(uint4*)(keys + own) = new_key;
            *(uint4*)(values + own) = new_value;
        }
        unpack(new_key, key, kind);
        unpack(new_value, value, kind);
        float score = 0;
#pragma unroll
        for (int j = 0; j < PER_LANE; j++) score += query[j] * key[j];
#pragma unroll
        for (int step = 1; step < LANES; step <<= 1) score += __shfl_xor_sync(~0u, score, step);
        if (group == 0) {
            const float higher = fmaxf(most, score), still = __expf(most - higher);
            const float weight = __expf(score - higher);
            total = total * still + weight;
#pragma unroll
            for (int j = 0; j < PER_LANE; j++) mixed[j] = mixed[j] * still + weight * value[j];
            most = higher;
        }
    }

#pragma unroll
    for (int step = LANES; step < 32; step <<= 1) {
        const float other = __shfl_xor_sync(~0u, most, step), higher = fmaxf(most, other);
        const float mine = __expf(most - higher), its = __expf(other - higher);
        total = total * mine + __shfl_xor_sync(~0u, total, step) * its;
#pragma unroll
        for (int j = 0; j < PER_LANE; j++)
            mixed[j] = mixed[j] * mine + __shfl_xor_sync(~0u, mixed[j], step) * its;
        most = higher;
    }
    if (group == 0) {
#pragma unroll
        for (int j = 0; j < PER_LANE; j++) mixed_by[warp][d + j] = mixed[j];
        if (lane == 0) most_by[warp] = most, total_by[warp] = total;
    }
    __syncthreads();
    if (threadIdx.x < HEAD_DIM) {
        float highest = NOTHING, sum = 0, value = 0;
#pragma unroll
        for (int w = 0; w < WARPS; w++) highest = fmaxf(highest, most_by[w]);
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            const float share = __expf(most_by[w] - highest);
            sum += share * total_by[w];
            value += share * mixed_by[w][threadIdx.x];
        }
        out[i64(row) * width + head * HEAD_DIM + threadIdx.x] = from_float<T>(value / sum);
    }
}

#define ATTEND(NAME, WARPS, AHEAD)                                                              \
    extern "C" __global__ void __launch_bounds__(32 * WARPS) NAME(                              \
        const TYPE* qkv, TYPE* keys, TYPE* values, const float* cosines, const float* sines,    \
        const int* positions, const int* tables, TYPE* out, int table_width, float factor) {    \
        attend<TYPE, WARPS, AHEAD>(qkv, keys, values, cosines, sines, positions, tables, out,   \
                                   table_width, factor);                                        \
    }

ATTEND(attend_few, FEW_WARPS, FEW_AHEAD)
ATTEND(attend_some, SOME_WARPS, SOME_AHEAD)
ATTEND(attend_many, MANY_WARPS, MANY_AHEAD)
