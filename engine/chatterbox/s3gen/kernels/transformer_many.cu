// A norm and the product after it on Hopper, for so many rows that they fill the card many times.
#include "many.cuh"

// Sixty-four rows of `stream`, normalised after `ahead` is taken off, as blocks. The grid is
// (rows / 64); a warp takes a row at a time.
extern "C" __global__ void __launch_bounds__(256)
norm_blocks(const float *stream, const float *ahead, half_t *result) {
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    start_next();
    float excess[8];
    load_row(excess, ahead);
    wait_for_previous();
    half_t *to = result + (size_t)blockIdx.x * 4 * BLOCK + lane / 16 * BLOCK + lane % 2 * 4;
    float x[8][8];
#pragma unroll
    for (int i = 0; i < 8; i++)
        load_row(x[i], stream + (size_t)(blockIdx.x * 64 + warp * 8 + i) * WIDTH);
#pragma unroll
    for (int i = 0; i < 8; i++) {
#pragma unroll
        for (int k = 0; k < 8; k++) x[i][k] -= excess[k];
        normalise(x[i]);
        uint4 halves = packed(x[i]);
        half_t *at = to + ((warp * 8 + i) * 8 + (lane % 16 / 2 ^ i)) * 8;
        *(uint2 *)at = make_uint2(halves.x, halves.y);
        *(uint2 *)(at + 2 * BLOCK) = make_uint2(halves.z, halves.w);
    }
}

// Blocks of `result` from those of `rows` times 256 rows of `weight`, which stay in shared memory.
// Two times four warps take 64 rows in turn: one multiplies while the other stores. A ninth warp
// asks for what they read, a tenth has results copied. The last rows come first where `backwards`. The
// grid is (any, outputs / 256).
extern "C" __global__ void __launch_bounds__(320, 1)
many_product(const half_t *rows, const half_t *weight, const half_t *bias, half_t *result,
             int tiles, int backwards) {
    constexpr int SLOTS = 3, DEEP = WIDTH / 64;
    __shared__ u64 weights_there, there[SLOTS], taken[SLOTS], made[SLOTS];
    half_t *weights = (half_t *)shared, *slots = weights + 4 * DEEP * BLOCK;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, two = warp / 4;
    if (threadIdx.x == 256) {
        prepare(&weights_there, 1);
#pragma unroll
        for (int s = 0; s < SLOTS; s++)
            prepare(&there[s], 1), prepare(&taken[s], 1), prepare(&made[s], 4);
        end_preparing();
        // wgmma reads 256 rows of 64 halves in one piece.
        expect(&weights_there, 4 * DEEP * BLOCK_BYTES);
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int k = 0; k < DEEP; k++)
                copy_blocks(weights + (k * 4 + i) * BLOCK,
                            weight + (size_t)((blockIdx.y * 4 + i) * DEEP + k) * BLOCK, 1,
                            &weights_there);
    }
    __syncthreads();
    start_next();
    wait_for_previous();
    auto tile_of = [&](int t) { return backwards ? tiles - 1 - t : t; };
    if (warp == 9) {
        if (lane) return;
        int n = 0;
        for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x, n++) {
            int slot = n % SLOTS;
            wait_for(&made[slot], n / SLOTS & 1);
            copy_back(result + (size_t)(tile_of(tile) * gridDim.y + blockIdx.y) * 4 * BLOCK,
                      slots + slot * DEEP * BLOCK, 4 * BLOCK_BYTES);
            wait_until_read();
            arrive(&taken[slot]);
        }
        return;
    }
    if (warp == 8) {
        if (lane) return;
        show_to_copies();
        int n = 0;
        for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x, n++) {
            int slot = n % SLOTS;
            if (n >= SLOTS) wait_for(&taken[slot], (n / SLOTS - 1) & 1);
            expect(&there[slot], DEEP * BLOCK_BYTES);
            copy_blocks(slots + slot * DEEP * BLOCK,
                        rows + (size_t)tile_of(tile) * DEEP * BLOCK, DEEP, &there[slot]);
        }
        return;
    }
    // Whose turn it is to multiply: the first four begin.
    auto pass_on = [&] { asm volatile("bar.arrive %0, 256;" ::"r"(2 - two) : "memory"); };
    auto wait_for_turn = [&] { asm volatile("bar.sync %0, 256;" ::"r"(1 + two) : "memory"); };
    auto wait_for_four = [&] { asm volatile("bar.sync %0, 128;" ::"r"(3 + two) : "memory"); };
    if (two == 1) pass_on();
    wait_for(&weights_there, 0);
    const half_t *shift = bias + blockIdx.y * 256 + lane % 4 * 2;
    int n = two;
#pragma unroll 1
    for (int tile = blockIdx.x + two * gridDim.x; tile < tiles; tile += 2 * gridDim.x, n += 2) {
        half_t *slot = slots + n % SLOTS * DEEP * BLOCK;
        wait_for(&there[n % SLOTS], n / SLOTS & 1);
        wait_for_turn();
        float sum[32][4];
        begin_products();
#pragma unroll
        for (int i = 0; i < DEEP; i++) {
            u64 a = matrix_at(slot + i * BLOCK), b = matrix_at(weights + i * 4 * BLOCK);
#pragma unroll
            for (int k = 0; k < 4; k++) multiply_256(sum, a + 2 * k, b + 2 * k, i + k);
            close_products();
        }
        wait_for_products<1>();  // as long as both multiplied, nobody would store meanwhile
        pass_on();
        wait_for_products<0>();
        settle(sum);
        wait_for_four();  // nobody reads these rows any more
#pragma unroll
        for (int j = 0; j < 32; j++) {
            u32 added = *(const u32 *)(shift + j * 8);
#pragma unroll
            for (int half = 0; half < 2; half++) {
                int row = warp % 4 * 16 + half * 8 + lane / 4;
                float u = sum[j][2 * half] + lower<half_t>(added);
                float v = sum[j][2 * half + 1] + upper<half_t>(added);
                *(u32 *)(slot + j / 8 * BLOCK + (row * 8 + (j % 8 ^ row % 8)) * 8 + lane % 4 * 2) =
                    pack<half_t>(u, v);
            }
        }
        show_to_products();
        __syncwarp();
        if (lane == 0) arrive(&made[n % SLOTS]);
    }
}
