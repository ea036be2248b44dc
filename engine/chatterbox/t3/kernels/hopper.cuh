// What Hopper alone has: copies that tell a signal when they are there, products of four warps together,
// and clusters of blocks that read each other's shared memory. Elsewhere HOPPER is 0.
//
// A matrix in shared memory is rows of 64 halves, chunk c of row r at place c ^ (r % 8), from a
// multiple of 1,024 bytes on: the 128-byte swizzle of the PTX manual, as wgmma reads it.
#pragma once
#include "common.cuh"

// What the driver made of a matrix: see `Driver.tensor_map`.
struct alignas(64) Map { u64 words[16]; };

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HOPPER 1
extern __shared__ __align__(1024) char shared[];

__device__ __forceinline__ u32 place(const void* of) { return u32(__cvta_generic_to_shared(of)); }
// Signals in shared memory: how many have to arrive, and bytes that copies bring.
__device__ __forceinline__ void prepare(u64* signal, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(place(signal)), "r"(arrivals)
                 : "memory");
}
__device__ __forceinline__ void expect(u64* signal, u32 bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(place(signal)),
                 "r"(bytes)
                 : "memory");
}
__device__ __forceinline__ void arrive(u64* signal) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(place(signal)) : "memory");
}
__device__ __forceinline__ void wait_for(u64* signal, u32 phase) {
    u32 there;
    do {
        asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
                     "selp.u32 %0, 1, 0, p; }"
                     : "=r"(there)
                     : "r"(place(signal)), "r"(phase)
                     : "memory");
    } while (!there);
}
__device__ __forceinline__ void copy_bytes(void* to, const void* from, u32 bytes, u64* signal) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, "
                 "[%3];" ::"r"(place(to)),
                 "l"(from), "r"(bytes), "r"(place(signal))
                 : "memory");
}
// 64 columns of as many rows as the map says, each row's chunk c at place c ^ (row % 8).
__device__ __forceinline__ void copy_box(
    void* to, const Map& map, int column, int row, u64* signal) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], "
                 "[%1, {%2, %3}], [%4];" ::"r"(place(to)),
                 "l"(&map), "r"(column), "r"(row), "r"(place(signal))
                 : "memory");
}
// What wgmma is told of a matrix: its address, 1,024 bytes between groups of eight rows, swizzled.
__device__ __forceinline__ u64 matrix_at(const char* at) {
    return u64(place(at) >> 4 & 0x3fff) | u64(1) << 16 | u64(64) << 32 | u64(1) << 62;
}
#define SUMS_8(d, i)                                                                              \
    "+f"(d[i][0]), "+f"(d[i][1]), "+f"(d[i][2]), "+f"(d[i][3]), "+f"(d[i + 1][0]),                \
        "+f"(d[i + 1][1]), "+f"(d[i + 1][2]), "+f"(d[i + 1][3])
#define SUMS_16(d, i) SUMS_8(d, i), SUMS_8(d, i + 2)
#define SUMS_32(d, i) SUMS_16(d, i), SUMS_16(d, i + 4)
#define SUMS_64(d, i) SUMS_32(d, i), SUMS_32(d, i + 8)
#define NAMES_8 "%0, %1, %2, %3, %4, %5, %6, %7"
#define NAMES_16 NAMES_8 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define NAMES_32                                                                                  \
    NAMES_16 ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define NAMES_64                                                                                  \
    NAMES_32 ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
             "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
// `d` (64 x N), or zero where not `more`, plus 16 columns of `a` (64 rows) times `b` (N rows).
#define MULTIPLY(N, COUNT, A, B, MORE)                                                            \
    __device__ __forceinline__ void multiply(float (&d)[N / 8][4], u64 a, u64 b, int more) {      \
        asm volatile("{ .reg .pred p; setp.ne.b32 p, %" MORE ", 0;\n"                             \
                     "wgmma.mma_async.sync.aligned.m64n" #N "k16.f32.bf16.bf16 {" NAMES_##COUNT   \
                     "}, %" A ", %" B ", p, 1, 1, 0, 0; }"                                        \
                     : SUMS_##COUNT(d, 0)                                                         \
                     : "l"(a), "l"(b), "r"(more));                                                \
    }                                                                                             \
    __device__ __forceinline__ void settle(float (&d)[N / 8][4]) {                                \
        asm volatile("" : SUMS_##COUNT(d, 0)::"memory");                                          \
    }
MULTIPLY(16, 8, "8", "9", "10")
MULTIPLY(32, 16, "16", "17", "18")
MULTIPLY(64, 32, "32", "33", "34")
MULTIPLY(128, 64, "64", "65", "66")
__device__ __forceinline__ void begin_products() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ __forceinline__ void close_products() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int LEFT> __device__ __forceinline__ void wait_for_products() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory");
}

__device__ __forceinline__ void arrive_in_cluster() {
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
}
// For those whom nobody reads from any more, without what `arrive_in_cluster` takes for a fence.
__device__ __forceinline__ void leave_cluster() {
    asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
}
__device__ __forceinline__ void wait_for_cluster() {
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}
// What ordinary stores put into shared memory is read by copies after this and a barrier.
__device__ __forceinline__ void show_to_copies() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
// From this block's shared memory to another one's of the cluster, whose own signal is told.
__device__ __forceinline__ void send(int block, void* to, const void* from, u32 bytes, u64* signal) {
    asm volatile("{ .reg .b32 there, its;\nmapa.shared::cluster.u32 there, %0, %4;\n"
                 "mapa.shared::cluster.u32 its, %3, %4;\n"
                 "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [there], "
                 "[%1], %2, [its]; }" ::"r"(place(to)),
                 "r"(place(from)), "r"(bytes), "r"(place(signal)), "r"(block)
                 : "memory");
}
#else
#define HOPPER 0
#endif
