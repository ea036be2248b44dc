// The attention of the estimator's layers, from rows of queries, keys and values of all heads.
#include "attention_step.cuh"

struct Nothing {
    DEVICE void begin(int, int, int) {}
    DEVICE void ask(int) {}
    DEVICE void add(float (&)[KEYS / 8][4]) {}
};

// `result` (items, time, heads * 64) from `qkv` (items, time, 3 * heads * 64). Scale is log2(e) / 8.
#define ATTENTION(NAME, WARPS, PARTS, STAGES)                                                      \
    extern "C" __global__ void __launch_bounds__(32 * WARPS * PARTS, 1 + HOPPER)                   \
    NAME(const half_t *qkv, const i64 *lengths, half_t *result, int time, int heads,               \
         float scale) {                                                                            \
        int width = heads * HEAD;                                                                  \
        attention<WARPS, PARTS, STAGES>(qkv, qkv + width, qkv + 2 * width, 3 * width, lengths,     \
                                        result, time, heads, scale, Nothing());                    \
    }

ATTENTION(attention_64_in_two, 4, 2, 2)
ATTENTION(attention_128, 8, 1, 3)
