"""The two ends of a decode step in Triton: embedding the last token, and choosing the next.

One program chooses for one slot, with all of its vocabulary in registers, and updates the slot.
Order and meaning of the filters are upstream's; top-p is found by bisection instead of a sort, and
keeps every token whose probability equals that of the last one kept.
"""

import triton
import triton.language as tl


@triton.jit
def embed_kernel(
    residual,
    positions,
    embedding,
    position_embedding,
    slots,
    state,
    places,
    STATE_WIDTH: tl.constexpr,
    STATUS: tl.constexpr,
    GENERATED: tl.constexpr,
    TOKEN: tl.constexpr,
    PROMPT: tl.constexpr,
    GUIDED: tl.constexpr,
    RUNNING: tl.constexpr,
    WIDTH: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`residual` (rows, WIDTH) = embedding of the last token + that of its speech position.

    `positions` (rows,) = where in its context that is, -1 for a row with nothing to do.
    """
    row = tl.program_id(0)
    k = tl.arange(0, WIDTH)
    # It lets no kernel start early: attention reads `positions` before it waits.
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    of_slot = state + tl.load(slots + row % places) * STATE_WIDTH
    token = tl.load(of_slot + TOKEN)
    step = tl.load(of_slot + GENERATED)
    alive = tl.load(of_slot + STATUS) == RUNNING
    alive = alive & ((row < places) | (tl.load(of_slot + GUIDED) == 1))
    tl.store(positions + row, tl.where(alive, tl.load(of_slot + PROMPT) + step - 1, -1))
    x = tl.load(embedding + token * WIDTH + k).to(tl.float32)
    x += tl.load(position_embedding + step * WIDTH + k).to(tl.float32)
    tl.store(residual + row * WIDTH + k, x)


@triton.jit
def noise_kernel(
    noise,
    seeds,
    slots,
    state,
    vocabulary,
    lanes,
    STATE_WIDTH: tl.constexpr,
    GENERATED: tl.constexpr,
    BLOCK: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """`noise` (places, vocabulary) as `engine.chatterbox.t3.philox.exponential_noise` draws it."""
    place = tl.program_id(0)
    lane = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    slot = tl.load(slots + place)
    step = tl.load(state + slot * STATE_WIDTH + GENERATED)
    zero = tl.zeros([BLOCK], dtype=tl.int32)
    words = tl.philox(tl.load(seeds + slot), lane, zero + step, zero, zero)
    for j in tl.static_range(4):
        uniform = ((words[j] >> 9).to(tl.float32) + 0.5) * 1.1920928955078125e-07  # 2 ** -23
        index = j * lanes + lane
        inside = (lane < lanes) & (index < vocabulary)
        tl.store(noise + place * vocabulary + index, -tl.log(uniform), mask=inside)


@triton.jit
def sample_kernel(
    logits,
    noise,
    slots,
    state,
    parameters,
    seen,
    tokens,
    places,
    vocabulary,
    most_tokens,
    STATE_WIDTH: tl.constexpr,
    STATUS: tl.constexpr,
    GENERATED: tl.constexpr,
    TOKEN: tl.constexpr,
    CAP: tl.constexpr,
    GUIDED: tl.constexpr,
    RUNNING: tl.constexpr,
    STOPPED: tl.constexpr,
    CAPPED: tl.constexpr,
    FAILED: tl.constexpr,
    PARAMETERS: tl.constexpr,
    CFG_WEIGHT: tl.constexpr,
    TEMPERATURE: tl.constexpr,
    MIN_P: tl.constexpr,
    TOP_P: tl.constexpr,
    REPETITION_PENALTY: tl.constexpr,
    STOP_TOKEN: tl.constexpr,
    TWO_ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    BEHIND: tl.constexpr,
):
    """Guidance, penalty, temperature, min-p, top-p, draw, and the slot's new state."""
    place = tl.program_id(0)
    v = tl.arange(0, BLOCK)
    inside = v < vocabulary
    if BEHIND:
        tl.extra.cuda.gdc_launch_dependents()
    # Of all this nothing has changed since the sampling before.
    slot = tl.load(slots + place)
    of_slot = state + slot * STATE_WIDTH
    asked = parameters + slot * PARAMETERS
    status = tl.load(of_slot + STATUS)
    guided = tl.load(of_slot + GUIDED) == 1
    generated = tl.load(of_slot + GENERATED)
    cap = tl.load(of_slot + CAP)
    cfg_weight = tl.load(asked + CFG_WEIGHT)
    penalty = tl.load(asked + REPETITION_PENALTY)
    temperature = tl.load(asked + TEMPERATURE)
    min_p = tl.load(asked + MIN_P)
    top_p = tl.load(asked + TOP_P)
    repeated = tl.load(seen + slot * vocabulary + v, mask=inside, other=0) == 1
    if BEHIND:
        tl.extra.cuda.gdc_wait()
    if status == RUNNING:
        x = tl.load(logits + place * vocabulary + v, mask=inside, other=0.0)
        drawn = tl.load(noise + place * vocabulary + v, mask=inside, other=1.0)
        if TWO_ROWS:
            without = tl.load(logits + (places + place) * vocabulary + v, mask=inside, other=0.0)
            x = x + tl.where(guided, cfg_weight, 0.0) * (x - without)
        # NaN is not less than anything.
        failed = tl.max(tl.where(tl.abs(x) < float("inf"), 0, 1), axis=0) == 1
        x = tl.where(repeated, tl.where(x < 0, x * penalty, x / penalty), x)
        x = x / temperature
        x = tl.where(inside, x, -float("inf"))

        share = tl.exp(x - tl.max(x, axis=0))
        total = tl.sum(share, axis=0)
        p = share / total
        share = tl.where(p >= min_p * (1.0 / total), share, 0.0)  # the likeliest one's share is 1
        p = share / tl.sum(share, axis=0)

        if top_p < 1.0:
            # The least probability of which, and of all below it, more than 1 - top_p is the sum.
            # Positive floats are ordered as their bits are.
            low = tl.full([], 0, dtype=tl.int32)
            high = tl.max(p, axis=0).to(tl.int32, bitcast=True)
            for _ in range(31):
                middle = (low + high) // 2
                mass = tl.sum(tl.where(p <= middle.to(tl.float32, bitcast=True), p, 0.0), axis=0)
                enough = mass > 1.0 - top_p
                high = tl.where(enough, middle, high)
                low = tl.where(enough, low, tl.minimum(middle + 1, high))
            share = tl.where(p >= high.to(tl.float32, bitcast=True), share, 0.0)
            p = share / tl.sum(share, axis=0)

        token = tl.argmax(tl.where(inside, p / drawn, -1.0), axis=0)
        token = tl.where(failed, 0, token)

        tl.store(tokens + slot * most_tokens + generated, token)
        tl.store(seen + slot * vocabulary + token, 1)
        ended = tl.where(generated + 1 >= cap, CAPPED, RUNNING)
        ended = tl.where(token == STOP_TOKEN, STOPPED, ended)
        ended = tl.where(failed, FAILED, ended)
        tl.store(of_slot + STATUS, ended)
        tl.store(of_slot + GENERATED, generated + 1)
        tl.store(of_slot + TOKEN, token)
