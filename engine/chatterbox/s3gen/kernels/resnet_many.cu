// The convolutions of `resnet.cu` for so many rows that they fill the card many times: a block takes
// whole rows of channels, so that their norm is its own.
#include "blocks.cuh"

#define TAPS 3
#define TOLD 136  // rows of a tile: two before it, 128, and as many as fill a kilobyte

// As `mish`, with the card's own approximations of power and quotient.
DEVICE float quick_mish(float y) {
    float e = __expf(fminf(y, 20.0f)), square = e * (e + 2);
    return y * __fdividef(square, square + 2);
}

// See `convolve`. Four warps take 64 rows, eight a tile; the first thread asks for the matrix, 64 of
// its inputs at a time. The grid is (time / 128, items), the first rounded up.
template <typename FROM, int CHANNELS, bool SHORTCUT, bool ADD, bool NORMED, int STAGES>
DEVICE void convolve_many(const FROM *rows, const half_t *weight, const half_t *bias,
                          const float *gain, const float *norm_bias, const float *shift,
                          half_t *result, float *stream, int time) {
    constexpr int ACROSS = CHANNELS / 64, DEEP = (TAPS + SHORTCUT) * ACROSS, PIECE = TOLD * 64;
    constexpr int LAG = STAGES > 2 ? 2 : 1;  // steps until others have left a stage, too
    constexpr int UNIT = 16 / sizeof(FROM), UNITS = CHANNELS / UNIT;
    __shared__ u64 there[STAGES], taken[STAGES];
    half_t *stages = (half_t *)shared, *tile = stages + STAGES * 4 * BLOCK;
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, two = warp / 4;
    // The n-th of all steps: 64 of the matrix's inputs.
    auto ask = [&](int n) {
        int s = n % STAGES;
        expect(&there[s], 4 * BLOCK_BYTES);
        for (int k = 0; k < 4; k++)
            copy_blocks(stages + (s * 4 + k) * BLOCK, weight + (size_t)(k * DEEP + n) * BLOCK, 1,
                        &there[s]);
    };
    if (threadIdx.x == 0) {
#pragma unroll
        for (int s = 0; s < STAGES; s++) prepare(&there[s], 1), prepare(&taken[s], 8);
        end_preparing();
#pragma unroll 1
        for (int n = 0; n < STAGES; n++) ask(n);
    }
    __syncthreads();
    start_next();
    wait_for_previous();
    if (ADD && threadIdx.x == 0)
        ask_for(stream + ((size_t)blockIdx.y * time + blockIdx.x * 128) * WIDTH,
                min(128, time - blockIdx.x * 128) * WIDTH * 4);
    int first = blockIdx.x * 128;
    const FROM *from = rows + (size_t)blockIdx.y * time * CHANNELS;
    // So many at once as registers hold: one by one each would wait for the memory.
    constexpr int COUNT = (128 + TAPS - 1) * UNITS, AT_ONCE = 11;
#pragma unroll 1
    for (int begin = threadIdx.x; begin < COUNT; begin += 256 * AT_ONCE) {
        decltype(rounded(from)) x[AT_ONCE];
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++) {
            int i = begin + k * 256, row = i / UNITS, at = i % UNITS * UNIT;
            int source = min(max(first + row - (TAPS - 1), 0), time - 1);
            x[k] = rounded(from + (size_t)source * CHANNELS + at);
        }
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++) {
            int i = begin + k * 256, row = i / UNITS, at = i % UNITS * UNIT, chunk = at / 8;
            if (i >= COUNT) break;
            if (first + row < TAPS - 1) x[k] = {};
            *(decltype(rounded(from)) *)(tile + chunk / 8 * PIECE +
                                         (row * 8 + (chunk % 8 ^ row % 8)) * 8 + at % 8) = x[k];
        }
    }
    show_to_products();
    __syncthreads();
    float sum[32][4];
    int n = 0;
    // The products with so many blocks of inputs, for this tap on.
    auto multiply_all = [&](int blocks, int tap) {
        int piece = 0;
#pragma unroll 1
        for (int i = 0; i < blocks; i++, n++) {
            wait_for(&there[n % STAGES], n / STAGES & 1);
            u64 a = matrix_at(tile + piece * PIECE + (two * 64 + tap) * 64);
            u64 b = matrix_at(stages + n % STAGES * 4 * BLOCK);
            begin_products();
#pragma unroll
            for (int k = 0; k < 4; k++) multiply_256(sum, a + 2 * k, b + 2 * k, i + k);
            close_products();
            if (i) {
                wait_for_products<1>();
                if (lane == 0) arrive(&taken[(n - 1) % STAGES]);
            }
            if (threadIdx.x == 0 && n >= LAG && n - LAG + STAGES < DEEP) {
                wait_for(&taken[(n - LAG) % STAGES], (n - LAG) / STAGES & 1);
                ask(n - LAG + STAGES);
            }
            __syncwarp();
            if (++piece == ACROSS) piece = 0, tap++;
        }
        wait_for_products<0>();
        if (lane == 0) arrive(&taken[(n - 1) % STAGES]);
        settle(sum);
    };
    multiply_all(TAPS * ACROSS, 0);
    int row = first + two * 64 + warp % 4 * 16 + lane / 4, column = lane % 4 * 2;
    bool whole = first + two * 64 < time;
    size_t place = ((size_t)blockIdx.y * time + row) * WIDTH + column;
    if (!NORMED) {
        if (!whole) return;
#pragma unroll
        for (int j = 0; j < 32; j++) {
            u32 added = *(const u32 *)(bias + column + j * 8);
#pragma unroll
            for (int half = 0; half < 2; half++)
                *(float2 *)(stream + place + half * 8 * WIDTH + j * 8) =
                    make_float2(sum[j][2 * half] + lower<half_t>(added),
                                sum[j][2 * half + 1] + upper<half_t>(added));
        }
        return;
    }
    float mean[2] = {}, squares[2] = {};
#pragma unroll
    for (int j = 0; j < 32; j++) {
        u32 added = *(const u32 *)(bias + column + j * 8);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sum[j][i] += i % 2 ? upper<half_t>(added) : lower<half_t>(added);
            mean[i / 2] += sum[j][i];
        }
    }
#pragma unroll
    for (int half = 0; half < 2; half++) mean[half] = sum_of_four(mean[half]) / WIDTH;
#pragma unroll
    for (int j = 0; j < 32; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sum[j][i] -= mean[i / 2];
            squares[i / 2] = fmaf(sum[j][i], sum[j][i], squares[i / 2]);
        }
#pragma unroll
    for (int half = 0; half < 2; half++)
        squares[half] = rsqrtf(sum_of_four(squares[half]) / WIDTH + EPSILON);
    if (whole)
#pragma unroll
        for (int group = 0; group < 32; group += 4) {
            float2 before[4][2];
            if (ADD)
#pragma unroll
                for (int j = 0; j < 4; j++)
#pragma unroll
                    for (int half = 0; half < 2; half++)
                        before[j][half] = *(const float2 *)(stream + place + half * 8 * WIDTH +
                                                            (group + j) * 8);
#pragma unroll
            for (int j = group; j < group + 4; j++) {
                float2 wide = *(const float2 *)(gain + column + j * 8);
                float2 off = *(const float2 *)(norm_bias + column + j * 8);
                float2 more = make_float2(0, 0);
                if (shift) more = *(const float2 *)(shift + column + j * 8);
#pragma unroll
                for (int half = 0; half < 2; half++) {
                    size_t at = place + half * 8 * WIDTH + j * 8;
                    float u = sum[j][2 * half] * squares[half] * wide.x + off.x;
                    float v = sum[j][2 * half + 1] * squares[half] * wide.y + off.y;
                    u = quick_mish(u) + more.x, v = quick_mish(v) + more.y;
                    if (ADD) {
                        float2 x = before[j - group][half];
                        *(float2 *)(stream + at) = make_float2(x.x + u, x.y + v);
                    } else {
                        *(u32 *)(result + at) = pack<half_t>(u, v);
                    }
                }
            }
            asm volatile("" ::: "memory");
        }
    if (!SHORTCUT) return;
    // The shortcut reads what the last tap does.
    multiply_all(ACROSS, TAPS - 1);
    if (!whole) return;
#pragma unroll
    for (int j = 0; j < 32; j++) {
        u32 added = *(const u32 *)(bias + WIDTH + column + j * 8);
#pragma unroll
        for (int half = 0; half < 2; half++)
            *(float2 *)(stream + place + half * 8 * WIDTH + j * 8) =
                make_float2(sum[j][2 * half] + lower<half_t>(added),
                            sum[j][2 * half + 1] + upper<half_t>(added));
    }
}

#define CONV(NAME, FROM, CHANNELS, SHORTCUT, ADD, NORMED, STAGES)                                  \
    extern "C" __global__ void __launch_bounds__(256, 1)                                           \
    NAME(const FROM *rows, const half_t *weight, const half_t *bias, const float *gain,            \
         const float *norm_bias, const float *shift, half_t *result, float *stream, int time) {    \
        convolve_many<FROM, CHANNELS, SHORTCUT, ADD, NORMED, STAGES>(                              \
            rows, weight, bias, gain, norm_bias, shift, result, stream, time);                     \
    }

CONV(many_first_256, float, 256, true, false, true, 4)
CONV(many_first_320, float, 320, true, false, true, 4)
CONV(many_first_512, float, 512, true, false, true, 2)
CONV(many_second, half_t, 256, false, true, true, 4)
CONV(many_last, float, 256, false, false, true, 4)
CONV(many_plain, float, 256, false, false, false, 4)
