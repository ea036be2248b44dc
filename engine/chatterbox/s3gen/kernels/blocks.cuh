// Blocks of 64 rows of 64 halves as wgmma reads them (see `hopper.cuh`), 8 KB in one piece, and the
// copies of Hopper's own that bring them.
#pragma once
#include "hopper.cuh"

#define BLOCK (64 * 64)  // halves
#define BLOCK_BYTES (2 * BLOCK)

// Signals in shared memory: how many have to arrive, and bytes that copies bring.
DEVICE u32 place(const void *shared) { return u32(__cvta_generic_to_shared(shared)); }
DEVICE void prepare(u64 *signal, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(place(signal)), "r"(arrivals)
                 : "memory");
}
// After the first preparation, by the thread that did it and before anyone else is told.
DEVICE void end_preparing() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    show_to_products();
}
DEVICE void expect(u64 *signal, u32 bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(place(signal)),
                 "r"(bytes)
                 : "memory");
}
DEVICE void arrive(u64 *signal) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(place(signal)) : "memory");
}
DEVICE void wait_for(u64 *signal, u32 phase) {
    u32 there;
    do {
        asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
                     "selp.u32 %0, 1, 0, p; }"
                     : "=r"(there)
                     : "r"(place(signal)), "r"(phase)
                     : "memory");
    } while (!there);
}
// The same for what other blocks of a cluster have stored.
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
DEVICE void copy_bytes(half_t *to, const half_t *from, int bytes, u64 *signal) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, "
                 "[%3];" ::"r"(place(to)),
                 "l"(from), "r"(bytes), "r"(place(signal))
                 : "memory");
}
DEVICE void copy_blocks(half_t *to, const half_t *from, int blocks, u64 *signal) {
    copy_bytes(to, from, blocks * BLOCK_BYTES, signal);
}
// Into the cache that all multiprocessors share; `bytes` is a multiple of 16.
DEVICE void ask_for(const void *from, int bytes) {
    asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(from), "r"(bytes) : "memory");
}
// What the kernels before have stored is read by copies after this.
DEVICE void show_to_copies() { asm volatile("fence.proxy.async.global;" ::: "memory"); }
template <int LEFT> DEVICE void wait_for_products() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
}
DEVICE void close_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// That all of a cluster have prepared what `end_preparing` tells of, without more.
DEVICE void begin_cluster() { asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory"); }
DEVICE void wait_for_cluster() { asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory"); }

extern __shared__ __align__(1024) char shared[];

DEVICE float sum_of_four(float x) {
    x += __shfl_xor_sync(~0u, x, 1);
    return x + __shfl_xor_sync(~0u, x, 2);
}

// A lane's eight of a row: four of each half, so that a warp asks for 512 bytes in one piece.
DEVICE void load_row(float (&x)[8], const float *row) {
    *(float4 *)x = *(const float4 *)(row + threadIdx.x % 32 * 4);
    *(float4 *)(x + 4) = *(const float4 *)(row + WIDTH / 2 + threadIdx.x % 32 * 4);
}

// Sixteen bytes of a row, as halves.
DEVICE uint4 rounded(const half_t *from) { return *(const uint4 *)from; }
DEVICE uint2 rounded(const float *from) {
    float4 x = *(const float4 *)from;
    return make_uint2(pack<half_t>(x.x, x.y), pack<half_t>(x.z, x.w));
}
