// The attention of a transformer layer on Hopper, from blocks to blocks: see `transformer.cu`.
#include "attention.cuh"
#include "blocks.cuh"

constexpr float SCALE = 1.4426950408889634f / 8;  // log2(e) / sqrt(HEAD)

// A block's scores become shares of the running softmax; `kept` is what the sums so far are to be
// scaled by.
DEVICE void take_in(Attended &all, float (&score)[8][4], float (&kept)[2], int left) {
    int lane = threadIdx.x % 32;
    if (left < KEYS) {
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                if (j * 8 + lane % 4 * 2 + i % 2 >= left) score[j][i] = LEAST * 2;
    }
    float raised[2], total[2] = {};
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float most = all.highest[half];
#pragma unroll
        for (int j = 0; j < 8; j++)
            most = fmaxf(most, fmaxf(score[j][2 * half], score[j][2 * half + 1]));
        most = fmaxf(most, __shfl_xor_sync(~0u, most, 1));
        most = fmaxf(most, __shfl_xor_sync(~0u, most, 2));
        kept[half] = power_of_2((all.highest[half] - most) * SCALE);
        all.highest[half] = most;
        raised[half] = most * SCALE;
    }
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            score[j][i] = power_of_2(score[j][i] * SCALE - raised[i / 2]);
            total[i / 2] += score[j][i];
        }
#pragma unroll
    for (int half = 0; half < 2; half++) all.total[half] = all.total[half] * kept[half] + total[half];
}

// The products with a block's values run behind the softmax of the next.
template <int SLOTS>
DEVICE void attend(Attended &all, const half_t *queries, const half_t *slots, u64 *there,
                   u64 *taken, int steps, int end) {
    if (steps == 0) return;
    float score[8][4], kept[2];
    u32 share[4][4];
    auto ask = [&](int step) {
        wait_for(&there[step % SLOTS], step / SLOTS & 1);
        u64 a = matrix_at(queries), b = matrix_at(slots + step % SLOTS * 2 * BLOCK);
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) multiply_64(score, a + 2 * k, b + 2 * k, k);
        close_products();
    };
    auto spend = [&](int step) {
        u64 v = matrix_at(slots + (step % SLOTS * 2 + 1) * BLOCK);
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) multiply_64<1>(all.sum, share[k], v + 128 * k);
        close_products();
    };
    auto round = [&] {
#pragma unroll
        for (int j = 0; j < 8; j++) {
            share[j / 2][j % 2 * 2] = pack<half_t>(score[j][0], score[j][1]);
            share[j / 2][j % 2 * 2 + 1] = pack<half_t>(score[j][2], score[j][3]);
        }
    };
    ask(0);
    wait_for_products<0>();
    settle(score);
    take_in(all, score, kept, end);
    round();
#pragma unroll 1
    for (int step = 1; step < steps; step++) {
        ask(step);
        spend(step - 1);
        wait_for_products<1>();
        settle(score);
        take_in(all, score, kept, end - step * 64);
        wait_for_products<0>();
        settle(all.sum);
        if (threadIdx.x % 32 == 0) arrive(&taken[(step - 1) % SLOTS]);
        round();
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) all.sum[j][i] *= kept[i / 2];
    }
    spend(steps - 1);
    wait_for_products<0>();
    settle(all.sum);
}

// Attention from blocks of `qkv` to blocks of `result`, each item's keys up to its length. Four warps
// take 64 queries of a head, and FOURS times four share keys and values, for which one more warp
// asks. The grid is (time / 64 / FOURS, heads, items).
template <int FOURS, int SLOTS>
DEVICE void attention(const half_t *qkv, const i64 *lengths, half_t *result, int time) {
    __shared__ u64 queries_there, there[SLOTS], taken[SLOTS];
    half_t *all_queries = (half_t *)shared, *slots = all_queries + FOURS * BLOCK;
    int heads = gridDim.y, head = blockIdx.y, item = blockIdx.z, first = blockIdx.x * 64 * FOURS;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, four = warp / 4;
    if (threadIdx.x == 128 * FOURS) {
        prepare(&queries_there, 1);
#pragma unroll
        for (int s = 0; s < SLOTS; s++) prepare(&there[s], 1), prepare(&taken[s], 4 * FOURS);
        end_preparing();
    }
    __syncthreads();
    start_next();
    int length = (int)lengths[item];
    // Queries that begin past the item's end attend to nothing and come out zero.
    int end = first < length ? length : 0, steps = (end + 63) / 64;
    wait_for_previous();
    if (warp == 4 * FOURS) {
        if (lane) return;
        int tile = item * (time / 64), across = 3 * heads;
        show_to_copies();
        expect(&queries_there, FOURS * BLOCK_BYTES);
        for (int t = 0; t < FOURS; t++)
            copy_blocks(all_queries + t * BLOCK,
                        qkv + (size_t)((tile + blockIdx.x * FOURS + t) * across + head) * BLOCK, 1,
                        &queries_there);
        const half_t *from = qkv + (size_t)(tile * across + heads + head) * BLOCK;
        int slot = 0, round = 0;
        for (int step = 0; step < steps; step++) {
            if (round) wait_for(&taken[slot], (round - 1) & 1);
            expect(&there[slot], 2 * BLOCK_BYTES);
            copy_blocks(slots + slot * 2 * BLOCK, from, 1, &there[slot]);
            copy_blocks(slots + (slot * 2 + 1) * BLOCK, from + heads * BLOCK, 1, &there[slot]);
            from += across * BLOCK;
            if (++slot == SLOTS) slot = 0, round++;
        }
        return;
    }
    half_t *queries = all_queries + four * BLOCK;
    Attended all;
    all.clear();
    wait_for(&queries_there, 0);
    attend<SLOTS>(all, queries, slots, there, taken, steps, end);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        all.total[half] += __shfl_xor_sync(~0u, all.total[half], 1);
        all.total[half] += __shfl_xor_sync(~0u, all.total[half], 2);
    }
    // Through the warp's own queries, which nobody reads any more.
    half_t *rows = queries + warp % 4 * 16 * HEAD;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float share = 1 / fmaxf(all.total[half], 1e-30f);
        int row = half * 8 + lane / 4;
#pragma unroll
        for (int j = 0; j < HEAD / 8; j++)
            *(u32 *)(rows + (row * 8 + (j ^ row % 8)) * 8 + lane % 4 * 2) =
                pack<half_t>(all.sum[j][2 * half] * share, all.sum[j][2 * half + 1] * share);
    }
    __syncwarp();
    int query_tile = item * (time / 64) + blockIdx.x * FOURS + four;
    half_t *to = result + (size_t)(query_tile * heads + head) * BLOCK + warp % 4 * 16 * HEAD;
#pragma unroll
    for (int i = 0; i < 4; i++)
        *(uint4 *)(to + (i * 32 + lane) * 8) = *(const uint4 *)(rows + (i * 32 + lane) * 8);
}

#define ATTENTION(NAME, FOURS, SLOTS, AT_ONCE)                                                     \
    extern "C" __global__ void __launch_bounds__(128 * FOURS + 32, AT_ONCE)                        \
    NAME(const half_t *qkv, const i64 *lengths, half_t *result, int time) {                        \
        attention<FOURS, SLOTS>(qkv, lengths, result, time);                                       \
    }

ATTENTION(attention_64, 1, 4, 2)
ATTENTION(attention_128, 2, 6, 1)
