// The encoder's attention, whose scores have a part that only distances make.
#include "attention_step.cuh"

// What distances add to a lane's scores of 16 queries of a warp. `scores` (heads, items, time, 2 * time)
// halves are of each query and the distances time - 1 ... -time, so a query's first key is at
// time - 1 - query. Two of them are a word, and where they lie across two words the second is the next
// lane's.
struct Placed {
    const half_t *scores;
    int items, time;
    const u32 *words[2];
    u32 there[2][KEYS / 8 + 1];
    int last[2], shift[2];

    // For what the keys from `key` on read.
    DEVICE void ask(int key) {
#pragma unroll
        for (int half = 0; half < 2; half++)
#pragma unroll
            for (int j = 0; j <= KEYS / 8; j++)  // behind the last key anything that is there
                there[half][j] = words[half][min(key / 2 + j * 4, last[half])];
    }

    // Of 16 queries from `first` on.
    DEVICE void begin(int item, int head, int first) {
        size_t all = (size_t)(gridDim.y / items) * items * time * time;  // words
#pragma unroll
        for (int half = 0; half < 2; half++) {
            int row = min(first + threadIdx.x % 32 / 4 + half * 8, time - 1), off = time - 1 - row;
            size_t word = ((size_t)(head * items + item) * time + row) * time + off / 2 + threadIdx.x % 4;
            word = min(word, all - 1);
            words[half] = (const u32 *)scores + word;
            last[half] = (int)min(all - 1 - word, (size_t)(2 * time));
            shift[half] = off % 2 * 16;
        }
    }

    DEVICE void add(float (&score)[KEYS / 8][4]) {
        int lane = threadIdx.x % 32, next = lane / 4 * 4 + (lane + 1) % 4;
#pragma unroll
        for (int half = 0; half < 2; half++)
#pragma unroll
            for (int j = 0; j < KEYS / 8; j++) {
                u32 mine = there[half][j];
                u32 other = __shfl_sync(~0u, lane % 4 ? mine : there[half][j + 1], next);
                u32 both = __funnelshift_r(mine, other, shift[half]);
                score[j][2 * half] += lower<half_t>(both);
                score[j][2 * half + 1] += upper<half_t>(both);
            }
    }
};

// `result` (items, time, heads * 64) from `rows` (items, time, 4 * heads * 64): queries that meet keys,
// those that have met distances in `scores`, keys and values. Scale is log2(e).
#define ATTENTION(NAME, WARPS, PARTS, STAGES, BLOCKS)                                              \
    extern "C" __global__ void __launch_bounds__(32 * WARPS * PARTS, BLOCKS)                       \
    NAME(const half_t *rows, const half_t *scores, const i64 *lengths, half_t *result, int time,   \
         int items, int heads, float scale) {                                                      \
        int width = heads * HEAD;                                                                  \
        Placed more = {scores, items, time};                                         \
        attention<WARPS, PARTS, STAGES>(rows, rows + 2 * width, rows + 3 * width, 4 * width,       \
                                        lengths, result, time, heads, scale, more);                \
    }

ATTENTION(placed_64_in_two, 4, 2, 2, 1)
ATTENTION(placed_64, 4, 1, 3, 1 + 2 * HOPPER)
