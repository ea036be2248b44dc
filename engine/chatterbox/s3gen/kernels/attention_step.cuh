// Attention in one pass over the keys, with a running maximum (Milakov and Gimelshein 2018).
//
// A warp takes 16 queries of one head, 64 wide. Where there are few queries, two warps share them,
// each takes every other block of keys, and the two sums are joined at the end.
#pragma once
#include "attention.cuh"

// A block of 64 rows of 64 halves, copied as chunks; zeros from row `end` on.
template <int ROWS, int THREADS>
DEVICE void copy_block(half_t *block, const half_t *from, int stride, int first, int end) {
#pragma unroll
    for (int i = threadIdx.x; i < ROWS * 8; i += THREADS) {
        int row = i / 8, chunk = i % 8;
        bool there = first + row < end;
        const half_t *source = from + (size_t)(there ? first + row : 0) * stride + chunk * 8;
        copy16_or_zero(block + (row * 8 + (chunk ^ (row % 8))) * 8, source, there);
    }
}

// Takes one more block of keys and values into the sums; `left` keys of it count. `more` adds to the
// scores that a lane has, laid out as `Attended::sum` is.
template <typename MORE>
DEVICE void attend_to(Attended &all, const half_t *queries, const half_t *keys,
                      const half_t *values, int left, float scale, MORE &more) {
    int lane = threadIdx.x % 32;
    float score[KEYS / 8][4];
#if HOPPER
    u64 a = matrix_at(queries), b = matrix_at(keys);
    begin_products();
#pragma unroll
    for (int k = 0; k < HEAD / 16; k++) multiply_64(score, a + 2 * k, b + 2 * k, k);
    end_products();
#else
#pragma unroll
    for (int i = 0; i < KEYS / 2; i++) (&score[0][0])[i] = 0;
#pragma unroll
    for (int k = 0; k < HEAD / 16; k++) {
        u32 query[4];
        int row = threadIdx.x / 32 % 4 * 16 + lane % 16;
        load_matrices(query, queries + (row * 8 + ((2 * k + lane / 16) ^ (row % 8))) * 8);
#pragma unroll
        for (int j = 0; j < KEYS / 8; j += 2) {
            u32 b[4];
            int key = (j + lane / 16) * 8 + lane % 8, chunk = 2 * k + lane / 8 % 2;
            load_matrices(b, keys + (key * 8 + (chunk ^ (key % 8))) * 8);
            multiply(score[j], query, b[0], b[1]);
            multiply(score[j + 1], query, b[2], b[3]);
        }
    }
#endif
    more.add(score);
    if (left < KEYS) {
#pragma unroll
        for (int j = 0; j < KEYS / 8; j++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                if (j * 8 + lane % 4 * 2 + i % 2 >= left) score[j][i] = LEAST * 2;
    }
    float kept[2], raised[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float most = all.highest[half];
#pragma unroll
        for (int j = 0; j < KEYS / 8; j++)
            most = fmaxf(most, fmaxf(score[j][2 * half], score[j][2 * half + 1]));
        most = fmaxf(most, __shfl_xor_sync(~0u, most, 1));
        most = fmaxf(most, __shfl_xor_sync(~0u, most, 2));
        kept[half] = power_of_2((all.highest[half] - most) * scale);
        all.highest[half] = most;
        raised[half] = most * scale;
    }
    all.scale(kept);
#pragma unroll
    for (int j = 0; j < KEYS / 8; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            score[j][i] = power_of_2(score[j][i] * scale - raised[i / 2]);
            all.total[i / 2] += score[j][i];
        }
    u32 share[KEYS / 16][4];
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            share[k][i] = pack<half_t>(score[2 * k + i / 2][i % 2 * 2],
                                       score[2 * k + i / 2][i % 2 * 2 + 1]);
#if HOPPER
    u64 v = matrix_at(values);
    begin_products();
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++) multiply_64<1>(all.sum, share[k], v + 128 * k);
    end_products();
#else
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++)
#pragma unroll
        for (int j = 0; j < HEAD / 8; j += 2) {
            u32 b[4];
            int key = k * 16 + lane % 16, chunk = j + lane / 16;
            load_transposed(b, values + (key * 8 + (chunk ^ (key % 8))) * 8);
            multiply(all.sum[j], share[k], b[0], b[1]);
            multiply(all.sum[j + 1], share[k], b[2], b[3]);
        }
#endif
}

// `result` (items, time, heads * 64), each item's keys up to its length, from queries, keys and values
// whose rows of all heads lie `stride` apart. `QUERIES` are 16 a warp; `PARTS` warps share them. Scores
// are multiplied by `scale`, log2(e) and whatever else, once `more` has added to them.
template <int WARPS, int PARTS, int STAGES, typename MORE>
DEVICE void attention(const half_t *from, const half_t *from_keys, const half_t *from_values,
                      int stride, const i64 *lengths, half_t *result, int time, int heads, float scale,
                      MORE more) {
    constexpr int QUERIES = 16 * WARPS, THREADS = 32 * WARPS * PARTS, STEP = KEYS * PARTS;
    extern __shared__ __align__(1024) char shared[];
    half_t *all_queries = (half_t *)shared, *keys = all_queries + QUERIES * HEAD;
    half_t *values = keys + STAGES * STEP * HEAD;
    int item = blockIdx.y / heads, head = blockIdx.y % heads, first = blockIdx.x * QUERIES;
    int warp = threadIdx.x / 32 % WARPS, part = threadIdx.x / 32 / WARPS, lane = threadIdx.x % 32;
    half_t *queries = all_queries + warp / 4 * 64 * HEAD;  // of four warps
    int width = heads * HEAD;
    size_t apart = (size_t)item * time * stride + head * HEAD;
    start_next();
    int length = (int)lengths[item];
    wait_for_previous();
    // A block that begins past the item's end attends to nothing and comes out zero.
    int end = first < length ? length : 0, steps = (end + STEP - 1) / STEP;
    auto copy_step = [&](int step) {
        int place = step % STAGES * STEP * HEAD;
        copy_block<STEP, THREADS>(keys + place, from_keys + apart, stride, step * STEP, end);
        copy_block<STEP, THREADS>(values + place, from_values + apart, stride, step * STEP, end);
    };
    copy_block<QUERIES, THREADS>(all_queries, from + apart, stride, first, time);
#pragma unroll
    for (int step = 0; step < STAGES - 1; step++) {
        if (step < steps) copy_step(step);
        end_group();
    }
    more.begin(item, head, first + warp * 16);
    Attended all;
    all.clear();
    for (int step = 0; step < steps; step++) {
        if (step * STEP + part * KEYS < end) more.ask(step * STEP + part * KEYS);
        wait_for_groups<STAGES - 2>();
        show_to_products();
        __syncthreads();
        if (step + STAGES - 1 < steps) copy_step(step + STAGES - 1);
        end_group();
        int place = (step % STAGES * STEP + part * KEYS) * HEAD;
        int left = end - step * STEP - part * KEYS;
        if (left > 0) attend_to(all, queries, keys + place, values + place, left, scale, more);
    }
#pragma unroll
    for (int half = 0; half < 2; half++) {
        all.total[half] += __shfl_xor_sync(~0u, all.total[half], 1);
        all.total[half] += __shfl_xor_sync(~0u, all.total[half], 2);
    }
    wait_for_groups<0>();
    __syncthreads();
    if (PARTS == 2) {
        // Highest, total and sums of the second warp's lanes, each in a column of its own.
        float *other = (float *)keys + warp * 32 + lane;
        constexpr int APART = 32 * WARPS;
        if (part == 1) {
#pragma unroll
            for (int half = 0; half < 2; half++) {
                other[half * APART] = all.highest[half];
                other[(2 + half) * APART] = all.total[half];
            }
#pragma unroll
            for (int i = 0; i < HEAD / 2; i++) other[(4 + i) * APART] = (&all.sum[0][0])[i];
        }
        __syncthreads();
        if (part == 1) return;
        float mine[2], theirs[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float highest = other[half * APART], most = fmaxf(all.highest[half], highest);
            mine[half] = power_of_2((all.highest[half] - most) * scale);
            theirs[half] = power_of_2((highest - most) * scale);
        }
        all.scale(mine);
#pragma unroll
        for (int half = 0; half < 2; half++)
            all.total[half] += theirs[half] * other[(2 + half) * APART];
#pragma unroll
        for (int i = 0; i < HEAD / 2; i++)
            (&all.sum[0][0])[i] += theirs[i % 4 / 2] * other[(4 + i) * APART];
    }
    // Through the warp's own queries, which nobody reads any more, into rows of 128 bytes.
    half_t *rows = all_queries + warp * 16 * HEAD;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float share = 1 / fmaxf(all.total[half], 1e-30f);
        int row = half * 8 + lane / 4;
#pragma unroll
        for (int j = 0; j < HEAD / 8; j++) {
            u32 both =
                pack<half_t>(all.sum[j][2 * half] * share, all.sum[j][2 * half + 1] * share);
            *(u32 *)(rows + (row * 8 + (j ^ (row % 8))) * 8 + lane % 4 * 2) = both;
        }
    }
    __syncwarp();
    half_t *to = result + ((size_t)item * time + first + warp * 16) * width + head * HEAD;
#pragma unroll
    for (int i = lane; i < 16 * 8; i += 32) {
        int row = i / 8, chunk = i % 8;
        if (first + warp * 16 + row < time)
            *(uint4 *)(to + (size_t)row * width + chunk * 8) =
                *(const uint4 *)(rows + (row * 8 + (chunk ^ (row % 8))) * 8);
    }
}
