// Attention of one new position per row to its pages, for so many rows that memory alone rules.
//
// Compiled with PAGE, positions of a page; MOST_PAGES, of a row; ROTARY, whether positions are turned
// into queries and keys; and the WARPS of a block.
//
// A block takes one head of one row. A warp takes its pages in turn, which copies of Hopper's own
// bring to shared memory, the first one before the kernel that makes the new position's query, key
// and value has ended: while one warp adds, others' pages are on their way. All is bf16.
#include "hopper.cuh"

constexpr int HEAD_DIM = 64;
constexpr float NOTHING = -1e30f;  // a finite "minus infinity": differences of two stay numbers
constexpr int VECTOR = HEAD_DIM * 2, PAGE_BYTES = PAGE * VECTOR;

#if HOPPER
__device__ __forceinline__ void unpack(uint4 v, float* to) {
    to[0] = lower<bf16>(v.x), to[1] = upper<bf16>(v.x), to[2] = lower<bf16>(v.y);
    to[3] = upper<bf16>(v.y), to[4] = lower<bf16>(v.z), to[5] = upper<bf16>(v.z);
    to[6] = lower<bf16>(v.w), to[7] = upper<bf16>(v.w);
}

// Rotates if ROTARY, stores and attends. The grid is (heads, rows); `qkv` is (rows, 3, heads,
// HEAD_DIM), `keys` and `values` (pages, heads, PAGE, HEAD_DIM), `out` (rows, heads, HEAD_DIM).
// With `pairs` so many rows are followed by their twins, with which they share their first pages: they
// are read beside one another, the second time from the cache. A lane has eight dimensions of every
// fourth position.
extern "C" __global__ void __launch_bounds__(32 * WARPS) attend_pages(
    const bf16* qkv, bf16* keys, bf16* values, const float* cosines, const float* sines,
    const int* positions, const int* tables, bf16* out, int table_width, int pairs,
    float factor) {
    constexpr int TURNS = PAGE / 4, NUMBERS = (MOST_PAGES / 32 + WARPS - 1) / WARPS;
    __shared__ u64 there[WARPS];
    __shared__ float mixed_by[WARPS][HEAD_DIM];
    __shared__ float most_by[WARPS], total_by[WARPS];
    const int head = blockIdx.x, heads = gridDim.x, width = heads * HEAD_DIM;
    const int row = pairs ? blockIdx.y % 2 * pairs + blockIdx.y / 2 : blockIdx.y;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, group = lane / 8, d = lane % 8 * 8;
    char* its_page = shared + warp * 2 * PAGE_BYTES;

    start_next();
    const int* table = tables + i64(row) * table_width;
    const int fed = positions[row];
    // This warp's pages in the order of the lanes, of as many as a context may have.
    int numbers[NUMBERS];
#pragma unroll
    for (int i = 0; i < NUMBERS; i++) {
        const int page = warp + (32 * i + lane) * WARPS;
        numbers[i] = page < table_width ? table[page] : 0;
    }
    const int position = max(fed, 0);  // as many were stored earlier
    const int pages = (position + PAGE - 1) / PAGE;
    auto unit = [&](int number) { return (i64(number) * heads + head) * PAGE * HEAD_DIM; };
    auto ask = [&](int turn) {
        int number = numbers[0];
#pragma unroll
        for (int i = 1; i < NUMBERS; i++)
            if (turn >= 32 * i) number = numbers[i];
        number = __shfl_sync(~0u, number, turn % 32);
        const int page = warp + turn * WARPS;
        if (lane == 0 && page < pages) {
            const u32 bytes = min(PAGE, position - page * PAGE) * VECTOR;
            expect(&there[warp], 2 * bytes);
            copy_bytes(its_page, keys + unit(number), bytes, &there[warp]);
            copy_bytes(its_page + PAGE_BYTES, values + unit(number), bytes, &there[warp]);
        }
    };
    if (lane == 0) {
        prepare(&there[warp], 1);
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncwarp();
    ask(0);
#if ROTARY
    float cosine[8], sine[8];
#pragma unroll
    for (int i = 0; i < 8; i += 4) {
        *(float4*)&cosine[i] = *(const float4*)&cosines[position * HEAD_DIM + d + i];
        *(float4*)&sine[i] = *(const float4*)&sines[position * HEAD_DIM + d + i];
    }
    if (d < HEAD_DIM / 2)
#pragma unroll
        for (int i = 0; i < 8; i++) sine[i] = -sine[i];
#endif
    const i64 own = unit(table[position / PAGE]) + position % PAGE * HEAD_DIM + d;
    wait_for_previous();

    const bf16* of_head = qkv + i64(row) * 3 * width + head * HEAD_DIM + d;
    const uint4 new_query = *(const uint4*)of_head;
    uint4 own_key, own_value;
    if (warp == 0) {
        own_key = *(const uint4*)(of_head + width);
        own_value = *(const uint4*)(of_head + 2 * width);
    }
    auto rotate = [&](uint4 given, float* turned) {
        unpack(given, turned);
#if ROTARY
#pragma unroll
        for (int i = 0; i < 8; i++) {
            const float opposite = __shfl_xor_sync(~0u, turned[i], 4);
            turned[i] = turned[i] * cosine[i] + opposite * sine[i];
        }
#endif
    };
    float query[8];
    if (warp == 0) {
        rotate(own_key, query);
        own_key = make_uint4(pack<bf16>(query[0], query[1]), pack<bf16>(query[2], query[3]),
                             pack<bf16>(query[4], query[5]), pack<bf16>(query[6], query[7]));
        if (fed >= 0 && group == 0) {
            *(uint4*)(keys + own) = own_key;
            *(uint4*)(values + own) = own_value;
        }
    }
    rotate(new_query, query);
#pragma unroll
    for (int i = 0; i < 8; i++) query[i] *= factor;
    auto part_of = [&](uint4 stored) {
        float key[8], part = 0;
        unpack(stored, key);
#pragma unroll
        for (int j = 0; j < 8; j++) part += query[j] * key[j];
        return part;
    };

    float most = NOTHING, total = 0, mixed[8] = {};
    int turn = 0;
#pragma unroll 1
    for (int page = warp; page < pages; page += WARPS, turn++) {
        wait_for(&there[warp], turn % 2);
        const char* from = its_page + group * VECTOR + d * 2;
        const int left = position - page * PAGE - group;  // of this lane's, every fourth
        float score[TURNS], higher = most;
#pragma unroll
        for (int i = 0; i < TURNS; i++) score[i] = part_of(*(const uint4*)(from + i * 4 * VECTOR));
#pragma unroll
        for (int step = 1; step < 8; step <<= 1)
#pragma unroll
            for (int i = 0; i < TURNS; i++) score[i] += __shfl_xor_sync(~0u, score[i], step);
#pragma unroll
        for (int i = 0; i < TURNS; i++) {
            if (4 * i >= left) score[i] = NOTHING;
            higher = fmaxf(higher, score[i]);
        }
        const float still = __expf(most - higher);
        total *= still;
#pragma unroll
        for (int j = 0; j < 8; j++) mixed[j] *= still;
#pragma unroll
        for (int i = 0; i < TURNS; i++) {
            uint4 its = *(const uint4*)(from + PAGE_BYTES + i * 4 * VECTOR);
            if (4 * i >= left) its = make_uint4(0, 0, 0, 0);  // whatever lies there
            const float weight = score[i] == NOTHING ? 0.f : __expf(score[i] - higher);
            float value[8];
            unpack(its, value);
            total += weight;
#pragma unroll
            for (int j = 0; j < 8; j++) mixed[j] += weight * value[j];
        }
        most = higher;
        __syncwarp();
        ask(turn + 1);
    }

    if (warp == 0) {
        // The new position's own key and value: attended to as they are stored.
        float value[8], score = part_of(own_key);
        unpack(own_value, value);
#pragma unroll
        for (int step = 1; step < 8; step <<= 1) score += __shfl_xor_sync(~0u, score, step);
        if (group == 0) {
            const float higher = fmaxf(most, score), still = __expf(most - higher);
            const float weight = __expf(score - higher);
            total = total * still + weight;
#pragma unroll
            for (int j = 0; j < 8; j++) mixed[j] = mixed[j] * still + weight * value[j];
            most = higher;
        }
    }

#pragma unroll
    for (int step = 8; step < 32; step <<= 1) {
        const float other = __shfl_xor_sync(~0u, most, step), higher = fmaxf(most, other);
        const float mine = __expf(most - higher), its = __expf(other - higher);
        total = total * mine + __shfl_xor_sync(~0u, total, step) * its;
#pragma unroll
        for (int j = 0; j < 8; j++)
            mixed[j] = mixed[j] * mine + __shfl_xor_sync(~0u, mixed[j], step) * its;
        most = higher;
    }
    if (group == 0) {
#pragma unroll
        for (int j = 0; j < 8; j++) mixed_by[warp][d + j] = mixed[j];
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
        out[i64(row) * width + head * HEAD_DIM + threadIdx.x] = from_float<bf16>(value / sum);
    }
}
#endif
