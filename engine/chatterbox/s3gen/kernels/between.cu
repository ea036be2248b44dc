// All of the transformer layers between one attention and the next, on Hopper: the sum over heads,
// the feed-forward, and the next layer's queries, keys and values.
//
// Four neighbours, a cluster, take 64 rows. Each has 64 columns of the stream, in registers, a
// quarter of the hidden columns, and a quarter of the next queries, keys and values. What a product
// reads of the others' columns they write into one another's shared memory. Each streams its share
// of the weights, 16 KB at a time, through a ring, from before the kernel ahead has ended.
#include "blocks.cuh"

#define RANKS 4
#define RING 5  // pieces of two blocks, one for each four warps

DEVICE u32 at_rank(const void *mine, int rank) {
    u32 theirs;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(theirs) : "r"(place(mine)), "r"(rank));
    return theirs;
}
DEVICE void tell(float2 *mine, int rank, float2 value) {
    asm volatile("st.shared::cluster.v2.f32 [%0], {%1, %2};" ::"r"(at_rank(mine, rank)),
                 "f"(value.x), "f"(value.y)
                 : "memory");
}
DEVICE void tell(float *mine, int rank, float value) {
    asm volatile("st.shared::cluster.f32 [%0], %1;" ::"r"(at_rank(mine, rank)), "f"(value)
                 : "memory");
}
DEVICE void tell(u32 *mine, int rank, u32 value) {
    asm volatile("st.shared::cluster.u32 [%0], %1;" ::"r"(at_rank(mine, rank)), "r"(value)
                 : "memory");
}
DEVICE void arrive_at(u64 *mine, int rank) {
    asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(
                     at_rank(mine, rank))
                 : "memory");
}
DEVICE void wait_in_cluster(u64 *signal) {
    u32 there;
    do {
        asm volatile("{ .reg .pred p;\n"
                     "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%1], 0;\n"
                     "selp.u32 %0, 1, 0, p; }"
                     : "=r"(there)
                     : "r"(place(signal))
                     : "memory");
    } while (!there);
}
DEVICE void show_everywhere() { asm volatile("fence.proxy.async;" ::: "memory"); }
DEVICE void begin_cluster() {
    asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::
                     : "memory");
}
DEVICE float sum_of_four(float x) {
    x += __shfl_xor_sync(~0u, x, 1);
    return x + __shfl_xor_sync(~0u, x, 2);
}

struct Between {
    half_t *attended, *normed, *hidden, *ring;
    float2 (*told)[8][64];
    u64 *there, *taken, *rows_there, *met;
    int warp, lane, four, rank, piece;

    // Every thread of the cluster has come so far, and what it told is there.
    DEVICE void meet(int number) {
        show_everywhere();
        __syncwarp();
        if (lane < RANKS) arrive_at(&met[number], lane);
        wait_in_cluster(&met[number]);
        show_everywhere();
    }

    // 64 x 64 sums of COUNT blocks of rows and as many pieces; from block `first`, `apart` apart.
    template <int COUNT>
    DEVICE void multiply(float (&sum)[8][4], const half_t *rows, int first, int apart) {
#pragma unroll
        for (int i = 0; i < COUNT; i++, piece++) {
            int slot = piece % RING;
            wait_for(&there[slot], piece / RING & 1);
            u64 a = matrix_at(rows + (first + i * apart) * BLOCK);
            u64 b = matrix_at(ring + (slot * 2 + four) * BLOCK);
            begin_products();
#pragma unroll
            for (int k = 0; k < 4; k++) multiply_64(sum, a + 2 * k, b + 2 * k, i + k);
            close_products();
            if (i >= 1) {
                wait_for_products<1>();
                if (lane == 0) arrive(&taken[(piece - 1) % RING]);
            }
        }
        wait_for_products<0>();
        settle(sum);
        if (lane == 0) arrive(&taken[(piece - 1) % RING]);
    }

    // Norm of the cluster's rows, of which this thread has four columns of 8 in 16; to all `normed`.
    DEVICE void norm(const float (&x)[4][4], const float *ahead, int number) {
        int column = rank * 64 + four * 32 + lane % 4 * 2;
        float off[4][4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            float2 excess = *(const float2 *)(ahead + column + j * 8);
#pragma unroll
            for (int i = 0; i < 4; i++) off[j][i] = x[j][i] - (i % 2 ? excess.y : excess.x);
        }
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float mean = 0, squares = 0;
#pragma unroll
            for (int j = 0; j < 4; j++) mean += off[j][2 * half] + off[j][2 * half + 1];
            mean = sum_of_four(mean) / 32;
#pragma unroll
            for (int j = 0; j < 4; j++)
#pragma unroll
                for (int i = 0; i < 2; i++) {
                    float d = off[j][2 * half + i] - mean;
                    squares += d * d;
                }
            squares = sum_of_four(squares);
            int row = warp % 4 * 16 + half * 8 + lane / 4;
            tell(&told[number][rank * 2 + four][row], lane % 4, make_float2(mean, squares));
        }
        meet(number == 0 ? 0 : 3);
#pragma unroll
        for (int half = 0; half < 2; half++) {
            // Means and squares of the parts to those of all (Chan, Golub and LeVeque 1979).
            int row = warp % 4 * 16 + half * 8 + lane / 4;
            float mean = 0, squares = 0;
#pragma unroll
            for (int part = 0; part < 8; part++) mean += told[number][part][row].x;
            mean /= 8;
#pragma unroll
            for (int part = 0; part < 8; part++) {
                float2 of = told[number][part][row];
                squares += of.y + 32 * (of.x - mean) * (of.x - mean);
            }
            float scale = rsqrtf(squares / WIDTH + EPSILON);
#pragma unroll
            for (int j = 0; j < 4; j++) {
                u32 both = pack<half_t>((off[j][2 * half] - mean) * scale,
                                        (off[j][2 * half + 1] - mean) * scale);
                half_t *to = normed + rank * BLOCK + (row * 8 + ((four * 4 + j) ^ row % 8)) * 8 +
                             lane % 4 * 2;
#pragma unroll
                for (int r = 0; r < RANKS; r++) tell((u32 *)to, r, both);
            }
        }
        meet(number == 0 ? 1 : 4);
    }
};

// `weight` holds each rank's pieces in the order of their use. Without `qkv` there is no next layer.
// The grid is (4, rows / 64).
extern "C" __global__ void __cluster_dims__(4, 1, 1) __launch_bounds__(288)
between(const half_t *rows, const half_t *weight, const float *feed_ahead, const half_t *feed_bias,
        const float *ahead, const half_t *qkv_bias, float *stream, half_t *qkv) {
    constexpr int PIECES = 4 + 8 + 8 + 12, LAST = 4 + 8 + 8;
    Between of;
    of.attended = (half_t *)shared, of.normed = of.attended + 8 * BLOCK;
    of.hidden = of.normed + 4 * BLOCK, of.ring = of.hidden + 4 * BLOCK;
    of.told = (float2(*)[8][64])(of.ring + 2 * RING * BLOCK);
    of.there = (u64 *)(of.told + 2), of.taken = of.there + RING;
    of.rows_there = of.taken + RING, of.met = of.rows_there + 1;
    int warp = of.warp = threadIdx.x / 32, lane = of.lane = threadIdx.x % 32;
    int four = of.four = warp / 4, rank = of.rank = blockIdx.x;
    of.piece = 0;
    if (threadIdx.x == 256) {
#pragma unroll
        for (int s = 0; s < RING; s++) prepare(&of.there[s], 1), prepare(&of.taken[s], 8);
        prepare(of.rows_there, 1);
#pragma unroll
        for (int i = 0; i < 5; i++) prepare(&of.met[i], 8 * RANKS);
        end_preparing();
    }
    start_next();
    begin_cluster();
    if (warp == 8) {
        if (lane) return;
        weight += (size_t)rank * PIECES * 2 * BLOCK;
        int pieces = qkv ? PIECES : LAST;
        for (int i = 0; i < pieces; i++) {
            int slot = i % RING;
            if (i == RING) {
                // All that does not depend on the kernel ahead is on its way.
                wait_for_previous();
                show_to_copies();
                expect(of.rows_there, 8 * BLOCK_BYTES);
                for (int k = 0; k < 8; k += 2)
                    copy_blocks(of.attended + k * BLOCK,
                                rows + ((size_t)blockIdx.y * 8 + k) * BLOCK, 2, of.rows_there);
            }
            if (i >= RING) wait_for(&of.taken[slot], (i / RING - 1) & 1);
            expect(&of.there[slot], 2 * BLOCK_BYTES);
            copy_blocks(of.ring + slot * 2 * BLOCK, weight + (size_t)i * 2 * BLOCK, 2,
                        &of.there[slot]);
        }
        return;
    }
    wait_for_previous();
    int row = warp % 4 * 16 + lane / 4;
    float *to = stream + (size_t)(blockIdx.y * 64 + row) * WIDTH + rank * 64 + four * 32 +
                lane % 4 * 2;
    float x[4][4];
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float2 before = *(const float2 *)(to + half * 8 * WIDTH + j * 8);
            x[j][2 * half] = before.x, x[j][2 * half + 1] = before.y;
        }

    // The sum over heads: each four warps half of the heads, then half of the columns.
    float sum[8][4];
    wait_for(of.rows_there, 0);
    of.multiply<4>(sum, of.attended, four, 2);
    float *shelf = (float *)of.hidden + threadIdx.x % 128;
    int other = (1 - four) * 4;
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            shelf[(other * 4 + j * 4 + i) * 128] = four ? sum[j][i] : sum[4 + j][i];
    join(1, 256);
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            x[j][i] += (four ? sum[4 + j][i] : sum[j][i]) + shelf[(four * 16 + j * 4 + i) * 128];
    of.norm(x, feed_ahead, 0);

    // This rank's hidden columns: each four warps a tile of 64 at a time.
#pragma unroll 1
    for (int h = 0; h < 2; h++) {
        of.multiply<4>(sum, of.normed, 0, 1);
        int tile = 2 * h + four;
        half_t *block = of.hidden + tile * BLOCK;
#pragma unroll
        for (int j = 0; j < 8; j++) {
            u32 bias = *(const u32 *)(feed_bias + (rank * 4 + tile) * 64 + j * 8 + lane % 4 * 2);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int r = row + half * 8;
                *(u32 *)(block + (r * 8 + (j ^ r % 8)) * 8 + lane % 4 * 2) =
                    pack<half_t>(gelu(sum[j][2 * half] + lower<half_t>(bias)),
                                 gelu(sum[j][2 * half + 1] + upper<half_t>(bias)));
            }
        }
    }
    show_to_products();
    join(1, 256);

    // What they give to each of the stream's columns goes to the rank that has them.
    float *parts = (float *)of.attended;  // of 4 ranks, 32 values, 128 threads
#pragma unroll 1
    for (int h = 0; h < 2; h++) {
        of.multiply<4>(sum, of.hidden, 0, 1);
#pragma unroll
        for (int i = 0; i < 32; i++)
            tell(parts + (rank * 32 + i) * 128 + threadIdx.x % 128, 2 * h + four, sum[i / 4][i % 4]);
    }
    of.meet(2);
#pragma unroll
    for (int r = 0; r < RANKS; r++)
#pragma unroll
        for (int i = 0; i < 16; i++)
            x[i / 4][i % 4] += parts[(r * 32 + four * 16 + i) * 128 + threadIdx.x % 128];
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int half = 0; half < 2; half++)
            *(float2 *)(to + half * 8 * WIDTH + j * 8) =
                make_float2(x[j][2 * half], x[j][2 * half + 1]);
    if (!qkv) return;

    of.norm(x, ahead, 1);
#pragma unroll 1
    for (int h = 0; h < 3; h++) {
        of.multiply<4>(sum, of.normed, 0, 1);
        int tile = rank * 6 + 2 * h + four;
        half_t *block = of.hidden + four * BLOCK;
#pragma unroll
        for (int j = 0; j < 8; j++) {
            u32 bias = *(const u32 *)(qkv_bias + tile * 64 + j * 8 + lane % 4 * 2);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int r = row + half * 8;
                *(u32 *)(block + (r * 8 + (j ^ r % 8)) * 8 + lane % 4 * 2) =
                    pack<half_t>(sum[j][2 * half] + lower<half_t>(bias),
                                 sum[j][2 * half + 1] + upper<half_t>(bias));
            }
        }
        // A warp copies the rows that it has written.
        __syncwarp();
        half_t *out = qkv + ((size_t)blockIdx.y * 24 + tile) * BLOCK + warp % 4 * 16 * 64;
        half_t *mine = block + warp % 4 * 16 * 64;
#pragma unroll
        for (int i = 0; i < 4; i++)
            *(uint4 *)(out + (i * 32 + lane) * 8) = *(const uint4 *)(mine + (i * 32 + lane) * 8);
        __syncwarp();
    }
}
