// Attention of prompts: many new positions of each row, behind the prefix of its voice.
//
// Compiled with TYPE, a half precision, and ROTARY, whether positions are turned into queries and
// keys. A block takes 16 new positions of one head of one row, and its warps share all that these
// see: 32 positions each of 128 at once. So few, because a chain of such kernels is bound by how long
// one takes from its first load to its last store. On its way a block keeps the keys and values that
// are to be kept. The products are on tensor cores, the softmax is in fp32 and goes along (Dao et al.,
// FlashAttention, 2022); what warps have of it is joined at the end.
#include "common.cuh"

constexpr int HEAD_DIM = 64, THREADS = 128, WARPS = THREADS / 32, QUERIES = 16, OF_WARP = 32;
constexpr int COLUMNS = WARPS * OF_WARP;      // positions that are seen at once
constexpr int STRIDE = HEAD_DIM + 8;          // of rows in shared memory: lanes read other banks
constexpr int LOADED_AT_ONCE = THREADS / 4;   // rows: a thread has eight dimensions and the opposite
constexpr float NOTHING = -1e30f;  // a finite "minus infinity": differences of two stay numbers

// Eight dimensions from `d` on, and those opposite, at a position of the tables.
__device__ __forceinline__ void turn(
    uint4& low, uint4& high, const float* cosines, const float* sines, int position, int d) {
#if ROTARY
    const float *c = cosines + position * HEAD_DIM + d, *s = sines + position * HEAD_DIM + d;
    u32 *lows = &low.x, *highs = &high.x;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const float a = lower<TYPE>(lows[i]), b = upper<TYPE>(lows[i]);
        const float e = lower<TYPE>(highs[i]), f = upper<TYPE>(highs[i]);
        const int j = 2 * i, o = j + HEAD_DIM / 2;
        lows[i] = pack<TYPE>(a * c[j] - e * s[j], b * c[j + 1] - f * s[j + 1]);
        highs[i] = pack<TYPE>(e * c[o] + a * s[o], f * c[o + 1] + b * s[o + 1]);
    }
#endif
}

__device__ __forceinline__ void store(TYPE* to, uint4 low, uint4 high) {
    *(uint4*)to = low;
    *(uint4*)(to + HEAD_DIM / 2) = high;
}

// The grid is (heads, rows, sixteens of new positions). `qkv` is (rows, count, 3, heads, HEAD_DIM).
// `earlier`, of each voice (2, heads, start, HEAD_DIM), voices so far apart: a row's are the first
// `lengths` of `voices`. The rotary tables begin at `start`. The last `kept` of all positions go to
// `pages` and `offsets`, (rows, kept), of keys and values (pages, heads, page, HEAD_DIM). `out` is
// (rows, count, heads, HEAD_DIM).
extern "C" __global__ void __launch_bounds__(THREADS, 3) attend_prompts(
    const TYPE* qkv, const TYPE* earlier, i64 voice_stride, const i64* voices, const i64* lengths,
    const float* cosines, const float* sines, TYPE* keys, TYPE* values, const i64* pages,
    const i64* offsets, TYPE* out, int count, int start, int kept, int page, float factor) {
    __shared__ __align__(16) TYPE q[QUERIES * STRIDE], k[COLUMNS * STRIDE], v[COLUMNS * STRIDE];
    __shared__ float most_by[WARPS][QUERIES], total_by[WARPS][QUERIES];
    float* sum_by = (float*)k;  // in the end (WARPS, QUERIES, HEAD_DIM), of which all is used
    start_next();
    wait_for_previous();
    const int head = blockIdx.x, row = blockIdx.y, heads = gridDim.x, first = blockIdx.z * QUERIES;
    const int width = heads * HEAD_DIM, warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    const int g = lane >> 2, t = lane & 3;
    const int loaded = threadIdx.x >> 2, d = (threadIdx.x & 3) * 8;
    const TYPE* of_row = qkv + i64(row) * count * 3 * width + head * HEAD_DIM + d;
    const TYPE* given = earlier + voices[row] * voice_stride + i64(head) * start * HEAD_DIM + d;
    const i64 half = i64(heads) * start * HEAD_DIM;
    const int used = int(lengths[row]);

    auto read = [](const TYPE* from, uint4& low, uint4& high) {
        low = *(const uint4*)from;
        high = *(const uint4*)(from + HEAD_DIM / 2);
    };
    const uint4 zero = make_uint4(0, 0, 0, 0);
    if (loaded < QUERIES) {
        uint4 low = zero, high = zero;
        if (first + loaded < count) {
            read(of_row + i64(first + loaded) * 3 * width, low, high);
            turn(low, high, cosines, sines, first + loaded, d);
        }
        store(q + loaded * STRIDE + d, low, high);
    }

    float most[2] = {NOTHING, NOTHING}, total[2] = {0, 0}, sum[HEAD_DIM / 8][4];
#pragma unroll
    for (int n = 0; n < HEAD_DIM / 8; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) sum[n][i] = 0;
    const int end = start + min(first + QUERIES, count);
    for (int begin = 0; begin < end; begin += COLUMNS) {
        if (begin > 0) __syncthreads();  // what was read of those before
        uint4 low[COLUMNS / LOADED_AT_ONCE], high[COLUMNS / LOADED_AT_ONCE];
        uint4 value_low[COLUMNS / LOADED_AT_ONCE], value_high[COLUMNS / LOADED_AT_ONCE];
#pragma unroll
        for (int i = 0; i < COLUMNS / LOADED_AT_ONCE; i++) {
            const int column = begin + loaded + i * LOADED_AT_ONCE, now = column - start;
            low[i] = high[i] = value_low[i] = value_high[i] = zero;
            if (now < 0) {
                read(given + i64(column) * HEAD_DIM, low[i], high[i]);
                read(given + half + i64(column) * HEAD_DIM, value_low[i], value_high[i]);
            } else if (column < end) {
                read(of_row + i64(now) * 3 * width + width, low[i], high[i]);
                read(of_row + i64(now) * 3 * width + 2 * width, value_low[i], value_high[i]);
            }
        }
#pragma unroll
        for (int i = 0; i < COLUMNS / LOADED_AT_ONCE; i++) {
            const int r = loaded + i * LOADED_AT_ONCE, column = begin + r, now = column - start;
            if (now >= 0 && column < end) turn(low[i], high[i], cosines, sines, now, d);
            store(k + r * STRIDE + d, low[i], high[i]);
            store(v + r * STRIDE + d, value_low[i], value_high[i]);
            const int place = column - (start + count - kept);
            // Of a prefix those of the first queries, else those of the same positions.
            const bool own = now < 0 ? first == 0 : first <= now && column < end;
            if (own && place >= 0) {
                const i64 at = i64(row) * kept + place;
                const i64 to = ((pages[at] * heads + head) * page + offsets[at]) * HEAD_DIM + d;
                store(keys + to, low[i], high[i]);
                store(values + to, value_low[i], value_high[i]);
            }
        }
        __syncthreads();
        const int mine = warp * OF_WARP;
        if (begin + mine >= end) continue;  // a warp without positions

        float score[OF_WARP / 8][4];
#pragma unroll
        for (int n = 0; n < OF_WARP / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) score[n][i] = 0;
#pragma unroll
        for (int step = 0; step < HEAD_DIM; step += 16) {
            const TYPE* a = q + g * STRIDE + step + 2 * t;
            const u32 a0 = *(const u32*)a, a1 = *(const u32*)(a + 8 * STRIDE);
            const u32 a2 = *(const u32*)(a + 8), a3 = *(const u32*)(a + 8 * STRIDE + 8);
#pragma unroll
            for (int n = 0; n < OF_WARP / 8; n++) {
                const TYPE* b = k + (mine + n * 8 + g) * STRIDE + step + 2 * t;
                mma<TYPE>(score[n], a0, a1, a2, a3, *(const u32*)b, *(const u32*)(b + 8));
            }
        }
        float larger[2] = {most[0], most[1]};
#pragma unroll
        for (int n = 0; n < OF_WARP / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int column = begin + mine + n * 8 + 2 * t + (i & 1), now = column - start;
                const bool visible = now < 0 ? column < used : now <= first + g + (i >> 1) * 8;
                score[n][i] = visible ? score[n][i] * factor : NOTHING;
                larger[i >> 1] = fmaxf(larger[i >> 1], score[n][i]);
            }
#pragma unroll
        for (int i = 0; i < 2; i++) {
            larger[i] = fmaxf(larger[i], __shfl_xor_sync(~0u, larger[i], 1));
            larger[i] = fmaxf(larger[i], __shfl_xor_sync(~0u, larger[i], 2));
            const float less = __expf(most[i] - larger[i]);
            most[i] = larger[i], total[i] *= less;
#pragma unroll
            for (int n = 0; n < HEAD_DIM / 8; n++) sum[n][2 * i] *= less, sum[n][2 * i + 1] *= less;
        }
#pragma unroll
        for (int n = 0; n < OF_WARP / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                score[n][i] = __expf(score[n][i] - most[i >> 1]);
                total[i >> 1] += score[n][i];
            }
#pragma unroll
        for (int step = 0; step < OF_WARP / 16; step++) {
            const float *one = score[2 * step], *other = score[2 * step + 1];
            const u32 a0 = pack<TYPE>(one[0], one[1]), a1 = pack<TYPE>(one[2], one[3]);
            const u32 a2 = pack<TYPE>(other[0], other[1]), a3 = pack<TYPE>(other[2], other[3]);
#pragma unroll
            for (int n = 0; n < HEAD_DIM / 8; n++) {
                const TYPE* b = v + (mine + step * 16 + 2 * t) * STRIDE + n * 8 + g;
                auto both = [](const TYPE* b) { return u32(b[0].bits) | u32(b[STRIDE].bits) << 16; };
                mma<TYPE>(sum[n], a0, a1, a2, a3, both(b), both(b + 8 * STRIDE));
            }
        }
    }
    __syncthreads();  // the last keys have been read
#pragma unroll
    for (int i = 0; i < 2; i++) {
        const int of_query = g + i * 8;
        total[i] += __shfl_xor_sync(~0u, total[i], 1);
        total[i] += __shfl_xor_sync(~0u, total[i], 2);
        if (t == 0) most_by[warp][of_query] = most[i], total_by[warp][of_query] = total[i];
        float* to = sum_by + (warp * QUERIES + of_query) * HEAD_DIM + 2 * t;
#pragma unroll
        for (int n = 0; n < HEAD_DIM / 8; n++)
            *(float2*)(to + n * 8) = make_float2(sum[n][2 * i], sum[n][2 * i + 1]);
    }
    __syncthreads();
    const int of_query = threadIdx.x / 8, from = threadIdx.x % 8 * 8;
    if (first + of_query >= count) return;
    float largest = NOTHING, all = 0, joined[8];
#pragma unroll
    for (int w = 0; w < WARPS; w++) largest = fmaxf(largest, most_by[w][of_query]);
#pragma unroll
    for (int i = 0; i < 8; i++) joined[i] = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) {
        const float share = __expf(most_by[w][of_query] - largest);
        all += total_by[w][of_query] * share;
        const float* summed = sum_by + (w * QUERIES + of_query) * HEAD_DIM + from;
#pragma unroll
        for (int i = 0; i < 8; i++) joined[i] += summed[i] * share;
    }
    u32 packed[4];
#pragma unroll
    for (int i = 0; i < 4; i++) packed[i] = pack<TYPE>(joined[2 * i] / all, joined[2 * i + 1] / all);
    TYPE* to = out + (i64(row) * count + first + of_query) * width + head * HEAD_DIM + from;
    *(uint4*)to = make_uint4(packed[0], packed[1], packed[2], packed[3]);
}
