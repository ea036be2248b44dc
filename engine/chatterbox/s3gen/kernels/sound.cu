// What the vocoder does around its convolutions: the source with its spectrum, the halves that the
// convolutions read, and the waveform from the spectrum that they make. Signals are fp32.
#include "tiles.cuh"

#define HARMONICS 9
#define PER_FRAME 480  // samples of a mel frame
#define SAMPLE_RATE 24000.0f
#define N_FFT 16
#define HOP 4
#define PARTS 18  // real parts of nine bins, and imaginary ones

// `mel` (items, frames, bins) as halves (items, frames, width), zero past each length.
extern "C" __global__ void __launch_bounds__(256)
enter(const float *mel, const i64 *lengths, half_t *rows, int frames, int bins, int width) {
    int at = blockIdx.x * 256 + threadIdx.x, item = blockIdx.y;
    start_next();
    wait_for_previous();
    if (at >= frames * width) return;
    int frame = at / width, bin = at % width;
    float x = 0;
    if (bin < bins && frame < lengths[item]) x = mel[((size_t)item * frames + frame) * bins + bin];
    rows[(size_t)item * frames * width + at] = from_float<half_t>(x);
}

// A harmonic's cycles before each frame, (items, 9, frames) fp64. A warp takes one of an item.
extern "C" __global__ void __launch_bounds__(32)
count_cycles(const float *pitch, double *cycles, int frames) {
    int harmonic = blockIdx.x, item = blockIdx.y;
    start_next();
    wait_for_previous();
    double before = 0;
    for (int first = 0; first < frames; first += 32) {
        int frame = first + threadIdx.x;
        double own = 0;
        if (frame < frames)
            own = __fdiv_rn(__fmul_rn(pitch[(size_t)item * frames + frame], harmonic + 1), SAMPLE_RATE);
        double sum = own;
#pragma unroll
        for (int step = 1; step < 32; step *= 2) {
            double other = __shfl_up_sync(~0u, sum, step);
            if (threadIdx.x >= step) sum += other;
        }
        if (frame < frames)
            cycles[((size_t)item * HARMONICS + harmonic) * frames + frame] =
                (before + sum - own) * PER_FRAME;
        before += __shfl_sync(~0u, sum, 31);
    }
}

// The source (items, frames * 480): sines of the harmonics and noise, mixed by `mix` (9 and a bias).
// A block takes a frame.
extern "C" __global__ void __launch_bounds__(PER_FRAME)
excite(const float *pitch, const double *cycles, const float *phase, const float *noise,
       const float *mix, const float *bias, float *source) {
    int frame = blockIdx.x, frames = gridDim.x, item = blockIdx.y, sample = threadIdx.x;
    start_next();
    wait_for_previous();
    float hertz = pitch[(size_t)item * frames + frame], sum = 0;
    bool voiced = hertz > 10.0f;
    float loudness = voiced ? 0.003f : 0.1f / 3;
    size_t at = (size_t)frame * PER_FRAME + sample;
#pragma unroll
    for (int i = 0; i < HARMONICS; i++) {
        size_t row = (size_t)item * HARMONICS + i;
        double rate = __fdiv_rn(__fmul_rn(hertz, i + 1), SAMPLE_RATE);
        double turns = cycles[row * frames + frame] + rate * (sample + 1);
        float part = float(turns - trunc(turns));
        float sine = voiced ? 0.1f * sinf(6.28318530718f * part + phase[row]) : 0;
        sum += mix[i] * (sine + loudness * noise[row * frames * PER_FRAME + at]);
    }
    source[(size_t)item * frames * PER_FRAME + at] = tanhf(sum + bias[0]);
}

// Rows of halves that hold neighbouring frames of a spectrum side by side, zeros behind them.
struct Folded {
    half_t *rows;
    int count, frames, before, width;  // rows, frames of each, frames ahead of the first, halves
};

DEVICE void fold(const Folded &to, int item, int frame, const u32 (&pairs)[PARTS / 2]) {
    int at = frame + to.before;
    if (at < 0 || at >= to.count * to.frames) return;
    int row = at / to.frames, place = at % to.frames;
    u32 *start = (u32 *)(to.rows + ((size_t)item * to.count + row) * to.width);
#pragma unroll
    for (int i = 0; i < PARTS / 2; i++) start[place * (PARTS / 2) + i] = pairs[i];
    if (place + 1 == to.frames)
        for (int i = to.frames * (PARTS / 2); i < to.width / 2; i++) start[i] = 0;
}

// The spectrum of `source`, reflected at both ends of an item, by `basis` (16, 18) in fp32; zero in
// frames past its end. Threads begin `ahead` frames before the first.
extern "C" __global__ void __launch_bounds__(128)
analyse(const float *source, const i64 *lengths, const float *basis, Folded coarse, Folded middle,
        Folded fine, int samples, int ahead) {
    __shared__ float matrix[N_FFT * PARTS];
    int frame = blockIdx.x * 128 + threadIdx.x - ahead, item = blockIdx.y;
    start_next();
    for (int i = threadIdx.x; i < N_FFT * PARTS; i += 128) matrix[i] = basis[i];
    wait_for_previous();
    __syncthreads();
    int last = (int)lengths[item] * PER_FRAME - 1;
    float sum[PARTS] = {};
    if (frame >= 0 && frame <= (last + 1) / HOP) {
#pragma unroll
        for (int i = 0; i < N_FFT; i++) {
            int at = abs(frame * HOP + i - N_FFT / 2);
            if (at > last) at = max(2 * last - at, 0);
            float x = source[(size_t)item * samples + at];
#pragma unroll
            for (int part = 0; part < PARTS; part++) sum[part] += x * matrix[i * PARTS + part];
        }
    }
    u32 pairs[PARTS / 2];
#pragma unroll
    for (int i = 0; i < PARTS / 2; i++) pairs[i] = pack<half_t>(sum[2 * i], sum[2 * i + 1]);
    fold(coarse, item, frame, pairs);
    fold(middle, item, frame, pairs);
    fold(fine, item, frame, pairs);
}

// A leaky ReLU of the mean of three signals (items, rows, width), as halves, zero past each length.
extern "C" __global__ void __launch_bounds__(256)
join(const float *first, const float *second, const float *third, const i64 *lengths, half_t *joined,
     int size, int width, int per_frame, int more, float slope) {
    int at = (blockIdx.x * 256 + threadIdx.x) * 8, item = blockIdx.y;
    start_next();
    wait_for_previous();
    if (at >= size) return;
    size_t place = (size_t)item * size + at;
    float x[8], y[8], z[8];
    load8(x, first + place);
    load8(y, second + place);
    load8(z, third + place);
    bool used = at / width < lengths[item] * per_frame + more;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float mean = (x[i] + y[i] + z[i]) / 3;
        mean = fmaxf(mean, mean * slope);
        mean = mean > 65504.0f ? 65504.0f : mean < -65504.0f ? -65504.0f : mean;
        x[i] = used ? mean : 0;
    }
    *(uint4 *)(joined + place) = packed(x);
}

// The waveform (items, frames * 480) of `features` (items, frames * 120 + 1, 18), log magnitudes and
// angles: `basis` (16, 18) turns a frame of the spectrum into samples, which overlap; `window` is
// squared. Softer at the start by `fade`. A block takes 64 hops.
extern "C" __global__ void __launch_bounds__(256)
sound(const float *features, const i64 *lengths, const float *basis, const float *window,
      const float *fade, float *wave, int rows, int faded) {
    constexpr int HOPS = 64, BINS = PARTS / 2, OVERLAP = N_FFT / HOP, SEEN = HOPS + OVERLAP - 1;
    __shared__ float matrix[N_FFT * PARTS], spectrum[SEEN][PARTS];
    int item = blockIdx.y, first = blockIdx.x * HOPS + 1 - OVERLAP / 2;
    start_next();
    for (int i = threadIdx.x; i < N_FFT * PARTS; i += 256) matrix[i] = basis[i];
    wait_for_previous();
    int last = (int)lengths[item] * (PER_FRAME / HOP);  // frame
    for (int i = threadIdx.x; i < SEEN * BINS; i += 256) {
        int frame = first + i / BINS, bin = i % BINS;
        float real = 0, imaginary = 0;
        if (frame >= 0 && frame <= last) {
            const float *from = features + ((size_t)item * rows + frame) * PARTS + bin;
            float magnitude = expf(from[0]), angle = sinf(from[BINS]);
            magnitude = magnitude > 100.0f ? 100.0f : magnitude;
            real = magnitude * cosf(angle), imaginary = magnitude * sinf(angle);
        }
        spectrum[i / BINS][bin] = real;
        spectrum[i / BINS][BINS + bin] = imaginary;
    }
    __syncthreads();
    int hop = threadIdx.x / HOP, sample = (blockIdx.x * HOPS + hop) * HOP + threadIdx.x % HOP;
    if (sample >= (rows - 1) * HOP) return;
    float sum = 0, weight = 0;
#pragma unroll
    for (int i = 0; i < OVERLAP; i++) {
        int frame = first + hop + i, at = (OVERLAP - 1 - i) * HOP + threadIdx.x % HOP;
        if (frame < 0 || frame > last) continue;
        weight += window[at];
#pragma unroll
        for (int part = 0; part < PARTS; part++)
            sum += spectrum[hop + i][part] * matrix[at * PARTS + part];
    }
    float x = sum / fmaxf(weight, 1e-8f);
    x = x > 0.99f ? 0.99f : x < -0.99f ? -0.99f : x;
    if (sample < faded) x *= fade[sample];
    wave[(size_t)item * (rows - 1) * HOP + sample] = sample < last * HOP ? x : 0;
}
