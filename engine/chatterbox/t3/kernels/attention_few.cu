// Attention of one new position for few rows, which begins before all queries are there.
//
// Compiled with TYPE, half precision of queries, keys and values; CACHE, what keys and values are kept
// in; PAGE, positions of a page; ROTARY, whether positions are turned into queries and keys; and for few
// and some rows the WARPS of a block, and TILES, how many times eight positions each reads at once.
//
// As `attention.cu` but for two things. A block waits for its head's query, key and value alone, by
// looking whether they are there: a word half of which has all bits set is one that nobody has written,
// since no rounding makes such a number. Who has read them leaves all bits set again. And scores are
// products of tensor cores, which takes half of the instructions.
//
// Long, because it is one function: registers and their order pass through all parts of it.
#include "heads.cuh"

// What another block may be writing now.
__device__ __forceinline__ uint4 read_anew(const void* from) {
    uint4 v;
    asm volatile("ld.relaxed.gpu.global.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from)
                 : "memory");
    return v;
}
__device__ __forceinline__ bool is_missing(u32 word) {
    return (~word - 0x00010001u) & word & 0x80008000u;  // a half of `~word` is zero
}
__device__ __forceinline__ bool is_missing(uint4 v) {
    return is_missing(v.x) | is_missing(v.y) | is_missing(v.z) | is_missing(v.w);
}

// The grid is (heads, rows); `qkv` is (rows, 3, heads, HEAD_DIM), `keys` and `values` (pages, heads,
// PAGE, HEAD_DIM), `out` (rows, heads, HEAD_DIM). Of eight bits, PAGE scales follow the vectors of a
// head's page.
//
// With g = lane / 4 and t = lane % 4 a lane has the key of position g of eight, of each 32 dimensions
// eight from 8 t on; the first of two columns of products is with what half precision keeps of the
// query, the second with the rest. Of eight bits it has sixteen of all, and the query is whole numbers
// of sixteen bits. Of values a lane has sixteen bytes in a row.
template <class T, class C, int WARPS, int TILES>
__device__ __forceinline__ void attend(
    T* qkv, C* keys, C* values, const float* cosines, const float* sines, const int* positions,
    const int* tables, T* out, int table_width, float factor) {
    constexpr bool SCALED = is_eight_bits<C>::value;
    constexpr int PER_LANE = 16 / sizeof(C);          // dimensions
    constexpr int GIVEN = PER_LANE * sizeof(T) / 16;  // pieces of sixteen bytes that these come in
    constexpr int LANES = HEAD_DIM / PER_LANE, GROUPS = 32 / LANES, PIECES = 8 / GROUPS;
    constexpr int UNIT = PAGE * (HEAD_DIM + (SCALED ? 4 : 0));  // of a head's page
    constexpr int OWN = 1;  // the warp that has the new position's key and value; the first has its query
    __shared__ float mixed_by[WARPS][HEAD_DIM + 2];  // two more, for memory's banks
    __shared__ float most_by[WARPS], total_by[WARPS], query_unit[1];
    __shared__ uint4 query_parts[2][LANES];
    const int head = blockIdx.x, row = blockIdx.y, heads = gridDim.x, width = heads * HEAD_DIM;
    const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, g = lane >> 2, t = lane & 3;
    const int group = lane / LANES, d = lane % LANES * PER_LANE;
    const T kind{};
    const C kept{};

    start_next();
    const int fed = positions[row];
    const int* table = tables + i64(row) * table_width;
    // Eight positions are of one page, whose number is asked for before `fed` is known.
    auto first_of = [&](int turn, int tile) { return ((turn * TILES + tile) * WARPS + warp) * 8; };
    auto unit_of = [&](int p) {
        const int page = p / PAGE < table_width ? __ldg(table + p / PAGE) : 0;
        return (i64(page) * heads + head) * UNIT;
    };
    auto scale_at = [&](C* cache, i64 unit, int p) {
        return (float*)(cache + unit + PAGE * HEAD_DIM) + p % PAGE;
    };
    i64 units[TILES];
    auto find = [&](int turn) {
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) units[tile] = unit_of(first_of(turn, tile));
    };
    find(0);
    const int position = max(fed, 0);  // as many were stored earlier
    uint4 k[TILES][PIECES], v[TILES][PIECES];
    float k_scale[TILES], v_scale[TILES];  // unused, and in no register, unless SCALED
    auto read = [&](int turn) {
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            const int first = first_of(turn, tile), left = position - first;
            const i64 at = units[tile] + first % PAGE * HEAD_DIM;
            if (SCALED) k_scale[tile] = v_scale[tile] = 0;
#pragma unroll
            for (int i = 0; i < PIECES; i++) {
                k[tile][i] = v[tile][i] = make_uint4(0, 0, 0, 0);
                if (g < left)
                    k[tile][i] = read_once(keys + at + g * HEAD_DIM + t * PER_LANE + 32 * i);
                if (i * GROUPS + group < left)
                    v[tile][i] = read_once(values + at + (i * GROUPS + group) * HEAD_DIM + d);
            }
            if (SCALED && g < left) {
                k_scale[tile] = __ldg(scale_at(keys, units[tile], first + g));
                v_scale[tile] = __ldg(scale_at(values, units[tile], first + g));
            }
        }
    };
    read(0);

    uint4 own_key, own_value;
    float own_key_scale, own_value_scale;
    if (warp <= OWN) {
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
        const i64 own_unit = unit_of(position), own = own_unit + position % PAGE * HEAD_DIM + d;
        float vector[PER_LANE];
        // This head's query, key or value.
        auto await = [&](int which) {
            T* at = qkv + (i64(row) * 3 + which) * width + head * HEAD_DIM + d;
            uint4 pieces[GIVEN];
            bool missing;
            do {
                missing = false;
#pragma unroll
                for (int i = 0; i < GIVEN; i++) {
                    pieces[i] = read_anew((const uint4*)at + i);
                    missing |= is_missing(pieces[i]);
                }
            } while (__any_sync(~0u, missing));
#pragma unroll
            for (int i = 0; i < GIVEN; i++) {
                if (group == 0) ((uint4*)at)[i] = make_uint4(~0u, ~0u, ~0u, ~0u);
                unpack(pieces[i], vector + i * (16 / int(sizeof(T))), kind);
            }
        };
        auto turn = [&]() {
#if ROTARY
#pragma unroll
            for (int i = 0; i < PER_LANE; i++) {
                const float opposite = __shfl_xor_sync(~0u, vector[i], LANES / 2);
                vector[i] = vector[i] * cosine[i] + opposite * sine[i];
            }
#endif
        };
        auto most_of = [&]() {
            float most = LEAST;
#pragma unroll
            for (int i = 0; i < PER_LANE; i++) most = fmaxf(most, fabsf(vector[i]));
#pragma unroll
            for (int step = 1; step < LANES; step <<= 1)
                most = fmaxf(most, __shfl_xor_sync(~0u, most, step));
            return most;
        };
        auto in_sixteen_bits = [&](float by, uint4& upper_bytes, uint4& lower_bytes) {
            sixteen_bits(vector, by, upper_bytes.x, lower_bytes.x);
            sixteen_bits(vector + 4, by, upper_bytes.y, lower_bytes.y);
            sixteen_bits(vector + 8, by, upper_bytes.z, lower_bytes.z);
            sixteen_bits(vector + 12, by, upper_bytes.w, lower_bytes.w);
        };
        // The vector as it is kept in the cache, and will be read; `fed` has a place for it.
        auto keep = [&](C* cache, float& scale) {
            uint4 stored, upper_bytes;
            if constexpr (SCALED) {
                const float most = most_of();
                scale = most * (1 / MOST);
                in_sixteen_bits(__fdividef(MOST, most), upper_bytes, stored);
                if (fed >= 0 && lane == 0) *scale_at(cache, own_unit, position) = scale;
            } else {
                stored = repack(vector, kind);
            }
            if (fed >= 0 && group == 0) *(uint4*)(cache + own) = stored;
            return stored;
        };
        if (warp == OWN) {
            await(1), turn();
            own_key = keep(keys, own_key_scale);
            await(2);
            own_value = keep(values, own_value_scale);
        } else {
            await(0), turn();
#pragma unroll
            for (int i = 0; i < PER_LANE; i++) vector[i] *= factor;
            uint4 part, rest;
            if constexpr (SCALED) {
                const float most = most_of();
                in_sixteen_bits(__fdividef(MOST_OF_SIXTEEN, most), part, rest);
                if (lane == 0) query_unit[0] = most * (1 / MOST_OF_SIXTEEN);
            } else {
                float rounded[PER_LANE];
                part = repack(vector, kind);
                unpack(part, rounded, kind);
#pragma unroll
                for (int i = 0; i < PER_LANE; i++) vector[i] -= rounded[i];
                rest = repack(vector, kind);
            }
            if (group < 2) query_parts[group][lane % LANES] = group == 0 ? part : rest;
        }
    }
    __syncthreads();

    const uint4 query = query_parts[SCALED ? 0 : g & 1][t];
    const uint4 other = query_parts[SCALED ? 1 : g & 1][SCALED ? t : t + 4];
    const float unit = SCALED ? query_unit[0] : 1.f;
    float most = NOTHING, total = 0, mixed[PER_LANE] = {};
    auto mix = [&](uint4 stored, float share) {
        float value[PER_LANE];
        unpack(stored, value, kept);
#pragma unroll
        for (int j = 0; j < PER_LANE; j++) mixed[j] += share * value[j];
    };
    for (int turn = 0; turn == 0 || turn * WARPS * TILES * 8 < position; turn++) {
        if (turn > 0) find(turn), read(turn);
        float score[TILES + TILES % 2];
#pragma unroll
        for (int tile = 0; tile < TILES; tile += 2) {
            const bool paired = tile + 1 < TILES;
            const int next = paired ? tile + 1 : tile;  // of which the last one is given twice
            const uint4 a = k[tile][0], b = k[next][0];
            if constexpr (SCALED) {
                int above[4] = {}, below[4] = {};
                mma_signed(above, a.x, b.x, a.y, b.y, query.x, query.y);
                mma_lower_right(below, a.x, b.x, a.y, b.y, other.x, other.y);
                mma_signed(above, a.z, b.z, a.w, b.w, query.z, query.w);
                mma_lower_right(below, a.z, b.z, a.w, b.w, other.z, other.w);
                score[tile] = float(above[0] * 256 + below[0]) * unit * k_scale[tile];
                score[tile + 1] = float(above[2] * 256 + below[2]) * unit * k_scale[next];
            } else {
                const uint4 c = k[tile][PIECES - 1], e = k[next][PIECES - 1];
                float sums[4] = {}, more[4] = {};
                mma<T>(sums, a.x, b.x, a.y, b.y, query.x, query.y);
                mma<T>(more, c.x, e.x, c.y, e.y, other.x, other.y);
                mma<T>(sums, a.z, b.z, a.w, b.w, query.z, query.w);
                mma<T>(more, c.z, e.z, c.w, e.w, other.z, other.w);
                score[tile] = (sums[0] + more[0]) + (sums[1] + more[1]);
                score[tile + 1] = (sums[2] + more[2]) + (sums[3] + more[3]);
            }
        }
        float higher = most;
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            if (first_of(turn, tile) + g >= position) score[tile] = NOTHING;
            higher = fmaxf(higher, score[tile]);
        }
#pragma unroll
        for (int step = 4; step < 32; step <<= 1)
            higher = fmaxf(higher, __shfl_xor_sync(~0u, higher, step));
        if (turn > 0) {
            const float still = __expf(most - higher);
            total *= still;
#pragma unroll
            for (int j = 0; j < PER_LANE; j++) mixed[j] *= still;
        }
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            const float weight = score[tile] == NOTHING ? 0.f : __expf(score[tile] - higher);
            total += weight;
            if constexpr (SCALED)
                mix(v[tile][0], weight * v_scale[tile]);
            else
#pragma unroll
                for (int i = 0; i < PIECES; i++)
                    mix(v[tile][i], __shfl_sync(~0u, weight, (i * GROUPS + group) * 4));
        }
        most = higher;
    }

    if (warp == OWN) {
        // The new position's own key and value: attended to as they are stored.
        float score = 0;
        const uint4 part = query_parts[0][lane % LANES], rest = query_parts[1][lane % LANES];
        if constexpr (SCALED) {
            const u32 words[] = {own_key.x, own_key.y, own_key.z, own_key.w};
            const u32 above[] = {part.x, part.y, part.z, part.w};
            const u32 below[] = {rest.x, rest.y, rest.z, rest.w};
            int upper_sum = 0, lower_sum = 0;
#pragma unroll
            for (int j = 0; j < 4; j++) {
                upper_sum = dot_signed(words[j], above[j], upper_sum);
                lower_sum = dot_lower(words[j], below[j], lower_sum);
            }
            score = upper_sum * 256 + lower_sum;
        } else {
            float key[PER_LANE], rounded[PER_LANE], left[PER_LANE];
            unpack(own_key, key, kept);
            unpack(part, rounded, kind), unpack(rest, left, kind);
#pragma unroll
            for (int j = 0; j < PER_LANE; j++) score += key[j] * (rounded[j] + left[j]);
        }
#pragma unroll
        for (int step = 1; step < LANES; step <<= 1) score += __shfl_xor_sync(~0u, score, step);
        if (SCALED) score *= unit * own_key_scale;
        const float higher = fmaxf(most, score), still = __expf(most - higher);
        const float weight = __expf(score - higher);
        total = total * still + (g == 0 ? weight : 0.f);
#pragma unroll
        for (int j = 0; j < PER_LANE; j++) mixed[j] *= still;
        mix(own_value, group > 0 ? 0.f : SCALED ? weight * own_value_scale : weight);
        most = higher;
    }

#pragma unroll
    for (int step = 4; step < 32; step <<= 1) total += __shfl_xor_sync(~0u, total, step);
    // Of two lanes one goes on with the former half of their dimensions, one with the latter.
    int place = d;
#pragma unroll
    for (int step = 16, left = PER_LANE / 2; step >= LANES; step >>= 1, left >>= 1) {
        const bool latter = lane & step;
        place += latter ? left : 0;
#pragma unroll
        for (int j = 0; j < left; j++) {
            const float given = latter ? mixed[j] : mixed[j + left];
            mixed[j] = (latter ? mixed[j + left] : mixed[j]) + __shfl_xor_sync(~0u, given, step);
        }
    }
    // Of 64 dimensions in 32 lanes each has two now.
    mixed_by[warp][place] = mixed[0], mixed_by[warp][place + 1] = mixed[1];
    if (lane == 0) most_by[warp] = most, total_by[warp] = total;
    __syncthreads();
    // Of each dimension four lanes have a quarter of the warps each.
    if (warp < HEAD_DIM / 8) {
        constexpr int EACH = WARPS / 4;
        static_assert(WARPS % 4 == 0 && WARPS * 8 >= HEAD_DIM, "there are lanes for all dimensions");
        const int its = warp * 8 + g, from = t * EACH;
        float highest = NOTHING, sum = 0, value = 0;
#pragma unroll
        for (int w = 0; w < EACH; w++) highest = fmaxf(highest, most_by[from + w]);
        highest = fmaxf(highest, __shfl_xor_sync(~0u, highest, 1));
        highest = fmaxf(highest, __shfl_xor_sync(~0u, highest, 2));
#pragma unroll
        for (int w = 0; w < EACH; w++) {
            const float share = __expf(most_by[from + w] - highest);
            sum += share * total_by[from + w];
            value += share * mixed_by[from + w][its];
        }
#pragma unroll
        for (int step = 1; step < 4; step <<= 1) {
            sum += __shfl_xor_sync(~0u, sum, step);
            value += __shfl_xor_sync(~0u, value, step);
        }
        if (t == 0)
            out[i64(row) * width + head * HEAD_DIM + its] = from_float<T>(__fdividef(value, sum));
    }
    wait_for_previous();  // what follows waits for this kernel alone, and needs all before it
}

#define ATTEND(NAME, WARPS, TILES)                                                              \
    extern "C" __global__ void __launch_bounds__(32 * WARPS, 1) NAME(                           \
        TYPE* qkv, CACHE* keys, CACHE* values, const float* cosines, const float* sines,        \
        const int* positions, const int* tables, TYPE* out, int table_width, float factor) {    \
        attend<TYPE, CACHE, WARPS, TILES>(qkv, keys, values, cosines, sines, positions, tables, \
                                          out, table_width, factor);                            \
    }

ATTEND(attend_few, FEW_WARPS, FEW_TILES)
ATTEND(attend_some, SOME_WARPS, SOME_TILES)
