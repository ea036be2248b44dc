// Products of weight matrices with 17 to 128 rows, a Llama's with 9 to 128, on Hopper's own tensor-core
// instructions.
//
// Compiled with HIDDEN, the network's width; GPT2, whether it is one, with a bias on every product and
// no gate; and for each kernel its N, TILES, CHUNKS, SPLIT, STAGES and PACE. The number in a kernel's
// name is how many rows it takes, in groups of N.
//
// The matrix's rows are those of what tensor cores multiply, 64 a tile, and the vectors are its
// columns. A block has TILES of them, and CHUNKS times 64 columns of the matrix. It asks for them before
// the kernel that makes the vectors has ended, PACE chunks at once: what others read, and this block's
// vectors, would wait behind more. Of the vectors it has STAGES chunks at a time. SPLIT blocks, a
// cluster, share a row's length: each sends its sums of a part of the vectors to the one that ends
// them, which adds them up in the same order each time.
//
// A vector that is to be normed comes as it is, rounded, and its sums are scaled: who made it has
// told the squares of each 64 of its numbers.
#include "hopper.cuh"

constexpr float EPSILON = 1e-5f;
constexpr int MOST = 128;           // vectors, and from one told square to the next of a vector
constexpr int TOLD = HIDDEN / 64;   // squares of a vector
constexpr int PIECE = 64 * 64 * 2;  // bytes of 64 columns of a tile

enum End {
    STORE,       // out (rows, columns) bf16 = sums, normed
    STORE_FULL,  // the same in fp32
    GELU,        // out (rows, columns) bf16 = GPT-2's gelu of the sums, normed
    GATE,        // out (rows, columns) bf16 = silu(gate) * up, of 2 * columns matrix rows, normed
    ADD,         // out (rows, columns) fp32 += sums, which is rounded and told
};

#if HOPPER
__device__ __forceinline__ float silu(float v) { return __fdividef(v, 1.f + __expf(-v)); }
// `gelu_new`: 0.5 * (1 + tanh(u)) is 1 / (1 + exp(-2 * u)).
__device__ __forceinline__ float gelu(float v) {
    return __fdividef(v, 1.f + __expf(-1.5957691216f * (v + 0.044715f * v * v * v)));
}
__device__ __forceinline__ uint2 rounded4(float4 v) {
    return make_uint2(pack<bf16>(v.x, v.y), pack<bf16>(v.z, v.w));
}

// The grid is (SPLIT, tiles of the matrix / TILES, groups of N vectors). `squares` (TOLD, MOST) are the
// vectors' if they are to be normed, or become those of what was added to, whose `rounded` (rows,
// columns) is kept. `bias` is (columns,), and read if BIASED.
template <int N, End END, bool BIASED, int TILES, int CHUNKS, int SPLIT, int STAGES, int PACE>
__device__ __forceinline__ void product(
    const Map& matrix, const Map& vectors, const bf16* bias, float* squares, void* out,
    bf16* rounded, int rows, int columns) {
    constexpr int WARPS = 4 * TILES, THREADS = 32 * WARPS, ROWS = 64 * TILES, PART = N / SPLIT;
    constexpr int STRIDE = ROWS + 4;  // of one vector's sums: no two lanes write to one bank
    constexpr int STAGE = N * 128;    // bytes
    constexpr int QUADS = (END == GATE ? ROWS / 2 : ROWS) / 4;
    constexpr int ITEMS = (PART * QUADS + THREADS - 1) / THREADS;
    static_assert(END != GATE || TILES == 2, "every gate needs its up");
    static_assert(PART * QUADS % 32 == 0, "warps end together");
    static_assert(N * STRIDE * 4 <= CHUNKS * TILES * PIECE + STAGES * STAGE, "sums have room");
    __shared__ u64 weights_there[CHUNKS], there[CHUNKS], taken[CHUNKS], sums_there;
    __shared__ float scales[PART];
    char *weights = shared, *stages = shared + CHUNKS * TILES * PIECE;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, rank = blockIdx.x;
    // What a thread ends: four columns of some of the vectors.
    const int at = threadIdx.x % QUADS * 4, column = blockIdx.y * (QUADS * 4) + at;
    const int first = blockIdx.z * N, of_block = first + rank * PART;

    auto ask_for_weights = [&](int i) {
        expect(&weights_there[i], TILES * PIECE);
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            int row = (blockIdx.y * TILES + tile) * 64;
            if (END == GATE) row = blockIdx.y * 64 + tile * columns;
            copy_box(weights + (i * TILES + tile) * PIECE, matrix, (rank * CHUNKS + i) * 64, row,
                     &weights_there[i]);
        }
    };
    if (threadIdx.x == THREADS + 32) {
#pragma unroll
        for (int i = 0; i < CHUNKS; i++)
            prepare(&weights_there[i], 1), prepare(&there[i], 1), prepare(&taken[i], WARPS);
        prepare(&sums_there, 1);
        asm volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async.shared::cta;"
                     ::: "memory");
        expect(&sums_there, (SPLIT - 1) * PART * STRIDE * 4);
        asm volatile("prefetch.tensormap [%0];" ::"l"(&vectors) : "memory");
#pragma unroll
        for (int i = 0; i < PACE; i++) ask_for_weights(i);
    }
    __syncthreads();
    arrive_in_cluster();
    start_next();
    if (threadIdx.x == THREADS + 32)
#pragma unroll
        for (int i = PACE; i < CHUNKS; i++) {
            wait_for(&weights_there[i - PACE], 0);
            ask_for_weights(i);
        }
    __syncwarp();
    float shift[4] = {};
    if (BIASED)
#pragma unroll
        for (int i = 0; i < 4; i++) shift[i] = to_float(bias[min(column + i, columns - 1)]);
    wait_for_previous();

    float4 before[ITEMS];
    if (warp >= WARPS) {
        auto ask = [&](int i) {
            expect(&there[i], STAGE);
            copy_box(stages + i % STAGES * STAGE, vectors, (rank * CHUNKS + i) * 64, first,
                     &there[i]);
        };
        if (threadIdx.x == THREADS) {
            asm volatile("fence.proxy.async.global;" ::: "memory");
#pragma unroll
            for (int i = 0; i < STAGES; i++) ask(i);
        }
        if (END != ADD && warp == WARPS)
            for (int v = lane; v < PART; v += 32) {
                float square = 0;
#pragma unroll
                for (int i = 0; i < TOLD; i++) square += squares[i * MOST + of_block + v];
                scales[v] = rsqrtf(square / HIDDEN + EPSILON);
            }
        if (threadIdx.x == THREADS)
#pragma unroll
            for (int i = STAGES; i < CHUNKS; i++) {
                wait_for(&taken[i - STAGES], 0);
                ask(i);
            }
        __syncwarp();
        __syncthreads();
    } else {
        if (END == ADD)
#pragma unroll
            for (int n = 0; n < ITEMS; n++) {
                const int own = (n * THREADS + threadIdx.x) / QUADS, row = of_block + own;
                const bool is = own < PART && row < rows;
                const float* residual = (const float*)out + row * columns + column;
                before[n] = is ? *(const float4*)residual : make_float4(0, 0, 0, 0);
            }
        float sum[N / 8][4];
#pragma unroll
        for (int i = 0; i < CHUNKS; i++) {
            wait_for(&weights_there[i], 0);
            wait_for(&there[i], 0);
            begin_products();
            const u64 a = matrix_at(weights + (i * TILES + warp / 4) * PIECE);
            const u64 b = matrix_at(stages + i % STAGES * STAGE);
#pragma unroll
            for (int k = 0; k < 4; k++) multiply(sum, a + 2 * k, b + 2 * k, i + k);
            close_products();
            if (i > 0 && i - 1 + STAGES < CHUNKS) {
                wait_for_products<1>();
                if (lane == 0) arrive(&taken[i - 1]);
                __syncwarp();
            }
        }
        wait_for_products<0>();
        settle(sum);
        __syncthreads();  // nobody multiplies any more: sums take the place of what was multiplied
        float* to = (float*)shared + lane % 4 * 2 * STRIDE + warp * 16 + lane / 4;
#pragma unroll
        for (int j = 0; j < N / 8; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) to[(j * 8 + i % 2) * STRIDE + i / 2 * 8] = sum[j][i];
    }
    show_to_copies();
    __syncthreads();
    wait_for_cluster();  // all signals are prepared
    constexpr int SENT = PART * STRIDE * 4;  // bytes of what is left for one block
    char* received = stages + STAGES * STAGE;
    if (threadIdx.x < SPLIT && threadIdx.x != rank) {
        const int to = threadIdx.x, slot = rank - (rank > to);
        send(to, received + slot * SENT, shared + to * SENT, SENT, &sums_there);
    }
    __syncwarp();
    if (warp < WARPS) wait_for(&sums_there, 0);
    leave_cluster();  // what was sent is there: only then may blocks end
    constexpr int BOTH = END == GATE ? 2 : 1;
    float4 parts[ITEMS][BOTH];
    if (warp < WARPS)
#pragma unroll
        for (int n = 0; n < ITEMS; n++)
#pragma unroll
            for (int b = 0; b < BOTH; b++) {
                const int own = min((n * THREADS + int(threadIdx.x)) / QUADS, PART - 1);
                const int place = (own * STRIDE + at + b * 64) * 4;
                float4 all[SPLIT];
#pragma unroll
                for (int r = 0; r < SPLIT; r++) {
                    const char* from = received + (r - (r > rank)) * SENT;
                    all[r] = *(const float4*)((r == rank ? shared + rank * SENT : from) + place);
                }
#pragma unroll
                for (int r = 1; r < SPLIT; r++)
                    all[0].x += all[r].x, all[0].y += all[r].y, all[0].z += all[r].z,
                        all[0].w += all[r].w;
                parts[n][b] = all[0];
            }
    if (warp < WARPS)
#pragma unroll
        for (int n = 0; n < ITEMS; n++) {
            const int own = (n * THREADS + threadIdx.x) / QUADS, row = of_block + own;
            if (own >= PART) break;
            float4 v = parts[n][0], up = parts[n][BOTH - 1];
            if (END != ADD) {
                const float scale = scales[own];
                v.x *= scale, v.y *= scale, v.z *= scale, v.w *= scale;
                if (END == GATE) up.x *= scale, up.y *= scale, up.z *= scale, up.w *= scale;
            }
            if (BIASED) v.x += shift[0], v.y += shift[1], v.z += shift[2], v.w += shift[3];
            if (END == GATE) {
                v.x = silu(v.x) * up.x, v.y = silu(v.y) * up.y;
                v.z = silu(v.z) * up.z, v.w = silu(v.w) * up.w;
            }
            if (END == GELU) v.x = gelu(v.x), v.y = gelu(v.y), v.z = gelu(v.z), v.w = gelu(v.w);
            const i64 place = i64(row) * columns + column;
            if constexpr (END == ADD) {
                v.x += before[n].x, v.y += before[n].y, v.z += before[n].z, v.w += before[n].w;
                float square = v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
#pragma unroll
                for (int step = 1; step < 16; step <<= 1)
                    square += __shfl_xor_sync(~0u, square, step);
                if (row < rows) {
                    if (at % 64 == 0) squares[column / 64 * MOST + row] = square;
                    *(float4*)((float*)out + place) = v;
                    *(uint2*)(rounded + place) = rounded4(v);
                }
            } else if constexpr (END == STORE_FULL) {
                const float all[] = {v.x, v.y, v.z, v.w};
#pragma unroll
                for (int i = 0; i < 4; i++)
                    if (row < rows && column + i < columns) ((float*)out)[place + i] = all[i];
            } else if (row < rows) {
                *(uint2*)((bf16*)out + place) = rounded4(v);
            }
        }
    __syncwarp();
    wait_for_cluster();
}
#endif

// `rounded` (rows, HIDDEN) = `residual`, whose `squares` are told. The grid is (rows).
extern "C" __global__ void __launch_bounds__(HIDDEN / 4) begin(
    const float* residual, bf16* rounded, float* squares) {
    start_next();
    wait_for_previous();
    const int at = blockIdx.x * HIDDEN + threadIdx.x * 4;
    const float4 v = *(const float4*)(residual + at);
    float square = v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
#pragma unroll
    for (int step = 1; step < 16; step <<= 1) square += __shfl_xor_sync(~0u, square, step);
    if (threadIdx.x % 16 == 0) squares[threadIdx.x / 16 * MOST + blockIdx.x] = square;
    *(uint2*)(rounded + at) = make_uint2(pack<bf16>(v.x, v.y), pack<bf16>(v.z, v.w));
}

#if HOPPER
template <int N, int TILES, int CHUNKS, int SPLIT, int STAGES, int PACE> struct Form {
    static constexpr int threads = 128 * TILES + 64, split = SPLIT;
    template <End END, class... Given>
    static __device__ __forceinline__ void multiply(const Given&... given) {
        product<N, END, GPT2, TILES, CHUNKS, SPLIT, STAGES, PACE>(given...);
    }
};
#if GPT2
#define BIAS const bf16* bias,
#define ITS_BIAS bias
#define UP GELU
#else
#define BIAS
#define ITS_BIAS (const bf16*)nullptr
#define UP GATE
#endif
#define PRODUCT(NAME, FORM, END)                                                                  \
    extern "C" __global__ void __cluster_dims__(Form<FORM>::split, 1, 1)                          \
        __launch_bounds__(Form<FORM>::threads, 1) NAME(                                           \
            const __grid_constant__ Map matrix, const __grid_constant__ Map vectors, BIAS         \
            float* squares, void* out, bf16* rounded, int rows, int columns) {                    \
        Form<FORM>::multiply<END>(                                                                \
            matrix, vectors, ITS_BIAS, squares, out, rounded, rows, columns);                     \
    }
#define PRODUCTS(ROWS)                                                                            \
    PRODUCT(qkv_##ROWS, QKV_##ROWS, STORE)                                                        \
    PRODUCT(output_##ROWS, OUTPUT_##ROWS, ADD)                                                    \
    PRODUCT(up_##ROWS, UP_##ROWS, UP)                                                             \
    PRODUCT(down_##ROWS, DOWN_##ROWS, ADD)                                                        \
    PRODUCT(head_##ROWS, HEAD_##ROWS, STORE_FULL)
#if !GPT2
PRODUCTS(16)
#endif
PRODUCTS(32)
PRODUCTS(64)
PRODUCTS(128)
#endif
