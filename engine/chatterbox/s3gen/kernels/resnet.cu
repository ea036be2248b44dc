// A causal convolution of three taps to 256 channels, their norm and Mish, on Hopper.
//
// Four neighbours, a cluster, take 64 rows: each 64 of the channels, with most of their weights
// in shared memory before the kernel ahead has ended. What a norm needs of the others' channels they
// tell one another.
#include "taps.cuh"

// Stores where `mine` is in the shared memory of another block of the cluster, whose signal there it is
// that eight bytes have come. An ordinary store would need a fence for the whole card.
DEVICE void tell(float2 *mine, int rank, float2 value, u64 *signal) {
    u32 theirs, at;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(theirs) : "r"(place(mine)), "r"(rank));
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(at) : "r"(place(signal)), "r"(rank));
    asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v2.f32 [%0], {%1, %2}, "
                 "[%3];" ::"r"(theirs),
                 "f"(value.x), "f"(value.y), "r"(at)
                 : "memory");
}

// `rows` are (items, time, channels) fp32, or blocks of halves, with as many of `beside` behind them
// where there are 512 channels. Rounded into `result`, or added to `stream` where there is one; plus
// `shift` where there is one.
// With SHORTCUT, `weight` and `bias` go on with a product of the row alone, which becomes `stream`,
// and `result` is blocks.
// The grid is (4, time / 64, items). Without NORMED, the convolution alone becomes `stream`. Where there
// is `left`, that and `told` become what the layer behind reads of the stream, see `transformer.cu`.
// AT_ONCE parts of the matrix are there at once: all, or two, where two blocks share a multiprocessor.
template <typename FROM, int CHANNELS, bool SHORTCUT, bool NORMED, int AT_ONCE>
DEVICE void convolve(const FROM *rows, const half_t *weight, const half_t *bias,
                     const float *gain, const float *norm_bias, const float *shift,
                     half_t *result, float *stream, int time, const float *ahead, half_t *left,
                     float2 *told, const FROM *beside) {
    constexpr int PARTS = TAPS + SHORTCUT;  // of the matrix
    constexpr int ACROSS = CHANNELS / 64, DEEP = PARTS * ACROSS;
    constexpr bool BLOCKS = sizeof(FROM) == 2;
    half_t *weights = (half_t *)shared, *tile = weights + AT_ONCE * ACROSS * BLOCK;
    float2(*parts)[64] = (float2(*)[64])(tile + ACROSS * PIECE);  // of 32 channels each
    u64 *there = (u64 *)(parts + 8), *taken = there + PARTS;
    u64 *rows_there = taken + 2, *told_there = rows_there + 1;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, rank = blockIdx.x;
    int four = __shfl_sync(~0u, threadIdx.x / 128, 0);  // uniform, so that the compiler knows it
    auto ask = [&](int part) {
        expect(&there[part], ACROSS * BLOCK_BYTES);
        copy_blocks(weights + part % AT_ONCE * ACROSS * BLOCK,
                    weight + (size_t)(rank * DEEP + part * ACROSS) * BLOCK, ACROSS, &there[part]);
    };
    if (threadIdx.x == 0) {
#pragma unroll
        for (int part = 0; part < PARTS; part++) prepare(&there[part], 1);
        prepare(&taken[0], 8);
        prepare(&taken[1], 8);
        prepare(rows_there, 1);
        prepare(told_there, 1);
        expect(told_there, 8 * 64 * sizeof(float2));
        end_preparing();
#pragma unroll
        for (int part = 0; part < AT_ONCE; part++) ask(part);
    }
    // Other warps ask for rows with a signal of the first one's: if their copy came before it is prepared,
    // everybody would wait forever.
    __syncthreads();
    if (NORMED) begin_cluster();
    start_next();
    int column = rank * 64 + four * 32 + lane % 4 * 2;
    u32 added[4], added_straight[4];
    float2 wide[4], off[4], more[4], excess[4];
#pragma unroll
    for (int j = 0; j < 4; j++) {
        added[j] = *(const u32 *)(bias + column + j * 8);
        if (SHORTCUT) added_straight[j] = *(const u32 *)(bias + WIDTH + column + j * 8);
        if (!NORMED) continue;
        wide[j] = *(const float2 *)(gain + column + j * 8);
        off[j] = *(const float2 *)(norm_bias + column + j * 8);
        if (!SHORTCUT && left) excess[j] = *(const float2 *)(ahead + column + j * 8);
        more[j] = shift ? *(const float2 *)(shift + column + j * 8) : make_float2(0, 0);
    }
    wait_for_previous();
    if constexpr (BLOCKS) {
        // A block each, and what of the one before is seen.
        constexpr int EACH = CHANNELS == 512 ? ACROSS / 2 : ACROSS;  // of a tensor
        const FROM *of = EACH < ACROSS && warp >= EACH ? beside : rows;
        size_t first = (size_t)(blockIdx.z * (time / 64) + blockIdx.y) * EACH;
        const half_t *from = of + (first + warp % EACH) * BLOCK;
        bool has_before = blockIdx.y > 0;
        if (warp == 0 && lane == 0) expect(rows_there, ACROSS * (BLOCK_BYTES + has_before * BEFORE * 128));
        if (warp < ACROSS && lane == 0) {
            show_to_copies();
            copy_bytes(tile + warp * PIECE + BEFORE * 64, from, BLOCK_BYTES, rows_there);
            if (has_before)
                copy_bytes(tile + warp * PIECE, from - EACH * BLOCK + BLOCK - BEFORE * 64, BEFORE * 128,
                           rows_there);
        }
        __syncwarp();
        if (!has_before)
            for (int i = threadIdx.x; i < ACROSS * BEFORE * 8; i += 256)
                *(uint4 *)(tile + i / 64 * PIECE + i % 64 * 8) = make_uint4(0, 0, 0, 0);
    } else {
        // All that a thread reads is asked for at once.
        constexpr int UNITS = CHANNELS / 4, EACH = ((64 + TAPS - 1) * UNITS + 255) / 256;
        constexpr int HELD = EACH < 18 ? EACH : (EACH + 1) / 2;
        int first = blockIdx.y * 64 - (TAPS - 1);
        const float *from = (const float *)rows + (size_t)blockIdx.z * time * CHANNELS;
#pragma unroll
        for (int begin = 0; begin < EACH; begin += HELD) {
            uint2 x[HELD];
#pragma unroll
            for (int k = 0; k < HELD; k++) {
                int i = threadIdx.x + (begin + k) * 256, row = i / UNITS;
                x[k] = {};
                if (first + row >= 0 && row < 64 + TAPS - 1)
                    x[k] = rounded(from + (size_t)(first + row) * CHANNELS + i % UNITS * 4);
            }
#pragma unroll
            for (int k = 0; k < HELD; k++) {
                int i = threadIdx.x + (begin + k) * 256, row = i / UNITS, at = i % UNITS * 4;
                int chunk = at / 8, place = row + BEFORE - (TAPS - 1);
                if (row < 64 + TAPS - 1)
                    *(uint2 *)(tile + chunk / 8 * PIECE + (place * 8 + (chunk % 8 ^ place % 8)) * 8 +
                               at % 8) = x[k];
            }
        }
    }
    float2 before[2][4];
    if (NORMED && !SHORTCUT && stream)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = blockIdx.y * 64 + warp % 4 * 16 + half * 8 + lane / 4;
            const float *at = stream + ((size_t)blockIdx.z * time + row) * WIDTH + column;
#pragma unroll
            for (int j = 0; j < 4; j++) before[half][j] = *(const float2 *)(at + j * 8);
        }
    show_to_products();
    __syncthreads();
    if (BLOCKS) wait_for(rows_there, 0);
    float sum[4][4], straight[4][4];
    if constexpr (AT_ONCE == PARTS) {
        multiply_by_halves<ACROSS, SHORTCUT>(sum, straight, tile, weights, there, four);
    } else {
#pragma unroll
        for (int part = 0; part < PARTS; part++) {
            // The shortcut, behind the last tap, reads what that does.
            const int tap = part < TAPS ? part : TAPS - 1;
            if (part && part + 1 < PARTS && threadIdx.x == 0) {
                wait_for(&taken[(part + 1) % 2], (part + 1) / 2 - 1);
                ask(part + 1);
            }
            wait_for(&there[part], 0);
            auto &to = part < TAPS ? sum : straight;
            begin_products();
#pragma unroll
            for (int i = 0; i < ACROSS; i++) {
                // A tap is so many rows further into the tile.
                u64 a = matrix_at(tile + i * PIECE + (BEFORE - (TAPS - 1) + tap) * 64);
                u64 b = matrix_at(weights + (part % AT_ONCE * ACROSS + i) * BLOCK + four * 32 * 64);
#pragma unroll
                for (int k = 0; k < 4; k++) multiply_32(to, a + 2 * k, b + 2 * k, part % TAPS + i + k);
            }
            end_products();
            if (lane == 0) arrive(&taken[part % 2]);
        }
    }
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            sum[j][i] += i % 2 ? upper<half_t>(added[j]) : lower<half_t>(added[j]);
    if (!NORMED) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = blockIdx.y * 64 + warp % 4 * 16 + half * 8 + lane / 4;
            float *to = stream + ((size_t)blockIdx.z * time + row) * WIDTH + column;
#pragma unroll
            for (int j = 0; j < 4; j++)
                *(float2 *)(to + j * 8) = make_float2(sum[j][2 * half], sum[j][2 * half + 1]);
        }
        return;
    }
    wait_for_cluster();  // all have begun
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float mean = 0, squares = 0;
#pragma unroll
        for (int j = 0; j < 4; j++) mean += sum[j][2 * half] + sum[j][2 * half + 1];
        mean = sum_of_four(mean) / 32;
#pragma unroll
        for (int j = 0; j < 4; j++)
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float off = sum[j][2 * half + i] - mean;
                squares += off * off;
            }
        squares = sum_of_four(squares);
        int row = warp % 4 * 16 + half * 8 + lane / 4;
        tell(&parts[rank * 2 + four][row], lane % 4, make_float2(mean, squares), told_there);
    }
    wait_in_cluster(told_there);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        // Means and squares of the parts to those of all (Chan, Golub and LeVeque 1979).
        int row = warp % 4 * 16 + half * 8 + lane / 4;
        float mean = 0, squares = 0;
#pragma unroll
        for (int part = 0; part < 8; part++) mean += parts[part][row].x;
        mean /= 8;
#pragma unroll
        for (int part = 0; part < 8; part++) {
            float2 of = parts[part][row];
            squares += of.y + 32 * (of.x - mean) * (of.x - mean);
        }
        float scale = rsqrtf(squares / WIDTH + EPSILON);
        size_t at = ((size_t)blockIdx.z * time + blockIdx.y * 64 + row) * WIDTH + column;
        int row_tile = blockIdx.z * (time / 64) + blockIdx.y;
        size_t in_blocks = (size_t)(row_tile * (WIDTH / 64) + rank) * BLOCK + row * 64 + lane % 4 * 2;
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float u = mish((sum[j][2 * half] - mean) * scale * wide[j].x + off[j].x) + more[j].x;
            float v = mish((sum[j][2 * half + 1] - mean) * scale * wide[j].y + off[j].y) + more[j].y;
            if (SHORTCUT) {
                *(float2 *)(stream + at + j * 8) =
                    make_float2(straight[j][2 * half] + lower<half_t>(added_straight[j]),
                                straight[j][2 * half + 1] + upper<half_t>(added_straight[j]));
                *(u32 *)(result + in_blocks + ((four * 4 + j) ^ row % 8) * 8) = pack<half_t>(u, v);
            } else if (stream) {
                sum[j][2 * half] = before[half][j].x + u;
                sum[j][2 * half + 1] = before[half][j].y + v;
                *(float2 *)(stream + at + j * 8) =
                    make_float2(sum[j][2 * half], sum[j][2 * half + 1]);
            } else {
                *(u32 *)(result + at + j * 8) = pack<half_t>(u, v);
            }
        }
        if (SHORTCUT || !left) continue;
        // What the first of the layers behind reads: see `transformer.cu`.
        mean = squares = 0;
#pragma unroll
        for (int j = 0; j < 4; j++) {
            sum[j][2 * half] -= excess[j].x;
            sum[j][2 * half + 1] -= excess[j].y;
            mean += sum[j][2 * half] + sum[j][2 * half + 1];
        }
        mean = sum_of_four(mean) / 32;
#pragma unroll
        for (int j = 0; j < 4; j++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                float off = sum[j][2 * half + i] - mean;
                squares = fmaf(off, off, squares);
            }
            *(u32 *)(left + in_blocks + ((four * 4 + j) ^ row % 8) * 8) =
                pack<half_t>(sum[j][2 * half], sum[j][2 * half + 1]);
        }
        squares = sum_of_four(squares);
        if (lane % 4 == 0)
            told[(row_tile * 8 + rank * 2 + four) * 64 + row] = make_float2(mean, squares);
    }
}

#define CONV(NAME, FROM, CHANNELS, SHORTCUT, NORMED, AT_ONCE, BLOCKS)                              \
    extern "C" __global__ void __cluster_dims__(4, 1, 1) __launch_bounds__(256, BLOCKS)            \
    NAME(const FROM *rows, const half_t *weight, const half_t *bias, const float *gain,            \
         const float *norm_bias, const float *shift, half_t *result, float *stream, int time,      \
         const float *ahead, half_t *left, float2 *told, const FROM *beside) {                     \
        convolve<FROM, CHANNELS, SHORTCUT, NORMED, AT_ONCE>(rows, weight, bias, gain, norm_bias,   \
                                                            shift, result, stream, time, ahead,    \
                                                            left, told, beside);                   \
    }

#if !WHOLE
CONV(first_256, float, 256, true, true, 2, 2)
CONV(first_320, float, 320, true, true, 2, 1)
CONV(first_512, float, 512, true, true, 2, 1)
CONV(first_blocks, half_t, 256, true, true, 2, 2)
CONV(first_two, half_t, 512, true, true, 2, 1)
CONV(second, half_t, 256, false, true, 2, 2)
CONV(last, float, 256, false, true, 2, 2)
CONV(plain, float, 256, false, false, 2, 2)
CONV(plain_blocks, half_t, 256, false, false, 2, 2)
#else
CONV(first_256_all, float, 256, true, true, 4, 1)
CONV(first_320_all, float, 320, true, true, 4, 1)
CONV(first_blocks_all, half_t, 256, true, true, 4, 1)
CONV(second_all, half_t, 256, false, true, 3, 1)
CONV(last_all, float, 256, false, true, 3, 1)
CONV(plain_all, float, 256, false, false, 3, 1)
CONV(plain_blocks_all, half_t, 256, false, false, 3, 1)
#endif
