// The attention of a transformer layer on Hopper, from blocks to blocks: see `transformer.cu`.
// More than 300 lines, as its forms share what a step is and one is chosen for each length.
#include "attention.cuh"
#include "blocks.cuh"

constexpr int HEADS = 8;
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
        // A little more is no reason to scale all that is there: shares may well be 256.
        if ((most - all.highest[half]) * SCALE <= 8) most = all.highest[half];
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

// The products with a block's values run behind the softmax of the next. `end` is where the keys end,
// from the first step's on, and `apart` how many keys lie between two steps. `wait(step, never)` waits
// for a step's keys and values, where `never` is zero, which only the compiler does not know; `next`
// is called for each step whose slot is free again. SLOTS is at least 3: the next step's are asked for
// before a step's slot is free.
template <int SLOTS, typename WAIT, typename NEXT>
DEVICE void attend(Attended &all, const half_t *queries, const half_t *slots, u64 *taken, int steps,
                   int end, int apart, WAIT wait, NEXT next) {
    if (steps == 0) return;
    float score[8][4], kept[2];
    u32 share[4][4];
    auto ask = [&](int slot) {
        u64 a = matrix_at(queries), b = matrix_at(slots + slot * 2 * BLOCK);
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) multiply_64(score, a + 2 * k, b + 2 * k, k);
        close_products();
    };
    auto spend = [&](int slot) {
        u64 v = matrix_at(slots + (slot * 2 + 1) * BLOCK);
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
    wait(0, 0);
    ask(0);
    if (steps > 1) wait(1, 0);
    wait_for_products<0>();
    settle(score);
    take_in(all, score, kept, end);
    round();
    int last = 0, slot = 1 % SLOTS;
#pragma unroll 1
    for (int step = 1; step < steps; step++) {
        ask(slot);
        spend(last);
        wait_for_products<1>();
        settle(score);
        take_in(all, score, kept, end - step * apart);
        // No total is below zero, which the compiler does not know: it has to have the whole softmax
        // before this loop, and would otherwise put the wait for products first.
        if (step + 1 < steps) wait(step + 1, u32(all.total[0] + all.total[1] < 0));
        wait_for_products<0>();
        settle(all.sum);
        if (threadIdx.x % 32 == 0) arrive(&taken[last]);
        next(step - 1);
        round();
        if (!__all_sync(~0u, kept[0] == 1 && kept[1] == 1))
#pragma unroll
            for (int j = 0; j < 8; j++)
#pragma unroll
                for (int i = 0; i < 4; i++) all.sum[j][i] *= kept[i / 2];
        last = slot;
        if (++slot == SLOTS) slot = 0;
    }
    spend(last);
    wait_for_products<0>();
    settle(all.sum);
}

// A warp's 16 rows of a block of `to`, through its own queries, which nobody reads any more.
DEVICE void put(Attended &all, half_t *queries, half_t *to) {
    int warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        all.total[half] += __shfl_xor_sync(~0u, all.total[half], 1);
        all.total[half] += __shfl_xor_sync(~0u, all.total[half], 2);
    }
    half_t *rows = queries + warp * 16 * HEAD;
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
    to += warp * 16 * HEAD;
#pragma unroll
    for (int i = 0; i < 4; i++)
        *(uint4 *)(to + (i * 32 + lane) * 8) = *(const uint4 *)(rows + (i * 32 + lane) * 8);
}

// Attention from blocks of `qkv` to blocks of `result`, each item's keys up to its length. Four warps
// take 64 queries of a head; one more asks for keys and values. The grid is (time / 64, heads, items).
// With BACKWARDS the last item comes first.
template <int SLOTS, bool BACKWARDS = false>
DEVICE void attention(const half_t *qkv, const i64 *lengths, half_t *result, int time) {
    __shared__ u64 queries_there, there[SLOTS], taken[SLOTS];
    half_t *queries = (half_t *)shared, *slots = queries + BLOCK;
    int heads = gridDim.y, head = blockIdx.y, first = blockIdx.x * 64;
    int item = BACKWARDS ? gridDim.z - 1 - blockIdx.z : blockIdx.z;
    int tile = item * (time / 64);
    if (threadIdx.x == 128) {
        prepare(&queries_there, 1);
#pragma unroll
        for (int s = 0; s < SLOTS; s++) prepare(&there[s], 1), prepare(&taken[s], 4);
        end_preparing();
    }
    __syncthreads();
    start_next();
    int length = (int)lengths[item];
    // Queries that begin past the item's end attend to nothing and come out zero.
    int end = first < length ? length : 0, steps = (end + 63) / 64;
    wait_for_previous();
    if (threadIdx.x >= 128) {
        if (threadIdx.x > 128) return;
        int across = 3 * heads;
        show_to_copies();
        expect(&queries_there, BLOCK_BYTES);
        copy_blocks(queries, qkv + (size_t)((tile + blockIdx.x) * across + head) * BLOCK, 1,
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
    Attended all;
    all.clear();
    wait_for(&queries_there, 0);
    auto wait = [&](int step, u32 never) {
        wait_for(&there[step % SLOTS], (step / SLOTS & 1) ^ never);
    };
    attend<SLOTS>(all, queries, slots, taken, steps, end, KEYS, wait, [](int) {});
    asm volatile("bar.sync 1, 128;" ::: "memory");  // nobody's products read the queries any more
    put(all, queries, result + (size_t)((tile + blockIdx.x) * heads + head) * BLOCK);
}

// The same with 64 queries for two times four warps, each with every other 64 keys, for which its
// warps ask themselves: one more would leave too few registers for four fours at once. The grid is all
// times that there are 64 queries of a head.
//
// With CUT, a block is twice that, and the grid as many blocks as there are multiprocessors: what there
// is more, up to that many over CUT, the blocks' second halves share, each with a part of the keys. Who
// is last of CUT joins what all have left in `parts`; `arrived` counts them, from zero.
template <int SLOTS, int CUT>
DEVICE void halved_attention(const half_t *qkv, const i64 *lengths, half_t *result, int time, int count,
                             float4 *parts, int *arrived) {
    constexpr int PLACES = CUT > 1 ? 2 : 1, EACH = 1 + 2 * SLOTS * 2;  // blocks of shared memory
    __shared__ u64 queries_signals[PLACES], signals[PLACES][2][2 * SLOTS];
    __shared__ int before;
    // The compiler knows that a warp agrees about these.
    int four = __shfl_sync(~0u, threadIdx.x / 128, 0), two = four % 2, place = four / 2;
    int at = threadIdx.x % 128, blocks = gridDim.x;
    // Which 64 queries, and which of how many parts of their keys.
    int which = place ? blocks + blockIdx.x / CUT : blockIdx.x;
    int part = place ? blockIdx.x % CUT : 0, cut = place ? CUT : 1;
    bool idle = place && which >= count;
    int tiles = time / 64, tile = idle ? 0 : which / HEADS, head = which % HEADS, item = tile / tiles;
    int length = (int)lengths[item], first = tile % tiles * 64;
    if (threadIdx.x == 0) {
#pragma unroll
        for (int p = 0; p < PLACES; p++) {
            prepare(&queries_signals[p], 1);
#pragma unroll
            for (int s = 0; s < SLOTS; s++)
#pragma unroll
                for (int i = 0; i < 2; i++)
                    prepare(&signals[p][i][s], 1), prepare(&signals[p][i][SLOTS + s], 4);
        }
        end_preparing();
    }
    __syncthreads();
    start_next();
    if (idle) return;
    half_t *queries = (half_t *)shared + place * EACH * BLOCK;
    u64 *queries_there = &queries_signals[place];
    half_t *slots = queries + BLOCK + two * SLOTS * 2 * BLOCK;
    u64 *there = signals[place][two], *taken = there + SLOTS;
    auto meet = [&] { asm volatile("bar.sync %0, 256;" ::"r"(place + 1) : "memory"); };
    // Queries that begin past the item's end attend to nothing and come out zero.
    int end = first < length ? length : 0, fours = 2 * cut, mine_of = two * cut + part;
    int steps = ((end + 63) / 64 - mine_of + fours - 1) / fours;
    constexpr int ACROSS = 3 * HEADS;
    const half_t *from =
        qkv + (size_t)((item * tiles + mine_of) * ACROSS + HEADS + head) * BLOCK;
    auto ask = [&](int step) {
        int slot = step % SLOTS;
        const half_t *keys = from + (size_t)step * fours * ACROSS * BLOCK;
        expect(&there[slot], 2 * BLOCK_BYTES);
        copy_blocks(slots + slot * 2 * BLOCK, keys, 1, &there[slot]);
        copy_blocks(slots + (slot * 2 + 1) * BLOCK, keys + HEADS * BLOCK, 1, &there[slot]);
    };
    bool asks = at == 0;
    wait_for_previous();
    if (asks) {
        show_to_copies();
        if (two == 0) {
            expect(queries_there, BLOCK_BYTES);
            copy_blocks(queries, qkv + (size_t)(tile * ACROSS + head) * BLOCK, 1, queries_there);
        }
#pragma unroll
        for (int step = 0; step < SLOTS; step++)
            if (step < steps) ask(step);
    }
    __syncwarp();
    Attended all;
    all.clear();
    wait_for(queries_there, 0);
    auto wait = [&](int step, u32 never) {
        wait_for(&there[step % SLOTS], (step / SLOTS & 1) ^ never);
    };
    auto next = [&](int step) {
        if (asks && step + SLOTS < steps) {
            wait_for(&taken[step % SLOTS], step / SLOTS & 1);
            ask(step + SLOTS);
        }
        __syncwarp();
    };
    attend<SLOTS>(all, queries, slots, taken, steps, end - mine_of * KEYS, fours * KEYS, wait, next);
    meet();
    // Highest, total and sums of the second four's threads, each in a column of its own.
    float *other = (float *)(queries + BLOCK) + at;
    if (two == 1) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            other[half * 128] = all.highest[half];
            other[(2 + half) * 128] = all.total[half];
        }
#pragma unroll
        for (int i = 0; i < HEAD / 2; i++) other[(4 + i) * 128] = (&all.sum[0][0])[i];
    }
    meet();
    if (two == 1) return;
    float mine[2], theirs[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float highest = other[half * 128], most = fmaxf(all.highest[half], highest);
        mine[half] = power_of_2((all.highest[half] - most) * SCALE);
        theirs[half] = power_of_2((highest - most) * SCALE);
        all.highest[half] = most;
    }
    all.scale(mine);
#pragma unroll
    for (int half = 0; half < 2; half++)
        all.total[half] += theirs[half] * other[(2 + half) * 128];
#pragma unroll
    for (int i = 0; i < HEAD / 2; i++)
        (&all.sum[0][0])[i] += theirs[i % 4 / 2] * other[(4 + i) * 128];
    if (CUT > 1 && place) {
        constexpr int MANY = 1 + HEAD / 8;  // sixteen bytes each
        parts += (size_t)(which - blocks) * CUT * MANY * 128 + at;
        float4 *to = parts + part * MANY * 128;
        __stcg(to, make_float4(all.highest[0], all.highest[1], all.total[0], all.total[1]));
#pragma unroll
        for (int j = 0; j < HEAD / 8; j++) __stcg(to + (1 + j) * 128, *(const float4 *)all.sum[j]);
        __threadfence();
        asm volatile("bar.sync 3, 128;" ::: "memory");
        if (at == 0) before = atomicAdd(arrived + which - blocks, 1);
        asm volatile("bar.sync 3, 128;" ::: "memory");
        if (before != CUT - 1) return;
        __threadfence();
        // All of them in order, so that it is the same whoever is last.
        float4 of[CUT];
        float by[CUT][2];
#pragma unroll
        for (int p = 0; p < CUT; p++) of[p] = __ldcg(parts + p * MANY * 128);
        float4 sums[CUT][HEAD / 8];
#pragma unroll
        for (int p = 0; p < CUT; p++)
#pragma unroll
            for (int j = 0; j < HEAD / 8; j++) sums[p][j] = __ldcg(parts + (p * MANY + 1 + j) * 128);
        float most[2] = {of[0].x, of[0].y};
#pragma unroll
        for (int p = 1; p < CUT; p++)
            most[0] = fmaxf(most[0], of[p].x), most[1] = fmaxf(most[1], of[p].y);
        all.clear();
#pragma unroll
        for (int p = 0; p < CUT; p++) {
            by[p][0] = power_of_2((of[p].x - most[0]) * SCALE);
            by[p][1] = power_of_2((of[p].y - most[1]) * SCALE);
            all.total[0] = fmaf(of[p].z, by[p][0], all.total[0]);
            all.total[1] = fmaf(of[p].w, by[p][1], all.total[1]);
        }
#pragma unroll
        for (int p = 0; p < CUT; p++)
#pragma unroll
            for (int j = 0; j < HEAD / 8; j++) {
                float4 x = sums[p][j];
                all.sum[j][0] = fmaf(x.x, by[p][0], all.sum[j][0]);
                all.sum[j][1] = fmaf(x.y, by[p][0], all.sum[j][1]);
                all.sum[j][2] = fmaf(x.z, by[p][1], all.sum[j][2]);
                all.sum[j][3] = fmaf(x.w, by[p][1], all.sum[j][3]);
            }
    }
    put(all, queries, result + (size_t)which * BLOCK);
}

#define HALVED(NAME, CUT, THREADS, BLOCKS)                                                         \
    extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)                                  \
    NAME(const half_t *qkv, const i64 *lengths, half_t *result, int time, int count,               \
         float4 *parts, int *arrived) {                                                            \
        halved_attention<3, CUT>(qkv, lengths, result, time, count, parts, arrived);               \
    }

HALVED(halved_64, 1, 256, 2)
HALVED(halved_64_cut_2, 2, 512, 1)
HALVED(halved_64_cut_3, 3, 512, 1)
extern "C" __global__ void __launch_bounds__(160, 2)
attention_64(const half_t *qkv, const i64 *lengths, half_t *result, int time) {
    attention<4>(qkv, lengths, result, time);
}
extern "C" __global__ void __launch_bounds__(160, 2)
attention_64_back(const half_t *qkv, const i64 *lengths, half_t *result, int time) {
    attention<4, true>(qkv, lengths, result, time);
}
