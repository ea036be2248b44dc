"""Decoded utterances on their way to sound: which of them the waveform decoder takes together.

The best priority goes first. Where memory runs out for a batch, it goes in parts.
"""

import logging
from collections import deque

import torch

from engine.chatterbox.cuda.memory import SpareMemory
from engine.chatterbox.s3gen import PendingWaveforms, WaveformDecoder
from engine.chatterbox.utterance import Utterance, UtteranceStatus
from engine.speech import Priority

#: Waveform batches on the device at a time: one that runs, one that is ready to.
_BATCHES = 2
#: Of those that people hear silence until. Sixteen of 2 s take an H200 212 ms; by eights the first
#: are heard after 117 and the others after 234.
_FIRST_SOUNDS = 8

_log = logging.getLogger(__name__)


class Sounding:
    """Utterances from their last speech token to their sound. `largest_batch` only gets smaller."""

    def __init__(self, waveforms: WaveformDecoder, spare: SpareMemory) -> None:
        self._waveforms, self._spare = waveforms, spare
        # On a CPU several at once take as long as one after the other, and all of them wait for it.
        on_cpu = waveforms.device.type == "cpu"
        self.largest_batch = 1 if on_cpu else waveforms.limits.items
        self._decoded: deque[Utterance] = deque()
        #: Batches on the device, the oldest first.
        self.pending: deque[PendingWaveforms] = deque()

    @property
    def waits(self) -> bool:
        """Whether any utterance is not on the device yet."""
        return bool(self._decoded)

    def add(self, utterance: Utterance) -> None:
        self._decoded.append(utterance)

    def drop_cancelled(self) -> None:
        for utterance in [each for each in self._decoded if each.cancelled]:
            self._decoded.remove(utterance)

    def submit(self) -> list[tuple[Utterance, Exception]]:
        """Give the decoder a batch, if any waits and it has room. Returns those that it failed."""
        if not self._decoded or len(self.pending) >= _BATCHES:
            return []
        batch = self._next_batch()
        try:
            pending = self._waveforms.submit(batch)
        except torch.OutOfMemoryError as error:
            failed = [] if self._spared(len(batch)) else batch
            reason: Exception = error
        except Exception as error:  # of any kind: it ends these jobs alone
            failed, reason = batch, error
        else:
            self.pending.append(pending)
            for utterance in batch:
                utterance.status = UtteranceStatus.SOUNDING
                self._decoded.remove(utterance)
            return []
        for utterance in failed:
            self._decoded.remove(utterance)
        return [(utterance, reason) for utterance in failed]

    def _next_batch(self) -> list[Utterance]:
        # Those of the best priority alone: each more in a batch keeps all of it waiting.
        best = min(utterance.request.priority for utterance in self._decoded)
        most = self.largest_batch
        if best == Priority.FIRST_SOUND:
            most = min(most, _FIRST_SOUNDS)
        return [each for each in self._decoded if each.request.priority == best][:most]

    def _spared(self, items: int) -> bool:
        """Whether a batch for which memory ran out may be tried again: with more, or in parts."""
        if self._spare.release_unused():
            return True
        if items == 1:
            return self._spare.evict_graphs()
        self.largest_batch = items // 2
        _log.warning("memory ran out: from now on %d waveforms at once", items // 2)
        return True
