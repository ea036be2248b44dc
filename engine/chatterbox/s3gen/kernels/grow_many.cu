// All of a transformer layer on Hopper that follows attention, for so many rows that they fill the
// card many times: see `transformer.cu` for few.
#include "many.cuh"

// `stream` (rows, 256) grows by `attended` times `out`, and
// by the feed-forward of what is then there. `result` becomes blocks of `stream - ahead`, normalised,
// or of the stream as it is where there is no `ahead`. The stream stays in the registers that
// products add to, and the feed-forward's inside, 64 columns at a time, in those that they multiply.
//
// Four warps take 64 rows, eight of a block and those of the other block in the cluster see each
// matrix together, of which each block asks for half. A cluster takes `each` tiles of 64 rows, an
// even number: four at a time, and of a last two both fours of a block take half of the hidden
// columns of one. The grid is 2 (tiles / each), rounded up.
extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384, 1)
many_grow(const half_t *attended, const half_t *out, float *stream, const float *feed_ahead,
          const half_t *weight_in, const half_t *bias, const half_t *weight_out, const float *ahead,
          half_t *result, int tiles, int each) {
    constexpr int SLOTS = 5, DEEP = WIDTH / 64, INNER = 8, FED = 16;  // blocks across
    __shared__ u64 signals[2 * SLOTS], rows_there[DEEP], rows_taken[DEEP];
    __shared__ float excess[WIDTH], next_excess[WIDTH];
    __shared__ __align__(16) half_t shifts[SLOTS * 64];  // of what is in a slot, where it has one
    half_t *rows = (half_t *)shared;
    Ring<SLOTS> ring{signals, signals + SLOTS, rows + 2 * DEEP * BLOCK};
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, two = warp / 4, rank = blockIdx.x % 2;
    if (threadIdx.x == 256) {
        ring.prepare_signals();
#pragma unroll
        for (int s = 0; s < DEEP; s++) prepare(&rows_there[s], 1), prepare(&rows_taken[s], 8);
        end_preparing();
    }
    if (threadIdx.x < WIDTH) {
        excess[threadIdx.x] = feed_ahead[threadIdx.x];
        next_excess[threadIdx.x] = ahead ? ahead[threadIdx.x] : 0;
    }
    __syncwarp();
    meet_cluster();
    start_next();
    wait_for_previous();
    int first = blockIdx.x / 2 * each, count = min(each, tiles - first);
    if (two == 2) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
        if (threadIdx.x == 256) {
            show_to_copies();
            int n = 0;
            auto ask = [&](const half_t *from, int apart) { ring.ask(n++, from, apart); };
            for (int begin = 0; begin < count; begin += 4) {
                bool split = count - begin <= 2;
                // What the next four begin with, into the shared cache.
                for (int i = 0; i < 2 && begin + 4 < count; i++) {
                    int tile = min(first + begin + 4 + rank * 2 + i, tiles - 1);
                    ask_for(stream + (size_t)tile * 64 * WIDTH, 64 * WIDTH * 4);
                }
                for (int k = 0; k < INNER; k++) {
                    int s = k % DEEP;
                    if (k >= DEEP) wait_for(&rows_taken[s], 0);
                    else if (begin) wait_for(&rows_taken[s], 1);
                    expect(&rows_there[s], 2 * BLOCK_BYTES);
                    for (int i = 0; i < 2; i++) {
                        int tile = min(first + begin + (split ? rank : rank * 2 + i), tiles - 1);
                        copy_blocks(rows + (i * DEEP + s) * BLOCK,
                                    attended + (size_t)(tile * INNER + k) * BLOCK, 1,
                                    &rows_there[s]);
                    }
                    ask(out + k * BLOCK, INNER);
                }
                auto ask_in = [&](int c) {
                    ring.ask(n++, weight_in + (size_t)c * 4 * BLOCK, 1, bias + c * 64, shifts);
                };
                ask_in(0);
                for (int c = 1; c < FED; c++) {
                    ask_in(c);
                    ask(weight_out + (c - 1) * BLOCK, FED);
                }
                ask(weight_out + (FED - 1) * BLOCK, FED);
            }
        }
        __syncwarp();
        meet_cluster();
        return;
    }
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    half_t *own = rows + two * DEEP * BLOCK;
    int column = lane % 4 * 2;
    auto which = [&](bool split) {
        int rank = block_again() % 2;
        return split ? rank : rank * 2 + two;
    };
#pragma unroll 1
    for (int begin = 0; begin < count; begin += 4) {
        bool split = count - begin <= 2;
        // Worked out again behind the products.
        auto own_tile = [&] { return block_again() / 2 * each + begin + which(split); };
        float sum[32][4];
        load_rows(sum, stream + (size_t)min(own_tile(), tiles - 1) * 64 * WIDTH);
        int n = begin / 4 * (INNER + 2 * FED);
#pragma unroll 1
        for (int k = 0; k < INNER; k++, n++) {
            wait_for(&rows_there[k % DEEP], k / DEEP);
            ring.wait(n);
            u64 a = matrix_at(own + k % DEEP * BLOCK), b = matrix_at(ring.slot(n));
            begin_products();
#pragma unroll
            for (int i = 0; i < 4; i++) multiply_256(sum, a + 2 * i, b + 2 * i, 1);
            close_products();
            if (k) {
                wait_for_products<1>();
                ring.leave(n - 1);
                if (k <= DEEP && lane == 0) arrive(&rows_taken[k - 1]);
            }
        }
        wait_for_products<0>();
        settle(sum);
        ring.leave(n - 1);
        wait_for_four(two);  // nobody reads what was attended to any more
        put_blocks(sum, excess, true, own);
        show_to_products();
        wait_for_four(two);
        if (split && two)  // the other four have the stream
#pragma unroll
            for (int j = 0; j < 32; j++)
#pragma unroll
                for (int i = 0; i < 4; i++) sum[j][i] = 0;
        // The matrices come as in 0, in 1, out 0, in 2, out 1 ... in 15, out 14, out 15.
        auto in = [&](int c) { return n + (c ? 2 * c - 1 : 0); };
        auto back = [&](int c) { return n + min(2 * c + 2, 2 * FED - 1); };
        float hidden[8][4];
        u32 share[4][4];
        auto multiply_in = [&](int c) {
            ring.wait(in(c));
            begin_products();
#pragma unroll
            for (int i = 0; i < DEEP; i++) {
                u64 a = matrix_at(own + i * BLOCK), b = matrix_at(ring.slot(in(c)) + i * BLOCK);
#pragma unroll
                for (int k = 0; k < 4; k++) multiply_64(hidden, a + 2 * k, b + 2 * k, i + k);
            }
            close_products();
        };
        auto multiply_back = [&](int c) {
            ring.wait(back(c));
            u64 b = matrix_at(ring.slot(back(c)));
            begin_products();
#pragma unroll
            for (int k = 0; k < 4; k++) multiply_256(sum, share[k], b + 2 * k);
            close_products();
        };
        auto curve = [&](int c) {
            const half_t *shift = shifts + in(c) % SLOTS * 64 + column;
#pragma unroll
            for (int j = 0; j < 8; j++) {
                u32 added = *(const u32 *)(shift + j * 8);
#pragma unroll
                for (int i = 0; i < 4; i++)
                    hidden[j][i] += i % 2 ? upper<half_t>(added) : lower<half_t>(added);
            }
            ring.leave(in(c));
#pragma unroll
            for (int j = 0; j < 8; j++)
#pragma unroll
                for (int i = 0; i < 4; i++) hidden[j][i] = gelu(hidden[j][i]);
        };
        auto round = [&] {
#pragma unroll
            for (int j = 0; j < 8; j++) {
                share[j / 2][j % 2 * 2] = pack<half_t>(hidden[j][0], hidden[j][1]);
                share[j / 2][j % 2 * 2 + 1] = pack<half_t>(hidden[j][2], hidden[j][3]);
            }
        };
        int on = split ? 2 : 1, c = split ? two : 0;
        if (c) ring.skip(in(0));
        multiply_in(c);
        wait_for_products<0>();
        settle(hidden);
        curve(c);
        round();
#pragma unroll 1
        for (c += on; c < FED; c += on) {
            if (split) {
                if (c > 2) ring.skip(back(c - 3));
                ring.skip(in(c - 1));
            }
            multiply_in(c);
            multiply_back(c - on);
            wait_for_products<1>();
            settle(hidden);
            curve(c);
            come_first(hidden);
            wait_for_products<0>();
            settle(sum);
            ring.leave(back(c - on));
            round();
        }
        if (split) {
            ring.skip(back(c - 3));
            if (two == 0) ring.skip(in(FED - 1));
        }
        multiply_back(c - on);
        wait_for_products<0>();
        settle(sum);
        ring.leave(back(c - on));
        if (split && two == 0) ring.skip(back(FED - 1));
        if (split) {
            join_halves(sum, (float *)rows, two);
        }
        if (begin + which(split) < count && !(split && two)) {
            int tile = own_tile();
            store_rows(sum, stream + (size_t)tile * 64 * WIDTH);
            wait_for_four(two);  // nobody reads these rows any more
            put_blocks(sum, next_excess, ahead, own);
            copy_out(own, result + (size_t)tile * DEEP * BLOCK);
        }
        __syncwarp();
        if (lane == 0)
#pragma unroll
            for (int s = 0; s < DEEP; s++) arrive(&rows_taken[s]);
    }
    __syncwarp();
    meet_cluster();
}
