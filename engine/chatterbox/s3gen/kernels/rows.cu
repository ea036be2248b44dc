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
        x[i] = mish(x[i] * scale[i] + more[i]) + moved[i];
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

// Snake of `signal`, or of its sum with `added`, which becomes `total`; zero past each length.
// Signals are (items, time, channels) fp32, channels a multiple of 4.
extern "C" __global__ void __launch_bounds__(256)
snake(const float *signal, const float *added, const float *alpha, const i64 *lengths,
      float *total, float *bent, int time, int channels, i64 size) {
    i64 index = ((i64)blockIdx.x * 256 + threadIdx.x) * 4;
    start_next();
    wait_for_previous();
    if (index >= size) return;
    i64 sample = index / channels;
    bool heard = sample % time < lengths[sample / time];
    float4 x = *(const float4 *)(signal + index), a = *(const float4 *)(alpha + index % channels);
    if (added) {
        float4 more = *(const float4 *)(added + index);
        x = make_float4(x.x + more.x, x.y + more.y, x.z + more.z, x.w + more.w);
        *(float4 *)(total + index) = x;
    }
    auto curved = [&](float v, float alpha) {
        float sine = sinf(v * alpha);
        return heard ? v + sine * sine / (alpha + 1e-9f) : 0.0f;
    };
    *(float4 *)(bent + index) =
        make_float4(curved(x.x, a.x), curved(x.y, a.y), curved(x.z, a.z), curved(x.w, a.w));
}

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

// An Euler step of a flow of one or two `rows`: `mel` (size / bins, bins) grows by `first` of the first
// slopes and by `second` of the others, and is put into the first columns of `features`, (rows, size /
// bins, width), for the next step. `bins` is a multiple of 4.
extern "C" __global__ void __launch_bounds__(256)
advance(float *mel, const float *slope, float *features, int size, float first, float second, int rows,
        int bins, int width) {
    int index = (blockIdx.x * 256 + threadIdx.x) * 4;
    start_next();
    wait_for_previous();
    if (index >= size) return;
    float4 x = *(const float4 *)(mel + index);
    auto grow = [&](const float *by, float share) {
        float4 y = *(const float4 *)(by + index);
        x.x = fmaf(y.x, share, x.x), x.y = fmaf(y.y, share, x.y);
        x.z = fmaf(y.z, share, x.z), x.w = fmaf(y.w, share, x.w);
    };
    grow(slope, first);
    if (rows == 2) grow(slope + size, second);
    *(float4 *)(mel + index) = x;
    size_t place = (size_t)(index / bins) * width + index % bins, part = (size_t)(size / bins) * width;
    *(float4 *)(features + place) = x;
    if (rows == 2) *(float4 *)(features + part + place) = x;
}
