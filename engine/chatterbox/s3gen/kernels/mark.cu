// What the watermark does around its convolutions and its two products: windows, levels, the change
// of the spectrum, and the sum of what overlaps. Everything is fp32 but what a convolution reads.
#include "tiles.cuh"

#define N_FFT 1536
#define HOP 240
#define BINS (N_FFT / 2 + 1)
#define LOW 128  // bins that are changed

DEVICE float sum_of_block(float x, float *shared) {
    x = sum_of_warp(x);
    if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = x;
    __syncthreads();
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) sum += shared[i];
    return sum;
}

// Windows (items, frames, 1536) of `wave` (items, samples), reflected at both ends of an item; zeros
// past its last. `lengths` are in hops, here and below. The grid is (frames, items).
extern "C" __global__ void __launch_bounds__(256)
mark_windows(const float *wave, const i64 *lengths, float *windows, int samples) {
    int frame = blockIdx.x, item = blockIdx.y;
    start_next();
    wait_for_previous();
    int hops = (int)lengths[item], last = hops * HOP - 1;
    const float *from = wave + (size_t)item * samples;
    float *to = windows + ((size_t)item * gridDim.x + frame) * N_FFT;
    for (int i = threadIdx.x; i < N_FFT; i += 256) {
        int at = abs(frame * HOP + i - N_FFT / 2);
        if (at > last) at = max(2 * last - at, 0);
        to[i] = frame <= hops ? from[at] : 0;
    }
}

// Perth's levels of `spectrum` (items, frames, 2, 769): the lowest bins in halves (items, frames, 128),
// zero past an item's last, and the sum of all of a frame.
extern "C" __global__ void __launch_bounds__(256)
mark_levels(const float *spectrum, const i64 *lengths, half_t *low, float *sums) {
    __shared__ float shared[8];
    int frame = blockIdx.x, item = blockIdx.y;
    start_next();
    wait_for_previous();
    size_t row = (size_t)item * gridDim.x + frame;
    bool used = frame <= lengths[item];
    const float *from = spectrum + row * 2 * BINS;
    float sum = 0;
    for (int i = threadIdx.x; i < BINS; i += 256) {
        float real = from[i], imaginary = from[BINS + i];
        // A 2048-point sum is 4/3 as large as one over 1536 points of the same signal.
        float size = sqrtf(real * real + imaginary * imaginary) * (4.0f / 3);
        size = size > 1e-9f ? size : 1e-9f;
        float level = (20 * log10f(size) + 180) / 195;
        sum += level;
        if (i < LOW) low[row * LOW + i] = from_float<half_t>(used ? level : 0);
    }
    sum = sum_of_block(sum, shared);
    if (threadIdx.x == 0) sums[row] = sum;
}

// What to add to the spectrum's lowest bins, (items, frames, 2, 128), by `change` (items, frames, 128):
// nothing in frames of less than a twentieth of the loudest one's sum, or past an item's last.
extern "C" __global__ void __launch_bounds__(256)
mark_change(const float *spectrum, const float *change, const float *sums, const i64 *lengths,
            float *difference) {
    __shared__ float shared[8];
    int frame = blockIdx.x, frames = gridDim.x, item = blockIdx.y, bin = threadIdx.x % LOW;
    start_next();
    wait_for_previous();
    const float *of_item = sums + (size_t)item * frames;
    float most = -3.4e38f;
    for (int i = threadIdx.x; i < frames; i += 256) most = fmaxf(most, of_item[i]);
    most = most_of_warp(most);
    if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = most;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 8; i++) most = fmaxf(most, shared[i]);
    bool marked = of_item[frame] > most * 0.05f && frame <= lengths[item];
    size_t row = (size_t)item * frames + frame;
    int part = threadIdx.x / LOW;
    float gain = marked ? exp10f(change[row * LOW + bin] * (195.0f / 20)) - 1 : 0;
    difference[row * 2 * LOW + threadIdx.x] = spectrum[(row * 2 + part) * BINS + bin] * gain;
}

// `wave` (items, samples) plus the sum of `pieces` (items, frames, 1536), by the sum of the squared
// windows there, within each length.
extern "C" __global__ void __launch_bounds__(256)
mark_sum(const float *wave, const float *pieces, const float *window, const i64 *lengths,
         float *marked, int samples, int frames) {
    int sample = blockIdx.x * 256 + threadIdx.x, item = blockIdx.y;
    start_next();
    wait_for_previous();
    if (sample >= samples) return;
    int hops = (int)lengths[item], place = sample + N_FFT / 2;
    float sum = 0, weight = 0;
    int first = max((place - N_FFT + HOP) / HOP, 0), last = min(place / HOP, hops);
    for (int frame = first; frame <= last; frame++) {
        int at = place - frame * HOP;
        sum += pieces[((size_t)item * frames + frame) * N_FFT + at];
        weight += window[at];
    }
    size_t at = (size_t)item * samples + sample;
    marked[at] = wave[at] + (sample < hops * HOP ? sum / fmaxf(weight, 1e-8f) : 0);
}
