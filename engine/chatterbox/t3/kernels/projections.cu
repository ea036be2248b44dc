// Products of weight matrices with a few rows, which a decode step spends its time on.
//
// Compiled with HALF, the vectors' type; STORED, the weights' type in the layers; HIDDEN and FFN, the
// network's widths; GPT2, whether it is one, with a bias on every product and no gate; DOWN_WARPS, of a
// block of the longer rows; for each kernel its TILES, how many times eight matrix rows one block
// takes, and for how many BLOCKS of a multiprocessor there are to be registers; and IS_ROUNDED,
// whether the layers read the residual stream in HALF. The number in a kernel's name is how many
// rows it takes.
//
// A block takes some rows of a matrix, whole, and asks for them before the kernel that makes the
// vectors has ended: as much as fits of the next kernels is on its way while this one waits. Its
// warps share the length between them. A lane keeps the sixteen bytes that it alone multiplies, so
// that nothing but its own copies is waited for. Sums are in fp32, and in the same order each time.
//
// Of a block of 32 columns lane 4 g + t has eight in a row, from 8 t on, of matrix row g and of
// vector g. What tensor cores take for columns 2t, 2t + 1, 2t + 8, 2t + 9 are these, twice: it is
// the same order on both sides, and a sum does not mind. Of eight bits each a lane has sixteen of 64.
// Its warp's part of a vector becomes whole numbers then, and sums are exact but for one rounding.
//
// Long, because a product is one function: registers and their order pass through all parts of it.
#include "eight_bits.cuh"

constexpr float EPSILON = 1e-5f;

// Where blocks begin early they ask for 16 KB of a matrix at a time, and for no more than 32 KB at
// once: what the kernels before read meanwhile would wait behind all of it.
constexpr bool FEW_COPIES = STARTS_EARLY;

enum End {
    STORE,      // out (rows, columns) = sums
    STORE_FULL, // the same in fp32
    GATE,       // out (rows, columns) = silu(gate) * up, of 2 * columns matrix rows
    GELU,       // out (rows, columns) = GPT-2's gelu of the sums
    ADD,        // out (rows, columns) fp32 += sums
};

template <class T> struct is_fp16 { static constexpr bool value = false; };
template <> struct is_fp16<fp16> { static constexpr bool value = true; };

__device__ __forceinline__ float silu(float v) { return v / (1.f + __expf(-v)); }
// `gelu_new`: 0.5 * (1 + tanh(u)) is 1 / (1 + exp(-2 * u)).
__device__ __forceinline__ float gelu(float v) {
    return v / (1.f + __expf(-1.5957691216f * (v + 0.044715f * v * v * v)));
}

// Eight values of half precision in fp32.
template <class T> __device__ __forceinline__ void unpack8(uint4 v, float* to) {
    to[0] = lower<T>(v.x), to[1] = upper<T>(v.x), to[2] = lower<T>(v.y), to[3] = upper<T>(v.y);
    to[4] = lower<T>(v.z), to[5] = upper<T>(v.z), to[6] = lower<T>(v.w), to[7] = upper<T>(v.w);
}

// For attention, which may be looking whether it is there.
template <class T> __device__ __forceinline__ void store(T* to, T value) {
    asm volatile("st.relaxed.gpu.global.u16 [%0], %1;" ::"l"(to), "h"(value.bits) : "memory");
}

enum From {
    PLAIN,    // T
    NORMED,   // fp32, to be normed
    ROUNDED,  // T, to be normed
};

// `vectors` are (rows, WIDTH), at most ROWS of them.
// `scales` are those of the matrix rows, read if W has eight bits. `bias` is (columns,), and read if
// BIASED. `rounded` (rows, columns) becomes what ADD makes in T, and `told` (rows, columns / 8) the sums
// of its squares by eight columns, which the norm of few ROUNDED rows reads. A `late` kernel lets the
// next one start only once those before it have ended.
template <class T, class W, int WIDTH, int WARPS, int TILES, int ROWS, From FROM, End END,
          bool BIASED>
__device__ __forceinline__ void product(
    const void* vectors, const W* weight, const float* scales, const T* bias, void* out, T* rounded,
    float* told, int rows, int columns, bool late) {
    constexpr bool SCALED = is_eight_bits<W>::value, WIDE = ROWS > 8;
    constexpr int HALVES = SCALED ? 2 : 1;  // of sixteen bytes, with eight columns each
    constexpr int PIECES = WIDTH / 32 / HALVES / WARPS, PAIRS = (TILES + 1) / 2;
    constexpr int THREADS = 32 * WARPS, CHUNKS = PIECES * HALVES;
    constexpr int SETS = WIDE ? 2 : 1;          // of eight rows
    constexpr int SUMS = WIDE ? TILES : PAIRS;  // 16 x 8 products
    // Of products that do not wait for one another: as many as there are registers for.
    constexpr int CHAINS = SUMS == 1 && !WIDE ? 4 : SUMS > 4 ? 1 : 2;
    // In fp16 the residual stream might be too large for its type: it is normed beforehand.
    constexpr bool SCALE_FIRST = FROM == NORMED && is_fp16<T>::value && !SCALED;
    constexpr int GROUP = 1024 / THREADS;  // copies of a thread
    // Few vectors become whole numbers by all lanes of a warp, who exchange them. A pass takes some
    // rows, of which each has so many lanes.
    constexpr bool EXCHANGED = SCALED && ROWS <= 4 && FROM != NORMED;
    constexpr int LANES = 4 * CHUNKS, PASS = 32 / LANES;
    static_assert(!EXCHANGED || 32 % LANES == 0, "a pass takes whole rows");
    constexpr bool TOLD = IS_ROUNDED && !WIDE && !SCALED;  // squares, by who adds to who norms
    static_assert(!TOLD || ROWS <= WARPS, "a warp adds up the squares of a row");
    static_assert(!TOLD || FROM != ROUNDED || WIDTH == 1024, "of which a lane has four");
    static_assert(CHUNKS * 32 * WARPS == WIDTH, "the length is shared evenly");
    static_assert(END != GATE || TILES % 2 == 0, "every gate needs its up");
    static_assert(END != ADD || TILES == 1, "one warp adds");
    static_assert(!(BIASED || SCALED) || PAIRS <= WARPS, "a warp has what one pair needs");

    // (TILES * PIECES, THREADS), then (SUMS, THREADS); and behind them what is EXCHANGED.
    extern __shared__ uint4 kept[];
    __shared__ float squares[WARPS][8 * SETS];
    const int tid = threadIdx.x, warp = tid >> 5, lane = tid & 31, g = lane >> 2, t = lane & 3;
    const int begin = warp * CHUNKS * 32 + t * 8 * HALVES;
    const int first = blockIdx.x * (END == GATE ? 4 * TILES : 8 * TILES);

    if (!late) start_next();
    const W* from[TILES];
#pragma unroll
    for (int tile = 0; tile < TILES; tile++) {
        int row = first + tile * 8 + g;
        if (END == GATE) row = first + (tile >> 1) * 8 + g + (tile & 1) * columns;
        if (END == STORE_FULL) row = min(row, columns - 1);  // read and not stored
        from[tile] = weight + i64(row) * WIDTH + begin;
    }
#if HAS_ASYNC_COPY
#pragma unroll
    for (int i = 0; i < TILES * PIECES; i++) {
        copy16(&kept[i * THREADS + tid], from[i / PIECES] + i % PIECES * 32 * HALVES);
        if (FEW_COPIES && i % GROUP == GROUP - 1) end_copies<1>();
    }
#endif
    // Where a chunk of eight columns begins among a lane's own.
    auto chunk = [](int c) { return c / HALVES * 32 * HALVES + c % HALVES * 8; };
    // Of this lane's places in the pair of tiles that its warp will end.
    float shift[2][SETS] = {}, factor[2][SETS];
    if ((BIASED || SCALED) && warp < PAIRS)
#pragma unroll
        for (int i = 0; i < 2 * SETS; i++) {
            const int place = WIDE ? 2 * t + (i >> 1) : g;
            int column = first + warp * 16 + (i & 1) * 8 + place;
            if (BIASED) shift[i & 1][i >> 1] = to_float(bias[min(column, columns - 1)]);
            if (END == GATE) column = first + warp * 8 + place + (i & 1) * columns;
            if (TILES == 1) column = first + place;
            column = min(column, (END == GATE ? 2 : 1) * columns - 1);
            if (SCALED) factor[i & 1][i >> 1] = scales[column];
        }
    // What there are registers for, so that less is read from shared memory behind the wait.
    constexpr int HELD = HAS_ASYNC_COPY && END == GATE && ROWS == 2 ? 2 : 0;
    uint4 held[TILES][HELD > 0 ? HELD : 1];
    if constexpr (HELD > 0) {
        wait_for_copies();
#pragma unroll
        for (int tile = 0; tile < TILES; tile++)
#pragma unroll
            for (int p = 0; p < HELD; p++)
                held[tile][p] = kept[(tile * PIECES + p) * THREADS + tid];
    }
    auto matrix = [&](int tile, int p) -> uint4 {
#if HAS_ASYNC_COPY
        if (p < HELD) return held[tile][p];
        return kept[(tile * PIECES + p) * THREADS + tid];
#else
        return *(const uint4*)(from[tile] + p * 32 * HALVES);
#endif
    };
    wait_for_previous();
    if (late) start_next();

    float4 squares_of = make_float4(0, 0, 0, 0);  // of a warp's row, a lane's part
    if constexpr (TOLD && FROM == ROUNDED)
        if (warp < rows) squares_of = ((const float4*)(told + warp * (WIDTH / 8)))[lane];
    // What the first warp adds to, asked for now.
    float before[2 * SETS];
    if (END == ADD && warp == 0) {
        const float* residual = (const float*)out;
#pragma unroll
        for (int i = 0; i < 2 * SETS; i++) {
            int row = WIDE ? g + 8 * (i >> 1) : 2 * t + i;
            int column = first + (WIDE ? 2 * t + (i & 1) : g);
            before[i] = row < rows ? residual[i64(row) * columns + column] : 0.f;
        }
    }

    uint4 x[SETS][CHUNKS];  // half precision, or upper bytes in x and y, lower ones in z and w
    float unit[SETS];       // of the whole numbers of vectors g and g + 8
    auto in_sixteen_bits = [](float most, float& unit) {
        most = fmaxf(most, __shfl_xor_sync(~0u, most, 1));
        most = fmaxf(most, __shfl_xor_sync(~0u, most, 2));
        unit = most * (1 / MOST_OF_SIXTEEN);
        return __fdividef(MOST_OF_SIXTEEN, most);
    };
    if constexpr (FROM == NORMED) {
        float4 v[SETS][CHUNKS][2];
#pragma unroll
        for (int s = 0; s < SETS; s++)
#pragma unroll
            for (int c = 0; c < CHUNKS; c++) {
                const float* at = (const float*)vectors + i64(g + 8 * s) * WIDTH + begin + chunk(c);
                bool inside = g + 8 * s < rows;
                v[s][c][0] = inside ? *(const float4*)at : make_float4(0, 0, 0, 0);
                v[s][c][1] = inside ? *(const float4*)(at + 4) : make_float4(0, 0, 0, 0);
            }
#pragma unroll
        for (int s = 0; s < SETS; s++) {
            float square = 0;
#pragma unroll
            for (int c = 0; c < CHUNKS; c++)
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    float4 f = v[s][c][h];
                    square += f.x * f.x + f.y * f.y + f.z * f.z + f.w * f.w;
                }
            square += __shfl_xor_sync(~0u, square, 1);
            square += __shfl_xor_sync(~0u, square, 2);
            if (t == 0) squares[warp][8 * s + g] = square;
        }
        if constexpr (SCALE_FIRST) __syncthreads();
#pragma unroll
        for (int s = 0; s < SETS; s++) {
            float scale = 1;
            if constexpr (SCALE_FIRST) {
                float square = 0;
#pragma unroll
                for (int w = 0; w < WARPS; w++) square += squares[w][8 * s + g];
                scale = rsqrtf(square / WIDTH + EPSILON);
            }
            if constexpr (SCALED) {
                const float* all = (const float*)v[s];
                float most = LEAST;
#pragma unroll
                for (int i = 0; i < 8 * CHUNKS; i++) most = fmaxf(most, fabsf(all[i]));
                const float factor = in_sixteen_bits(most, unit[s]);
#pragma unroll
                for (int c = 0; c < CHUNKS; c++) {
                    sixteen_bits(all + 8 * c, factor, x[s][c].x, x[s][c].z);
                    sixteen_bits(all + 8 * c + 4, factor, x[s][c].y, x[s][c].w);
                }
                continue;
            }
#pragma unroll
            for (int c = 0; c < CHUNKS; c++) {
                float4 a = v[s][c][0], b = v[s][c][1];
                x[s][c] = make_uint4(
                    pack<T>(a.x * scale, a.y * scale), pack<T>(a.z * scale, a.w * scale),
                    pack<T>(b.x * scale, b.y * scale), pack<T>(b.z * scale, b.w * scale));
            }
        }
    } else if constexpr (EXCHANGED) {
        // Eight columns: their upper bytes, then their lower ones. A row more, for memory's banks.
        using Whole = uint4[ROWS][LANES + 1];
        Whole* whole = (Whole*)(kept + (TILES * PIECES > SUMS ? TILES * PIECES : SUMS) * THREADS);
        __shared__ float units[WARPS][ROWS];
        const int column = lane % LANES;
        constexpr int PASSES = ROWS / PASS;
        uint4 own[PASSES];
#pragma unroll
        for (int p = 0; p < PASSES; p++) {
            const int row = p * PASS + lane / LANES;
            own[p] = make_uint4(0, 0, 0, 0);
            if (row < rows)
                own[p] = *(const uint4*)((const T*)vectors + i64(row) * WIDTH +
                                         (warp * LANES + column) * 8);
        }
#pragma unroll
        for (int p = 0; p < PASSES; p++) {
            const int row = p * PASS + lane / LANES;
            if (p * PASS >= rows) break;
            float part[8], square = 0, most = LEAST;
            unpack8<T>(own[p], part);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                square += part[i] * part[i];
                most = fmaxf(most, fabsf(part[i]));
            }
#pragma unroll
            for (int step = 1; step < LANES; step <<= 1) {
                if constexpr (FROM == ROUNDED) square += __shfl_xor_sync(~0u, square, step);
                most = fmaxf(most, __shfl_xor_sync(~0u, most, step));
            }
            const float factor = __fdividef(MOST_OF_SIXTEEN, most);
            uint4 words;
            sixteen_bits(part, factor, words.x, words.z);
            sixteen_bits(part + 4, factor, words.y, words.w);
            whole[warp][row][column] = words;
            if (column == 0) {
                units[warp][row] = most * (1 / MOST_OF_SIXTEEN);
                if constexpr (FROM == ROUNDED) squares[warp][row] = square;
            }
        }
        __syncwarp();
        // Of vectors that are none, sums are whatever was there, and not stored.
#pragma unroll
        for (int c = 0; c < CHUNKS; c++)
            x[0][c] = whole[warp][g % ROWS][c / 2 * 8 + t * 2 + c % 2];
        unit[0] = units[warp][g % ROWS];
    } else {
#pragma unroll
        for (int s = 0; s < SETS; s++)
#pragma unroll
            for (int c = 0; c < CHUNKS; c++) {
                const T* at = (const T*)vectors + i64(g + 8 * s) * WIDTH + begin + chunk(c);
                x[s][c] = g + 8 * s < rows ? *(const uint4*)at : make_uint4(0, 0, 0, 0);
            }
        if constexpr (FROM == ROUNDED && !TOLD)
#pragma unroll
            for (int s = 0; s < SETS; s++) {
                if constexpr (WIDE) {
                    // All vectors with one another, of which a lane keeps the one with itself.
                    float both[4] = {};
#pragma unroll
                    for (int c = 0; c < CHUNKS; c++) {
                        const uint4 v = x[s][c];
                        mma<T>(both, v.x, 0, v.y, 0, v.x, v.y);
                        mma<T>(both, v.z, 0, v.w, 0, v.z, v.w);
                    }
                    if (t == g >> 1) squares[warp][8 * s + g] = both[g & 1];
                    continue;
                }
                float square = 0;
#pragma unroll
                for (int c = 0; c < CHUNKS; c++) {
                    float part[8];
                    unpack8<T>(x[s][c], part);
#pragma unroll
                    for (int i = 0; i < 8; i++) square += part[i] * part[i];
                }
                square += __shfl_xor_sync(~0u, square, 1);
                square += __shfl_xor_sync(~0u, square, 2);
                if (t == 0) squares[warp][8 * s + g] = square;
            }
        if constexpr (SCALED)
#pragma unroll
            for (int s = 0; s < SETS; s++) {
                // Without their signs bits of half precision are in the order of what they mean.
                u32 most_lower = 0, most_upper = 0;
#pragma unroll
                for (int c = 0; c < CHUNKS; c++) {
                    const u32 words[] = {x[s][c].x, x[s][c].y, x[s][c].z, x[s][c].w};
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        most_lower = max(most_lower, words[i] & 0x7fff);
                        most_upper = max(most_upper, words[i] & 0x7fff0000);
                    }
                }
                const float most = fmaxf(lower<T>(most_lower), upper<T>(most_upper));
                const float factor = in_sixteen_bits(fmaxf(most, LEAST), unit[s]);
#pragma unroll
                for (int c = 0; c < CHUNKS; c++) {
                    float part[8];
                    unpack8<T>(x[s][c], part);
                    sixteen_bits(part, factor, x[s][c].x, x[s][c].z);
                    sixteen_bits(part + 4, factor, x[s][c].y, x[s][c].w);
                }
            }
    }

    // Each thread's own places, which it has read for the last time.
    float4* parts = (float4*)kept;
    wait_for_copies();
    if constexpr (SCALED) {
        float of[4];  // the vectors that this lane has sums of
#pragma unroll
        for (int i = 0; i < 4; i++)
            of[i] = WIDE ? unit[(i >> 1) % SETS] : __shfl_sync(~0u, unit[0], 8 * t + 4 * (i & 1));
        int above[SUMS][4] = {}, below[SUMS][4] = {};
#pragma unroll
        for (int p = 0; p < PIECES; p++)
#pragma unroll
            for (int n = 0; n < SUMS; n++) {
                const uint4 one = matrix(WIDE ? n : 2 * n, p);
                if constexpr (WIDE) {
                    const uint4 a = x[0][2 * p], b = x[SETS - 1][2 * p];
                    const uint4 c = x[0][2 * p + 1], d = x[SETS - 1][2 * p + 1];
                    mma_signed(above[n], a.x, b.x, a.y, b.y, one.x, one.y);
                    mma_lower_left(below[n], a.z, b.z, a.w, b.w, one.x, one.y);
                    mma_signed(above[n], c.x, d.x, c.y, d.y, one.z, one.w);
                    mma_lower_left(below[n], c.z, d.z, c.w, d.w, one.z, one.w);
                } else {
                    uint4 other = make_uint4(0, 0, 0, 0);
                    if (2 * n + 1 < TILES) other = matrix(2 * n + 1, p);
                    const uint4 a = x[0][2 * p], b = x[0][2 * p + 1];
                    mma_signed(above[n], one.x, other.x, one.y, other.y, a.x, a.y);
                    mma_lower_right(below[n], one.x, other.x, one.y, other.y, a.z, a.w);
                    mma_signed(above[n], one.z, other.z, one.w, other.w, b.x, b.y);
                    mma_lower_right(below[n], one.z, other.z, one.w, other.w, b.z, b.w);
                }
            }
        // At most 127 * 2^15 * 256 columns: below 2^31.
        auto sum = [&](int n, int i) { return float(above[n][i] * 256 + below[n][i]) * of[i]; };
#pragma unroll
        for (int n = 0; n < SUMS; n++)
            parts[n * THREADS + tid] = make_float4(sum(n, 0), sum(n, 1), sum(n, 2), sum(n, 3));
    } else {
        float sums[SUMS][CHAINS][4] = {};
#pragma unroll
        for (int c = 0; c < CHUNKS; c++)
#pragma unroll
            for (int n = 0; n < SUMS; n++) {
                float* even = sums[n][2 * c % CHAINS];
                float* odd = sums[n][(2 * c + 1) % CHAINS];
                if constexpr (WIDE) {
                    uint4 w = matrix(n, c), a = x[0][c], b = x[SETS - 1][c];
                    mma<T>(even, a.x, b.x, a.y, b.y, w.x, w.y);
                    mma<T>(odd, a.z, b.z, a.w, b.w, w.z, w.w);
                } else {
                    uint4 a = matrix(2 * n, c), b = make_uint4(0, 0, 0, 0), w = x[0][c];
                    if (2 * n + 1 < TILES) b = matrix(2 * n + 1, c);
                    mma<T>(even, a.x, b.x, a.y, b.y, w.x, w.y);
                    mma<T>(odd, a.z, b.z, a.w, b.w, w.z, w.w);
                }
            }
#pragma unroll
        for (int n = 0; n < SUMS; n++) {
            float4 sum = make_float4(0, 0, 0, 0);
#pragma unroll
            for (int i = 0; i < CHAINS; i++) {
                sum.x += sums[n][i][0];
                sum.y += sums[n][i][1];
                sum.z += sums[n][i][2];
                sum.w += sums[n][i][3];
            }
            parts[n * THREADS + tid] = sum;
        }
    }
    if constexpr (TOLD && FROM == ROUNDED)
        if (warp < rows) {
            const float square =
                sum_of_warp(squares_of.x + squares_of.y + squares_of.z + squares_of.w);
            if (lane == 0) squares[0][warp] = square;
        }
    __syncthreads();

    auto total = [&](int n) {
        float4 sum = make_float4(0, 0, 0, 0);
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            float4 part = parts[n * THREADS + w * 32 + lane];
            sum.x += part.x;
            sum.y += part.y;
            sum.z += part.z;
            sum.w += part.w;
        }
        return sum;
    };
    for (int pair = warp; pair < PAIRS; pair += WARPS) {
        // value[i]: of row row_of(i), and of this lane's place in the pair's first and second tile.
        constexpr int VALUES = 2 * SETS;
        float value[2][VALUES], square[VALUES] = {};
        if constexpr (WIDE) {
            float4 a = total(2 * pair);
            float4 b = 2 * pair + 1 < TILES ? total(2 * pair + 1) : make_float4(0, 0, 0, 0);
            value[0][0] = a.x, value[0][1] = a.y, value[0][2] = a.z, value[0][3] = a.w;
            value[1][0] = b.x, value[1][1] = b.y, value[1][2] = b.z, value[1][3] = b.w;
        } else {
            float4 a = total(pair);
            value[0][0] = a.x, value[0][1] = a.y;
            value[1][0] = a.z, value[1][1] = a.w;
        }
#pragma unroll
        for (int i = 0; i < VALUES; i++) {
            const int row = WIDE ? g + 8 * (i >> 1) : 2 * t + i;
            const int place = WIDE ? 2 * t + (i & 1) : g;
            if (row >= rows) continue;
            float scale = 1;
            if constexpr (FROM != PLAIN && !SCALE_FIRST) {
                float square = 0;
#pragma unroll
                for (int w = 0; w < (TOLD && FROM == ROUNDED ? 1 : WARPS); w++)
                    square += squares[w][row];
                scale = rsqrtf(square / WIDTH + EPSILON);
            }
            float a = value[0][i] * scale, b = value[1][i] * scale;
            if constexpr (SCALED) {
                a *= factor[0][WIDE ? i & 1 : 0];
                b *= factor[1][WIDE ? i & 1 : 0];
            }
            if constexpr (BIASED) {
                a += shift[0][WIDE ? i & 1 : 0];
                b += shift[1][WIDE ? i & 1 : 0];
            }
            if constexpr (END == GELU) a = gelu(a), b = gelu(b);
            if constexpr (END == GATE) {
                const i64 at = i64(row) * columns + first + pair * 8 + place;
                ((T*)out)[at] = from_float<T>(silu(a) * b);
            } else {
                const int column = first + pair * 16 + place;
                const i64 at = i64(row) * columns + column;
                if constexpr (END == ADD) {
                    ((float*)out)[at] = before[i] + a;
                    if constexpr (!is_fp16<T>::value) rounded[at] = from_float<T>(before[i] + a);
                    square[i] = (before[i] + a) * (before[i] + a);
                }
                if constexpr (END == STORE || END == GELU) {
                    store((T*)out + at, from_float<T>(a));
                    if (2 * pair + 1 < TILES) store((T*)out + at + 8, from_float<T>(b));
                }
                if constexpr (END == STORE_FULL) {
                    if (column < columns) ((float*)out)[at] = a;
                    if (2 * pair + 1 < TILES && column + 8 < columns) ((float*)out)[at + 8] = b;
                }
            }
        }
        if constexpr (TOLD && END == ADD)
#pragma unroll
            for (int i = 0; i < VALUES; i++) {
#pragma unroll
                for (int step = 4; step < 32; step <<= 1)
                    square[i] += __shfl_xor_sync(~0u, square[i], step);
                if (g == 0 && 2 * t + i < rows)
                    told[(2 * t + i) * (columns / 8) + blockIdx.x] = square[i];
            }
    }
}

#if EIGHT_BITS
#define SCALES const float* scales,
#define ITS_SCALES scales
#else
#define SCALES
#define ITS_SCALES nullptr
#endif
#if GPT2
#define BIAS const HALF* bias,
#define ITS_BIAS bias
#else
#define BIAS
#define ITS_BIAS (const HALF*)nullptr
#endif
#define PRODUCT(NAME, BLOCKS, W, SCALES, ITS_SCALES, WIDTH, WARPS, TILES, ROWS, FROM, END)        \
    extern "C" __global__ void __launch_bounds__(32 * WARPS, BLOCKS) NAME(                        \
        const void* vectors, const W* weight, SCALES BIAS void* out, HALF* rounded, float* told,  \
        int rows, int columns, bool late) {                                                       \
        product<HALF, W, WIDTH, WARPS, TILES, ROWS, FROM, END, GPT2>(                             \
            vectors, weight, ITS_SCALES, ITS_BIAS, out, rounded, told, rows, columns, late);      \
    }
#define OF_LAYER(NAME, BLOCKS, ...) PRODUCT(NAME, BLOCKS, STORED, SCALES, ITS_SCALES, __VA_ARGS__)
#define OF_HEAD(NAME, BLOCKS, ...) PRODUCT(NAME, BLOCKS, HALF, , nullptr, __VA_ARGS__)

#if GPT2
#define UP GELU
#else
#define UP GATE
#endif
// The residual stream as the layers read it.
constexpr From STREAM = IS_ROUNDED ? ROUNDED : NORMED;

#ifdef UP_2_TILES
OF_LAYER(up_2, UP_2_BLOCKS, HIDDEN, 8, UP_2_TILES, 2, STREAM, UP)
#endif
#ifdef QKV_4_TILES
OF_LAYER(qkv_4, QKV_4_BLOCKS, HIDDEN, 8, QKV_4_TILES, 4, STREAM, STORE)
OF_LAYER(output_4, OUTPUT_4_BLOCKS, HIDDEN, 8, OUTPUT_4_TILES, 4, PLAIN, ADD)
OF_LAYER(up_4, UP_4_BLOCKS, HIDDEN, 8, UP_4_TILES, 4, STREAM, UP)
OF_LAYER(down_4, DOWN_4_BLOCKS, FFN, DOWN_WARPS, DOWN_4_TILES, 4, PLAIN, ADD)
#endif
OF_LAYER(qkv_8, QKV_8_BLOCKS, HIDDEN, 8, QKV_8_TILES, 8, STREAM, STORE)
OF_LAYER(qkv_16, QKV_16_BLOCKS, HIDDEN, 8, QKV_16_TILES, 16, STREAM, STORE)
OF_LAYER(output_8, OUTPUT_8_BLOCKS, HIDDEN, 8, OUTPUT_8_TILES, 8, PLAIN, ADD)
OF_LAYER(output_16, OUTPUT_16_BLOCKS, HIDDEN, 8, OUTPUT_16_TILES, 16, PLAIN, ADD)
OF_LAYER(up_8, UP_8_BLOCKS, HIDDEN, 8, UP_8_TILES, 8, STREAM, UP)
OF_LAYER(up_16, UP_16_BLOCKS, HIDDEN, 8, UP_16_TILES, 16, STREAM, UP)
OF_LAYER(down_8, DOWN_8_BLOCKS, FFN, DOWN_WARPS, DOWN_8_TILES, 8, PLAIN, ADD)
OF_LAYER(down_16, DOWN_16_BLOCKS, FFN, DOWN_WARPS, DOWN_16_TILES, 16, PLAIN, ADD)
OF_HEAD(head_8, HEAD_8_BLOCKS, HIDDEN, 8, HEAD_8_TILES, 8, NORMED, STORE_FULL)
OF_HEAD(head_16, HEAD_16_BLOCKS, HIDDEN, 8, HEAD_16_TILES, 16, NORMED, STORE_FULL)
