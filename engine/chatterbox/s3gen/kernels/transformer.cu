// A transformer layer of the estimator on Hopper, in kernels that read and write blocks;
// its attention is in `attention_blocks.cu`.
//
// A block is 64 rows of 64 halves as wgmma reads them (see `hopper.cuh`), 8 KB in one piece: one
// copy of the card's own brings it, and no thread computes an address of it. Activations are
// (rows / 64, columns / 64) blocks, matrices (outputs / 64, inputs / 64). A kernel asks for all of
// its weights before the kernel ahead of it has ended. The stream stays (rows, 256) fp32.
#include "blocks.cuh"

// A lane's eight of a row: four of each half, so that a warp asks for 512 bytes in one piece.
DEVICE void load_row(float (&x)[8], const float *row) {
    *(float4 *)x = *(const float4 *)(row + threadIdx.x % 32 * 4);
    *(float4 *)(x + 4) = *(const float4 *)(row + WIDTH / 2 + threadIdx.x % 32 * 4);
}

// Rows of `stream`, 64 at a time, normalised after `ahead` is taken off, times 256 rows of `weight`,
// which stay. Four times four warps take 64 columns each. The grid is (any, outputs / 256).
template <bool CURVED>
DEVICE void norm_product(const float *stream, const float *ahead, const half_t *weight,
                         const half_t *bias, half_t *result, int tiles) {
    constexpr int FOURS = 4, DEEP = WIDTH / 64, ROWS = 16 / FOURS;
    __shared__ u64 there[FOURS];
    half_t *normed = (half_t *)shared, *weights = normed + DEEP * BLOCK;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, four = warp / 4;
    int column = blockIdx.y * FOURS + four, columns = gridDim.y * FOURS;
    if (threadIdx.x == 0) {
#pragma unroll
        for (int i = 0; i < FOURS; i++) prepare(&there[i], 1);
        end_preparing();
#pragma unroll
        for (int i = 0; i < FOURS; i++) {
            expect(&there[i], DEEP * BLOCK_BYTES);
            copy_blocks(weights + i * DEEP * BLOCK,
                        weight + (size_t)(blockIdx.y * FOURS + i) * DEEP * BLOCK, DEEP, &there[i]);
        }
    }
    start_next();
    float x[ROWS][8];
    auto load = [&](int tile) {
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            load_row(x[i], stream + (size_t)(tile * 64 + warp * ROWS + i) * WIDTH);
    };
    wait_for_previous();
    load(blockIdx.x);
    const half_t *mine = weights + four * DEEP * BLOCK;
    half_t *rounded = normed + four * BLOCK;
#pragma unroll 1
    for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        float excess[8];
        load_row(excess, ahead);
#pragma unroll
        for (int i = 0; i < ROWS; i++) {
#pragma unroll
            for (int k = 0; k < 8; k++) x[i][k] -= excess[k];
            normalise(x[i]);
            int row = warp * ROWS + i;
            uint4 halves = packed(x[i]);
            half_t *to = normed + lane / 16 * BLOCK +
                         (row * 8 + (lane % 16 / 2 ^ row % 8)) * 8 + lane % 2 * 4;
            *(uint2 *)to = make_uint2(halves.x, halves.y);
            *(uint2 *)(to + 2 * BLOCK) = make_uint2(halves.z, halves.w);
        }
        show_to_products();
        __syncthreads();
        if (tile + gridDim.x < tiles) load(tile + gridDim.x);
        wait_for(&there[four], 0);
        float sum[8][4];
        begin_products();
#pragma unroll
        for (int i = 0; i < DEEP; i++) {
            u64 a = matrix_at(normed + i * BLOCK), b = matrix_at(mine + i * BLOCK);
#pragma unroll
            for (int k = 0; k < 4; k++) multiply_64(sum, a + 2 * k, b + 2 * k, i + k);
        }
        end_products();
        settle(sum);
        __syncthreads();  // nobody reads the normalised rows any more
#pragma unroll
        for (int j = 0; j < 8; j++) {
            u32 added = *(const u32 *)(bias + column * 64 + j * 8 + lane % 4 * 2);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int row = warp % 4 * 16 + half * 8 + lane / 4;
                float u = sum[j][2 * half] + lower<half_t>(added);
                float v = sum[j][2 * half + 1] + upper<half_t>(added);
                if (CURVED) u = gelu(u), v = gelu(v);
                *(u32 *)(rounded + (row * 8 + (j ^ row % 8)) * 8 + lane % 4 * 2) =
                    pack<half_t>(u, v);
            }
        }
        __syncwarp();
        // A warp copies the rows that it has written.
        size_t at = warp % 4 * 16 * 64 + lane * 8;
        half_t *to = result + (size_t)(tile * columns + column) * BLOCK + at;
#pragma unroll
        for (int i = 0; i < 4; i++)
            *(uint4 *)(to + i * 256) = *(const uint4 *)(rounded + at + i * 256);
        __syncthreads();
    }
}

// `stream` grows by 64 rows of blocks times 64 rows of `weight`. Four warps multiply, a fifth asks
// for what they read; SLOTS blocks of rows are there at once. The grid is (rows / 64, 256 / 64).
template <int DEEP, int SLOTS>
DEVICE void add_product(const half_t *rows, const half_t *weight, float *stream) {
    __shared__ u64 weights_there[2], there[SLOTS], taken[SLOTS];
    half_t *weights = (half_t *)shared, *slots = weights + DEEP * BLOCK;
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
#pragma unroll
            for (int i = 0; i < DEEP / 2; i += 2)
                copy_blocks(weights + (part * DEEP / 2 + i) * BLOCK,
                            weight + (part * DEEP / 2 + i) * BLOCK, 2, &weights_there[part]);
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
        for (int i = 0; i < DEEP; i++) {
            int slot = i % SLOTS;
            if (i >= SLOTS) wait_for(&taken[slot], (i / SLOTS - 1) & 1);
            expect(&there[slot], BLOCK_BYTES);
            copy_blocks(slots + slot * BLOCK, rows + i * BLOCK, 1, &there[slot]);
        }
        return;
    }
    float *to = stream + (size_t)(blockIdx.x * 64 + warp * 16 + lane / 4) * WIDTH + blockIdx.y * 64 +
                lane % 4 * 2;
    float2 before[8][2];
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
        for (int half = 0; half < 2; half++)
            before[j][half] = *(const float2 *)(to + half * 8 * WIDTH + j * 8);
    float sum[8][4];
#pragma unroll
    for (int i = 0; i < DEEP; i++) {
        if (i == 0) wait_for(&weights_there[0], 0);
        if (i == DEEP / 2) wait_for(&weights_there[1], 0);
        wait_for(&there[i % SLOTS], i / SLOTS & 1);
        u64 a = matrix_at(slots + i % SLOTS * BLOCK), b = matrix_at(weights + i * BLOCK);
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) multiply_64(sum, a + 2 * k, b + 2 * k, i + k);
        close_products();
        if (i >= 1 && i - 1 + SLOTS < DEEP) {
            wait_for_products<1>();
            if (lane == 0) arrive(&taken[(i - 1) % SLOTS]);
        }
    }
    wait_for_products<0>();
    settle(sum);
#pragma unroll
    for (int j = 0; j < 8; j++)
#pragma unroll
        for (int half = 0; half < 2; half++)
            *(float2 *)(to + half * 8 * WIDTH + j * 8) =
                make_float2(before[j][half].x + sum[j][2 * half],
                            before[j][half].y + sum[j][2 * half + 1]);
}

#define NORM_PRODUCT(NAME, CURVED)                                                                 \
    extern "C" __global__ void __launch_bounds__(512)                                              \
    NAME(const float *stream, const float *ahead, const half_t *weight, const half_t *bias,        \
         half_t *result, int tiles) {                                                              \
        norm_product<CURVED>(stream, ahead, weight, bias, result, tiles);                          \
    }
#define ADD_PRODUCT(NAME, DEEP, SLOTS)                                                             \
    extern "C" __global__ void __launch_bounds__(160)                                              \
    NAME(const half_t *rows, const half_t *weight, float *stream) {                                \
        add_product<DEEP, SLOTS>(rows, weight, stream);                                            \
    }

NORM_PRODUCT(qkv, false)
NORM_PRODUCT(feed_in, true)
ADD_PRODUCT(attended_out, 8, 8)
ADD_PRODUCT(feed_out, 16, 8)
