// What S3Gen's kernels share beyond `common.cuh`: rows of eight numbers, and fragments of tiles.
//
// A half is bfloat16, or float16 where BF16 is 0. Tiles in shared memory are rows of 16-byte
// chunks; a chunk's place is its number XOR something of its row, so that the eight rows of a
// fragment lie in different banks.
#pragma once
#include "common.cuh"

#ifndef BF16
#define BF16 HAS_BF16
#endif
#if BF16
typedef bf16 half_t;
#else
typedef fp16 half_t;
#endif

#define DEVICE __device__ __forceinline__
#define WIDTH 256  // of the estimator's rows: eight numbers a lane
#define EPSILON 1e-5f

DEVICE uint4 packed(const float (&x)[8]) {
    return make_uint4(pack<half_t>(x[0], x[1]), pack<half_t>(x[2], x[3]),
                      pack<half_t>(x[4], x[5]), pack<half_t>(x[6], x[7]));
}

DEVICE void load8(float (&x)[8], const float* from) {
    *(float4*)x = *(const float4*)from;
    *(float4*)(x + 4) = *(const float4*)(from + 4);
}

DEVICE void load8(float (&x)[8], const half_t* from) {
    uint4 raw = *(const uint4*)from;
    const u32 pairs[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        x[2 * i] = lower<half_t>(pairs[i]);
        x[2 * i + 1] = upper<half_t>(pairs[i]);
    }
}

DEVICE void store8(float* to, const float (&x)[8]) {
    *(float4*)to = *(const float4*)x;
    *(float4*)(to + 4) = *(const float4*)(x + 4);
}

// A row's eight numbers a lane to zero mean and unit variance over the warp; its mean of before.
DEVICE float normalise(float (&x)[8]) {
    float sum = 0, squares = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) sum += x[i];
    float mean = sum_of_warp(sum) / WIDTH;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        x[i] -= mean;
        squares += x[i] * x[i];
    }
    float scale = rsqrtf(sum_of_warp(squares) / WIDTH + EPSILON);
#pragma unroll
    for (int i = 0; i < 8; i++) x[i] *= scale;
    return mean;
}

// Each x times the normal distribution's mass below it, to 3e-4 of x: the mass by the card's own tanh,
// which is off by 5e-4 at most, of an odd polynomial that is fitted to 3e-5. `erff` alone would take as
// long as the product before it.
template <int COUNT>
DEVICE void gelu(float (&x)[COUNT]) {
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
        float half = 0.5f * x[i], square = fminf(x[i] * x[i], 40.0f);  // beyond, the mass is all or none
        float bent = fmaf(-3.53413787e-04f, square, 3.70165992e-02f);
        bent = fmaf(bent, square, 7.97498535e-01f) * x[i];
        asm("tanh.approx.f32 %0, %1;" : "=f"(bent) : "f"(bent));
        x[i] = fmaf(half, bent, half);
    }
}

DEVICE float gelu(float x) {
    float one[1] = {x};
    gelu(one);
    return one[0];
}

// Mish is y tanh(log(1 + e^y)); with e = e^y its tanh is (e^2 + 2e) / (e^2 + 2e + 2).
DEVICE float mish(float y) {
    float e = __expf(fminf(y, 20.0f)), square = e * (e + 2);
    return y * __fdividef(square, square + 2);
}

// Sixteen bytes to shared memory in the background, or zeros where nothing is to be copied.
DEVICE void copy16_or_zero(void* to, const void* from, bool there) {
#if HAS_ASYNC_COPY
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(
                     u32(__cvta_generic_to_shared(to))),
                 "l"(from), "r"(there ? 16 : 0)
                 : "memory");
#else
    *(uint4*)to = there ? *(const uint4*)from : make_uint4(0, 0, 0, 0);
#endif
}

DEVICE void end_group() {
#if HAS_ASYNC_COPY
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until no more than the `LEFT` youngest groups of this thread's copies are on their way.
template <int LEFT>
DEVICE void wait_for_groups() {
#if HAS_ASYNC_COPY
    asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
#endif
}

// Four 8 x 8 matrices of halves: lane 8m + r gives the address of row r of matrix m.
DEVICE void load_matrices(u32 (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(u32(__cvta_generic_to_shared(row)))
                 : "memory");
}

DEVICE void load_transposed(u32 (&r)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(u32(__cvta_generic_to_shared(row)))
                 : "memory");
}

DEVICE void multiply(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    mma<half_t>(sum, a[0], a[1], a[2], a[3], b0, b1);
}
