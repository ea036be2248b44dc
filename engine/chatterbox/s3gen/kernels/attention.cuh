// What attention has seen so far, of 16 queries of a warp: highest scores, and sums of shares.
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
