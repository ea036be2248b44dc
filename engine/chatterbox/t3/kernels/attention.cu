// Attention of one new position per row to its pages.
//
// Compiled with TYPE, that of queries, keys and values; CACHE, what keys and values are kept in; PAGE,
// positions of a page; ROTARY, whether positions are turned into queries and keys; and for few, some
// and many rows the WARPS of a block, and AHEAD, how often each reads before it begins.
//
// A block takes one head of one row. It reads only positions that are used, and begins with earlier
// ones before the kernel that makes the new position's query, key and value has ended.
#include "heads.cuh"

// The sixteen whole numbers that are nearest to `v` times `factor`, no larger than 127.
__device__ __forceinline__ uint4 nearest(const float* v, float factor) {
    u32 words[4], upper;
#pragma unroll
    for (int i = 0; i < 4; i++) sixteen_bits(v + 4 * i, factor, upper, words[i]);
    return make_uint4(words[0], words[1], words[2], words[3]);
}

// Rotates if ROTARY, stores and attends. The grid is (heads, rows); `qkv` is (rows, 3, heads,
// HEAD_DIM), `keys` and `values` (pages, heads, PAGE, HEAD_DIM), `out` (rows, heads, HEAD_DIM).
// Of eight bits, PAGE scales follow the vectors of a head's page.
// AHEAD times GROUPS positions of a warp are read at once.
template <class T, class C, int WARPS, int AHEAD>
__device__ __forceinline__ void attend(
    const T* qkv, C* keys, C* values, const float* cosines, const float* sines,
    const int* positions, const int* tables, T* out, int table_width, float factor) {
    constexpr bool SCALED = is_eight_bits<C>::value;
    constexpr int PER_LANE = 16 / sizeof(C);             // dimensions
    constexpr int GIVEN = PER_LANE * sizeof(T) / 16;     // pieces of sixteen bytes that these come in
    constexpr int UNIT = PAGE * (HEAD_DIM + (SCALED ? 4 : 0));  // of a head's page
    constexpr int LANES = HEAD_DIM / PER_LANE, GROUPS = 32 / LANES;
    __shared__ float mixed_by[WARPS][HEAD_DIM];
    __shared__ float most_by[WARPS], total_by[WARPS];
    const int head = blockIdx.x, row = blockIdx.y, heads = gridDim.x, width = heads * HEAD_DIM;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    const int group = lane / LANES, d = lane % LANES * PER_LANE;
    const T kind{};
    const C kept{};

    start_next();
    const int fed = positions[row];
    const int position = max(fed, 0);  // as many were stored earlier
    const int* table = tables + i64(row) * table_width;
    auto unit = [&](int p) { return (i64(table[p / PAGE]) * heads + head) * UNIT; };
    auto scale_at = [&](C* cache, i64 unit, int p) {
        return (float*)(cache + unit + PAGE * HEAD_DIM) + p % PAGE;
    };
    int pages[AHEAD];  // of what is read first, asked for before it is known how much that is
#pragma unroll
    for (int i = 0; i < AHEAD; i++) {
        const int page = ((i * WARPS + warp) * GROUPS + group) / PAGE;
        pages[i] = page < table_width ? __ldg(table + page) : 0;
    }
    uint4 k[AHEAD], v[AHEAD];
    float k_scale[AHEAD], v_scale[AHEAD];  // unused, and in no register, unless SCALED
    auto read = [&](int turn, bool first) {
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            const int p = ((turn + i) * WARPS + warp) * GROUPS + group;
            k[i] = v[i] = make_uint4(0, 0, 0, 0);
            if (SCALED) k_scale[i] = v_scale[i] = 0;
            if (p < position) {
                const i64 its = first ? (i64(pages[i]) * heads + head) * UNIT : unit(p);
                const i64 at = its + p % PAGE * HEAD_DIM + d;
                k[i] = read_once(keys + at);
                v[i] = read_once(values + at);
                if (SCALED) k_scale[i] = __ldg(scale_at(keys, its, p));
                if (SCALED) v_scale[i] = __ldg(scale_at(values, its, p));
            }
        }
    };
    read(0, true);
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
    const i64 own_unit = unit(position), own = own_unit + position % PAGE * HEAD_DIM + d;
    wait_for_previous();

    const T* of_head = qkv + i64(row) * 3 * width + head * HEAD_DIM + d;
    uint4 new_query[GIVEN], new_key[GIVEN], new_value[GIVEN];
#pragma unroll
    for (int i = 0; i < GIVEN; i++) {
        new_query[i] = ((const uint4*)of_head)[i];
        if (warp == 0) {
            new_key[i] = ((const uint4*)(of_head + width))[i];
            new_value[i] = ((const uint4*)(of_head + 2 * width))[i];
        }
    }
    auto given = [&](const uint4* pieces, float* to) {
#pragma unroll
        for (int i = 0; i < GIVEN; i++) unpack(pieces[i], to + i * (16 / int(sizeof(T))), kind);
    };
    auto rotate = [&](const uint4* pieces, float* turned) {
        given(pieces, turned);
#if ROTARY
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) {
            const float opposite = __shfl_xor_sync(~0u, turned[i], LANES / 2);
            turned[i] = turned[i] * cosine[i] + opposite * sine[i];
        }
#endif
    };
    // Of a vector that LANES lanes have.
    auto most_of = [](const float* vector) {
        float most = LEAST;
#pragma unroll
        for (int i = 0; i < PER_LANE; i++) most = fmaxf(most, fabsf(vector[i]));
#pragma unroll
        for (int step = 1; step < LANES; step <<= 1)
            most = fmaxf(most, __shfl_xor_sync(~0u, most, step));
        return most;
    };
    // A vector as it is kept in the cache, and will be read; `fed` has a place for it.
    auto keep = [&](const float* vector, C* cache, float& scale) {
        uint4 stored;
        if constexpr (SCALED) {
            const float most = most_of(vector);
            scale = most * (1 / MOST);
            stored = nearest(vector, __fdividef(MOST, most));
            if (fed >= 0 && lane == 0) *scale_at(cache, own_unit, position) = scale;
        } else {
            stored = repack(vector, kept);
        }
        if (fed >= 0 && group == 0) *(uint4*)(cache + own) = stored;
        return stored;
    };
    uint4 own_key, own_value;
    float own_key_scale, own_value_scale;
    if (warp == 0) {
        float vector[PER_LANE];
        rotate(new_key, vector);
        own_key = keep(vector, keys, own_key_scale);
        given(new_value, vector);
        own_value = keep(vector, values, own_value_scale);
    }
    float query[PER_LANE];
    rotate(new_query, query);
#pragma unroll
    for (int i = 0; i < PER_LANE; i++) query[i] *= factor;
    u32 above[4], below[4];  // the query in whole numbers of sixteen bits, where keys are such
    float whole;
    if constexpr (SCALED) {
        const float most = most_of(query), by = __fdividef(MOST_OF_SIXTEEN, most);
        whole = most * (1 / MOST_OF_SIXTEEN);
#pragma unroll
        for (int i = 0; i < 4; i++) sixteen_bits(query + 4 * i, by, above[i], below[i]);
    }
    // A lane's part of a product with the query; of whole numbers, where keys are such.
    auto part_of = [&](uint4 stored) -> float {
        if constexpr (SCALED) {
            const u32 words[] = {stored.x, stored.y, stored.z, stored.w};
            int upper = 0, lower = 0;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                upper = dot_signed(words[j], above[j], upper);
                lower = dot_lower(words[j], below[j], lower);
            }
            return upper * 256 + lower;
        } else {
            float key[PER_LANE], part = 0;
            unpack(stored, key, kept);
#pragma unroll
            for (int j = 0; j < PER_LANE; j++) part += query[j] * key[j];
            return part;
        }
    };

    float most = NOTHING, total = 0, mixed[PER_LANE] = {};
    for (int turn = 0; turn == 0 || turn * WARPS * GROUPS < position; turn += AHEAD) {
        if (turn > 0) read(turn, false);
        float score[AHEAD];
        float higher = most;
#pragma unroll
        for (int i = 0; i < AHEAD; i++) score[i] = part_of(k[i]);
#pragma unroll
        for (int step = 1; step < LANES; step <<= 1)
#pragma unroll
            for (int i = 0; i < AHEAD; i++) score[i] += __shfl_xor_sync(~0u, score[i], step);
#pragma unroll
        for (int i = 0; i < AHEAD; i++) {
            if (SCALED) score[i] *= whole * k_scale[i];
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
            unpack(v[i], value, kept);
            total += weight;
            const float share = SCALED ? weight * v_scale[i] : weight;
#pragma unroll
            for (int j = 0; j < PER_LANE; j++) mixed[j] += share * value[j];
        }
        most = higher;
    }

    if (warp == 0) {
        // The new position's own key and value: attended to as they are stored.
        float value[PER_LANE], score = part_of(own_key);
        unpack(own_value, value, kept);
#pragma unroll
        for (int step = 1; step < LANES; step <<= 1) score += __shfl_xor_sync(~0u, score, step);
        if (SCALED) score *= whole * own_key_scale;
        if (group == 0) {
            const float higher = fmaxf(most, score), still = __expf(most - higher);
            const float weight = __expf(score - higher);
            const float share = SCALED ? weight * own_value_scale : weight;
            total = total * still + weight;
#pragma unroll
            for (int j = 0; j < PER_LANE; j++) mixed[j] = mixed[j] * still + share * value[j];
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

// Two blocks of eight bits share a multiprocessor's registers if few warps are in them.
#define ATTEND(NAME, WARPS, AHEAD)                                                              \
    extern "C" __global__ void __launch_bounds__(                                               \
        32 * WARPS, is_eight_bits<CACHE>::value && WARPS < 16 ? 16 / WARPS : 1) NAME(           \
        const TYPE* qkv, CACHE* keys, CACHE* values, const float* cosines, const float* sines,  \
        const int* positions, const int* tables, TYPE* out, int table_width, float factor) {    \
        attend<TYPE, CACHE, WARPS, AHEAD>(qkv, keys, values, cosines, sines, positions, tables, \
                                          out, table_width, factor);                            \
    }

ATTEND(attend_few, FEW_WARPS, FEW_AHEAD)
ATTEND(attend_some, SOME_WARPS, SOME_AHEAD)
ATTEND(attend_many, MANY_WARPS, MANY_AHEAD)
