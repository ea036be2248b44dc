// What the kernels for many rows on Hopper share: matrices on their way through shared memory, results
// on theirs out of it, and norms of rows of 256 that lie in the registers of four lanes.
#pragma once
#include "blocks.cuh"

// Into both blocks of a cluster of two, at the same place of each, whose signals are told.
DEVICE void copy_to_both(half_t *to, const half_t *from, u64 *signal) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
                 ".multicast::cluster [%0], [%1], %2, [%3], %4;" ::"r"(place(to)),
                 "l"(from), "r"(BLOCK_BYTES), "r"(place(signal)), "h"(u16(3))
                 : "memory");
}
DEVICE void arrive_at(u64 *signal, int block) {
    asm volatile("{ .reg .u32 there; mapa.shared::cluster.u32 there, %0, %1;\n"
                 "mbarrier.arrive.shared::cluster.b64 _, [there]; }" ::"r"(place(signal)),
                 "r"(block)
                 : "memory");
}
DEVICE void meet_cluster() {
    asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" ::: "memory");
}

// Worked out each time, so that addresses that come of it take no registers meanwhile.
DEVICE int lane_again() {
    int lane;
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    return lane;
}
DEVICE int block_again() {
    int block;
    asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(block));
    return block;
}

// Matrices of 256 rows and 64 columns, or as many numbers, on their way through shared memory: item n
// is in slot n % SLOTS. SHARED: in both blocks of a cluster, each of which asks for half of it.
template <int SLOTS, bool SHARED>
struct Ring {
    static constexpr int ITEM = 4 * BLOCK;
    u64 *there, *taken;
    half_t *slots;

    DEVICE void prepare_signals() const {
#pragma unroll
        for (int s = 0; s < SLOTS; s++) prepare(&there[s], 1), prepare(&taken[s], SHARED ? 16 : 8);
    }
    DEVICE half_t *slot(int n) const { return slots + n % SLOTS * ITEM; }
    // Where four blocks lie side by side, and 64 numbers for `aside` where there are any; of one thread.
    DEVICE void ask_alone(int n, const half_t *from, const half_t *more = nullptr,
                          half_t *aside = nullptr) const {
        u64 *signal = &there[n % SLOTS];
        if (n >= SLOTS) wait_for(&taken[n % SLOTS], (n / SLOTS - 1) & 1);
        expect(signal, 4 * BLOCK_BYTES + (more ? 128 : 0));
        if (more) copy_bytes(aside + n % SLOTS * 64, more, 128, signal);
        copy_blocks(slot(n), from, 4, signal);
    }
    // Four blocks that lie so many blocks apart, for both; of one thread.
    DEVICE void ask(int n, const half_t *from, int apart) const {
        u64 *signal = &there[n % SLOTS];
        if (n >= SLOTS) wait_for(&taken[n % SLOTS], (n / SLOTS - 1) & 1);
        expect(signal, 4 * BLOCK_BYTES);
        int rank = blockIdx.x % 2;
#pragma unroll
        for (int i = 0; i < 2; i++)
            copy_to_both(slot(n) + (rank * 2 + i) * BLOCK,
                         from + (size_t)(rank * 2 + i) * apart * BLOCK, signal);
    }
    DEVICE void wait(int n) const { wait_for(&there[n % SLOTS], n / SLOTS & 1); }
    // Of each of the eight warps that read it.
    DEVICE void leave(int n) const {
        if (threadIdx.x % 32 == 0) {
            if (SHARED) arrive_at(&taken[n % SLOTS], 0), arrive_at(&taken[n % SLOTS], 1);
            else arrive(&taken[n % SLOTS]);
        }
    }
    DEVICE void skip(int n) const { wait(n), leave(n); }
};

// The assembler moves a wait for products ahead of whatever does not need it, which then is no
// longer done beside them. It does not move one ahead of a store that needs these numbers, even
// though that is never done.
DEVICE void come_first(const float (&x)[8][4]) {
    u32 all = ~0u;
#pragma unroll
    for (int i = 0; i < 32; i++) all &= __float_as_uint(x[i / 4][i % 4]);
    asm volatile("{ .reg .pred p; setp.eq.u32 p, %0, 0xffffffff;\n"
                 "@p st.volatile.shared.u32 [%1], %0; }" ::"r"(all),
                 "r"(place(shared))
                 : "memory");
}

// From shared memory, each time: kept, differences from these would take registers.
DEVICE float2 read_again(const float *from) {
    float2 x;
    asm volatile("ld.volatile.shared.v2.f32 {%0, %1}, [%2];"
                 : "=f"(x.x), "=f"(x.y)
                 : "r"(place(from)));
    return x;
}

// A row's numbers that a lane holds in `x`, less `ahead`: their mean, and one over the deviation.
DEVICE void measure(const float (&x)[32][4], const float *ahead, float (&mean)[2],
                    float (&scale)[2]) {
    int column = threadIdx.x % 4 * 2;
    mean[0] = mean[1] = 0;
#pragma unroll
    for (int j = 0; j < 32; j++) {
        float2 excess = read_again(ahead + column + j * 8);
#pragma unroll
        for (int i = 0; i < 4; i++) mean[i / 2] += x[j][i] - (i % 2 ? excess.y : excess.x);
    }
    float squares[2] = {};
#pragma unroll
    for (int half = 0; half < 2; half++) mean[half] = sum_of_four(mean[half]) / WIDTH;
#pragma unroll
    for (int j = 0; j < 32; j++) {
        float2 excess = read_again(ahead + column + j * 8);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            float off = x[j][i] - (i % 2 ? excess.y : excess.x) - mean[i / 2];
            squares[i / 2] = fmaf(off, off, squares[i / 2]);
        }
    }
#pragma unroll
    for (int half = 0; half < 2; half++)
        scale[half] = rsqrtf(sum_of_four(squares[half]) / WIDTH + EPSILON);
}

// A lane's numbers less `ahead`, `normalised` or as they are, as halves in four blocks of shared memory
// that lie APART.
template <int APART = BLOCK>
DEVICE void put_blocks(const float (&x)[32][4], const float *ahead, bool normalised,
                       half_t *blocks) {
    int warp = threadIdx.x / 32, lane = lane_again();
    float mean[2] = {}, scale[2] = {1, 1};
    if (normalised) measure(x, ahead, mean, scale);
#pragma unroll
    for (int j = 0; j < 32; j++) {
        float2 excess = read_again(ahead + lane % 4 * 2 + j * 8);
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = warp % 4 * 16 + half * 8 + lane / 4;
            float u = (x[j][2 * half] - excess.x - mean[half]) * scale[half];
            float v = (x[j][2 * half + 1] - excess.y - mean[half]) * scale[half];
            *(u32 *)(blocks + j / 8 * APART + (row * 8 + (j % 8 ^ row % 8)) * 8 + lane % 4 * 2) =
                pack<half_t>(u, v);
        }
    }
}

// Barriers of one of two times four warps, and of all eight.
DEVICE void wait_for_four(int two) {
    asm volatile("bar.sync %0, 128;" ::"r"(1 + two) : "memory");
}
DEVICE void wait_for_eight() { asm volatile("bar.sync 3, 256;" ::: "memory"); }
// The first four warps add what the second four (`two`) have, each thread's numbers in a column of
// `room`, which has 64 KB.
DEVICE void join_halves(float (&sum)[32][4], float *room, bool two) {
    float *other = room + threadIdx.x % 128;
    wait_for_eight();
    if (two)
#pragma unroll
        for (int j = 0; j < 32; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) other[(j * 4 + i) * 128] = sum[j][i];
    wait_for_eight();
    if (!two)
#pragma unroll
        for (int j = 0; j < 32; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) sum[j][i] += other[(j * 4 + i) * 128];
}

// Four warps that `stay` add what those that lie opposite in the other block of a cluster, which do
// not, have of the same rows. `room` has 64 KB in each block, and all threads of both meet twice.
DEVICE void join_blocks(float (&sum)[32][4], float *room, bool stay) {
    room += threadIdx.x % 128 * 4;
    meet_cluster();
    if (!stay) {
        u32 there;
        asm volatile("mapa.shared::cluster.u32 %0, %1, %2;"
                     : "=r"(there)
                     : "r"(place(room)), "r"(block_again() % 2 ^ 1));
#pragma unroll
        for (int j = 0; j < 32; j++)
            asm volatile("st.shared::cluster.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(there + j * 2048),
                         "f"(sum[j][0]), "f"(sum[j][1]), "f"(sum[j][2]), "f"(sum[j][3])
                         : "memory");
    }
    meet_cluster();
    if (stay)
#pragma unroll
        for (int j = 0; j < 32; j++) {
            float4 other = *(const float4 *)(room + j * 512);
            sum[j][0] += other.x, sum[j][1] += other.y, sum[j][2] += other.z, sum[j][3] += other.w;
        }
}

// What four warps hold of 64 rows of 256, as products leave their sums.
DEVICE void load_rows(float (&x)[32][4], const float *rows) {
    rows += (threadIdx.x / 32 % 4 * 16 + threadIdx.x % 32 / 4) * WIDTH + threadIdx.x % 4 * 2;
#pragma unroll
    for (int j = 0; j < 32; j++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float2 two = *(const float2 *)(rows + half * 8 * WIDTH + j * 8);
            x[j][2 * half] = two.x, x[j][2 * half + 1] = two.y;
        }
}
DEVICE void store_rows(const float (&x)[32][4], float *rows) {
    rows += (threadIdx.x / 32 % 4 * 16 + threadIdx.x % 32 / 4) * WIDTH + threadIdx.x % 4 * 2;
#pragma unroll
    for (int j = 0; j < 32; j++)
#pragma unroll
        for (int half = 0; half < 2; half++)
            *(float2 *)(rows + half * 8 * WIDTH + j * 8) =
                make_float2(x[j][2 * half], x[j][2 * half + 1]);
}

// The same where a lane's numbers lie side by side, four of each eight columns: nobody else reads
// them, and a warp's come in pieces of 512 bytes.
DEVICE void load_pieces(float (&x)[32][4], const float *tile) {
    tile += threadIdx.x / 32 % 4 * 32 * 128 + threadIdx.x % 32 * 4;
#pragma unroll
    for (int j = 0; j < 32; j++) *(float4 *)x[j] = *(const float4 *)(tile + j * 128);
}
DEVICE void store_pieces(const float (&x)[32][4], float *tile) {
    tile += threadIdx.x / 32 % 4 * 32 * 128 + threadIdx.x % 32 * 4;
#pragma unroll
    for (int j = 0; j < 32; j++)
        *(float4 *)(tile + j * 128) = make_float4(x[j][0], x[j][1], x[j][2], x[j][3]);
}

// From shared memory by the copy engine, of one thread, and until it has read all.
DEVICE void copy_back(half_t *to, const half_t *from, int bytes) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;\n"
                 "cp.async.bulk.commit_group;" ::"l"(to), "r"(place(from)), "r"(bytes)
                 : "memory");
}
DEVICE void wait_until_read() { asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory"); }
