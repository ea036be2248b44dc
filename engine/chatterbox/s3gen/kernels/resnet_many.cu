// A resnet for so many rows that they fill the card many times: see `resnet.cu`.
#include "many.cuh"

#define TAPS 3
#define AHEAD 8  // rows that a tile has before its own: taps need two, the swizzle eight

__device__ __align__(128) half_t nothing[AHEAD * 64];  // zeros: what lies before an item

// What a convolution is for: a resnet's FIRST and SECOND, the LAST of all with its norm, or none.
enum Kind { FIRST, SECOND, LAST, PLAIN };

// `rows` (rows, channels) in blocks of halves. The grid is (rows / 64, channels / 64).
extern "C" __global__ void __launch_bounds__(256)
round_blocks(const float *rows, half_t *blocks, int channels) {
    start_next();
    wait_for_previous();
    half_t *to = blocks + (size_t)(blockIdx.x * gridDim.y + blockIdx.y) * BLOCK;
    const float *from = rows + (size_t)blockIdx.x * 64 * channels + blockIdx.y * 64;
#pragma unroll
    for (int i = 0; i < 2; i++) {
        int at = threadIdx.x + i * 256, row = at / 8, chunk = at % 8;
        float x[8];
        load8(x, from + (size_t)row * channels + chunk * 8);
        *(uint4 *)(to + (row * 8 + (chunk ^ row % 8)) * 8) = packed(x);
    }
}

// A causal convolution of `rows` (blocks); but of the PLAIN one, its norm and Mish, and `shift` and
// `more_shift` added, where there are any. The FIRST makes blocks of `result`, the LAST rows. The
// SECOND adds the product of `direct` (blocks) and `shortcut`, and makes the stream, as the PLAIN one
// does; where there is `result`, that becomes blocks of `stream - ahead`, normalised.
//
// Tiles of 64 rows, four warps and clusters as in `many_grow`; of a last two both fours of a block
// take half of the inputs of one. The grid is 2 (tiles / each), rounded up.
template <Kind KIND>
DEVICE void convolve(const half_t *rows, const half_t *weight, const half_t *conv_bias,
                     const float *conv_gain, const float *conv_norm_bias, const float *added,
                     const half_t *direct, const half_t *shortcut, const half_t *more_added,
                     float *stream, const float *ahead, half_t *result, int across,
                     int direct_across, int time, int tiles, int each) {
    constexpr int SLOTS = 4, STAGES = 4, TILE = (AHEAD + 64) * 64;
    __shared__ u64 signals[2 * SLOTS], rows_there[STAGES], rows_taken[STAGES], done, joined;
    __shared__ float bias[WIDTH], gain[WIDTH], norm_bias[WIDTH], shift[WIDTH], excess[WIDTH];
    half_t *stages = (half_t *)shared;
    Ring<SLOTS, true> ring{signals, signals + SLOTS, stages + STAGES * 2 * TILE};
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, two = warp / 4, rank = blockIdx.x % 2;
    if (threadIdx.x == 256) {
        ring.prepare_signals();
#pragma unroll
        for (int s = 0; s < STAGES; s++) prepare(&rows_there[s], 1), prepare(&rows_taken[s], 8);
        prepare(&done, 8);
        prepare(&joined, 8);
        end_preparing();
    }
    if (int c = threadIdx.x; c < WIDTH) {
        bias[c] = to_float(conv_bias[c]);
        if (KIND != PLAIN) gain[c] = conv_gain[c], norm_bias[c] = conv_norm_bias[c];
        if (KIND != PLAIN) shift[c] = added ? added[c] : 0;
        if (KIND == SECOND) shift[c] += to_float(more_added[c]);
        excess[c] = ahead ? ahead[c] : 0;
    }
    __syncwarp();
    meet_cluster();
    start_next();
    wait_for_previous();
    int first = blockIdx.x / 2 * each, count = min(each, tiles - first), per_item = time / 64;
    if (two == 2) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
        if (threadIdx.x == 256) {
            show_to_copies();
            int n = 0, m = 0, pass = 0;
            for (int begin = 0; begin < count; begin += 4, pass++) {
                bool split = count - begin <= 2;
                // What blocks are made of lies where these go.
                if ((KIND == FIRST || KIND == SECOND) && pass) wait_for(&done, (pass - 1) & 1);
                auto ask_rows = [&](const half_t *from, int wide, int k, bool before) {
                    int s = m % STAGES;
                    if (m >= STAGES) wait_for(&rows_taken[s], (m / STAGES - 1) & 1);
                    expect(&rows_there[s], 2 * (BLOCK_BYTES + (before ? AHEAD * 128 : 0)));
                    for (int i = 0; i < 2; i++) {
                        int tile = min(first + begin + (split ? rank : rank * 2 + i), tiles - 1);
                        half_t *to = stages + (s * 2 + i) * TILE;
                        const half_t *own = from + (size_t)(tile * wide + k) * BLOCK;
                        if (before)
                            copy_bytes(to, tile % per_item ? own - wide * BLOCK + 56 * 64 : nothing,
                                       AHEAD * 128, &rows_there[s]);
                        copy_blocks(to + AHEAD * 64, own, 1, &rows_there[s]);
                    }
                    m++;
                };
                for (int k = 0; k < across; k++) {
                    ask_rows(rows, across, k, true);
                    for (int tap = 0; tap < TAPS; tap++)
                        ring.ask(n++, weight + (size_t)(tap * across + k) * BLOCK, TAPS * across);
                }
                if (KIND != SECOND) continue;
                if (split) wait_for(&joined, 0);  // what is exchanged lies where these go
                for (int k = 0; k < direct_across; k++) {
                    ask_rows(direct, direct_across, k, false);
                    ring.ask(n++, shortcut + (size_t)k * BLOCK, direct_across);
                }
            }
        }
        __syncwarp();
        meet_cluster();
        return;
    }
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    auto leave_rows = [&](int m) {
        if (lane == 0) arrive(&rows_taken[m % STAGES]);
    };
    int column = lane % 4 * 2, n = 0, m = 0;
    float sum[32][4];
    // A step: 64 inputs, from a row of a tile's on.
    auto multiply = [&](int row, int more) {
        ring.wait(n);
        u64 a = matrix_at(stages + (m % STAGES * 2 + two) * TILE + row * 64);
        u64 b = matrix_at(ring.slot(n));
        begin_products();
#pragma unroll
        for (int i = 0; i < 4; i++) multiply_256(sum, a + 2 * i, b + 2 * i, more + i);
        close_products();
    };
#pragma unroll 1
    for (int begin = 0; begin < count; begin += 4) {
        bool split = count - begin <= 2;
        int which = split ? rank : rank * 2 + two, tile = min(first + begin + which, tiles - 1);
        bool mine = !split || !two;
        int before = -1, rows_before = -1;  // what products may still read
        auto leave_before = [&] {
            if (before >= 0) ring.leave(before);
            if (rows_before >= 0) leave_rows(rows_before);
            before = rows_before = -1;
        };
        auto finish = [&] {
            wait_for_products<0>();
            leave_before();
        };
#pragma unroll 1
        for (int k = 0; k < across; k++, m++) {
            wait_for(&rows_there[m % STAGES], m / STAGES & 1);
            if (split && k % 2 != two) {
                finish();
                for (int tap = 0; tap < TAPS; tap++) ring.skip(n++);
                leave_rows(m);
                continue;
            }
#pragma unroll 1
            for (int tap = 0; tap < TAPS; tap++) {
                multiply(AHEAD - 2 + tap, tap || k > (split ? two : 0));
                wait_for_products<1>();
                leave_before();
                before = n++;
            }
            rows_before = m;
        }
        finish();
        settle(sum);
        if (split) {
            join_halves(sum, (float *)stages, two);
            show_to_products();
            __syncwarp();
            if (lane == 0) arrive(&joined);
        }
        if (KIND == PLAIN) {
#pragma unroll
            for (int j = 0; j < 32; j++) {
                float2 off = *(const float2 *)(bias + column + j * 8);
#pragma unroll
                for (int i = 0; i < 4; i++) sum[j][i] += i % 2 ? off.y : off.x;
            }
        } else if (mine) {
            float mean[2] = {}, squares[2] = {};
#pragma unroll
            for (int j = 0; j < 32; j++) {
                float2 off = *(const float2 *)(bias + column + j * 8);
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    sum[j][i] += i % 2 ? off.y : off.x;
                    mean[i / 2] += sum[j][i];
                }
            }
#pragma unroll
            for (int half = 0; half < 2; half++) mean[half] = sum_of_four(mean[half]) / WIDTH;
#pragma unroll
            for (int j = 0; j < 32; j++)
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    sum[j][i] -= mean[i / 2];
                    squares[i / 2] = fmaf(sum[j][i], sum[j][i], squares[i / 2]);
                }
#pragma unroll
            for (int half = 0; half < 2; half++)
                squares[half] = rsqrtf(sum_of_four(squares[half]) / WIDTH + EPSILON);
#pragma unroll
            for (int j = 0; j < 32; j++) {
                float2 wide = *(const float2 *)(gain + column + j * 8);
                float2 off = *(const float2 *)(norm_bias + column + j * 8);
                float2 more = *(const float2 *)(shift + column + j * 8);
#pragma unroll
                for (int i = 0; i < 4; i++)
                    sum[j][i] = mish(fmaf(sum[j][i] * squares[i / 2], i % 2 ? wide.y : wide.x,
                                          i % 2 ? off.y : off.x)) +
                                (i % 2 ? more.y : more.x);
            }
        }
        if (KIND == SECOND)
#pragma unroll 1
            for (int k = 0; k < direct_across; k++, m++) {
                wait_for(&rows_there[m % STAGES], m / STAGES & 1);
                if (mine) {
                    multiply(AHEAD, 1);
                    n++;
                    wait_for_products<0>();
                    ring.leave(n - 1);
                } else {
                    ring.skip(n++);
                }
                leave_rows(m);
            }
        settle(sum);
        half_t *staged = stages + two * TILE + AHEAD * 64;
        if (mine && which < count - begin) {
            if (KIND == LAST) {
                half_t *to = result + (size_t)(tile * 64 + warp % 4 * 16 + lane / 4) * WIDTH + column;
#pragma unroll
                for (int j = 0; j < 32; j++)
#pragma unroll
                    for (int half = 0; half < 2; half++)
                        *(u32 *)(to + half * 8 * WIDTH + j * 8) =
                            pack<half_t>(sum[j][2 * half], sum[j][2 * half + 1]);
            }
            float *to = stream + (size_t)tile * 64 * WIDTH;
            if (KIND == SECOND && result)  // for the layers behind
                store_pieces(sum, to);
            else if (KIND == SECOND || KIND == PLAIN)
                store_rows(sum, to);
            if (KIND == FIRST || KIND == SECOND && result) {
                wait_for_four(two);  // nobody reads these rows any more
                put_blocks<2 * TILE>(sum, excess, KIND == SECOND, staged);
                show_to_products();
                wait_for_four(two);
                if (threadIdx.x % 128 == 0) {
#pragma unroll
                    for (int i = 0; i < WIDTH / 64; i++)
                        copy_back(result + (size_t)(tile * (WIDTH / 64) + i) * BLOCK,
                                  staged + i * 2 * TILE, BLOCK_BYTES);
                    wait_until_read();
                }
            }
        }
        __syncwarp();
        if (lane == 0) arrive(&done);
    }
    __syncwarp();
    meet_cluster();
}

#define CONV(NAME, KIND)                                                                           \
    extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384, 1)                 \
    NAME(const half_t *rows, const half_t *weight, const half_t *bias, const float *gain,          \
         const float *norm_bias, const float *shift, const half_t *direct, const half_t *shortcut, \
         const half_t *more_shift, float *stream, const float *ahead, half_t *result, int across,    \
         int direct_across, int time, int tiles, int each) {                                       \
        convolve<KIND>(rows, weight, bias, gain, norm_bias, shift, direct, shortcut, more_shift,   \
                       stream, ahead, result, across, direct_across, time, tiles, each);           \
    }
CONV(many_first, FIRST)
CONV(many_second, SECOND)
CONV(many_last, LAST)
CONV(many_plain, PLAIN)
