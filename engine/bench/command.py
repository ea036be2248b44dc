"""Measure upstream and ours in one run, printing as it goes."""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import soundfile
import torch
from rich.console import Console

from engine.bench.memory import measure_memory
from engine.bench.quality import RecogniserMissing, compare, load_aligner, load_recogniser
from engine.bench.report import Results, print_setting, print_tables
from engine.bench.roofline import CardRates, probed
from engine.bench.setting import SMALL, TOKENS_PER_SECOND, Setting, device_name, write_clips
from engine.bench.speakers import OurSpeaker, UpstreamSpeaker, allocated_gib, without_stop
from engine.bench.stages import time_stages, time_together
from engine.bench.t3 import time_first_token, time_steps, time_upstream
from engine.bench.utterances import time_by_text, time_voices
from engine.bench.worker import time_worker
from engine.chatterbox.s3gen import WaveformDecoder
from engine.chatterbox.t3.config import Formats
from engine.chatterbox.t3.loading import load_weights
from engine.enrolment.clip import SAMPLE_RATE, decode
from engine.errors import VoiceUnusable
from engine.speech import FloatArray
from engine.upstream.random_weights import write_random_checkpoint
from engine.weights import checkpoint
from engine.weights.checkpoint import WeightsError
from engine.weights.models import MODELS


class ClipMissing(ValueError):
    """There is no clip to compare voices with; the sentence says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0, or 2 with a sentence on stderr for what is missing."""
    options = parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    progress = _progress_on(console)
    out = options.out.absolute()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):  # before minutes of work that could not be kept
            progress(f"results go to {out}")
    except OSError as error:
        sys.stderr.write(f"--out: {out} cannot be written: {error.strerror}.\n")
        return 2
    if options.small:
        torch.set_num_threads(SMALL.threads)
    try:
        if options.quality:
            # Before minutes of work that would be for nothing.
            load_aligner()
            load_recogniser()
        clip = None if options.clip is None else read_clip(options.clip)
        with tempfile.TemporaryDirectory() as scratch:
            model = MODELS[options.model]
            weights = options.weights or Path(scratch) / "weights"
            if options.weights is None:
                progress("drawing random weights")
                write_random_checkpoint(weights, model, seed=0, small=options.small)
            checkpoint.read_sizes(weights, model)
            setting = Setting.find(weights, model, out, small=options.small)
            if options.quality and clip is None and not setting.has_random_weights:
                raise ClipMissing(
                    "--quality with real weights needs --clip FILE, a recording of somebody who "
                    "speaks."
                )
            clips = write_clips(Path(scratch), setting.scale.clip_seconds)
            if clip is not None:
                clips[0] = Path(scratch) / "clip.wav"
                soundfile.write(clips[0], clip, SAMPLE_RATE)
            results = Results(setting.describe(), _card(setting))
            print_setting(console, results.setting)
            if options.quality:
                _measure_quality(setting, results, progress, clips[0], Path(scratch))
            else:
                _measure_speed(setting, results, progress, clips, Path(scratch))
            results.keep(out)
            results.draw(out)
            print_tables(console, results)
            console.print(f"Results are in {out}.", highlight=False)
    except (WeightsError, RecogniserMissing, ClipMissing, VoiceUnusable) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _card(setting: Setting) -> CardRates | None:
    """What predictions are made from: of a GPU, and of models whose flow takes ten steps."""
    if setting.device.type != "cuda" or setting.model.family != "original":
        return None
    return probed(setting.device, device_name(setting.device), setting.bandwidth)


def _progress_on(console: Console) -> Callable[[str], None]:
    started = time.perf_counter()

    def say(activity: str) -> None:
        elapsed = time.perf_counter() - started
        console.print(f"[dim]{elapsed:6.1f} s[/dim]  {activity}", highlight=False)

    return say


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="timbre.py bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a reduced model on the CPU")
    parser.add_argument("--model", choices=MODELS, default="english", help="default: english")
    out_help = "folder for results; default: var/bench"
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help=out_help)
    parser.add_argument("--weights", type=Path, help="a checkpoint's folder; else random weights")
    parser.add_argument("--quality", action="store_true", help="compare what is heard, not speed")
    parser.add_argument("--clip", type=Path, help="whose voice to speak in; else a synthetic buzz")
    return parser


def read_clip(path: Path) -> FloatArray:
    """Mono float32 at 24 kHz of a clip in any format that members can register.

    Raises `ClipMissing` or `VoiceUnusable`.
    """
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise ClipMissing(f"{path} cannot be read ({error.strerror}).") from error


def _measure_quality(
    setting: Setting, results: Results, progress: Callable[[str], None], clip: Path, home: Path
) -> None:
    progress("loading both")
    upstream = UpstreamSpeaker(setting.weights, setting.model, setting.device)
    ours = OurSpeaker(
        setting.weights, setting.model, setting.device, setting.precision, streams=1, home=home
    )
    progress("speaking and listening")
    # Of what is noise, two sentences of two seconds are enough.
    few = {"sentences": 2, "tokens": 2 * TOKENS_PER_SECOND} if setting.has_random_weights else {}
    results.quality = compare(ours, upstream, clip, **few)


def _measure_speed(
    setting: Setting,
    results: Results,
    progress: Callable[[str], None],
    clips: list[Path],
    home: Path,
) -> None:
    scale, device = setting.scale, setting.device
    as_released = setting
    model = setting.model
    setting = replace(setting, weights=without_stop(setting.weights, model, home / "endless"))
    # Every utterance is cut at its number of tokens, on purpose.
    logging.getLogger("engine.chatterbox.engine").setLevel(logging.ERROR)
    progress("loading upstream")
    upstream = UpstreamSpeaker(setting.weights, setting.model, device)
    upstream_gib = allocated_gib(device)
    progress("loading ours")
    ours = OurSpeaker(
        setting.weights,
        setting.model,
        device,
        setting.precision,
        streams=scale.memory_streams,
        home=home,
    )
    progress("whole utterances: cold and warm voice")
    results.voices = time_voices(ours, upstream, clips, setting)
    results.keep(setting.out)
    for characters in scale.text_characters:
        progress(f"whole utterances: {characters} characters")
        results.by_text.append(time_by_text(ours, upstream, clips[1], characters, scale))
    progress("peak memory")
    results.memory = measure_memory(upstream, upstream_gib, clips[1], setting)
    results.keep(setting.out)
    del ours
    formats = Formats.of(setting.precision, device)
    decoder = WaveformDecoder(setting.weights / model.s3gen, device, formats.dtype)
    for seconds in scale.audio_seconds:
        progress(f"flow, vocoder, watermark: {seconds} s")
        results.stages += time_stages(decoder, upstream, seconds, scale)
    for seconds in scale.together_seconds:
        progress(f"flow to watermark: {scale.together} of {seconds} s at once")
        results.together.append(time_together(decoder, upstream, seconds, scale))
    results.keep(setting.out)
    progress("T3: upstream")
    with torch.inference_mode():
        results.upstream_token_ms = time_upstream(
            upstream.model.t3, upstream.model.conds.t3, tokens=10 * scale.steps
        )
    del upstream, decoder
    file = setting.weights / setting.model.t3
    weights = load_weights(file, device, formats.dtype, stored=formats.stored)
    for streams in scale.streams:
        progress(f"T3: {streams} streams")
        results.steps.append(
            time_steps(
                weights,
                streams,
                bandwidth=setting.bandwidth,
                context=scale.context,
                steps=scale.steps,
                repeats=scale.repeats,
                cache=formats.cache,
            )
        )
    for name, known in (("new voice", False), ("known voice", True)):
        results.first_token_ms[name] = time_first_token(
            weights, known_voice=known, repeats=scale.repeats, cache=formats.cache
        )
    results.keep(setting.out)
    del weights
    progress("worker: start, first requests")
    results.worker = time_worker(as_released, clips[2])
