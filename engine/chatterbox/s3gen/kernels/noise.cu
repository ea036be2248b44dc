// The noise that torch draws of a seed, where a graph reads it: as `torch.randn(bins, frames)` by a new
// generator, which is Philox-4x32 with ten rounds (Salmon et al. 2011) and Box and Muller's transform,
// each number of the counter and of the thread that it has in torch's launch.
#include "common.cuh"

#define BLOCK 256  // torch's

__device__ __forceinline__ uint4 philox(uint4 counter, u32 low, u32 high) {
#pragma unroll
    for (int i = 0; i < 10; i++) {
        u32 first = __umulhi(0xD2511F53u, counter.x), third = __umulhi(0xCD9E8D57u, counter.z);
        counter = make_uint4(third ^ counter.y ^ low, 0xCD9E8D57u * counter.z,
                             first ^ counter.w ^ high, 0xD2511F53u * counter.x);
        low += 0x9E3779B9u, high += 0xBB67AE85u;
    }
    return counter;
}

__device__ __forceinline__ float2 normals(u32 x, u32 y) {
    constexpr float STEP = 2.3283064e-10f, TURN = STEP * 6.2831855f;
    float u = x * STEP + STEP / 2, v = y * TURN + TURN / 2;
    float radius = sqrtf(-2.0f * logf(u));
    float2 both;
    __sincosf(v, &both.x, &both.y);
    return make_float2(both.x * radius, both.y * radius);
}

// `noise` (items, frames, bins), of which an item has `per_token` times `lengths` frames; what lies past
// them stays. Torch launches at most `most` blocks. A thread draws what one of torch's does at a time.
extern "C" __global__ void __launch_bounds__(BLOCK)
draw_flow_noise(float *noise, const i64 *lengths, const i64 *seeds, int frames, int bins, int per_token,
                int most) {
    int item = blockIdx.y;
    start_next();
    wait_for_previous();
    int used = (int)lengths[item] * per_token, count = used * bins;
    int threads = min(most, (count + BLOCK - 1) / BLOCK) * BLOCK;
    int at = blockIdx.x * BLOCK + threadIdx.x, time = at / threads, thread = at % threads;
    int first = time * threads * 4 + thread;
    if (first >= count) return;
    u64 seed = seeds[item];
    uint4 drawn = philox(make_uint4(time, 0, thread, 0), (u32)seed, (u32)(seed >> 32));
    float2 one = normals(drawn.x, drawn.y), other = normals(drawn.z, drawn.w);
    float four[4] = {one.x, one.y, other.x, other.y};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        int place = first + i * threads;
        if (place < count)
            noise[((size_t)item * frames + place % used) * bins + place / used] = four[i];
    }
}
