// A transformer layer of the estimator on Hopper, in kernels that read and write blocks;
// its attention is in `attention_blocks.cu`.
//
// A block is 64 rows of 64 halves as wgmma reads them (see `hopper.cuh`), 8 KB in one piece: one
// copy of the card's own brings it, and no thread computes an address of it. Activations are
// (rows / 64, columns / 64) blocks, matrices (outputs / 64, inputs / 64). A kernel asks for all of
// its weights before the kernel ahead of it has ended. The stream stays (rows, 256) fp32.
#include "rows.cuh"

// `left` and `told` of rows as they are, where no kernel before has handed them on. A warp takes a
// row, and the grid is rows / 8.
extern "C" __global__ void __launch_bounds__(256)
begin_rows(const float *stream, const float *ahead, half_t *left, float2 *told) {
    int lane = threadIdx.x % 32, at = blockIdx.x * 8 + threadIdx.x / 32, tile = at / 64, row = at % 64;
    start_next();
    float excess[8], x[8];
    load_row(excess, ahead);
    wait_for_previous();
    load_row(x, stream + (size_t)at * WIDTH);
#pragma unroll
    for (int k = 0; k < 8; k++) x[k] -= excess[k];
    // Eight lanes have 32 columns of each half.
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float *mine = x + half * 4, mean = 0, squares = 0;
#pragma unroll
        for (int k = 0; k < 4; k++) mean += mine[k];
#pragma unroll
        for (int step = 4; step; step >>= 1) mean += __shfl_xor_sync(~0u, mean, step);
        mean /= 32;
#pragma unroll
        for (int k = 0; k < 4; k++) squares += (mine[k] - mean) * (mine[k] - mean);
#pragma unroll
        for (int step = 4; step; step >>= 1) squares += __shfl_xor_sync(~0u, squares, step);
        if (lane % 8 == 0)
            told[(tile * PARTS + half * 4 + lane / 8) * 64 + row] = make_float2(mean, squares);
        half_t *to = left + (size_t)(tile * 4 + half * 2 + lane / 16) * BLOCK +
                     (row * 8 + (lane % 16 / 2 ^ row % 8)) * 8 + lane % 2 * 4;
        *(uint2 *)to = make_uint2(pack<half_t>(mine[0], mine[1]), pack<half_t>(mine[2], mine[3]));
    }
}

// TILES x 64 such rows times FOURS x 64 rows of `weight`; a row's mean goes to `means`, for who hands
// it on next, and 128 counters at `arrived`, if anything, become zero. Each four warps take 64 columns of 64 rows. The grid is (rows / 64 / TILES, outputs / 64
// / FOURS).
template <int TILES, int FOURS, bool CURVED>
DEVICE void divided_product(const half_t *rows, const float2 *told, const half_t *weight,
                            const half_t *bias, half_t *result, float *means, int *arrived) {
    constexpr int DEEP = WIDTH / 64, ALL = TILES * FOURS;
    __shared__ u64 there[FOURS], rows_there[TILES * DEEP];
    __shared__ float scales[TILES * 64];
    half_t *tile = (half_t *)shared, *weights = tile + TILES * DEEP * BLOCK;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    int four = __shfl_sync(~0u, threadIdx.x / 128, 0);  // uniform, so that the compiler knows it
    int of = four % FOURS, mine = four / FOURS;  // whose columns, and of which 64 rows
    int column = blockIdx.y * FOURS + of, columns = gridDim.y * FOURS, first = blockIdx.x * TILES;
    if (threadIdx.x == 0) {
#pragma unroll
        for (int i = 0; i < FOURS; i++) prepare(&there[i], 1);
#pragma unroll
        for (int i = 0; i < TILES * DEEP; i++) prepare(&rows_there[i], 1);
        end_preparing();
#pragma unroll
        for (int i = 0; i < FOURS; i++) {
            expect(&there[i], DEEP * BLOCK_BYTES);
            copy_blocks(weights + i * DEEP * BLOCK,
                        weight + (size_t)(blockIdx.y * FOURS + i) * DEEP * BLOCK, DEEP, &there[i]);
        }
    }
    __syncthreads();
    start_next();
    u32 added[8];
#pragma unroll
    for (int j = 0; j < 8; j++)
        added[j] = *(const u32 *)(bias + column * 64 + j * 8 + lane % 4 * 2);
    wait_for_previous();
    if (threadIdx.x % (FOURS * 128) == 0) {
        show_to_copies();
#pragma unroll
        for (int i = 0; i < DEEP; i++) {
            u64 *signal = &rows_there[mine * DEEP + i];
            expect(signal, BLOCK_BYTES);
            copy_blocks(tile + (mine * DEEP + i) * BLOCK,
                        rows + (size_t)((first + mine) * DEEP + i) * BLOCK, 1, signal);
        }
    }
    int row = threadIdx.x - (ALL * 128 - TILES * 64);
    if (row >= 0) {
        float2 found = deviation(told, first + row / 64, row % 64);
        scales[row] = found.y;
        if (blockIdx.y == 0) means[first * 64 + row] = found.x;
    }
    if (arrived && blockIdx.x == 0 && blockIdx.y == 0 && threadIdx.x < 128) arrived[threadIdx.x] = 0;
    const half_t *by = weights + of * DEEP * BLOCK;
    float sum[8][4];
    wait_for(&there[of], 0);
#pragma unroll
    for (int i = 0; i < DEEP; i++) {
        wait_for(&rows_there[mine * DEEP + i], 0);
        u64 a = matrix_at(tile + (mine * DEEP + i) * BLOCK), b = matrix_at(by + i * BLOCK);
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) multiply_64(sum, a + 2 * k, b + 2 * k, i + k);
        close_products();
    }
    wait_for_products<0>();
    settle(sum);
    __syncthreads();  // nobody reads the rows any more, and all know their scales
    half_t *rounded = tile + four * BLOCK;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = warp % 4 * 16 + half * 8 + lane / 4;
        float scale = scales[mine * 64 + row];
#pragma unroll
        for (int j = 0; j < 8; j++) {
            float u = fmaf(sum[j][2 * half], scale, lower<half_t>(added[j]));
            float v = fmaf(sum[j][2 * half + 1], scale, upper<half_t>(added[j]));
            if (CURVED) u = gelu(u), v = gelu(v);
            *(u32 *)(rounded + (row * 8 + (j ^ row % 8)) * 8 + lane % 4 * 2) = pack<half_t>(u, v);
        }
    }
    __syncwarp();
    // A warp copies the rows that it has written.
    size_t at = warp % 4 * 16 * 64 + lane * 8;
    half_t *to = result + (size_t)((first + mine) * columns + column) * BLOCK + at;
#pragma unroll
    for (int i = 0; i < 4; i++)
        *(uint4 *)(to + i * 256) = *(const uint4 *)(rounded + at + i * 256);
}

// `stream` grows by 64 rows of blocks times 64 rows of `weight`. Four warps multiply, a fifth asks
// for what they read, four blocks at once; SLOTS fours of rows are there at once. The grid is (rows / 64, 256 / 64).
// Where there is `left`, that becomes the stream, or with `ahead` and `told` those and it what a
// product of `stream - ahead` reads, less the `means` of before, if any.
template <int DEEP, int SLOTS>
DEVICE void add_product(const half_t *rows, const half_t *weight, float *stream, const float *ahead,
                        const float *means, half_t *left, float2 *told) {
    __shared__ u64 weights_there[2], there[SLOTS], taken[SLOTS];
    half_t *weights = (half_t *)shared, *slots = weights + DEEP * BLOCK;
    half_t *rounded = slots + SLOTS * 4 * BLOCK;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    if (threadIdx.x == 128) {
        prepare(&weights_there[0], 1);
        prepare(&weights_there[1], 1);
#pragma unroll
        for (int s = 0; s < SLOTS; s++) prepare(&there[s], 1), prepare(&taken[s], 4);
        end_preparing();
        weight += (size_t)blockIdx.y * DEEP * BLOCK;
#pragma unroll
        for (int part = 0; part < 2; part++) {
            expect(&weights_there[part], DEEP / 2 * BLOCK_BYTES);
            copy_blocks(weights + part * DEEP / 2 * BLOCK, weight + part * DEEP / 2 * BLOCK, DEEP / 2,
                        &weights_there[part]);
        }
    }
    __syncthreads();
    start_next();
    wait_for_previous();
    if (warp == 4) {
        if (lane) return;
        show_to_copies();
        rows += (size_t)blockIdx.x * DEEP * BLOCK;
#pragma unroll 1
        for (int i = 0; i < DEEP / 4; i++) {
            int slot = i % SLOTS;
            if (i >= SLOTS) wait_for(&taken[slot], (i / SLOTS - 1) & 1);
            expect(&there[slot], 4 * BLOCK_BYTES);
            copy_blocks(slots + slot * 4 * BLOCK, rows + i * 4 * BLOCK, 4, &there[slot]);
        }
        return;
    }
    int row = warp * 16 + lane / 4;
    float *to = stream + (size_t)(blockIdx.x * 64 + row) * WIDTH + blockIdx.y * 64 + lane % 4 * 2;
    float2 before[8][2];
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
        for (int half = 0; half < 2; half++)
            before[j][half] = *(const float2 *)(to + half * 8 * WIDTH + j * 8);
    float2 excess[8];
    if (left) load_excess(excess, ahead, blockIdx.y);
    float common[2] = {};
    if (means) {
        common[0] = means[blockIdx.x * 64 + row];
        common[1] = means[blockIdx.x * 64 + row + 8];
    }
    float sum[8][4];
#pragma unroll
    for (int i = 0; i < DEEP; i++) {
        if (i == 0) wait_for(&weights_there[0], 0);
        if (i == DEEP / 2) wait_for(&weights_there[1], 0);
        const int slot = i / 4 % SLOTS;
        if (i % 4 == 0) wait_for(&there[slot], i / 4 / SLOTS & 1);
        u64 a = matrix_at(slots + (slot * 4 + i % 4) * BLOCK), b = matrix_at(weights + i * BLOCK);
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) multiply_64(sum, a + 2 * k, b + 2 * k, i + k);
        close_products();
        if (i % 4 == 0 && i >= 4 && i / 4 - 1 + SLOTS < DEEP / 4) {
            wait_for_products<1>();
            if (lane == 0) arrive(&taken[(i / 4 - 1) % SLOTS]);
        }
    }
    wait_for_products<0>();
    settle(sum);
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            sum[j][2 * half] += before[j][half].x;
            sum[j][2 * half + 1] += before[j][half].y;
            *(float2 *)(to + half * 8 * WIDTH + j * 8) =
                make_float2(sum[j][2 * half], sum[j][2 * half + 1]);
        }
    if (left) hand_on(sum, row, blockIdx.x, blockIdx.y, excess, common, rounded, left, told);
}

#define DIVIDED(NAME, TILES, FOURS, CURVED)                                                        \
    extern "C" __global__ void __launch_bounds__(128 * TILES * FOURS, 2 / TILES)                   \
    NAME(const half_t *rows, const float2 *told, const half_t *weight, const half_t *bias,         \
         half_t *result, float *means, int *arrived) {                                             \
        divided_product<TILES, FOURS, CURVED>(rows, told, weight, bias, result, means, arrived);   \
    }
#define ADD_PRODUCT(NAME, DEEP, SLOTS)                                                             \
    extern "C" __global__ void __launch_bounds__(160)                                              \
    NAME(const half_t *rows, const half_t *weight, float *stream, const float *ahead,              \
         const float *means, half_t *left, float2 *told) {                                         \
        add_product<DEEP, SLOTS>(rows, weight, stream, ahead, means, left, told);                  \
    }

DIVIDED(qkv, 1, 2, false)
DIVIDED(qkv_of_two_128, 2, 2, false)
DIVIDED(qkv_of_two_192, 2, 3, false)
DIVIDED(feed_in, 1, 2, true)
ADD_PRODUCT(attended_out, 8, 2)
ADD_PRODUCT(feed_out, 16, 2)
