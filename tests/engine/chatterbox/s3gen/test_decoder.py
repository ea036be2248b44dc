"""The decoder as the engine uses it: batches in, waveforms out, on whichever device there is."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from engine.chatterbox.cuda.capture import GraphCache
from engine.chatterbox.s3gen import WaveformDecoder
from engine.chatterbox.s3gen.batches import groups as grouped
from engine.chatterbox.s3gen.batches import vocoder_batches
from engine.chatterbox.s3gen.config import NARROW, SMALL, WIDE, BatchLimits, batch_bucket
from engine.chatterbox.s3gen.room import SoundRoom
from engine.chatterbox.utterance import Utterance
from engine.weights.checkpoint import WeightsError
from tests.engine.chatterbox.s3gen.upstream_s3gen import Upstream, make_utterance, relative_error
from tests.engine.chatterbox.utterances import decoded


def drawn(tokens: int, seed: int = 0) -> Utterance:
    """Equal words in an equal voice, whatever the seed."""
    given = make_utterance(tokens, 20)
    return decoded(given.speech_tokens, given.voice, seed=seed)


def test_waveforms_come_back_in_the_order_and_length_of_the_batch(decoder: WaveformDecoder) -> None:
    batch = [drawn(tokens, seed=tokens) for tokens in (9, 2, 14, 5)]
    pending = decoder.submit(batch)
    waves = pending.wait()
    assert pending.done()
    assert pending.nearly_done()
    for wave, utterance in zip(waves, batch, strict=True):
        assert wave.dtype == torch.float32
        assert wave.device.type == "cpu"
        assert wave.shape == (utterance.speech_tokens.numel() * 960,)
        assert 0.01 < wave.abs().max() <= 1.2
    assert set(pending.stage_ms()) == {"flow", "vocoder", "watermark"}
    assert all(milliseconds > 0 for milliseconds in pending.stage_ms().values())


def test_a_seed_sounds_the_same_alone_and_in_any_batch(decoder: WaveformDecoder) -> None:
    wanted = drawn(8, seed=5)
    (alone,) = decoder.decode([wanted])
    _, together, _ = decoder.decode([drawn(12, seed=6), wanted, drawn(3, seed=7)])
    assert relative_error(together, alone) < 1e-3
    (other,) = decoder.decode([drawn(8, seed=9)])
    assert relative_error(other, alone) > 0.1


def test_more_utterances_than_a_graph_holds_are_split(
    decoder: WaveformDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "limits", NARROW)
    batch = [drawn(2 + index % 3, seed=index) for index in range(10)]
    waves = decoder.decode(batch)
    assert [len(wave) for wave in waves] == [utterance.samples for utterance in batch]
    assert relative_error(waves[9], decoder.decode([batch[9]])[0]) < 1e-3


@pytest.mark.parametrize("limits", [SMALL, NARROW, WIDE], ids=["small", "narrow", "wide"])
def test_memory_of_one_padded_batch_is_bounded(limits: BatchLimits) -> None:
    batch = [drawn(tokens) for tokens in (900, 40, 1000, 950, 30, 20, 980, 990) * 3]
    groups = list(grouped(batch, limits))
    assert sorted(index for group in groups for index in group) == list(range(24))
    for group in groups:
        longest = max(batch[index].total_tokens for index in group)
        assert batch_bucket(len(group)) * longest <= limits.tokens
        assert len(group) <= limits.items
    assert max(map(len, groups)) > limits.items // 2


@pytest.mark.parametrize("limits", [NARROW, WIDE], ids=["narrow", "wide"])
def test_memory_of_the_vocoder_is_bounded_and_nobody_is_left_out(limits: BatchLimits) -> None:
    batch = [drawn(tokens) for tokens in (250, 30, 40, 90, 20)]
    parts = list(vocoder_batches(batch, limits))
    assert [index for first, last in parts for index in range(first, last)] == list(range(5))
    for first, last in parts:
        longest = max(utterance.frames for utterance in batch[first:last])
        assert last - first == 1 or batch_bucket(last - first) * longest <= limits.frames
    assert len(parts) < len(batch)


def test_one_item_goes_whatever_the_limits() -> None:
    least = BatchLimits(items=1, tokens=1, frames=1)
    batch = [drawn(tokens) for tokens in (250, 30)]
    assert list(grouped(batch, least)) == [[1], [0]]
    assert list(vocoder_batches(batch, least)) == [(0, 1), (1, 2)]


def test_nothing_to_say_is_refused(decoder: WaveformDecoder) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        decoder.submit([drawn(0)])


@pytest.mark.parametrize("token", [-1, 6561, 6562, 6.0])
def test_an_id_that_is_no_sound_is_refused(decoder: WaveformDecoder, token: float) -> None:
    """Nor is a number of floating point: ids that differ would become one in half precision."""
    voice, ids = make_utterance(3, 4).voice, torch.tensor([5, token])
    with pytest.raises(ValueError, match=r"from 0 to 6560|integer"):
        decoder.submit([decoded(ids, voice, seed=0)])
    with pytest.raises(ValueError, match="not a voice"):
        replace(voice.conditionals, prompt_tokens=ids[None])


def test_what_goes_on_beside_the_flow_is_waited_for_where_memory_runs_out(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies queued before are still to come, into memory that the next batch is given."""
    asked: list[str] = []
    current = SimpleNamespace(
        record_event=lambda: "the flow", wait_stream=lambda _: asked.append("is waited for")
    )
    decoder = WaveformDecoder(upstream.state, "cpu")
    beside = SimpleNamespace(wait_event=lambda since: asked.append(f"behind {since}"))
    monkeypatch.setattr(decoder, "_stream", current)
    monkeypatch.setattr(decoder, "_beside", beside)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda *_: current)

    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(SoundRoom, "expect", fail)
    with pytest.raises(torch.OutOfMemoryError):
        decoder.decode([drawn(2)])
    assert asked == ["behind the flow", "is waited for"]


def test_an_empty_batch_is_nothing(decoder: WaveformDecoder) -> None:
    pending = decoder.submit([])
    assert pending.wait() == []
    assert pending.stage_ms() == {}


def test_a_missing_tensor_is_named(upstream: Upstream) -> None:
    state = dict(upstream.state)
    del state["flow.encoder.after_norm.bias"]
    with pytest.raises(WeightsError, match=r"flow\.encoder\.after_norm\.bias"):
        WaveformDecoder(state, "cpu")


@pytest.mark.usefixtures("cuda")
def test_a_graph_computes_what_eager_launches_do_and_follows_every_input(
    upstream: Upstream,
) -> None:
    graphed, eager = upstream.decoder("bf16"), upstream.decoder("bf16")
    eager.graphs = GraphCache(None)
    # Same bucket each time: eager, captured and replayed, replayed with all inputs changed.
    rounds = [
        [make_utterance(20, 30, seed=1), make_utterance(25, 30, seed=2)],
        [make_utterance(21, 30, seed=3), make_utterance(11, 25, seed=4)],
        [make_utterance(30, 20, seed=5), make_utterance(28, 32, seed=6)],
        [make_utterance(20, 30, seed=1), make_utterance(25, 30, seed=2)],
    ]
    for batch in rounds:
        for ours, expected in zip(graphed.mel(batch), eager.mel(batch), strict=True):
            assert relative_error(ours, expected) < 1e-5
        for ours, expected in zip(graphed.decode(batch), eager.decode(batch), strict=True):
            assert relative_error(ours, expected) < 1e-3


@pytest.mark.usefixtures("cuda")
def test_a_prepared_bucket_needs_no_capture(upstream: Upstream) -> None:
    decoder = upstream.decoder("bf16")
    decoder.prepare(2, 30, 25)
    captured = len(decoder.graphs)
    assert captured == 3
    waves = decoder.decode([make_utterance(25, 30, seed=1), make_utterance(20, 31, seed=2)])
    assert len(decoder.graphs) == captured
    assert all(wave.abs().max() > 0.01 for wave in waves)


@pytest.mark.usefixtures("cuda")
def test_a_waveform_survives_the_next_batch(upstream: Upstream) -> None:
    decoder = upstream.decoder("bf16")
    first = make_utterance(20, 30, seed=1)
    expected = decoder.decode([first])[0].clone()
    pending = [decoder.submit([first])]
    pending += [decoder.submit([make_utterance(20, 30, seed=seed)]) for seed in (2, 3, 4)]
    assert relative_error(pending[0].wait()[0], expected) < 1e-3


@pytest.mark.usefixtures("cuda")
def test_a_rehearsal_leaves_nothing_in_the_sound(upstream: Upstream) -> None:
    """Whether another voice was rehearsed in the same room, or the same one with fewer tokens."""
    decoder = upstream.decoder("bf16")
    wanted, other = make_utterance(20, 30, seed=1), make_utterance(22, 28, seed=2)
    expected = [decoder.decode([wanted])[0].clone() for _ in range(2)][-1]
    for rehearsed, tokens in (other, 22), (wanted, 12), (wanted, 20):
        decoder.rehearse(rehearsed, tokens)
        assert relative_error(decoder.decode([wanted])[0], expected) < 1e-3


@pytest.mark.usefixtures("cuda")
def test_sound_is_nearly_done_once_its_flow_is(upstream: Upstream) -> None:
    """While the device is kept from it, it is neither."""
    decoder = upstream.decoder("bf16")
    given = make_utterance(20, 30, seed=1)
    for _ in range(2):
        decoder.decode([given])
    with torch.cuda.stream(decoder._stream):
        torch.cuda._sleep(200_000_000)  # cycles: a tenth of a second
    pending = decoder.submit([given])
    assert not pending.done()
    assert not pending.nearly_done()
    pending.wait()
    assert pending.nearly_done()
