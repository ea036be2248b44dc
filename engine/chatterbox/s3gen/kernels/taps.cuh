// What a convolution's taps read of a tile of rows, and its products by two times four warps.
#pragma once
#include "blocks.cuh"

#define TAPS 3
#define BEFORE 8  // rows of a tile before it, of which the last two are seen: a whole kilobyte
#define PIECE ((BEFORE + 64) * 64)  // halves of a tile's 64 channels

// The products of all of a matrix that is there, `sum` of the taps and `straight` of the shortcut. Each
// four makes all 64 columns of half of the inputs, as 64 take as long as 32; then each has 32 of them.
template <int ACROSS, bool SHORTCUT>
DEVICE void multiply_by_halves(float (&sum)[4][4], float (&straight)[4][4], const half_t *tile,
                               half_t *matrix, u64 *there, int four) {
    constexpr int COUNT = (TAPS + SHORTCUT) * ACROSS / 2;  // blocks of inputs
    float all[8][4], alone[8][4];
    float2(*joined)[128] = (float2(*)[128])matrix;
#pragma unroll
    for (int n = 0; n < COUNT; n++) {
        // The shortcut, behind the last tap, reads what that does.
        int at = four * COUNT + n, part = at / ACROSS, i = at % ACROSS, tap = min(part, TAPS - 1);
        bool is_last = SHORTCUT && n >= COUNT - ACROSS;  // of a four: a tap, and the shortcut
        if (n % (SHORTCUT ? ACROSS : ACROSS / 2) == 0) wait_for(&there[part], 0);
        u64 a = matrix_at(tile + i * PIECE + (BEFORE - (TAPS - 1) + tap) * 64);
        u64 b = matrix_at(matrix + at * BLOCK);
        begin_products();
#pragma unroll
        for (int k = 0; k < 4; k++) {
            if (is_last) multiply_64(alone, a + 2 * k, b + 2 * k, n + k > COUNT - ACROSS);
            else multiply_64(all, a + 2 * k, b + 2 * k, n + k);
        }
        close_products();
    }
    wait_for_products<0>();
    settle(all);
    if (SHORTCUT) settle(alone);
    __syncthreads();  // nobody reads the matrix any more
    if (SHORTCUT && four == 0)
#pragma unroll
        for (int j = 0; j < 8; j++)
#pragma unroll
            for (int i = 0; i < 4; i++) all[j][i] += alone[j][i];
    int at = threadIdx.x % 128;
    // The second four's columns of the first, and the other way round.
    auto pair = [](const float (&x)[8][4], int j, int half) {
        return make_float2(x[j][2 * half], x[j][2 * half + 1]);
    };
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            joined[four * 8 + j * 2 + half][at] = four ? pair(all, j, half) : pair(all, 4 + j, half);
            if (SHORTCUT && four) joined[16 + j * 2 + half][at] = pair(alone, j, half);
        }
    __syncthreads();
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float2 own = four ? pair(all, 4 + j, half) : pair(all, j, half);
            float2 other = joined[(1 - four) * 8 + j * 2 + half][at];
            sum[j][2 * half] = own.x + other.x;
            sum[j][2 * half + 1] = own.y + other.y;
            if (!SHORTCUT) continue;
            float2 direct = four ? pair(alone, 4 + j, half) : joined[16 + j * 2 + half][at];
            straight[j][2 * half] = direct.x;
            straight[j][2 * half + 1] = direct.y;
        }
}
