"""T3's Llama, as English and Multilingual have it: `T3Network` on fused or plain kernels."""

from torch import Tensor

from engine.chatterbox.t3.backbone import Backbone
from engine.chatterbox.t3.buffers import Batch
from engine.chatterbox.t3.conditioning import PrefixInputs, conditioning_prefix
from engine.chatterbox.t3.kernels import T3Kernels
from engine.chatterbox.t3.kv_cache import PagePool
from engine.chatterbox.t3.prefix import PrefixCache
from engine.chatterbox.t3.prompt import PromptRows
from engine.chatterbox.t3.rotary import rotary_tables
from engine.chatterbox.t3.rules import ORIGINAL
from engine.chatterbox.t3.slots import Slots
from engine.chatterbox.t3.weights import T3Weights
from engine.enrolment import Conditionals

# Of text tokens that are mostly single letters.
_EXPECTED_TO_BEGIN_WITH = 40
_EXPECTED_PER_TEXT_TOKEN = 4


class LlamaT3:
    """See `engine.chatterbox.t3.network.T3Network`."""

    rules = ORIGINAL
    #: Two start-of-speech positions follow the text, both at speech position 0, as in upstream.
    starts = 2

    def __init__(self, weights: T3Weights, kernels: T3Kernels) -> None:
        self.kernels = kernels
        self.text_positions = weights.sizes.text_positions
        self._weights = weights
        positions = weights.sizes.conditioning_positions + self.text_positions + self.starts
        self._rotary = rotary_tables(positions + self.rules.most_tokens, weights.device)
        self._backbone = Backbone(weights, self._rotary, kernels, self.starts)

    def expected_tokens(self, text_tokens: Tensor) -> int:
        return _EXPECTED_TO_BEGIN_WITH + _EXPECTED_PER_TEXT_TOKEN * len(text_tokens)

    def prefix_key(self, exaggeration: float) -> float:
        return exaggeration

    def prefix_positions(self, _voice: Conditionals) -> int:
        return self._weights.sizes.conditioning_positions

    def prefix_inputs(self, voice: Conditionals, exaggeration: float) -> PrefixInputs:
        device = self._weights.device
        return PrefixInputs.of(voice.speaker, voice.t3_prompt_tokens, exaggeration, device)

    def prefix(self, inputs: PrefixInputs) -> Tensor:
        return self._backbone.prefix(conditioning_prefix(self._weights, inputs))

    def prefill(self, rows: PromptRows[Tensor], prefixes: PrefixCache, pool: PagePool) -> Tensor:
        return self._backbone.prefill(rows, prefixes, pool)

    def step(self, batch: Batch, slots: Slots, pool: PagePool) -> None:
        kernels = self.kernels
        kernels.embed(self._weights, slots, batch)
        for index, layer in enumerate(self._weights.layers):
            kernels.attend_normed(batch, index, layer.qkv, pool.views(index), self._rotary)
            kernels.add_attended(batch, layer.output)
            kernels.add_mlp(batch, layer.gate_up, layer.down)

    def logits(self, batch: Batch) -> None:
        self.kernels.norm_linear(batch, self._weights.speech_head, batch.logits)
