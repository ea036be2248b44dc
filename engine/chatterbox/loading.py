"""From a checkpoint's folder to an engine that speaks."""

import importlib
import logging
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import torch

from engine import heap
from engine.chatterbox.compiling import compile_kernels
from engine.chatterbox.cuda.available import which_run
from engine.chatterbox.cuda.memory import SpareMemory
from engine.chatterbox.ending import Ending
from engine.chatterbox.engine import ChatterboxEngine
from engine.chatterbox.s3gen import WaveformDecoder
from engine.chatterbox.s3gen.config import multiplies_bf16
from engine.chatterbox.shared import SharedParts
from engine.chatterbox.t3.config import MAX_SPEECH_TOKENS, DecoderConfig, Formats
from engine.chatterbox.t3.gpt2_weights import int8_runs
from engine.chatterbox.t3.kernels.sources import multiplies
from engine.chatterbox.t3.loading import load_weights
from engine.chatterbox.t3.memory import config_that_fits, with_fewer_if_need_be
from engine.chatterbox.t3.model import T3
from engine.chatterbox.t3.scheduler import Scheduler
from engine.chatterbox.text import tokenizer_of
from engine.chatterbox.voices import BUILTIN_VOICE, EnrolledVoices
from engine.device import SMALL_CARD_BYTES
from engine.enrolment import Enrolment
from engine.errors import SpeechError, SynthesisFailed
from engine.messages import EngineConfig, Enrolled, Speak
from engine.speech import EngineInfo, SpeechParameters, StockVoice
from engine.weights import checkpoint
from engine.weights.models import Model
from engine.weights.revisions import wanted

#: Raised whenever the same request gives other audio.
ENGINE_VERSION = "timbre-4"
SAMPLE_RATE = 24_000

#: Speech tokens of 1 to 10 s, each of another length of the flow's graph: these are captured while
#: loading, with the ten seconds of reference that most voices have, the rest while nobody speaks.
_COMMON_TOKENS = (60, 90, 120, 190)
_RARER_TOKENS = (30, 150, 220, 250)
_PROMPT_TOKENS = 250
#: On a CPU the waveform decoder hears the first 3 s of a voice instead of 10: it goes through them
#: again with every chunk. CosyVoice, whose flow this is, calls it cloning in 3 s.
_PROMPT_TOKENS_ON_A_CPU = 75
#: What a chunk of Nano's takes on two cores, however short: its prompts and the silence at its end.
_CHUNK_S_ON_A_CPU = 0.45

#: How long the thread that computes new voices may keep Python's lock: a step, which asks for it
#: many times, would wait for Python's usual 5 ms each time.
_SWITCH_S = 0.0001

_NO_NEW_VOICE = "I cannot learn new voices: a package for it cannot be loaded; the log says which."

#: A waveform of 40 s takes minutes on a few cores, and is one step.
_PATIENCE_ON_A_CPU = 10.0

#: Memory that a model takes beside others, as a multiple of its files: caches and graphs, too.
_ROOM = 1.5

_log = logging.getLogger(__name__)


def load(
    config: EngineConfig,
    model: Model,
    *,
    device: str,
    precision: str,
    reason: str,
    progress: checkpoint.OnProgress,
    report: Callable[[Enrolled], None],
    shared: SharedParts,
    free_bytes: int | None = None,
) -> ChatterboxEngine:
    """Load `model` from `config.weights`; without it, from the hub, fetched where it is not here.

    `device` is torch's name for it, `precision` one of `DTYPES`. Where `free_bytes` is given,
    it has to fit in there. Raises as `assemble`, and `MemoryError` where it does not.
    """
    # With a GPU the CPU has only small tensors left, and other cores take longer to wake up for
    # those than one takes to be done.
    if config.threads or device != "cpu":
        torch.set_num_threads(config.threads or 1)
    if config.weights is not None:
        folder = checkpoint.folder_of(config.weights, model)
        revision = checkpoint.revision_of(folder, model)
    else:
        from engine.weights import hub  # noqa: PLC0415 - not where a folder is given

        folder, revision = hub.locate(
            config.weights_folder, model, revision=wanted(config, model), progress=progress
        )
    if free_bytes is not None:
        eight_bits = device != "cpu" and precision == "int8"
        _require_room(folder, model, free_bytes, eight_bits=eight_bits)
    progress(f"Loading {model.title}", None)
    engine = assemble(
        folder,
        model,
        revision=revision,
        device=device,
        precision=precision,
        reason=reason,
        home=Path(config.home),
        report=report,
        max_streams=config.max_streams,
        background=shared.background,
        shared=shared,
    )
    if device != "cpu":
        progress("Warming up", None)
        for _ in range(2):  # the second captures what the first ran
            rehearse(engine)
        engine.recall_voices()
    sys.setswitchinterval(_SWITCH_S)
    shared.background.submit(import_upstream)
    return engine


def assemble(
    folder: Path,
    model: Model,
    *,
    revision: str,
    device: str,
    precision: str,
    reason: str,
    home: Path,
    report: Callable[[Enrolled], None],
    max_streams: int = 32,
    max_speech_tokens: int = MAX_SPEECH_TOKENS,
    background: Executor | None = None,
    shared: SharedParts | None = None,
    memory_bytes: int | None = None,
) -> ChatterboxEngine:
    """Load a model's checkpoint. `report` is told of enrolled voices; `reason` is for `EngineInfo`.

    New voices are computed in `background`, while others speak; without one, in a step. `shared`
    has what other models of this process loaded, and is given what this one does. A GPU is treated
    as one of `memory_bytes`, or of the memory that it has.

    Raises `WorkerUnavailable` (`WeightsError`, `WatermarkMissing`), and `torch.OutOfMemoryError`
    when not even one utterance fits. What the driver raises is passed on.
    """
    every_size = checkpoint.read_sizes(folder, model)
    sizes = every_size.t3
    on = torch.device(device)
    shared = shared or SharedParts()
    if on.type == "cuda" and memory_bytes is None:
        memory_bytes = torch.cuda.mem_get_info(on)[1]

    def load_networks() -> Any:
        # A known voice needs nothing of upstream.
        try:
            from engine.enrolment.networks import EnrolmentNetworks  # noqa: PLC0415
        except (ImportError, OSError) as error:
            raise SynthesisFailed(_NO_NEW_VOICE) from error
        # A small card has no room for them beside speech: a new voice takes seconds longer there.
        small = memory_bytes is not None and memory_bytes < SMALL_CARD_BYTES
        return EnrolmentNetworks.load(folder, model, torch.device("cpu") if small else on)

    networks = checkpoint.enrolment_digest(folder, model)
    heard_as = f"{model.family}-{networks}"
    if (enrolment := shared.enrolments.get(heard_as)) is None:
        enrolment = shared.enrolments[heard_as] = Enrolment(
            home=home,
            family=model.family,
            networks=networks,
            load_networks=load_networks,
            report=report,
            background=background,
        )
    shortened = on.type == "cpu" and model.family == "turbo"
    voices = EnrolledVoices(
        folder / model.builtin_voice,
        enrolment,
        model.family,
        prompt_tokens=_PROMPT_TOKENS_ON_A_CPU if shortened else None,
    )
    on_cpu = on.type == "cpu"
    int8 = on_cpu and precision == "int8" and int8_runs()
    precision = "fp32" if on_cpu and precision == "int8" and not int8 else precision
    half = int8 and multiplies_bf16()
    formats = Formats.of(precision, on)
    if formats.stored is not None and not multiplies(sizes, formats.stored):
        aside = (
            f"{model.title} is too narrow a network for {precision}, so it is in {formats.half}."
        )
        reason = f"{reason} {aside}"
        precision = formats.half
        formats = Formats.of(precision, on)
    dtype = torch.bfloat16 if half else formats.dtype
    # Enrolment's networks lie in the same file, so what distinguishes those distinguishes this.
    sounds_as = f"{networks}-{dtype}"
    if on.type == "cuda":
        compile_kernels(every_size, dtype, on, formats, shared)
    if (waveforms := shared.waveforms.get(sounds_as)) is None:
        waveforms = WaveformDecoder(folder / model.s3gen, on, dtype, memory_bytes)
        waveforms.check_watermark()
        shared.waveforms[sounds_as] = waveforms
        heap.give_back()
    if on.type == "cuda":
        kernels = which_run(on, dtype)
        _log.info(kernels)
        reason = f"{reason} {kernels}"
        for tokens in _COMMON_TOKENS:
            waveforms.prepare(1, _PROMPT_TOKENS, tokens)
    weights = load_weights(folder / model.t3, on, dtype, int8=int8, stored=formats.stored)
    heap.give_back()
    config = config_that_fits(max_streams, weights.sizes, weights.dtype, on, formats.cache)

    def make_scheduler(fitting: DecoderConfig) -> Scheduler:
        t3 = T3(weights, fitting)
        graphs = [waveforms.graphs, t3.graphs]
        return Scheduler(t3, spare=SpareMemory(on, [enrolment.newcomers.release], graphs))

    scheduler = with_fewer_if_need_be(config, make_scheduler)
    engine = ChatterboxEngine(
        EngineInfo(
            name="chatterbox",
            model=f"chatterbox-{model.name}",
            revision=revision,
            version=ENGINE_VERSION,
            sample_rate=SAMPLE_RATE,
            device=device,
            precision="int8-bf16" if half else precision,  # other sound than without
            reason=reason,
            stock_voices=(BUILTIN_VOICE,),
            clones_voices=True,
            languages=model.languages,
            sounds=model.sounds,
            streams=min(max_streams, scheduler.limit),
            step_patience=1.0 if on.type == "cuda" else _PATIENCE_ON_A_CPU,
            chunk_s=_CHUNK_S_ON_A_CPU if shortened else 0.0,
        ),
        text_tokenizer=tokenizer_of(model, folder),
        voices=voices,
        scheduler=scheduler,
        waveforms=waveforms,
        ending=Ending.of(mean_flow=waveforms.mean_flow, cuts_last_token=model.cuts_last_token),
        max_speech_tokens=max_speech_tokens,
        at_leisure=[
            partial(waveforms.prepare, 1, _PROMPT_TOKENS, tokens)
            for tokens in (_RARER_TOKENS if on.type == "cuda" else ())
        ],
    )
    if on.type == "cuda":
        engine.prepare()
    return engine


def _require_room(folder: Path, model: Model, free_bytes: int, *, eight_bits: bool) -> None:
    """Raise `MemoryError` where a model may not fit beside others, with all that it works with.

    Its files hold 32 bits a weight, which is the most that is loaded of them. With `eight_bits` a
    quarter of T3's is.
    """
    t3, s3gen = ((folder / name).stat().st_size for name in (model.t3, model.s3gen))
    needed = _ROOM * (s3gen + (t3 / 4 if eight_bits else t3))
    if free_bytes < needed:
        what = f"{model.title} needs {needed / 1e9:.1f} GB of memory"
        _log.warning("%s, and %.1f GB are free", what, free_bytes / 1e9)
        raise MemoryError(what)


def import_upstream() -> None:
    """Import what only new voices need, ahead of the first."""
    try:
        importlib.import_module("engine.enrolment.networks")
    except Exception as error:  # no text had a part in it; the first new voice meets it again
        _log.error("No new voice can be enrolled: %s: %s", type(error).__name__, error)


def rehearse(engine: ChatterboxEngine) -> None:
    """Compile kernels and capture the first graphs ahead of the first job."""
    parameters = SpeechParameters()
    engine.admit(Speak(job_id=-1, text="Hello there.", voice=StockVoice(), parameters=parameters))
    while engine.busy:
        for outcome in engine.step():
            if isinstance(outcome.result, SpeechError):
                _log.warning("the rehearsal failed: %s", outcome.result)
