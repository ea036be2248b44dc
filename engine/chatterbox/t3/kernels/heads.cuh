// A head's keys and values, sixteen bytes at a time.
#pragma once
#include "eight_bits.cuh"

constexpr int HEAD_DIM = 64;
constexpr float NOTHING = -1e30f;  // a finite "minus infinity": differences of two stay numbers

__device__ __forceinline__ void unpack(uint4 v, float* to, float) {
    to[0] = __uint_as_float(v.x), to[1] = __uint_as_float(v.y);
    to[2] = __uint_as_float(v.z), to[3] = __uint_as_float(v.w);
}
template <class T> __device__ __forceinline__ void unpack(uint4 v, float* to, T) {
    to[0] = lower<T>(v.x), to[1] = upper<T>(v.x), to[2] = lower<T>(v.y), to[3] = upper<T>(v.y);
    to[4] = lower<T>(v.z), to[5] = upper<T>(v.z), to[6] = lower<T>(v.w), to[7] = upper<T>(v.w);
}
__device__ __forceinline__ uint4 repack(const float* v, float) {
    return make_uint4(__float_as_uint(v[0]), __float_as_uint(v[1]), __float_as_uint(v[2]),
                      __float_as_uint(v[3]));
}
template <class T> __device__ __forceinline__ uint4 repack(const float* v, T) {
    return make_uint4(pack<T>(v[0], v[1]), pack<T>(v[2], v[3]), pack<T>(v[4], v[5]),
                      pack<T>(v[6], v[7]));
}
__device__ __forceinline__ void unpack(uint4 v, float* to, s8) {
    unpack4(v.x, to), unpack4(v.y, to + 4), unpack4(v.z, to + 8), unpack4(v.w, to + 12);
}
__device__ __forceinline__ uint4 read_once(const void* from) {
    uint4 v;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(from));
    return v;
}
