// What is done to each row, or each number, by itself. A warp takes a row of 256.
#include "tiles.cuh"

// `result` (count, 256) halves: the normalised rows of `stream - ahead`.
extern "C" __global__ void __launch_bounds__(128)
norm_rows(const float *stream, const float *ahead, half_t *result, int count) {
    int row = blockIdx.x * 4 + threadIdx.x / 32, column = threadIdx.x % 32 * 8;
    start_next();
    float x[8], excess[8];
    load8(excess, ahead + column);
    wait_for_previous();
    if (row >= count) return;
    load8(x, stream + (size_t)row * WIDTH + column);
#pragma unroll
    for (int i = 0; i < 8; i++) x[i] -= excess[i];
    normalise(x);
    *(uint4 *)(result + (size_t)row * WIDTH + column) = packed(x);
}

// Norm over channels and Mish of `convolved` (count, 256) fp32, plus `shift` (256,) where there is
// one; rounded into `result`, or added to `stream` where there is one.
extern "C" __global__ void __launch_bounds__(128)
norm_mish(const float *convolved, const float *gain, const float *bias, const float *shift,
          half_t *result, float *stream, int count) {
    int row = blockIdx.x * 4 + threadIdx.x / 32, column = threadIdx.x % 32 * 8;
    start_next();
    float x[8], scale[8], more[8], moved[8] = {};
    load8(scale, gain + column);
    load8(more, bias + column);
    if (shift) load8(moved, shift + column);
    wait_for_previous();
    if (row >= count) return;
    size_t place = (size_t)row * WIDTH + column;
    load8(x, convolved + place);
    normalise(x);
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float y = x[i] * scale[i] + more[i];
        // Mish is y tanh(log(1 + e^y)); with e = e^y its tanh is (e^2 + 2e) / (e^2 + 2e + 2).
        float e = expf(fminf(y, 20.0f)), square = e * (e + 2);
        x[i] = y * square / (square + 2) + moved[i];
    }
    if (stream) {
        float before[8];
        load8(before, stream + place);
#pragma unroll
        for (int i = 0; i < 8; i++) x[i] += before[i];
        store8(stream + place, x);
    } else {
        *(uint4 *)(result + place) = packed(x);
    }
}

DEVICE float4 load4(const float *from, i64 index) { return *(const float4 *)(from + index); }

DEVICE float4 load4(const fp16 *from, i64 index) {
    uint2 raw = *(const uint2 *)(from + index);
    return make_float4(lower<fp16>(raw.x), upper<fp16>(raw.x), lower<fp16>(raw.y),
                       upper<fp16>(raw.y));
}

DEVICE void store4(float *to, i64 index, float4 x) { *(float4 *)(to + index) = x; }

DEVICE void store4(fp16 *to, i64 index, float4 x) {
    *(uint2 *)(to + index) = make_uint2(pack<fp16>(x.x, x.y), pack<fp16>(x.z, x.w));
}

DEVICE float snake_of(float x, float alpha, float most) {
    float sine = sinf(x * alpha), curved = x + sine * sine / (alpha + 1e-9f);
    return fabsf(curved) > most ? copysignf(most, curved) : curved;  // what is no number stays none
}

// Snake of `signal` or `half`, whichever is there, or of the former's sum with `added`, which becomes
// `total`; zero past each length. Signals are (items, time, channels), channels a multiple of 4.
// What is bent goes into a convolution, which takes and gives numbers of type T up to `most`.
template <typename T>
DEVICE void bend(const float *signal, const T *half, const T *added, const float *alpha,
                 const i64 *lengths, float *total, T *bent, int time, int channels, i64 size,
                 float most) {
    i64 index = ((i64)blockIdx.x * 256 + threadIdx.x) * 4;
    start_next();
    wait_for_previous();
    if (index >= size) return;
    i64 sample = index / channels;
    float4 x = signal ? load4(signal, index) : load4(half, index);
    if (added) {
        float4 more = load4(added, index);
        x = make_float4(x.x + more.x, x.y + more.y, x.z + more.z, x.w + more.w);
        store4(total, index, x);
    }
    float4 a = load4(alpha, index % channels), zero = make_float4(0, 0, 0, 0);
    float4 curved = make_float4(snake_of(x.x, a.x, most), snake_of(x.y, a.y, most),
                                snake_of(x.z, a.z, most), snake_of(x.w, a.w, most));
    store4(bent, index, sample % time < lengths[sample / time] ? curved : zero);
}

#define SNAKE(NAME, T, MOST)                                                                       \
    extern "C" __global__ void __launch_bounds__(256)                                              \
    NAME(const float *signal, const T *half, const T *added, const float *alpha,                   \
         const i64 *lengths, float *total, T *bent, int time, int channels, i64 size) {            \
        bend<T>(signal, half, added, alpha, lengths, total, bent, time, channels, size, MOST);     \
    }

SNAKE(snake, float, __int_as_float(0x7f800000))
SNAKE(snake_to_half, fp16, 65504.0f)

// GELU in place, of halves.
extern "C" __global__ void __launch_bounds__(256) curve(half_t *rows, i64 size) {
    i64 index = ((i64)blockIdx.x * 256 + threadIdx.x) * 8;
    start_next();
    wait_for_previous();
    if (index >= size) return;
    float x[8];
    load8(x, rows + index);
#pragma unroll
    for (int i = 0; i < 8; i++) x[i] = gelu(x[i]);
    *(uint4 *)(rows + index) = packed(x);
}
