"""A decode step's parts in plain torch: slow, obvious, and the same on every device.

The compiled kernels are measured and tested against these, and replaced by them where those do not
run. On a GPU no tensor's value may decide what is launched: these too are captured into CUDA
graphs.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.chatterbox.t3.buffers import Activations, Batch
from engine.chatterbox.t3.config import START_OF_SPEECH, STOP_OF_SPEECH
from engine.chatterbox.t3.gpt2_weights import Affine, Gpt2Weights
from engine.chatterbox.t3.kv_cache import SINK_PAGE, page_of, read, write
from engine.chatterbox.t3.prompt import Destination, Earlier
from engine.chatterbox.t3.quantised import Quantised
from engine.chatterbox.t3.rotary import rotate
from engine.chatterbox.t3.slots import STATUS_SHIFT, Column, Parameter, Slots, SlotStatus
from engine.chatterbox.t3.weights import T3Weights
from engine.weights.sizes import HEAD_DIM

RMS_EPSILON = 1e-5

#: What a step multiplies with: a Llama's products have no biases, all of a GPT-2's have.
Matrix = Tensor | Quantised | Affine


def rms_norm(residual: Tensor, dtype: torch.dtype) -> Tensor:
    """Llama's RMS norm of fp32 `residual` (..., hidden), rounded to `dtype`, without its gains."""
    return functional.rms_norm(residual, residual.shape[-1:], eps=RMS_EPSILON).to(dtype)


def gelu(values: Tensor) -> Tensor:
    """GPT-2's `gelu_new`."""
    return functional.gelu(values, approximate="tanh")


def _gated(gate_up: Tensor) -> Tensor:
    gate, up = gate_up.chunk(2, dim=-1)
    return functional.silu(gate) * up


class ReferenceT3Kernels:
    """See `engine.chatterbox.t3.kernels.T3Kernels`."""

    def prompt_norm(self, residual: Tensor, dtype: torch.dtype) -> Tensor:
        return rms_norm(residual, dtype)

    def prompt_heads(
        self, qkv: Tensor, before: Tensor, rotary: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        rows, count, _ = qkv.shape
        query, key, value = qkv.view(rows, count, 3, -1, HEAD_DIM).permute(2, 0, 3, 1, 4)
        if rotary is not None:
            cosine, sine = (table[:count] for table in rotary)
            query, key = rotate(query, cosine, sine), rotate(key, cosine, sine)
        return query, torch.cat([before, torch.stack([key, value])], dim=3)

    def prompt_attend(
        self,
        qkv: Tensor,
        layer: int,
        earlier: Earlier,
        kept: Destination,
        rotary: tuple[Tensor, Tensor] | None,
        out: Tensor,
    ) -> None:
        out.copy_(attend_prompts(self.prompt_heads, qkv, layer, earlier, kept, rotary))

    def begin(self, batch: Activations) -> None:
        """Nothing is kept beside the stream."""

    def plain(self, weight: Matrix, dtype: torch.dtype) -> tuple[Tensor, ...]:
        if isinstance(weight, Affine):
            return *self.plain(weight.weight, dtype), weight.bias
        return (weight.widened(dtype) if isinstance(weight, Quantised) else weight,)

    def embed(self, weights: T3Weights | Gpt2Weights, slots: Slots, batch: Batch) -> None:
        state = slots.state[batch.slots]
        position = state[:, Column.PROMPT] + state[:, Column.GENERATED] - 1
        embedding = weights.speech_embedding[state[:, Column.TOKEN]].float()
        if isinstance(weights, Gpt2Weights):
            embedding += weights.position[position.clamp(min=0)].float()
        else:
            # The n-th sampled token is fed at speech position n: position 0 is the start's.
            embedding += weights.speech_position[state[:, Column.GENERATED]].float()
        for first in range(0, batch.rows, batch.places):
            batch.residual[first : first + batch.places] = embedding
        running = state[:, Column.STATUS] == SlotStatus.RUNNING
        alive = [running, running & (state[:, Column.GUIDED] == 1)]
        for half in range(batch.rows // batch.places):
            rows = slice(half * batch.places, (half + 1) * batch.places)
            batch.positions[rows] = torch.where(alive[half], position, -1)

    def norm_linear(self, batch: Activations, weight: Matrix, out: Tensor) -> None:
        out.copy_(self._normed_product(batch, weight))

    def attend(
        self, batch: Batch, cache: tuple[Tensor, Tensor], rotary: tuple[Tensor, Tensor] | None
    ) -> None:
        keys, values = cache
        size = page_of(keys)
        alive = batch.positions >= 0
        position = batch.positions.clamp(min=0).long()
        tables = batch.tables.long()

        query, key, value = batch.qkv.view(batch.rows, 3, -1, HEAD_DIM).unbind(1)
        if rotary is not None:
            cosine, sine = (table[position][:, None] for table in rotary)
            query, key = rotate(query, cosine, sine), rotate(key, cosine, sine)

        page = tables.gather(1, (position // size)[:, None])[:, 0]
        page = torch.where(alive, page, SINK_PAGE)
        write(keys, page, position % size, key)
        write(values, page, position % size, value)

        # Where nothing is captured no more is read than is used.
        on_cpu = position.device.type == "cpu"
        reach = int(position.max()) + 1 if on_cpu else batch.context
        used = tables[:, : -(-reach // size)]
        visible = torch.arange(used.shape[1] * size, device=position.device)
        visible = visible <= position[:, None]

        word = torch.int32 if query.dtype == torch.float32 else torch.int16
        bits = -visible.to(word)[:, None, :, None]

        def gathered(pool: Tensor) -> Tensor:
            # Zero, not only masked: a page may hold another's NaN, and no weight makes that zero.
            # By their bits: a CPU takes ten times as long over `masked_fill`.
            vectors = read(pool, used, query.dtype).transpose(1, 2).flatten(2, 3)
            vectors.view(word).bitwise_and_(bits)
            return vectors

        batch.attended.copy_(
            functional.scaled_dot_product_attention(
                query[:, :, None],
                gathered(keys),
                gathered(values),
                attn_mask=visible[:, None, None],
            ).view(batch.rows, -1)
        )

    def attend_normed(
        self,
        batch: Batch,
        layer: int,
        weight: Matrix,
        cache: tuple[Tensor, Tensor],
        rotary: tuple[Tensor, Tensor] | None,
    ) -> None:
        del layer
        self.norm_linear(batch, weight, batch.qkv)
        self.attend(batch, cache, rotary)

    def add_attended(self, batch: Activations, weight: Matrix) -> None:
        batch.residual.add_(self._product(batch.attended, weight))

    def add_mlp(self, batch: Activations, up: Matrix, down: Matrix) -> None:
        activate = gelu if isinstance(up, Affine) else _gated
        batch.residual.add_(self._product(activate(self._normed_product(batch, up)), down))

    def sample(self, slots: Slots, batch: Batch, noise: Tensor | None = None) -> None:
        if noise is None:
            noise = slots.noise(batch.slots, batch.logits.shape[1])
        state, parameters = slots.state[batch.slots], slots.parameters[batch.slots]
        logits = guided_logits(batch, state, parameters)
        seen = slots.seen[batch.slots] == 1
        last = slots.rules.penalty_last
        probabilities = token_probabilities(logits, seen, parameters, penalty_last=last)
        # Dividing by exponential noise and taking the largest draws from the distribution
        # exactly as `torch.multinomial` does.
        token = (probabilities / noise).argmax(dim=-1).int()
        record_tokens(slots, batch.slots, state, token, logits.isfinite().all(dim=-1))

    def _normed_product(self, batch: Activations, weight: Matrix) -> Tensor:
        # int8 of a CPU rounds by itself, and from fp32.
        packed = isinstance(weight, Affine) and weight.int8 is not None
        dtype = torch.float32 if packed else batch.normed.dtype
        return self._product(self.prompt_norm(batch.residual, dtype), weight)

    def _product(self, vectors: Tensor, weight: Matrix) -> Tensor:
        if isinstance(weight, Affine) and weight.int8 is not None:
            return weight.step(vectors)
        return functional.linear(vectors, *self.plain(weight, vectors.dtype))


def attend_prompts(
    turned: Callable[..., tuple[Tensor, Tensor]],
    qkv: Tensor,
    layer: int,
    earlier: Earlier,
    kept: Destination,
    rotary: tuple[Tensor, Tensor] | None,
) -> Tensor:
    """`T3Kernels.prompt_attend` by torch's attention.

    `turned` gives queries (rows, heads, positions, HEAD_DIM), and the keys and values before with
    the new ones behind them, (2, rows, heads, earlier and new positions, HEAD_DIM).
    """
    query, both = turned(qkv, earlier.of_rows[:, layer].transpose(0, 1), rotary)
    kept.put(layer, both[:, :, :, -kept.pages.shape[1] :])
    mixed = functional.scaled_dot_product_attention(
        query, both[0], both[1], attn_mask=earlier.visible
    )
    return mixed.transpose(1, 2).flatten(2)


def guided_logits(batch: Batch, state: Tensor, parameters: Tensor) -> Tensor:
    """Classifier-free guidance: fp32 (places, vocabulary)."""
    conditional = batch.logits[: batch.places]
    if not batch.guided:
        return conditional
    unconditional = batch.logits[batch.places :]
    weight = parameters[:, Parameter.CFG_WEIGHT, None]
    mixed = conditional + weight * (conditional - unconditional)
    return torch.where(state[:, Column.GUIDED, None] == 1, mixed, conditional)


def token_probabilities(
    logits: Tensor, seen: Tensor, parameters: Tensor, *, penalty_last: bool = False
) -> Tensor:
    """Temperature, min-p, top-k and top-p, the repetition penalty before or behind them; softmax.

    `logits` is fp32 (n, vocabulary), `seen` bool of that shape, `parameters` (n, Parameter). The
    order is upstream's: no family of models has both min-p and top-k.
    """

    def parameter(which: Parameter) -> Tensor:
        return parameters[:, which, None]

    def penalised(logits: Tensor) -> Tensor:
        penalty = parameter(Parameter.REPETITION_PENALTY)
        return torch.where(
            seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits
        )

    if not penalty_last:
        logits = penalised(logits)
    logits = logits / parameter(Parameter.TEMPERATURE)

    probabilities = logits.softmax(dim=-1)
    least = parameter(Parameter.MIN_P) * probabilities.amax(dim=-1, keepdim=True)
    logits = logits.masked_fill(probabilities < least, -torch.inf)

    ascending = _ascending(logits)
    every = logits.shape[-1]
    most = parameter(Parameter.TOP_K).long()
    smallest = ascending.gather(1, torch.where(most > 0, every - most, 0).clamp(min=0))
    logits = logits.masked_fill(logits < smallest, -torch.inf)
    ascending = ascending.masked_fill(ascending < smallest, -torch.inf)

    below = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1 - parameter(Parameter.TOP_P)
    smallest = ascending.gather(1, below[:, :-1].sum(dim=-1, keepdim=True))
    logits = logits.masked_fill(logits < smallest, -torch.inf)
    return (penalised(logits) if penalty_last else logits).softmax(dim=-1)


def _ascending(logits: Tensor) -> Tensor:
    """Sorted in the last dimension; on a CPU by numpy, which is four times as fast there."""
    if logits.device.type == "cpu":
        return torch.from_numpy(np.sort(logits.numpy()))
    return logits.sort(dim=-1).values


def record_tokens(
    slots: Slots, places: Tensor, state: Tensor, token: Tensor, finite: Tensor
) -> None:
    """Write sampled tokens (n,) into the running slots among `places`, and see who has ended.

    `finite` (n,) tells whose logits were numbers; whose were not has failed.
    """
    running = state[:, Column.STATUS] == SlotStatus.RUNNING
    target = torch.where(running, places, slots.idle_slot)
    generated = state[:, Column.GENERATED]
    stopped = token == STOP_OF_SPEECH
    if slots.rules.penalty_last:
        slots.seen[target, START_OF_SPEECH] *= generated > 0
        stopped &= generated > 0
    slots.seen.index_put_((target, token), slots.seen.new_ones(()))

    ended = torch.where(
        stopped,
        SlotStatus.STOPPED,
        torch.where(generated + 1 >= state[:, Column.CAP], SlotStatus.CAPPED, SlotStatus.RUNNING),
    )
    ended = torch.where(finite, ended, SlotStatus.FAILED)
    word = (ended << STATUS_SHIFT | token).int()
    slots.said[target, torch.where(running, generated, 0)] = word
    updated = state.clone()
    updated[:, Column.STATUS] = torch.where(running, ended, state[:, Column.STATUS])
    updated[:, Column.GENERATED] = generated + running
    updated[:, Column.TOKEN] = torch.where(running, token, state[:, Column.TOKEN])
    slots.state[places] = updated
