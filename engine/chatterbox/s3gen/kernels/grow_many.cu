// All of a transformer layer on Hopper that follows attention, for so many rows that they fill the
// card many times: see `transformer.cu` for few.
#include "many.cuh"

// Each x times the normal distribution's mass below it, to 3e-5 but for what the card's own tanh
// lacks, 2e-4 of that mass.
DEVICE void quick_gelu(float (&x)[8][4]) {
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float y = x[j][i], square = fminf(y * y, 64.0f), t;
            float slope = fmaf(fmaf(square, -0.00035151922f, 0.03700566f), square, 0.79750783f);
            asm("tanh.approx.f32 %0, %1;" : "=f"(t) : "f"(y * slope));
            y *= 0.5f;
            x[j][i] = fmaf(y, t, y);
        }
}

// `stream` (rows, 256) grows by `attended` times `out`, and by the feed-forward of what is then
// there. `result` becomes blocks of `stream - ahead`, normalised, or of the stream as it is where there
// is no `ahead`. The stream stays in the registers that products add to, and the feed-forward's inside,
// 128 columns at a time, in those that they multiply. Between two of these kernels it lies in pieces
// (`store_pieces`), and comes and goes as rows where `rows_come` and `rows_go`.
//
// Four warps take 64 rows, eight of a block see each matrix together: of `out` 64 inputs at a time,
// of `weight_in` 128 outputs of 128 inputs, of `weight_out` 64 inputs, each in one piece of 32 KB.
// A cluster takes `each` tiles of 64 rows, an even number: four at a time, and of a last two each block
// takes half of the hidden columns. All clusters' first four lie side by side, and so on, from the end
// where `backwards`, so that a kernel begins with what the one before has left in the shared cache.
// The grid is 2 (tiles / each), rounded up.
extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384, 1)
many_grow(const half_t *attended, const half_t *out, float *stream, const float *feed_ahead,
          const half_t *weight_in, const half_t *bias, const half_t *weight_out, const float *ahead,
          half_t *result, int tiles, int each, int rows_come, int rows_go, int backwards) {
    constexpr int SLOTS = 5, DEEP = WIDTH / 64, INNER = 8, FED = 8;  // of 64 columns, of 128
    constexpr int ITEM = 4 * BLOCK;
    __shared__ u64 signals[2 * SLOTS], rows_there[DEEP], rows_taken[DEEP];
    __shared__ float excess[WIDTH], next_excess[WIDTH];
    __shared__ __align__(16) half_t shifts[SLOTS * 64];  // of what is in a slot, where it has one
    half_t *rows = (half_t *)shared;
    Ring<SLOTS, false> ring{signals, signals + SLOTS, rows + 2 * DEEP * BLOCK};
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
    __syncthreads();
    start_next();
    int passes = (each + 3) / 4;
    auto begin_of = [&](int pass, bool split) {
        return pass * 2 * (int)gridDim.x + block_again() / 2 * (split ? 2 : 4);
    };
    auto tile_of = [&](int t) {
        t = min(t, tiles - 1);
        return backwards ? tiles - 1 - t : t;
    };
    if (two == 2) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
        if (threadIdx.x == 256) {
            int n = 0;
            // What a pass begins with, into the shared cache.
            auto foresee = [&](int pass) {
                bool split = pass * 4 + 2 == each;
                for (int i = 0; i < (split ? 1 : 2); i++) {
                    int tile = tile_of(begin_of(pass, split) + (split ? rank : rank * 2 + i));
                    ask_for(stream + (size_t)tile * 64 * WIDTH, 64 * WIDTH * 4);
                }
            };
            foresee(0);
            // Matrices are nothing that the kernel before makes.
            for (int k = 0; k < SLOTS; k++) ring.ask_alone(n++, out + k * ITEM);
            wait_for_previous();
            show_to_copies();
            for (int pass = 0; pass < passes; pass++) {
                bool split = pass * 4 + 2 == each;
                int begin = begin_of(pass, split);
                if (begin >= tiles) break;
                if (pass + 1 < passes) foresee(pass + 1);
                for (int k = 0; k < INNER; k++) {
                    int s = k % DEEP;
                    if (k >= DEEP) wait_for(&rows_taken[s], 0);
                    else if (pass) wait_for(&rows_taken[s], 1);
                    expect(&rows_there[s], 2 * BLOCK_BYTES);
                    for (int i = 0; i < 2; i++) {
                        int tile = tile_of(begin + (split ? i : rank * 2 + i));
                        copy_blocks(rows + (i * DEEP + s) * BLOCK,
                                    attended + (size_t)(tile * INNER + k) * BLOCK, 1,
                                    &rows_there[s]);
                    }
                    if (pass || k >= SLOTS) ring.ask_alone(n++, out + k * ITEM);
                }
                for (int c = split ? rank : 0; c < FED; c += split ? 2 : 1) {
                    for (int i = 2 * c; i < 2 * c + 2; i++)
                        ring.ask_alone(n++, weight_in + (size_t)i * ITEM, bias + i * 64, shifts);
                    for (int i = 2 * c; i < 2 * c + 2; i++)
                        ring.ask_alone(n++, weight_out + (size_t)i * ITEM);
                }
            }
        }
        __syncwarp();
        if (each % 4 && begin_of(passes - 1, true) < tiles) meet_cluster(), meet_cluster();
        return;
    }
    asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
    wait_for_previous();
    half_t *own = rows + two * DEEP * BLOCK;
    int column = lane % 4 * 2;
    u32 share[4][4];
    auto shift = [&](float (&x)[8][4], int item) {
        const half_t *from = shifts + item % SLOTS * 64 + column;
#pragma unroll
        for (int j = 0; j < 8; j++) {
            u32 added = *(const u32 *)(from + j * 8);
#pragma unroll
            for (int i = 0; i < 4; i++)
                x[j][i] += i % 2 ? upper<half_t>(added) : lower<half_t>(added);
        }
    };
    auto round = [&](float (&x)[8][4]) {
#pragma unroll
        for (int j = 0; j < 8; j++) {
            share[j / 2][j % 2 * 2] = pack<half_t>(x[j][0], x[j][1]);
            share[j / 2][j % 2 * 2 + 1] = pack<half_t>(x[j][2], x[j][3]);
        }
    };
#pragma unroll 1
    for (int pass = 0; pass < passes; pass++) {
        bool split = pass * 4 + 2 == each;
        if (begin_of(pass, split) >= tiles) break;
        // Worked out again behind the products.
        auto own_place = [&] {
            return begin_of(pass, split) + (split ? two : block_again() % 2 * 2 + two);
        };
        auto has_stream = [&] { return !split || two == block_again() % 2; };
        float sum[32][4];
        const float *from = stream + (size_t)tile_of(own_place()) * 64 * WIDTH;
        if (rows_come) load_rows(sum, from);
        else load_pieces(sum, from);
        int n = pass * (INNER + 4 * FED);
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
        if (!has_stream())
#pragma unroll
            for (int j = 0; j < 32; j++)
#pragma unroll
                for (int i = 0; i < 4; i++) sum[j][i] = 0;
        auto multiply_back = [&](int item) {
            ring.wait(item);
            u64 b = matrix_at(ring.slot(item));
            begin_products();
#pragma unroll
            for (int k = 0; k < 4; k++) multiply_256(sum, share[k], b + 2 * k);
            close_products();
        };
        float hidden[16][4];
        auto &near = (float(&)[8][4])hidden[0], &far = (float(&)[8][4])hidden[8];
#pragma unroll 1
        for (int c = 0; c < (split ? FED / 2 : FED); c++, n += 4) {
            ring.wait(n);
            ring.wait(n + 1);
            begin_products();
#pragma unroll
            for (int i = 0; i < DEEP; i++) {
                u64 a = matrix_at(own + i * BLOCK);
                u64 b = matrix_at(ring.slot(n + i / 2) + i % 2 * 2 * BLOCK);
#pragma unroll
                for (int k = 0; k < 4; k++) multiply_128(hidden, a + 2 * k, b + 2 * k, i + k);
            }
            close_products();
            wait_for_products<0>();
            settle(hidden);
            shift(near, n);
            shift(far, n + 1);
            __syncwarp();  // all lanes have read what lies beside these slots
            ring.leave(n);
            ring.leave(n + 1);
            quick_gelu(near);
            round(near);
            multiply_back(n + 2);
            quick_gelu(far);
            come_first(far);
            wait_for_products<0>();
            settle(sum);
            ring.leave(n + 2);
            round(far);
            multiply_back(n + 3);
            wait_for_products<0>();
            settle(sum);
            ring.leave(n + 3);
        }
        if (split) join_blocks(sum, (float *)rows, has_stream());
        if (own_place() < tiles && has_stream()) {
            int tile = tile_of(own_place());
            float *to = stream + (size_t)tile * 64 * WIDTH;
            if (rows_go) store_rows(sum, to);
            else store_pieces(sum, to);
            wait_for_four(two);  // nobody reads these rows any more
            put_blocks(sum, next_excess, ahead, own);
            show_to_products();
            wait_for_four(two);
            if (threadIdx.x % 128 == 0) {
                copy_back(result + (size_t)tile * DEEP * BLOCK, own, DEEP * BLOCK_BYTES);
                wait_until_read();
            }
        }
        __syncwarp();
        if (lane == 0)
#pragma unroll
            for (int s = 0; s < DEEP; s++) arrive(&rows_taken[s]);
    }
}
