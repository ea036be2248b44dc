// What kernels share: half precision without headers, matrix products on tensor cores, and waiting
// for the kernel before. Included by every source of `engine.chatterbox.cuda.program`.
#pragma once

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;
typedef unsigned long long u64;
typedef long long i64;

#if __CUDA_ARCH__ >= 800
#define HAS_BF16 1
#define HAS_ASYNC_COPY 1
#else
#define HAS_BF16 0
#define HAS_ASYNC_COPY 0
#endif

#if __CUDA_ARCH__ >= 900
#define STARTS_EARLY 1
#else
#define STARTS_EARLY 0
#endif

// Storage of the two half precisions: their bits alone.
struct bf16 { u16 bits; };
struct fp16 { u16 bits; };

__device__ __forceinline__ float to_float(float v) { return v; }
__device__ __forceinline__ float to_float(bf16 v) { return __uint_as_float(u32(v.bits) << 16); }
__device__ __forceinline__ float to_float(fp16 v) {
    float r;
    asm("cvt.f32.f16 %0, %1;" : "=f"(r) : "h"(v.bits));
    return r;
}

template <class T> __device__ __forceinline__ T from_float(float v);
template <> __device__ __forceinline__ float from_float<float>(float v) { return v; }
template <> __device__ __forceinline__ fp16 from_float<fp16>(float v) {
    fp16 r;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(r.bits) : "f"(v));
    return r;
}
template <> __device__ __forceinline__ bf16 from_float<bf16>(float v) {
    bf16 r;
#if HAS_BF16
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.bits) : "f"(v));
#else
    u32 u = __float_as_uint(v);
    r.bits = v != v ? u16(0x7fff) : u16((u + 0x7fff + ((u >> 16) & 1)) >> 16);
#endif
    return r;
}

// Two values in one register, the first in the lower half.
template <class T> __device__ __forceinline__ u32 pack(float first, float second) {
    return u32(from_float<T>(first).bits) | (u32(from_float<T>(second).bits) << 16);
}
template <> __device__ __forceinline__ u32 pack<fp16>(float first, float second) {
    u32 r;
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(second), "f"(first));
#else
    r = u32(from_float<fp16>(first).bits) | (u32(from_float<fp16>(second).bits) << 16);
#endif
    return r;
}
#if HAS_BF16
template <> __device__ __forceinline__ u32 pack<bf16>(float first, float second) {
    u32 r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(second), "f"(first));
    return r;
}
#endif

template <class T> __device__ __forceinline__ float lower(u32 v);
template <class T> __device__ __forceinline__ float upper(u32 v);
template <> __device__ __forceinline__ float lower<bf16>(u32 v) { return __uint_as_float(v << 16); }
template <> __device__ __forceinline__ float upper<bf16>(u32 v) {
    return __uint_as_float(v & 0xffff0000u);
}
template <> __device__ __forceinline__ float lower<fp16>(u32 v) { return to_float(fp16{u16(v)}); }
template <> __device__ __forceinline__ float upper<fp16>(u32 v) {
    return to_float(fp16{u16(v >> 16)});
}

// c (16 x 8, fp32) += a (16 x 16) b (16 x 8). With g = lane / 4 and t = lane % 4 a lane holds
//   a0, a1: rows g, g + 8 at columns 2t, 2t + 1;  a2, a3: the same rows, columns 2t + 8, 2t + 9;
//   b0, b1: column g at rows 2t, 2t + 1 and 2t + 8, 2t + 9;
//   c0, c1: row g at columns 2t, 2t + 1;  c2, c3: row g + 8.
template <class T>
__device__ __forceinline__ void mma(float* c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1);
template <>
__device__ __forceinline__ void mma<fp16>(
    float* c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
#else
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, "
        "{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a0), "r"(a1), "r"(b0));
    asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, "
        "{%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a2), "r"(a3), "r"(b1));
#endif
}
#if HAS_BF16
template <>
__device__ __forceinline__ void mma<bf16>(
    float* c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}
#endif

// Sixteen bytes from global to shared memory, in the background where the card can.
__device__ __forceinline__ void copy16(void* to, const void* from) {
#if HAS_ASYNC_COPY
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(
                     u32(__cvta_generic_to_shared(to))),
                 "l"(from)
                 : "memory");
#else
    *(uint4*)to = *(const uint4*)from;
#endif
}
// Ends a group of copies, and waits until at most so many groups of this thread are on their way.
template <int GROUPS> __device__ __forceinline__ void end_copies() {
#if HAS_ASYNC_COPY
    asm volatile("cp.async.commit_group;\n cp.async.wait_group %0;" ::"n"(GROUPS) : "memory");
#endif
}
// Waits for the copies of this thread; what others copied needs a barrier behind it.
__device__ __forceinline__ void wait_for_copies() {
#if HAS_ASYNC_COPY
    asm volatile("cp.async.wait_all;" ::: "memory");
#endif
}

// A chain of kernels: each lets the next one start early, and waits for all before it to have ended
// before it reads or writes anything but what no step changes. Every kernel of a chain has to wait,
// or the next one's wait would prove nothing about those before it.
__device__ __forceinline__ void start_next() {
#if STARTS_EARLY
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
__device__ __forceinline__ void wait_for_previous() {
#if STARTS_EARLY
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

__device__ __forceinline__ float sum_of_warp(float v) {
#pragma unroll
    for (int step = 16; step; step >>= 1) v += __shfl_xor_sync(~0u, v, step);
    return v;
}
__device__ __forceinline__ float most_of_warp(float v) {
#pragma unroll
    for (int step = 16; step; step >>= 1) v = fmaxf(v, __shfl_xor_sync(~0u, v, step));
    return v;
}
