// What follows the attention of a transformer layer on Hopper, in one kernel: see `transformer.cu`.
#include "rows.cuh"

DEVICE void meet() { asm volatile("bar.sync %0, 128;" ::"r"(threadIdx.x / 128 + 1) : "memory"); }
DEVICE u32 place_in(int rank, const void *mine) {
    u32 theirs;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(theirs) : "r"(place(mine)), "r"(rank));
    return theirs;
}
// To the same place in another block of the cluster, whose signal there it is that bytes have come.
DEVICE void send(int rank, const void *from, u32 bytes, u64 *signal) {
    asm volatile("cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%0], [%1], "
                 "%2, [%3];" ::"r"(place_in(rank, from)),
                 "r"(place(from)), "r"(bytes), "r"(place_in(rank, signal))
                 : "memory");
}
// Sixteen bytes to the same place in another block of the cluster, whose signal there it is that they
// have come. Ordinary stores would need a fence for the whole card.
DEVICE void post(int rank, const void *mine, uint4 x, u64 *signal) {
    asm volatile("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0], "
                 "{%1, %2, %3, %4}, [%5];" ::"r"(place_in(rank, mine)),
                 "r"(x.x), "r"(x.y), "r"(x.z), "r"(x.w), "r"(place_in(rank, signal))
                 : "memory");
}
// What a warp has put into shared memory is there for the products of all.
DEVICE void hand_over(u64 *signal) {
    show_to_products();
    __syncwarp();
    if (threadIdx.x % 32 == 0) arrive(signal);
}

// What was attended to, by its matrix, onto the stream, and the feed-forward of that: 64 rows by a
// cluster of four. Each block makes 64 columns of the stream, which it tells the others, then 256 of
// the hidden columns, which stay with it, and what they add to all 256 of the stream; 64 of those it
// gathers from the others. Each four warps make 64 hidden columns, all fours at once, and then 64 of the
// stream, one four after the other, so that what goes to another block goes beside the products of the
// next: another's shared memory takes some 12 bytes a cycle. The first four have the block's own 64 of
// the stream, which come last.
// The grid is (4, rows / 64). Where there is `left`, that becomes the stream, or with `ahead` and
// `told` those and it what a product of `stream - ahead` reads; `means` are of the rows before.
extern "C" __global__ void __cluster_dims__(4, 1, 1) __launch_bounds__(512, 1)
out_and_feed(const half_t *attended, const half_t *weight, const float *means, float *stream,
             const float *feed_ahead, const half_t *weight_in, const half_t *bias,
             const half_t *weight_out, const float *ahead, half_t *left, float2 *told) {
    constexpr int DEEP = WIDTH / 64, INNER = 8, ACROSS = WIDTH * 4 / 64;
    __shared__ u64 attended_there[INNER], weight_there, early_free, rows_there[DEEP], first_there[2];
    __shared__ u64 then_there[4][2], turn[4], hidden_there[4], scaled, gathered[3];
    __shared__ float scales[64], common[64];
    __shared__ __align__(16) float2 parts[4 * 64];
    // `early` is what was attended to and then half of the first matrix, `late` the attention's
    // matrix, then hidden columns and a fourth of the second matrix. Of that the other blocks come
    // where a four's part of the first was. To ask for a copy takes a thread fifty nanoseconds,
    // however long it is, so warps share that.
    half_t *rows = (half_t *)shared, *first = rows + 4 * BLOCK, *early = first + 8 * BLOCK;
    half_t *late = early + 8 * BLOCK, *hidden = late, *second = late + 4 * BLOCK;
    // The compiler knows that a warp agrees about this.
    int warp = __shfl_sync(~0u, threadIdx.x / 32, 0), four = warp / 4;
    int lane = threadIdx.x % 32, at = threadIdx.x % 128, rank = blockIdx.x;
    auto columns_of = [&](int four) { return (rank + four) % 4; };  // the stream's, of four warps
    auto ask_first = [&](int half) {
        expect(&first_there[half], 2 * DEEP * BLOCK_BYTES);
        copy_blocks(first + half * 2 * DEEP * BLOCK,
                    weight_in + (size_t)(rank * 4 + half * 2) * DEEP * BLOCK, 2 * DEEP,
                    &first_there[half]);
    };
    auto place_of = [&](int four, int i) {
        if (i == 0) return second + four * BLOCK;
        return four < 3 ? first + (four * 4 + i - 1) * BLOCK : first + (i * 4 - 1) * BLOCK;
    };
    auto ask_second = [&](int four, int i, int count) {
        copy_blocks(place_of(four, i),
                    weight_out + (size_t)(columns_of(four) * ACROSS + rank * 4 + i) * BLOCK, count,
                    &then_there[four][i > 0]);
    };
    if (threadIdx.x == 0) {
        prepare(&weight_there, 1);
        expect(&weight_there, INNER * BLOCK_BYTES);
        prepare(&first_there[0], 1);
        prepare(&first_there[1], 1);
        end_preparing();
        copy_blocks(late, weight + (size_t)rank * INNER * BLOCK, INNER, &weight_there);
    } else if (threadIdx.x == 32) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            prepare(&rows_there[i], i == rank ? 4 : 1);
            if (i != rank) expect(&rows_there[i], BLOCK_BYTES + 64 * sizeof(float2));
            prepare(&turn[i], 4);
            prepare(&hidden_there[i], 4);
        }
        end_preparing();
    } else if (threadIdx.x == 96) {
#pragma unroll
        for (int i = 0; i < INNER; i++) prepare(&attended_there[i], 1);
        end_preparing();
    } else if (threadIdx.x == 64) {
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int j = 0; j < 2; j++) {
                prepare(&then_there[i][j], 1);
                expect(&then_there[i][j], (j ? 3 : 1) * BLOCK_BYTES);
            }
        prepare(&early_free, 4);
        prepare(&scaled, 2);
#pragma unroll
        for (int i = 0; i < 3; i++) {
            prepare(&gathered[i], 1);
            expect(&gathered[i], 64 * 64 * sizeof(half_t));
        }
        end_preparing();
    }
    __syncthreads();
    begin_cluster();
    start_next();
    if (threadIdx.x == 128) ask_first(0);
    if (threadIdx.x == 160)
        for (int i = blockIdx.y * 4 + rank; i < 96; i += gridDim.y * 4)
            ask_for(i < 64 ? weight_out + (size_t)i * BLOCK
                           : weight_in + (size_t)(((i - 64) / 8 * 4 + 2) * DEEP + i % 8) * BLOCK,
                    BLOCK_BYTES);
    __syncwarp();
    u32 added[8];
#pragma unroll
    for (int j = 0; j < 8; j++)
        added[j] = *(const u32 *)(bias + (rank * 4 + four) * 64 + j * 8 + lane % 4 * 2);
    wait_for_previous();
    if (lane == 0 && warp < INNER) {
        show_to_copies();
        expect(&attended_there[warp], BLOCK_BYTES);
        copy_blocks(early + warp * BLOCK, attended + (size_t)(blockIdx.y * INNER + warp) * BLOCK, 1,
                    &attended_there[warp]);
    }
    __syncwarp();
    wait_for_cluster();  // all have begun
    int row = warp % 4 * 16 + lane / 4;
    float *to = stream + (size_t)(blockIdx.y * 64 + row) * WIDTH + rank * 64 + lane % 4 * 2;
    float sum[8][4], x[8][4];
    float2 excess[8];
    if (four == 0) {
        load_excess(excess, feed_ahead, rank);
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
            for (int half = 0; half < 2; half++)
                *(float2 *)(x[j] + 2 * half) = *(const float2 *)(to + half * 8 * WIDTH + j * 8);
        float before[2] = {means[blockIdx.y * 64 + row], means[blockIdx.y * 64 + row + 8]};
        wait_for(&weight_there, 0);
#pragma unroll
        for (int i = 0; i < INNER; i++) {
            wait_for(&attended_there[i], 0);
            u64 a = matrix_at(early + i * BLOCK), b = matrix_at(late + i * BLOCK);
            begin_products();
#pragma unroll
            for (int k = 0; k < 4; k++) multiply_64(sum, a + 2 * k, b + 2 * k, i + k);
            close_products();
        }
        wait_for_products<0>();
        settle(sum);
        if (lane == 0) arrive(&early_free);
        __syncwarp();
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) x[j][i] += sum[j][i], sum[j][i] = x[j][i];
        round_rows<4>(sum, row, rank, excess, before, rows + rank * BLOCK, parts);
        hand_over(&rows_there[rank]);
        meet();
        if (warp && lane == 0) {
            int other = (rank + warp) % 4;
            send(other, rows + rank * BLOCK, BLOCK_BYTES, &rows_there[rank]);
            send(other, parts + rank * 64, 64 * sizeof(float2), &rows_there[rank]);
        }
        __syncwarp();
    } else {
        if (four < 3 && lane == 0) {
            if (warp == 4) wait_for(&early_free, 0), ask_first(1);
            if (four == 2) wait_for(&early_free, 0), ask_second(warp % 4, 0, 1);
        }
    }
    __syncwarp();
    wait_for(&first_there[four / 2], 0);
#pragma unroll
    for (int n = 0; n < DEEP; n++) {
        int i = (rank + DEEP - n) % DEEP;  // the block's own are there first
        wait_for(&rows_there[i], 0);
        u64 a = matrix_at(rows + i * BLOCK), b = matrix_at(first + (four * 4 + i) * BLOCK);
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) multiply_64(sum, a + 2 * k, b + 2 * k, n + k);
        close_products();
    }
    if (warp >= 14) {
        for (int i = 0; i < DEEP; i++) wait_in_cluster(&rows_there[i]);
        float2 of = deviation<4>(parts, 0, threadIdx.x - 448);
        common[threadIdx.x - 448] = of.x;
        scales[threadIdx.x - 448] = of.y;
        __syncwarp();
        if (lane == 0) arrive(&scaled);
        __syncwarp();
    }
    __syncwarp();
    wait_for_products<0>();
    settle(sum);
    begin_cluster();  // reads neither rows nor its part of the first matrix any more
    meet();
    if (four < 3 && lane == 0) {
        if (warp % 4 == 0) ask_second(four, 1, 3);
        if (warp % 4 == 1) ask_second(3, four + 1, 1);
    }
    __syncwarp();
    wait_for(&scaled, 0);
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int r = row + half * 8;
        float scale = scales[r];
#pragma unroll
        for (int j = 0; j < 8; j += 4) {
            float eight[8];
#pragma unroll
            for (int i = 0; i < 8; i++)
                eight[i] = fmaf(sum[j + i / 2][2 * half + i % 2], scale,
                            i % 2 ? upper<half_t>(added[j + i / 2]) : lower<half_t>(added[j + i / 2]));
            gelu(eight);
#pragma unroll
            for (int i = 0; i < 4; i++)
                *(u32 *)(hidden + four * BLOCK + (r * 8 + (j + i ^ r % 8)) * 8 + lane % 4 * 2) =
                    pack<half_t>(eight[2 * i], eight[2 * i + 1]);
        }
    }
    hand_over(&hidden_there[four]);
    if (four == 0 && left) load_excess(excess, ahead, rank);
    if (four != 1) wait_for(&turn[four], 0);
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (i < 2) wait_for(&then_there[four][i], 0);
        wait_for(&hidden_there[i], 0);
        u64 a = matrix_at(hidden + i * BLOCK), b = matrix_at(place_of(four, i));
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) multiply_64(sum, a + 2 * k, b + 2 * k, i + k);
        close_products();
        // A little early, as the next takes a while to see it.
        if (i == 2 && four && lane == 0) arrive(&turn[(four + 1) % 4]);
        __syncwarp();
    }
    wait_for_cluster();
    // The last four's part of the first matrix is free, as the rows are.
    auto buffer = [&](int from) { return from < 3 ? first + (10 + from * 2) * BLOCK : rows; };
    if (four) {
        wait_for_products<0>();
        settle(sum);
        // In halves, as little comes from a neighbour at a time.
        half_t *to_them = buffer(four) + at * 8;
#pragma unroll
        for (int j = 0; j < 8; j += 2)
            post(columns_of(four), to_them + j * 512,
                 make_uint4(pack<half_t>(sum[j][0], sum[j][1]), pack<half_t>(sum[j][2], sum[j][3]),
                            pack<half_t>(sum[j + 1][0], sum[j + 1][1]),
                            pack<half_t>(sum[j + 1][2], sum[j + 1][3])),
                 &gathered[four - 1]);
        return;
    }
    // Others' come while the block's own are multiplied.
#pragma unroll
    for (int other = 1; other < 4; other++) {
        if (other == 3) {
            wait_for_products<0>();
            settle(sum);
        }
        wait_in_cluster(&gathered[other - 1]);
        const uint4 *from = (const uint4 *)buffer(other);
#pragma unroll
        for (int j = 0; j < 8; j += 2) {
            uint4 y = from[j * 64 + at];
            x[j][0] += lower<half_t>(y.x), x[j][1] += upper<half_t>(y.x);
            x[j][2] += lower<half_t>(y.y), x[j][3] += upper<half_t>(y.y);
            x[j + 1][0] += lower<half_t>(y.z), x[j + 1][1] += upper<half_t>(y.z);
            x[j + 1][2] += lower<half_t>(y.w), x[j + 1][3] += upper<half_t>(y.w);
        }
    }
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            sum[j][2 * half] += x[j][2 * half];
            sum[j][2 * half + 1] += x[j][2 * half + 1];
            *(float2 *)(to + half * 8 * WIDTH + j * 8) =
                make_float2(sum[j][2 * half], sum[j][2 * half + 1]);
        }
    float before[2] = {told ? common[row] : 0, told ? common[row + 8] : 0};
    if (left)
        hand_on(sum, row, blockIdx.y, rank, excess, before, rows + 2 * BLOCK, left, told);
}
