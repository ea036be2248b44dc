// Attention of prompts: many new positions of each row, behind the prefix of its voice.
//
// Compiled with TYPE, a half precision, and ROTARY, whether positions are turned into queries and
// keys. A block takes 64 new positions of one head of one row, and goes over all that they see in
// tiles of 64. On its way it keeps the keys and values that are to be kept. The products are on
// tensor cores, the softmax is in fp32 and goes along (Dao et al., FlashAttention, 2022).
#include "common.cuh"

constexpr int HEAD_DIM = 64, TILE = 64, THREADS = 128;
constexpr int STRIDE = HEAD_DIM + 8;     // of a tile's rows, so that lanes read different banks
constexpr int LOADED_AT_ONCE = THREADS / 4;  // rows: a thread has eight dimensions and the opposite
constexpr float NOTHING = -1e30f;        // a finite "minus infinity": differences of two stay numbers

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

// The grid is (heads, rows, tiles of new positions). `qkv` is (rows, count, 3, heads, HEAD_DIM).
// `earlier`, of each voice (2, heads, start, HEAD_DIM), voices so far apart: a row's are the first
// `lengths` of `voices`. The rotary tables begin at `start`. The last `kept` of all positions go to
// `pages` and `offsets`, (rows, kept), of keys and values (pages, heads, page, HEAD_DIM). `out` is
// (rows, count, heads, HEAD_DIM).
extern "C" __global__ void __launch_bounds__(THREADS) attend_prompts(
    const TYPE* qkv, const TYPE* earlier, i64 voice_stride, const i64* voices, const i64* lengths,
    const float* cosines, const float* sines, TYPE* keys, TYPE* values, const i64* pages,
    const i64* offsets, TYPE* out, int count, int start, int kept, int page, float factor) {
    __shared__ __align__(16) TYPE q[TILE * STRIDE], k[TILE * STRIDE], v[TILE * STRIDE];
    start_next();
    wait_for_previous();
    const int head = blockIdx.x, row = blockIdx.y, heads = gridDim.x, first = blockIdx.z * TILE;
    const int width = heads * HEAD_DIM, warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    const int g = lane >> 2, t = lane & 3, query = first + warp * 16 + g;
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
#pragma unroll
    for (int r = loaded; r < TILE; r += LOADED_AT_ONCE) {
        uint4 low = zero, high = zero;
        if (first + r < count) {
            read(of_row + i64(first + r) * 3 * width, low, high);
            turn(low, high, cosines, sines, first + r, d);
        }
        store(q + r * STRIDE + d, low, high);
    }

    float most[2] = {NOTHING, NOTHING}, total[2] = {0, 0}, sum[HEAD_DIM / 8][4];
#pragma unroll
    for (int n = 0; n < HEAD_DIM / 8; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) sum[n][i] = 0;
    const int end = start + min(first + TILE, count);
    for (int begin = 0; begin < end; begin += TILE) {
        __syncthreads();  // what was read of the tile before, and the queries
#pragma unroll
        for (int r = loaded; r < TILE; r += LOADED_AT_ONCE) {
            const int column = begin + r, now = column - start;
            uint4 low = zero, high = zero, value_low = zero, value_high = zero;
            if (now < 0) {
                read(given + i64(column) * HEAD_DIM, low, high);
                read(given + half + i64(column) * HEAD_DIM, value_low, value_high);
            } else if (now < count) {
                read(of_row + i64(now) * 3 * width + width, low, high);
                turn(low, high, cosines, sines, now, d);
                read(of_row + i64(now) * 3 * width + 2 * width, value_low, value_high);
            }
            store(k + r * STRIDE + d, low, high);
            store(v + r * STRIDE + d, value_low, value_high);
            const int place = column - (start + count - kept);
            // Of a prefix those of the first tile of queries, else those of the same positions.
            const bool own = now < 0 ? first == 0 : first <= now && now < min(first + TILE, count);
            if (own && place >= 0) {
                const i64 at = i64(row) * kept + place;
                const i64 to = ((pages[at] * heads + head) * page + offsets[at]) * HEAD_DIM + d;
                store(keys + to, low, high);
                store(values + to, value_low, value_high);
            }
        }
        __syncthreads();
        if (first + warp * 16 >= count) continue;  // a warp without queries

        float score[TILE / 8][4];
#pragma unroll
        for (int n = 0; n < TILE / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) score[n][i] = 0;
#pragma unroll
        for (int step = 0; step < HEAD_DIM; step += 16) {
            const TYPE* a = q + (warp * 16 + g) * STRIDE + step + 2 * t;
            const u32 a0 = *(const u32*)a, a1 = *(const u32*)(a + 8 * STRIDE);
            const u32 a2 = *(const u32*)(a + 8), a3 = *(const u32*)(a + 8 * STRIDE + 8);
#pragma unroll
            for (int n = 0; n < TILE / 8; n++) {
                const TYPE* b = k + (n * 8 + g) * STRIDE + step + 2 * t;
                mma<TYPE>(score[n], a0, a1, a2, a3, *(const u32*)b, *(const u32*)(b + 8));
            }
        }
        float larger[2] = {most[0], most[1]};
#pragma unroll
        for (int n = 0; n < TILE / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const int column = begin + n * 8 + 2 * t + (i & 1), now = column - start;
                const bool visible = now < 0 ? column < used : now <= query + (i >> 1) * 8;
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
        for (int n = 0; n < TILE / 8; n++)
#pragma unroll
            for (int i = 0; i < 4; i++) {
                score[n][i] = __expf(score[n][i] - most[i >> 1]);
                total[i >> 1] += score[n][i];
            }
#pragma unroll
        for (int step = 0; step < TILE / 16; step++) {
            const float *one = score[2 * step], *other = score[2 * step + 1];
            const u32 a0 = pack<TYPE>(one[0], one[1]), a1 = pack<TYPE>(one[2], one[3]);
            const u32 a2 = pack<TYPE>(other[0], other[1]), a3 = pack<TYPE>(other[2], other[3]);
#pragma unroll
            for (int n = 0; n < HEAD_DIM / 8; n++) {
                const TYPE* b = v + (step * 16 + 2 * t) * STRIDE + n * 8 + g;
                auto both = [](const TYPE* b) { return u32(b[0].bits) | u32(b[STRIDE].bits) << 16; };
                mma<TYPE>(sum[n], a0, a1, a2, a3, both(b), both(b + 8 * STRIDE));
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
        total[i] += __shfl_xor_sync(~0u, total[i], 1);
        total[i] += __shfl_xor_sync(~0u, total[i], 2);
        if (query + i * 8 >= count) continue;
        TYPE* to = out + (i64(row) * count + query + i * 8) * width + head * HEAD_DIM + 2 * t;
#pragma unroll
        for (int n = 0; n < HEAD_DIM / 8; n++)
            *(u32*)(to + n * 8) = pack<TYPE>(sum[n][2 * i] / total[i], sum[n][2 * i + 1] / total[i]);
    }
}
