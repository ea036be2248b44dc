// The vocoder's convolutions, several at once, with what lies between one and the next: bias, sums,
// and the curve that the next one reads, rounded to halves. Sums and the signal itself stay fp32.
//
// A block takes ROWS rows by 64 columns. All rows that its taps see are in shared memory, once: a tap
// is an offset of the address. Weights are 64 x 64 blocks as wgmma reads them (see `hopper.cuh`),
// [columns / 64][tap][chunk of 64 inputs], and come one by one. Halves are float16, whose digits are
// TF32's; what lies past its range becomes its largest number.
#include "blocks.cuh"

#define MOST 3       // that are computed at once, and curves of one
#define CONSUMERS 256

struct Convolution {
    const half_t *rows, *weight;
    const float *bias, *residual;  // (columns,); (items, rows, width), or null
    float *total;                  // of the same shape, or null
    half_t *bent[MOST];            // the same rounded after a curve, zero past each length, or null
    const float *alpha[MOST];      // Snake's; a leaky ReLU of `slope` where null
    float slope;
    int size;               // halves of an item that is read
    int stride, offset;     // of rows in it, and where the first row's first tap begins: halves
    int taps, dilation, chunks;
    int count, columns;     // rows of an item, columns of the product
    int width, rate;        // a row of the product is `rate` rows of so many columns,
    int ahead;              // so many rows behind the first; then row 0 is a copy of row 2
    int per_frame, more;    // rows of a frame of the mel, and after the last
};

struct Convolutions {
    Convolution of[MOST];
    int first[MOST];  // block of each; INT_MAX where there is none
    int slots;        // blocks of weights at once, a power of two
};

// sin^2 has half the period of sin: what is left after that is small enough for the fast sine.
DEVICE float snake(float x, float alpha) {
    float turns = rintf(x * alpha * 0.318309886f);
    float angle = fmaf(turns, -3.14159274f, x * alpha);
    float sine = __sinf(fmaf(turns, 8.74227766e-8f, angle));
    return fmaf(sine * sine, __frcp_rn(alpha + 1e-9f), x);
}

DEVICE float kept(float x) { return x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x; }

template <int ROWS>
DEVICE void convolve(const Convolutions &all, const i64 *lengths) {
    constexpr int FRAGMENTS = ROWS / 16;  // of 16 x 8 sums, of each of eight warps
    int which = 0;
#pragma unroll
    for (int i = 1; i < MOST; i++) which += blockIdx.x >= all.first[i];
    const Convolution &c = all.of[which];
    int block = blockIdx.x - all.first[which], across = (c.columns + 63) / 64;
    int column = block % across, first = block / across * ROWS;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, item = blockIdx.y;
    int seen = ROWS + (c.taps - 1) * c.dilation, piece = (seen + 7) / 8 * 8 * 64;
    int steps = c.taps * c.chunks;
    half_t *tile = (half_t *)shared, *ring = tile + c.chunks * piece;
    const half_t *weight = c.weight + (size_t)column * steps * BLOCK;
    // Where each fragment lies in the block.
    int row_of[FRAGMENTS], column_of[FRAGMENTS];
    float sum[FRAGMENTS][4];

    auto load = [&]() {
        const half_t *from = c.rows + (size_t)item * c.size;
        int units = c.chunks * 8, begin = first * c.stride + c.offset;
        int row = threadIdx.x / units, unit = threadIdx.x % units;
        int rows_on = CONSUMERS / units, units_on = CONSUMERS % units;
        while (row < seen) {
            int at = begin + row * c.stride + unit * 8;
            bool there = at >= 0 && at < c.size;
            copy16_or_zero(tile + unit / 8 * piece + (row * 8 + (unit % 8 ^ row % 8)) * 8,
                           from + (there ? at : 0), there);
            row += rows_on, unit += units_on;
            if (unit >= units) unit -= units, row++;
        }
    };

#if HOPPER
    // Four warps take 64 rows, or every other step of the same.
    constexpr bool SPLIT = ROWS == 64;
    __shared__ u64 there[16], taken[16];
    int slots = all.slots;
    if (threadIdx.x == CONSUMERS) {
        for (int i = 0; i < slots; i++) {
            prepare(&there[i], 1);
            prepare(&taken[i], SPLIT ? 4 : 8);
        }
        end_preparing();
    }
    start_next();
    __syncthreads();
    if (warp == CONSUMERS / 32) {
        if (lane == 0) {
            int slot = 0, round = 0;
            for (int step = 0; step < steps; step++) {
                if (round) wait_for(&taken[slot], round - 1 & 1);
                expect(&there[slot], BLOCK_BYTES);
                copy_blocks(ring + slot * BLOCK, weight + (size_t)step * BLOCK, 1, &there[slot]);
                if (++slot == slots) slot = 0, round++;
            }
        }
        return;
    }
    wait_for_previous();
    load();
    end_group();
    wait_for_groups<0>();
    show_to_products();
    asm volatile("bar.sync 1, 256;" ::: "memory");
    int four = warp / 4, chunk = 0, tap = 0, slot = 0, round = 0, before = -1;
    float all_of[8][4];
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) all_of[j][i] = 0;
    auto next = [&]() {
        if (++chunk == c.chunks) chunk = 0, tap++;
        if (++slot == slots) slot = 0, round++;
    };
    if (SPLIT && four) next();
    const half_t *mine = tile + (SPLIT ? 0 : four * 64 * 64);
#pragma unroll 1
    for (int step = SPLIT ? four : 0; step < steps; step += SPLIT ? 2 : 1) {
        wait_for(&there[slot], round & 1);
        u64 a = matrix_at(mine + chunk * piece + tap * c.dilation * 64);
        u64 b = matrix_at(ring + slot * BLOCK);
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) multiply_64(all_of, a + 2 * k, b + 2 * k, 1);
        close_products();
        wait_for_products<1>();
        if (before >= 0 && lane == 0) arrive(&taken[before]);
        before = slot;
        next();
        if (SPLIT) next();
    }
    wait_for_products<0>();
    settle(all_of);
    if (SPLIT) {
        // Each four warps have the sums of their steps, and take half of the columns.
        asm volatile("bar.sync 1, 256;" ::: "memory");
        float *told = (float *)ring;
        int own = threadIdx.x % 128;
#pragma unroll
        for (int j = 0; j < 4; j++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                told[(four * 16 + j * 4 + i) * 128 + own] = four ? all_of[j][i] : all_of[4 + j][i];
        asm volatile("bar.sync 1, 256;" ::: "memory");
#pragma unroll
        for (int j = 0; j < 4; j++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                all_of[j][i] = (four ? all_of[4 + j][i] : all_of[j][i]) +
                               told[((four ^ 1) * 16 + j * 4 + i) * 128 + own];
    }
#pragma unroll
    for (int j = 0; j < FRAGMENTS; j++) {
        row_of[j] = (SPLIT ? 0 : four * 64) + warp % 4 * 16;
        column_of[j] = (SPLIT ? four * 32 : 0) + j * 8;
#pragma unroll
        for (int i = 0; i < 4; i++) sum[j][i] = all_of[j][i];
    }
#else
    // Warps in 4 x 2 of 32 x 32, or in 2 x 4 of 32 x 16. Three blocks of weights are on their way.
    constexpr int SLOTS = 3, WIDE = ROWS == 64 ? 4 : 2, PAIRS = FRAGMENTS / 4;
    auto ask = [&](int step) {
        if (step < steps) {
            half_t *to = ring + step % SLOTS * BLOCK;
            const half_t *from = weight + (size_t)step * BLOCK;
#pragma unroll
            for (int i = 0; i < 2; i++) {
                int at = (i * CONSUMERS + threadIdx.x) * 8;
                copy16_or_zero(to + at, from + at, true);
            }
        }
        end_group();
    };
    start_next();
    ask(0);
    ask(1);
    wait_for_previous();
    load();
    end_group();
    wait_for_groups<0>();
    int below = warp / WIDE * 32, beside = warp % WIDE * PAIRS * 16, chunk = 0, tap = 0;
#pragma unroll
    for (int j = 0; j < FRAGMENTS; j++) {
        row_of[j] = below + j / (2 * PAIRS) * 16, column_of[j] = beside + j % (2 * PAIRS) * 8;
#pragma unroll
        for (int i = 0; i < 4; i++) sum[j][i] = 0;
    }
#pragma unroll 1
    for (int step = 0; step < steps; step++) {
        wait_for_groups<SLOTS - 2>();
        __syncthreads();
        ask(step + SLOTS - 1);
        const half_t *a = tile + chunk * piece, *b = ring + step % SLOTS * BLOCK;
        int row = below + tap * c.dilation + lane % 16;
#pragma unroll
        for (int k = 0; k < 4; k++) {
            u32 left[2][4], right[PAIRS][4];
#pragma unroll
            for (int i = 0; i < 2; i++) {
                int at = row + i * 16;
                load_matrices(left[i], a + (at * 8 + (k * 2 + lane / 16 ^ at % 8)) * 8);
            }
#pragma unroll
            for (int i = 0; i < PAIRS; i++) {
                int at = beside + i * 16 + lane % 8 + lane / 16 * 8;
                load_matrices(right[i], b + (at * 8 + (k * 2 + lane / 8 % 2 ^ at % 8)) * 8);
            }
#pragma unroll
            for (int i = 0; i < 2; i++)
#pragma unroll
                for (int j = 0; j < PAIRS; j++) {
                    float(*to)[4] = sum + (i * PAIRS + j) * 2;
                    multiply(to[0], left[i], right[j][0], right[j][1]);
                    multiply(to[1], left[i], right[j][2], right[j][3]);
                }
        }
        if (++chunk == c.chunks) chunk = 0, tap++;
    }
#endif

    int phase = column * 64 / c.width, channel = column * 64 - phase * c.width;
    int rows = c.count * c.rate + c.ahead;
    int used = (int)lengths[item] * c.per_frame + c.more;
    auto row_at = [&](int j, int half) { return first + row_of[j] + half * 8 + lane / 4; };
    auto channel_at = [&](int j) { return channel + column_of[j] + lane % 4 * 2; };
    auto place_of = [&](int row, int at) { return ((size_t)item * rows + row) * c.width + at; };
    // All at once: behind the stores of one, each of the others would wait for the memory alone.
    float2 residual[FRAGMENTS][2];
#pragma unroll
    for (int j = 0; j < FRAGMENTS; j++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = row_at(j, half), at = channel_at(j);
            residual[j][half] = make_float2(0, 0);
            if (c.residual && row < c.count && at < c.width)
                residual[j][half] = *(const float2 *)(c.residual +
                                                    place_of(row * c.rate + phase + c.ahead, at));
        }
#pragma unroll
    for (int j = 0; j < FRAGMENTS; j++) {
        int at = channel_at(j);
        if (at >= c.width) continue;
        float2 bias = __ldg((const float2 *)(c.bias + phase * c.width + at));
        float2 alpha[MOST];
#pragma unroll
        for (int i = 0; i < MOST; i++)
            if (c.alpha[i]) alpha[i] = __ldg((const float2 *)(c.alpha[i] + at));
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = row_at(j, half);
            if (row >= c.count) continue;
            int to = row * c.rate + phase + c.ahead;
            // A copy of row 2 comes ahead of all where there is one.
            for (int copy = c.ahead && to == 2; copy >= 0; copy--) {
                int there = copy ? 0 : to;
                size_t place = place_of(there, at);
                float2 more = residual[j][half];
                if (copy && c.residual) more = *(const float2 *)(c.residual + place);
                float x = sum[j][2 * half] + bias.x + more.x;
                float y = sum[j][2 * half + 1] + bias.y + more.y;
                if (c.total) *(float2 *)(c.total + place) = make_float2(x, y);
#pragma unroll
                for (int i = 0; i < MOST; i++)
                    if (c.bent[i]) {
                        float u = fmaxf(x, x * c.slope), v = fmaxf(y, y * c.slope);
                        if (c.alpha[i]) u = snake(x, alpha[i].x), v = snake(y, alpha[i].y);
                        u32 both = there < used ? pack<half_t>(kept(u), kept(v)) : 0;
                        *(u32 *)(c.bent[i] + place) = both;
                    }
            }
        }
    }
}

extern "C" __global__ void __launch_bounds__(288, HOPPER ? 3 : 1)
convolve_64(const __grid_constant__ Convolutions all, const i64 *lengths) {
    convolve<64>(all, lengths);
}
extern "C" __global__ void __launch_bounds__(288, 1)
convolve_128(const __grid_constant__ Convolutions all, const i64 *lengths) {
    convolve<128>(all, lengths);
}
