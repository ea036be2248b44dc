"""The interface of S3Gen to the engine: batches of utterances in, watermarked waveforms out.

Batches are padded to a bucket of batch size and length; what is computed of an utterance depends
neither on the padding nor on its companions. Device work runs on a stream of its own.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.chatterbox.cuda.capture import GraphCache, GraphPool, aside
from engine.chatterbox.cuda.packed import upload
from engine.chatterbox.s3gen.batches import check, groups, vocoder_batches
from engine.chatterbox.s3gen.config import (
    ALONE_STEP,
    CPU_STEP,
    FRAME_STEP,
    MEL_BINS,
    TOKEN_STEP,
    batch_bucket,
    batch_limits,
    round_up,
)
from engine.chatterbox.s3gen.flow import Flow
from engine.chatterbox.s3gen.kernels import noise_kernel_for
from engine.chatterbox.s3gen.layout import Layout, read_checkpoint
from engine.chatterbox.s3gen.noise import Noise
from engine.chatterbox.s3gen.room import FlowRoom, SoundRoom
from engine.chatterbox.s3gen.stages import StageClock
from engine.chatterbox.s3gen.vocoder import Vocoder
from engine.chatterbox.s3gen.watermark import MarkInputs, Watermark, check_watermark
from engine.chatterbox.utterance import FRAMES_PER_TOKEN, EnrolledVoice, Utterance
from engine.enrolment import Conditionals
from engine.messages import Speak
from engine.speech import SpeechParameters, StockVoice


@dataclass(frozen=True, slots=True)
class PendingWaveforms:
    """Waveforms on their way; the device works on them while the caller does something else."""

    batch: Sequence[Utterance]
    _waveforms: list[Tensor]
    _clock: StageClock

    def done(self) -> bool:
        return self._clock.done()

    def nearly_done(self) -> bool:
        """Whether only so much is left that whoever waits had better do nothing else."""
        # The vocoder takes one utterance a millisecond or two, and many some tens.
        return self._clock.begun("vocoder" if len(self.batch) == 1 else "watermark")

    def wait(self) -> list[Tensor]:
        """The waveforms, in the order of the batch: (samples,) float32 in pinned CPU memory."""
        self._clock.wait()
        return self._waveforms

    def stage_ms(self) -> dict[str, float]:
        """Milliseconds that flow, vocoder and watermark took for the batch; waits for it."""
        self._clock.wait()
        return self._clock.totals_ms()


class WaveformDecoder:
    """S3Gen and the watermark, loaded on one device. Not thread-safe."""

    def __init__(
        self,
        weights: Path | Mapping[str, Tensor],
        device: torch.device | str,
        dtype: torch.dtype = torch.float32,
        memory_bytes: int | None = None,
    ) -> None:
        """`weights` is S3Gen's file or the tensors in it; `memory_bytes` as in `batch_limits`.

        `dtype` is the estimator's: all else, the ODE's state and the residual stream too, is fp32.
        In half precision the products of encoder, vocoder and watermark may round their operands to
        TF32, as upstream's convolutions do on a GPU; fp32 is the parity mode. On CUDA a bucket's
        first batch runs eagerly, the second captures. Raises `WeightsError`, `WatermarkMissing`.
        """
        self.device = torch.device(device)
        tensors, sizes = read_checkpoint(weights)
        layout = Layout(tensors, self.device)
        on_cuda = self.device.type == "cuda"
        self.graphs = GraphCache(GraphPool() if on_cuda else None)
        self.limits = batch_limits(self.device, memory_bytes)
        self._flow = Flow(layout, sizes, dtype)
        self.mean_flow = self._flow.mean_flow
        self._vocoder = Vocoder(layout, dtype)
        self._watermark = Watermark(self.device, dtype)
        self._speaker_width = sizes.speaker_embedding
        # What a mean flow begins with is drawn twice.
        self._draw = None if self.mean_flow else noise_kernel_for(self.device, dtype)
        self._stream: torch.cuda.Stream | None = None
        #: What the vocoder needs beside the mel is made ready here, while the flow runs.
        self._beside: torch.cuda.Stream | None = None
        if on_cuda:
            self._stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]  # torch's
            self._beside = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]  # torch's
            # The weights were put in order on the stream that is current now.
            self._stream.wait_stream(torch.cuda.current_stream(self.device))

    def decode(self, batch: Sequence[Utterance]) -> list[Tensor]:
        """`submit` and `wait`: one (samples,) float32 CPU tensor at 24 kHz for each utterance."""
        return self.submit(batch).wait()

    def submit(self, batch: Sequence[Utterance]) -> PendingWaveforms:
        """Queue a batch on the decoder's stream and return without waiting for it.

        Any number of utterances, lengths and voices; on the CPU the work is done on return. Raises
        `ValueError` for speech tokens that are no sounds, and for none.
        """
        for utterance in batch:
            check(utterance)
        waveforms: list[Tensor] = [torch.empty(0)] * len(batch)
        clock = StageClock(self.device)
        with torch.inference_mode(), self._on_stream():
            for group in groups(batch, self.limits):
                decoded = self._decode_group([batch[index] for index in group], clock)
                for index, waveform in zip(group, decoded, strict=True):
                    waveforms[index] = waveform
            clock.stop()
        return PendingWaveforms(batch, waveforms, clock)

    def expect(self, utterance: Utterance) -> None:
        """Have on the device what is known of an utterance before its speech tokens are."""
        with self._on_stream(), suppress(torch.OutOfMemoryError):  # then it goes with the tokens
            self._prompt_mel(utterance)

    def rehearse(self, utterance: Utterance, tokens: int) -> None:
        """Do what `submit` does before the flow, as for an utterance of so many speech tokens.

        What the host did a moment ago takes it half the time, and for `submit` somebody waits.
        """
        if self._draw is None:  # then noise would be drawn for nothing
            return
        so_far = copy(utterance)
        so_far.speech_tokens = torch.zeros(tokens, dtype=torch.int64)
        if so_far.frames < 1 or self.graphs.find(self._flow_key([so_far])) is None:
            return
        with torch.inference_mode(), self._on_stream(), suppress(torch.OutOfMemoryError):
            StageClock(self.device).begin("flow")
            self._flow_room([so_far], self._noise([so_far]))

    def forget(self) -> None:
        """Leave nothing of anybody's voice where graphs read it, once queued work is done."""
        with self._on_stream():
            self.graphs.forget()

    def mel(self, batch: Sequence[Utterance]) -> list[Tensor]:
        """The flow alone: (frames, 80) fp32 log-mels of speech, on the device.

        At most `limits.items` utterances; they share one padded batch.
        """
        with torch.inference_mode(), self._on_stream():
            mel = [each.clone() for each in self._run_flow(batch, self._noise(batch))]
            if self._stream is not None:
                self._stream.synchronize()
        return mel

    def prepare(self, batch_size: int, prompt_tokens: int, speech_tokens: int) -> None:
        """Capture the graphs of one bucket ahead of its first use: warm up, then capture."""
        conditionals = Conditionals(
            speaker=torch.zeros(1, 1),  # T3's, as the next
            t3_prompt_tokens=torch.zeros(1, 1, dtype=torch.int64),
            prompt_tokens=torch.zeros(1, prompt_tokens, dtype=torch.int64),
            prompt_mel=torch.zeros(1, prompt_tokens * FRAMES_PER_TOKEN, MEL_BINS),
            x_vector=torch.ones(1, self._speaker_width),
        )
        silence = Utterance(Speak(0, "", StockVoice(), SpeechParameters()))
        silence.voice = EnrolledVoice("silence", conditionals)
        silence.speech_tokens = torch.zeros(speech_tokens, dtype=torch.int64)
        for _ in range(2):
            self.decode([silence] * batch_size)

    def check_watermark(self) -> None:
        """Raise `WatermarkMissing` where the mark, put in as speech has it, is not found again."""

        def mark(signal: Tensor) -> Tensor:
            with torch.inference_mode(), self._on_stream():
                lengths = np.array([len(signal)])
                inputs = MarkInputs(*upload((signal[None].numpy(), lengths), self.device))
                for _ in range(2):  # the second is a graph's
                    marked = self.graphs.call("watermark", self._watermark, inputs)
                return marked[0].cpu()

        check_watermark(mark, self._watermark.detector())

    def _on_stream(self) -> AbstractContextManager[object]:
        if self._stream is None:
            return nullcontext()
        return torch.cuda.stream(self._stream)

    def _decode_group(self, batch: list[Utterance], clock: StageClock) -> list[Tensor]:
        noise = self._noise(batch)
        since = clock.begin("flow")
        mel = self._run_flow(batch, noise)
        parts = list(vocoder_batches(batch, self.limits))
        if len(parts) > 1:  # the first one's graph may write where this one's output lies
            mel = [each.clone() for each in mel]
        waveforms: list[Tensor] = []
        for first, last in parts:
            some = slice(first, last)
            waveforms += self._sound(batch[some], noise[some], mel[some], clock, since)
            since = self._mark()
        return waveforms

    def _sound(
        self,
        batch: list[Utterance],
        noise: list[Noise],
        mel: list[Tensor],
        clock: StageClock,
        since: torch.cuda.Event | None,
    ) -> list[Tensor]:
        """Vocoder and watermark of some utterances, on their way to pinned memory.

        All that was queued before and reads what these are put into stands before `since`.
        """
        clock.begin("vocoder")
        rows = batch_bucket(len(batch))
        frames = round_up(
            max(utterance.frames for utterance in batch), self._step(rows, FRAME_STEP)
        )
        key = ("vocoder", rows, frames)
        room = self.graphs.room(key, lambda: SoundRoom(rows, frames, self.device))
        if room.is_new:
            since = self._mark()  # as it has to be zero before
        if self._beside is None or since is None:
            room.expect(batch, noise)
        else:
            with aside(self._beside, since):
                room.expect(batch, noise)
        room.put(mel)
        wave = self.graphs.run(key, lambda room: self._vocoder(room.inputs), room)
        clock.begin("watermark")
        marked = self.graphs.call("watermark", self._watermark, MarkInputs(wave, room.kept))
        host = self._pinned(marked.shape, torch.float32)
        host.copy_(marked, non_blocking=True)
        return [host[row, : utterance.kept_samples] for row, utterance in enumerate(batch)]

    def _mark(self) -> torch.cuda.Event | None:
        """Where the current stream stands."""
        return None if self._stream is None else self._stream.record_event()

    def _step(self, rows: int, usual: int) -> int:
        """What lengths of batches of `rows` are rounded up to a multiple of."""
        if self._stream is None:
            return CPU_STEP
        return ALONE_STEP if rows == 1 else usual

    def _run_flow(self, batch: Sequence[Utterance], noise: list[Noise]) -> list[Tensor]:
        """The mel of each one's speech, (frames, 80) fp32, where the next graph may write."""
        room = self._flow_room(batch, noise)
        mel = self.graphs.run_in_two(
            self._flow_key(batch),
            lambda room: self._flow.encode(room.draw()),
            lambda room, encoded: self._flow.solve(room.inputs, encoded),
            room,
        )
        return [
            mel[row, utterance.total_frames - utterance.frames : utterance.total_frames]
            for row, utterance in enumerate(batch)
        ]

    def _flow_room(self, batch: Sequence[Utterance], noise: list[Noise]) -> FlowRoom:
        """Where the flow reads a batch, which is put there."""
        key = _, rows, tokens = self._flow_key(batch)
        room = self.graphs.room(
            key, lambda: FlowRoom(rows, tokens, self._speaker_width, self.device, self._draw)
        )
        room.put(batch, noise, self._prompt_mel)
        return room

    def _flow_key(self, batch: Sequence[Utterance]) -> tuple[str, int, int]:
        """The flow's graph for a batch: its rows, and the tokens of each."""
        rows = batch_bucket(len(batch))
        longest = max(each.total_tokens for each in batch)
        return "flow", rows, round_up(longest, self._step(rows, TOKEN_STEP))

    def _prompt_mel(self, utterance: Utterance) -> Tensor:
        if utterance.prompt_mel is None:
            mel = utterance.voice.conditionals.prompt_mel[0].numpy()
            (utterance.prompt_mel,) = upload([mel], self.device)
        return utterance.prompt_mel

    def _noise(self, batch: Sequence[Utterance]) -> list[Noise]:
        return [Noise(each, self.device, mean_flow=self.mean_flow) for each in batch]

    def _pinned(self, shape: torch.Size, dtype: torch.dtype) -> Tensor:
        return torch.empty(shape, dtype=dtype, pin_memory=self._stream is not None)
