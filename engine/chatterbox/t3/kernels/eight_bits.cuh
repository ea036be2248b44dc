// int8, of which vectors with a scale of their own are made: weights, keys and values.
//
// What they are multiplied with becomes whole numbers of sixteen bits, so that sums are exact and no
// weight has to be converted: an upper byte with a sign, and a lower one without.
#pragma once
#include "common.cuh"

struct s8 { u8 bits; };

template <class C> struct is_eight_bits { static constexpr bool value = false; };
template <> struct is_eight_bits<s8> { static constexpr bool value = true; };

constexpr float MOST = 127;               // of eight bits
constexpr float MOST_OF_SIXTEEN = 32512;  // 127 * 256, of which 255 more are still below 2^15
constexpr float LEAST = 1e-20f;           // that a vector's largest number is taken for

// Four numbers of a word in fp32: its bytes in 2^23's lowest bits, and what is too much taken off.
__device__ __forceinline__ void unpack4(u32 word, float* to) {
    word ^= 0x80808080;  // 128 more, and not below zero
    to[0] = __uint_as_float(__byte_perm(word, 0x4b000000, 0x7440)) - 8388736.f;
    to[1] = __uint_as_float(__byte_perm(word, 0x4b000000, 0x7441)) - 8388736.f;
    to[2] = __uint_as_float(__byte_perm(word, 0x4b000000, 0x7442)) - 8388736.f;
    to[3] = __uint_as_float(__byte_perm(word, 0x4b000000, 0x7443)) - 8388736.f;
}

// Four numbers times `factor`, to the nearest whole ones below 2^15: their upper and lower bytes.
__device__ __forceinline__ void sixteen_bits(const float* v, float factor, u32& upper, u32& lower) {
    u32 q[4];
#pragma unroll
    for (int i = 0; i < 4; i++) q[i] = __float_as_uint(fmaf(v[i], factor, 12582912.f));  // 1.5 * 2^23
    const u32 a = __byte_perm(q[0], q[1], 0x5140), b = __byte_perm(q[2], q[3], 0x5140);
    lower = __byte_perm(a, b, 0x5410);
    upper = __byte_perm(a, b, 0x7632);
}

// c (16, 8) += a (16, 32) * b (32, 8). A lane holds what it holds of half precision's products, of
// four columns or rows where those have two.
#if __CUDA_ARCH__ >= 800
#define MMA_OF_BYTES(NAME, A, B)                                                                  \
    __device__ __forceinline__ void NAME(                                                         \
        int* c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {                                 \
        asm("mma.sync.aligned.m16n8k32.row.col.s32." A "." B ".s32 {%0,%1,%2,%3}, "               \
            "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"                                              \
            : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])                                      \
            : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));                              \
    }
#else
#define MMA_OF_BYTES(NAME, A, B)                                                                  \
    __device__ __forceinline__ void NAME##_part(int& c, int& d, u32 a, u32 b) {                   \
        asm("mma.sync.aligned.m8n8k16.row.col.s32." A "." B ".s32 {%0,%1}, {%2}, {%3}, {%0,%1};"  \
            : "+r"(c), "+r"(d)                                                                    \
            : "r"(a), "r"(b));                                                                    \
    }                                                                                             \
    __device__ __forceinline__ void NAME(                                                         \
        int* c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {                                 \
        NAME##_part(c[0], c[1], a0, b0);                                                          \
        NAME##_part(c[2], c[3], a1, b0);                                                          \
        NAME##_part(c[0], c[1], a2, b1);                                                          \
        NAME##_part(c[2], c[3], a3, b1);                                                          \
    }
#endif
MMA_OF_BYTES(mma_signed, "s8", "s8")
MMA_OF_BYTES(mma_lower_right, "s8", "u8")
MMA_OF_BYTES(mma_lower_left, "u8", "s8")

// Four products of bytes with a sign and of ones with a sign, or without.
__device__ __forceinline__ int dot_signed(u32 a, u32 b, int c) {
    asm("dp4a.s32.s32 %0, %1, %2, %0;" : "+r"(c) : "r"(a), "r"(b));
    return c;
}
__device__ __forceinline__ int dot_lower(u32 a, u32 b, int c) {
    asm("dp4a.s32.u32 %0, %1, %2, %0;" : "+r"(c) : "r"(a), "r"(b));
    return c;
}
