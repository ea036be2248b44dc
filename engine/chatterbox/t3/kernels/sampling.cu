// The two ends of a decode step: embedding the last token, and choosing the next.
//
// Compiled with TYPE, the embeddings'; WIDTH, HIDDEN's; VOCABULARY; START_TOKEN and STOP_TOKEN; the
// columns and values of `engine.chatterbox.t3.slots`; and GPT2, whether learned positions are those
// of the whole stream and the penalty is the last filter. One block chooses for one slot, with all
// of its vocabulary in registers, and updates the slot. Order and meaning of the filters are
// upstream's; top-k and top-p are found by bisection instead of a sort, and keep every token whose
// probability equals that of the last one kept.
#include "common.cuh"

constexpr int THREADS = 1024, WARPS = THREADS / 32;
// A draw of Philox is for four tokens, NOISE_LANES apart, and a thread has whole draws; of what is left,
// if that is few, the first threads have one token more each.
constexpr int NOISE_LANES = (VOCABULARY + 3) / 4, LEFT = NOISE_LANES % THREADS;
constexpr bool SPREADS = LEFT > 0 && 4 * LEFT <= THREADS;
constexpr int DRAWS = NOISE_LANES / THREADS + (LEFT > 0 && !SPREADS);
constexpr int ITEMS = 4 * DRAWS + SPREADS;
#define INFINITE __int_as_float(0x7f800000)

// `residual` (rows, WIDTH) = embedding of the last token + that of its position, in the speech or in
// all of a GPT-2's context; `rounded` is the same in TYPE;
// `positions` (rows,) = where in its context that is, -1 for a row with nothing to do.
// Where `told` (rows, WIDTH / 8) is given it becomes sums of squares, as `projections.cu` reads them, whose
// first product starts early and is late itself. Otherwise no kernel starts early: attention reads
// `positions` before it waits.
extern "C" __global__ void __launch_bounds__(WIDTH / 4) embed(
    float* residual, TYPE* rounded, int* positions, const TYPE* embedding,
    const TYPE* position_embedding, const int* slots, const int* state, int places, float* told) {
    const int row = blockIdx.x, at = threadIdx.x * 4;
    if (told) start_next();
    wait_for_previous();
    const int* of_slot = state + slots[row % places] * STATE_WIDTH;
    const int token = of_slot[TOKEN], step = of_slot[GENERATED];
    const bool alive = of_slot[STATUS] == RUNNING && (row < places || of_slot[GUIDED] == 1);
    if (threadIdx.x == 0) positions[row] = alive ? of_slot[PROMPT] + step - 1 : -1;
    const TYPE* one = embedding + i64(token) * WIDTH + at;
#if GPT2
    const TYPE* other = position_embedding + i64(max(of_slot[PROMPT] + step - 1, 0)) * WIDTH + at;
#else
    const TYPE* other = position_embedding + i64(step) * WIDTH + at;
#endif
    float4 sum;
    sum.x = to_float(one[0]) + to_float(other[0]);
    sum.y = to_float(one[1]) + to_float(other[1]);
    sum.z = to_float(one[2]) + to_float(other[2]);
    sum.w = to_float(one[3]) + to_float(other[3]);
    *(float4*)(residual + i64(row) * WIDTH + at) = sum;
    TYPE* to = rounded + i64(row) * WIDTH + at;
    to[0] = from_float<TYPE>(sum.x), to[1] = from_float<TYPE>(sum.y);
    to[2] = from_float<TYPE>(sum.z), to[3] = from_float<TYPE>(sum.w);
    if (!told) {
        // A block that ends lets the next kernel start, and what it wrote may still be on its way:
        // two kernels on, attention reads `positions` before anything has waited.
        if (STARTS_EARLY && threadIdx.x == 0) __threadfence();
        return;
    }
    float square = sum.x * sum.x + sum.y * sum.y + sum.z * sum.z + sum.w * sum.w;
    square += __shfl_xor_sync(~0u, square, 1);
    if (threadIdx.x % 2 == 0) told[row * (WIDTH / 8) + threadIdx.x / 2] = square;
}

// Four words for counter (`lane`, `step`, 0, 0): ten rounds of Philox (Salmon et al., Parallel random
// numbers: as easy as 1, 2, 3, 2011), as in `engine.chatterbox.t3.philox`.
__device__ __forceinline__ void philox(u64 seed, u32 lane, u32 step, u32* words) {
    u32 low = u32(seed), high = u32(seed >> 32);
    u32 a = lane, b = step, c = 0, d = 0;
#pragma unroll
    for (int round = 0; round < 10; round++) {
        const u64 one = u64(a) * 0xD2511F53u, other = u64(c) * 0xCD9E8D57u;
        a = u32(other >> 32) ^ b ^ low;
        b = u32(other);
        c = u32(one >> 32) ^ d ^ high;
        d = u32(one);
        low += 0x9E3779B9u;
        high += 0xBB67AE85u;
    }
    words[0] = a, words[1] = b, words[2] = c, words[3] = d;
}
__device__ __forceinline__ float exponential(u32 word) {
    return -logf((float(word >> 9) + 0.5f) * 1.1920928955078125e-07f);  // 2 ** -23
}

// Of all threads' values, the same in all of them. Two may follow one another without a barrier
// because they take turns in two places.
struct Block {
    float places[2][WARPS];
    int which[WARPS];
};
struct Reduction {
    Block& shared;
    int turn;
    template <class Join> __device__ float operator()(float v, Join join) {
#pragma unroll
        for (int step = 16; step; step >>= 1) v = join(v, __shfl_xor_sync(~0u, v, step));
        float* places = shared.places[turn ^= 1];
        if ((threadIdx.x & 31) == 0) places[threadIdx.x >> 5] = v;
        __syncthreads();
        v = places[threadIdx.x & 31];
#pragma unroll
        for (int step = 16; step; step >>= 1) v = join(v, __shfl_xor_sync(~0u, v, step));
        return v;
    }
    __device__ float sum(float v) {
        return (*this)(v, [](float a, float b) { return a + b; });
    }
    __device__ float most(float v) {
        return (*this)(v, [](float a, float b) { return fmaxf(a, b); });
    }
};

// Guidance, penalty, temperature, min-p, top-p, draw, and the slot's new state. With GPT2 the
// filters are temperature, min-p, top-k, top-p, penalty. The token and what the slot became with it
// are `said` to the host, too. `noise` (places, VOCABULARY) may be given; otherwise it is that of the
// slot's seed and step, and drawn before the logits are there.
extern "C" __global__ void __launch_bounds__(THREADS) sample(
    const float* logits, const float* noise, const i64* seeds, const int* slots, int* state,
    const float* parameters, u8* seen, int* said, int places, int most_tokens, bool two_rows) {
    __shared__ Block shared;
    Reduction of_all{shared, 0};
    const int place = blockIdx.x, tid = threadIdx.x;
    start_next();
    // Of all this nothing has changed since the sampling before.
    const int slot = slots[place];
    int* of_slot = state + slot * STATE_WIDTH;
    const float* asked = parameters + slot * PARAMETERS;
    const bool running = of_slot[STATUS] == RUNNING;
    const float guidance = of_slot[GUIDED] == 1 ? asked[CFG_WEIGHT] : 0.f;
    const int generated = of_slot[GENERATED], cap = of_slot[CAP];
    const float penalty = asked[REPETITION_PENALTY], temperature = asked[TEMPERATURE];
    const float min_p = asked[MIN_P], top_p = asked[TOP_P];
    // The token of a thread's item, VOCABULARY where it has none.
    auto token_of = [&](int i) {
        const bool spread = i == 4 * DRAWS;
        const int lane = i / 4 * THREADS + (spread ? tid / 4 : tid), word = spread ? tid % 4 : i % 4;
        const int index = word * NOISE_LANES + lane;
        return lane < NOISE_LANES && index < VOCABULARY ? index : VOCABULARY;
    };
    u32 repeated = 0;  // a bit of each item
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
        const int index = token_of(i);
        if (index < VOCABULARY && seen[i64(slot) * VOCABULARY + index] == 1) repeated |= 1u << i;
    }
    auto is_repeated = [&](int i) { return repeated >> i & 1; };
    float drawn[ITEMS];
    if (!noise) {
        const u64 seed = seeds[slot];
        u32 words[4], thread = tid;
#pragma unroll
        for (int draw = 0; draw < DRAWS; draw++) {
            philox(seed, draw * THREADS + thread, generated, words);
#pragma unroll
            for (int j = 0; j < 4; j++) drawn[4 * draw + j] = exponential(words[j]);
            // One draw after the other, for want of registers.
            asm volatile("" : "+r"(thread) : "f"(drawn[4 * draw + 3]));
        }
        if (SPREADS && tid < 4 * LEFT) {
            philox(seed, DRAWS * THREADS + thread / 4, generated, words);
            const u32 even = tid & 2 ? words[2] : words[0], odd = tid & 2 ? words[3] : words[1];
            drawn[ITEMS - 1] = exponential(tid & 1 ? odd : even);
        }
    }
    wait_for_previous();
    if (!running) return;

    float x[ITEMS];
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
        const int index = token_of(i);
        x[i] = 0;
        if (index < VOCABULARY) {
            x[i] = logits[i64(place) * VOCABULARY + index];
            if (noise) drawn[i] = noise[i64(place) * VOCABULARY + index];
            if (!GPT2 && two_rows) {
                const float without = logits[i64(places + place) * VOCABULARY + index];
                // Else there is no twin, and may be no number in its row.
                if (guidance != 0) x[i] += guidance * (x[i] - without);
            }
        }
    }
    bool wrong = false;
    const float colder = 1.f / temperature, rarer = 1.f / penalty;
    float most = -INFINITE;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
        wrong |= !(fabsf(x[i]) < INFINITE);  // NaN is not less than anything
        if (!GPT2 && is_repeated(i)) x[i] = x[i] < 0 ? x[i] * penalty : x[i] * rarer;
        x[i] = token_of(i) < VOCABULARY ? x[i] * colder : -INFINITE;
        most = fmaxf(most, x[i]);
    }
    const bool failed = __syncthreads_or(wrong);
    most = of_all.most(most);

#if GPT2
    float penalised[ITEMS];
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
        penalised[i] = x[i];
        if (is_repeated(i)) penalised[i] = x[i] < 0 ? x[i] * penalty : x[i] * rarer;
    }
#endif

    // The least share of which, and of all below it, more than `allowed` is the weight. Positive
    // floats are ordered as their bits are, and `low` are those of the least it can be. Where filters
    // always act, it is seen now and then whether any share still lies between.
    auto least = [&](int low, float allowed, auto weight) {
        int high = __float_as_int(1.f);
        for (int round = 0; round < 30; round++) {
            if (GPT2 && round % 4 == 3) {
                bool between = false;
#pragma unroll
                for (int i = 0; i < ITEMS; i++)
                    between |= low <= __float_as_int(x[i]) && __float_as_int(x[i]) < high;
                if (!__syncthreads_or(between)) break;
            }
            const int middle = (low + high) / 2;
            const float bound = __int_as_float(middle);
            float mass = 0;
#pragma unroll
            for (int i = 0; i < ITEMS; i++) mass += x[i] <= bound ? weight(i) : 0.f;
            if (of_all.sum(mass) > allowed)
                high = middle;
            else
                low = min(middle + 1, high);
        }
        return __int_as_float(high);
    };
    // Shares of a sum that need not be known, except for top-p: the likeliest token's is 1.
    float total = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
        const float share = expf(x[i] - most);
        x[i] = share >= min_p ? share : 0.f;
        total += x[i];
    }
    float lowest = 0;  // of the shares that are left
#if GPT2
    const float top_k = asked[TOP_K];
    if (0.f < top_k && top_k < VOCABULARY) {
        lowest = least(0, VOCABULARY - top_k, [&](int i) {
            return token_of(i) < VOCABULARY ? 1.f : 0.f;
        });
        total = 0;
#pragma unroll
        for (int i = 0; i < ITEMS; i++) {
            if (!(x[i] >= lowest)) x[i] = 0;
            total += x[i];
        }
    }
#endif
    if (top_p < 1.f) {
        const float allowed = of_all.sum(total) * (1.f - top_p);
        const float bound = least(__float_as_int(lowest), allowed, [&](int i) { return x[i]; });
#pragma unroll
        for (int i = 0; i < ITEMS; i++)
            if (!(x[i] >= bound)) x[i] = 0;
    }
#if GPT2
    most = -INFINITE;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
        if (!(x[i] > 0)) penalised[i] = -INFINITE;
        most = fmaxf(most, penalised[i]);
    }
    most = of_all.most(most);
#pragma unroll
    for (int i = 0; i < ITEMS; i++) x[i] = expf(penalised[i] - most);
#endif

    // The first of those that are largest.
    float best = -1;
    int token = VOCABULARY;
#pragma unroll
    for (int i = 0; i < ITEMS; i++) {
        const int index = token_of(i);
        const float share = index < VOCABULARY ? __fdividef(x[i], drawn[i]) : -1.f;
        if (share > best) best = share, token = index;
    }
    auto keep_larger = [&](float share, int index) {
        if (share > best || (share == best && index < token)) best = share, token = index;
    };
#pragma unroll
    for (int step = 16; step; step >>= 1)
        keep_larger(__shfl_xor_sync(~0u, best, step), __shfl_xor_sync(~0u, token, step));
    float* bests = shared.places[of_all.turn ^ 1];
    if ((tid & 31) == 0) bests[tid >> 5] = best, shared.which[tid >> 5] = token;
    __syncthreads();
    if (tid >= 32) return;
    best = bests[tid], token = shared.which[tid];
#pragma unroll
    for (int step = 16; step; step >>= 1)
        keep_larger(__shfl_xor_sync(~0u, best, step), __shfl_xor_sync(~0u, token, step));
    if (tid > 0) return;

    const bool none = failed || token == VOCABULARY;  // or no share is a number
    if (none) token = 0;
    if (GPT2 && generated == 0) seen[i64(slot) * VOCABULARY + START_TOKEN] = 0;
    seen[i64(slot) * VOCABULARY + token] = 1;
    int ended = generated + 1 >= cap ? CAPPED : RUNNING;
    if (token == STOP_TOKEN && (!GPT2 || generated > 0)) ended = STOPPED;
    if (none) ended = FAILED;
    said[i64(slot) * most_tokens + generated] = ended << STATUS_SHIFT | token;  // the host's memory
    of_slot[STATUS] = ended;
    of_slot[GENERATED] = generated + 1;
    of_slot[TOKEN] = token;
}
