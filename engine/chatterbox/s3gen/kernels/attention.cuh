// Attention's running softmax (Milakov and Gimelshein 2018): a warp takes 16 queries of one head, 64
// wide, and 64 keys at a time.
#pragma once
#include "hopper.cuh"

#define HEAD 64
#define KEYS 64       // of one step
#define LEAST -1e30f  // less than any score, and no infinity: differences of it are numbers

struct Attended {
    float highest[2], total[2], sum[HEAD / 8][4];

    DEVICE void clear() {
        highest[0] = highest[1] = LEAST;
        total[0] = total[1] = 0;
#pragma unroll
        for (int i = 0; i < HEAD / 2; i++) (&sum[0][0])[i] = 0;
    }

    DEVICE void scale(const float (&by)[2]) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            total[half] *= by[half];
#pragma unroll
            for (int j = 0; j < HEAD / 8; j++) {
                sum[j][2 * half] *= by[half];
                sum[j][2 * half + 1] *= by[half];
            }
        }
    }
};

DEVICE float power_of_2(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// Takes one more block of keys and values into the sums; `left` keys of it count.
DEVICE void attend_to(Attended &all, const half_t *queries, const half_t *keys,
                      const half_t *values, int left, float scale) {
    int lane = threadIdx.x % 32;
    float score[KEYS / 8][4];
#if HOPPER
    u64 a = matrix_at(queries), b = matrix_at(keys);
    begin_products();
#pragma unroll
    for (int k = 0; k < HEAD / 16; k++) multiply_64(score, a + 2 * k, b + 2 * k, k);
    end_products();
#else
#pragma unroll
    for (int i = 0; i < KEYS / 2; i++) (&score[0][0])[i] = 0;
#pragma unroll
    for (int k = 0; k < HEAD / 16; k++) {
        u32 query[4];
        int row = threadIdx.x / 32 % 4 * 16 + lane % 16;
        load_matrices(query, queries + (row * 8 + ((2 * k + lane / 16) ^ (row % 8))) * 8);
#pragma unroll
        for (int j = 0; j < KEYS / 8; j += 2) {
            u32 b[4];
            int key = (j + lane / 16) * 8 + lane % 8, chunk = 2 * k + lane / 8 % 2;
            load_matrices(b, keys + (key * 8 + (chunk ^ (key % 8))) * 8);
            multiply(score[j], query, b[0], b[1]);
            multiply(score[j + 1], query, b[2], b[3]);
        }
    }
#endif
    if (left < KEYS) {
#pragma unroll
        for (int j = 0; j < KEYS / 8; j++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                if (j * 8 + lane % 4 * 2 + i % 2 >= left) score[j][i] = LEAST * 2;
    }
    float kept[2], raised[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float most = all.highest[half];
#pragma unroll
        for (int j = 0; j < KEYS / 8; j++)
            most = fmaxf(most, fmaxf(score[j][2 * half], score[j][2 * half + 1]));
        most = fmaxf(most, __shfl_xor_sync(~0u, most, 1));
        most = fmaxf(most, __shfl_xor_sync(~0u, most, 2));
        kept[half] = power_of_2((all.highest[half] - most) * scale);
        all.highest[half] = most;
        raised[half] = most * scale;
    }
    all.scale(kept);
#pragma unroll
    for (int j = 0; j < KEYS / 8; j++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            score[j][i] = power_of_2(score[j][i] * scale - raised[i / 2]);
            all.total[i / 2] += score[j][i];
        }
    u32 share[KEYS / 16][4];
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            share[k][i] = pack<half_t>(score[2 * k + i / 2][i % 2 * 2],
                                       score[2 * k + i / 2][i % 2 * 2 + 1]);
#if HOPPER
    u64 v = matrix_at(values);
    begin_products();
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++) multiply_64<1>(all.sum, share[k], v + 128 * k);
    end_products();
#else
#pragma unroll
    for (int k = 0; k < KEYS / 16; k++)
#pragma unroll
        for (int j = 0; j < HEAD / 8; j += 2) {
            u32 b[4];
            int key = k * 16 + lane % 16, chunk = j + lane / 16;
            load_transposed(b, values + (key * 8 + (chunk ^ (key % 8))) * 8);
            multiply(all.sum[j], share[k], b[0], b[1]);
            multiply(all.sum[j + 1], share[k], b[2], b[3]);
        }
#endif
}
