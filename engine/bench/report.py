"""What was measured, as a table on the terminal, as JSON, and as three pictures."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib.pyplot as plt
import msgspec
from rich.console import Console
from rich.table import Table

from engine.bench.memory import MemoryFigures
from engine.bench.quality import SentenceQuality
from engine.bench.roofline import CardRates, Roofline
from engine.bench.stages import StageTiming, TogetherTiming
from engine.bench.t3 import StepTiming
from engine.bench.utterances import UtteranceTiming
from engine.bench.worker import WorkerTiming

plt.switch_backend("Agg")  # pictures are written to files, with no display

UPSTREAM_COLOUR, OUR_COLOUR = "#b0b7c3", "#2f6fde"
STAGE_COLOURS = {
    "tokens": "#2f6fde",
    "flow": "#e08a2e",
    "vocoder": "#3fa66b",
    "watermark": "#9a62c7",
    "rest": "#b0b7c3",
}


@dataclass
class Results:
    """Everything one run measured. Filled as it goes, so that it can be kept at any time."""

    setting: dict[str, Any]
    card: CardRates | None = None
    """What predictions are made from; None where there are none."""
    upstream_token_ms: float | None = None
    first_token_ms: dict[str, float] = field(default_factory=dict)
    steps: list[StepTiming] = field(default_factory=list)
    stages: list[StageTiming] = field(default_factory=list)
    together: list[TogetherTiming] = field(default_factory=list)
    by_text: list[UtteranceTiming] = field(default_factory=list)
    voices: list[UtteranceTiming] = field(default_factory=list)
    memory: MemoryFigures | None = None
    worker: WorkerTiming | None = None
    quality: list[SentenceQuality] = field(default_factory=list)

    def keep(self, folder: Path) -> None:
        """Write `bench.json`."""
        content = asdict(self)
        if self.worker is not None:
            content["worker"]["engine"] = msgspec.to_builtins(self.worker.engine)
        (folder / "bench.json").write_text(json.dumps(content, indent=2) + "\n")

    def draw(self, folder: Path) -> None:
        """Make a picture of whatever has figures: a second's work."""
        if self.by_text:
            self._plot_latency(folder / "latency_by_text.png")
        if self.voices:
            self._plot_stages(folder / "where_the_time_goes.png")
        if self.steps:
            self._plot_throughput(folder / "throughput_by_streams.png")

    def _plot_latency(self, path: Path) -> None:
        figure, axes = _figure("Text to waveform, warm voice", self.setting)
        names = [f"{t.characters} characters\n{t.audio_s:.1f} s" for t in self.by_text]
        places = range(len(names))
        for offset, colour, name, values in (
            (-0.2, UPSTREAM_COLOUR, "upstream", [t.upstream_ms or 0.0 for t in self.by_text]),
            (0.2, OUR_COLOUR, "Timbre", [t.ours_ms for t in self.by_text]),
        ):
            bars = axes.bar([p + offset for p in places], values, 0.4, color=colour, label=name)
            axes.bar_label(bars, fmt="%.0f", padding=2)
        axes.set_xticks(list(places), names)
        axes.set_yscale("log")
        axes.set_ylabel("milliseconds, logarithmic")
        axes.legend()
        _save(figure, path)

    def _plot_stages(self, path: Path) -> None:
        warm = next(timing for timing in self.voices if timing.scenario == "warm voice")
        figure, axes = _figure(f"Where {warm.audio_s:.1f} s of speech go", self.setting)
        for name, total, stages in (
            ("upstream", warm.upstream_ms or 0.0, warm.upstream_stage_ms),
            ("Timbre", warm.ours_ms, warm.ours_stage_ms),
        ):
            left = 0.0
            parts = {**stages, "rest": max(0.0, total - sum(stages.values()))}
            for stage, milliseconds in parts.items():
                share = 100 * milliseconds / total
                look = {"color": STAGE_COLOURS[stage], "label": stage if name == "Timbre" else None}
                axes.barh(f"{name}\n{total:.0f} ms", share, left=left, **look)
                left += share
        axes.set_xlabel("per cent of the time")
        axes.legend(ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.15), frameon=False)
        _save(figure, path)

    def _plot_throughput(self, path: Path) -> None:
        figure, axes = _figure("Speech tokens by streams", self.setting)
        streams = [step.streams for step in self.steps]
        tokens = [step.tokens_per_s for step in self.steps]
        axes.plot(streams, tokens, "o-", color=OUR_COLOUR, label="Timbre")
        floor = [step.streams / step.floor_ms * 1e3 for step in self.steps]
        axes.plot(streams, floor, "--", color=OUR_COLOUR, alpha=0.5, label="what memory allows")
        if self.upstream_token_ms:
            axes.axhline(
                1e3 / self.upstream_token_ms, color=UPSTREAM_COLOUR, label="upstream, one stream"
            )
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(streams, [str(count) for count in streams])
        axes.set_xlabel("streams, with guidance")
        axes.set_ylabel("tokens a second (25 are a second of speech)")
        axes.legend()
        _save(figure, path)


def _figure(title: str, setting: dict[str, Any]) -> tuple[Any, Any]:
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    axes.set_title(title, loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    note = f"{setting['device']}, {setting['precision']}, torch {setting['torch']}"
    figure.supxlabel(f"{note}. {setting['note'] or ''}", fontsize=7, x=0.01, ha="left")
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=144)
    plt.close(figure)


def print_setting(console: Console, setting: dict[str, Any]) -> None:
    for name, value in setting.items():
        if value is not None and name != "note":
            console.print(f"{name.replace('_', ' '):>22}  {value}", highlight=False)
    if setting["note"]:
        console.print(f"\n[bold]{setting['note']}[/bold]\n")


def print_tables(console: Console, results: Results) -> None:
    """All that was measured; on a GPU, what was predicted of it and a line to pass on."""
    table = Table(title="Timbre beside upstream Chatterbox", title_justify="left")
    for heading in ("", "upstream", "Timbre", "times faster", ""):
        table.add_column(heading, justify="left" if not heading else "right")
    for step in results.steps:
        theirs = results.upstream_token_ms if step.streams == 1 else None
        remark = f"{step.tokens_per_s:,.0f} tokens/s, {step.fraction_of_floor:.0%} of the floor"
        _row(table, f"T3 step, {step.streams} streams", theirs, step.ms_per_step, remark)
    for name, milliseconds in results.first_token_ms.items():
        _row(table, f"T3 first token, {name}", None, milliseconds, "")
    for stage in results.stages:
        _row(table, f"{stage.stage}, {stage.audio_s} s", stage.upstream_ms, stage.ours_ms, "")
    for many in results.together:
        name = f"flow to watermark, {many.utterances} of {many.audio_s} s at once"
        remark = f"{many.audio_per_second:,.0f} s of sound a second"
        _row(table, name, None, many.ours_ms, remark)
    for timing in (*results.by_text, *results.voices):
        remark = f"{timing.audio_s:.1f} s of speech"
        _row(table, timing.scenario, timing.upstream_ms, timing.ours_ms, remark)
    if results.worker is not None:
        _add_worker(table, results.worker)
    memory = results.memory
    if memory is not None and memory.ours is not None and memory.upstream_gib is not None:
        table.add_row(
            "peak GPU memory, tensors",
            f"{memory.upstream_gib:.2f} GiB",
            f"{memory.ours.peak:.2f} GiB",
            "",
            f"upstream with 1 stream, ours with {memory.streams}",
        )
    console.print(table)
    if results.card is not None and results.steps:
        console.print(prediction(results, Roofline(results.card)), highlight=False, soft_wrap=True)
    if results.quality:
        console.print(_quality_table(results.quality))


def prediction(results: Results, roof: Roofline) -> str:
    """A line to pass on: the card, and each figure beside the one that was predicted for it."""
    int8 = results.setting["precision"] == "int8"
    figures = [
        *(
            (f"{step.streams} streams", step.ms_per_step, roof.step_ms(step.streams, int8=int8))
            for step in results.steps
            if step.streams in roof.streams
        ),
        *(
            (f"flow of {stage.audio_s} s", stage.ours_ms, roof.flow_ms(stage.audio_s))
            for stage in results.stages
            if stage.stage == "flow"
        ),
        *((said.scenario, said.ours_ms, roof.text_ms(said.characters)) for said in results.by_text),
    ]
    setting = results.setting
    return (
        f"{setting['device']}, {setting['precision']}, torch {setting['torch']}, "
        f"{roof.card.bytes_per_s / 1e9:,.0f} GB/s, {roof.card.flops / 1e12:,.0f} TFLOP/s; "
        "milliseconds, in brackets predicted: "
        + ", ".join(f"{name} {ours:.3g} ({predicted:.3g})" for name, ours, predicted in figures)
    )


def _add_worker(table: Table, worker: WorkerTiming) -> None:
    table.add_row("worker start to ready", "", f"{worker.ready_s:.1f} s", "", worker.engine.version)
    if worker.first_start_s is not None:
        first = f"{worker.first_start_s:.1f} s"
        table.add_row("the same, the first start", "", first, "", "nothing was compiled")
    if worker.device_gib is not None:
        remark = f"all of the process, {worker.streams} streams"
        table.add_row("worker on the GPU", "", f"{worker.device_gib:.2f} GiB", "", remark)
    for name, milliseconds in (
        ("the very first", worker.first_request_ms),
        ("the first new voice", worker.new_voice_ms),
        ("others meanwhile", worker.meanwhile_ms[0]),
        ("others meanwhile, longest", worker.meanwhile_ms[1]),
    ):
        _row(table, f"request to PCM, {name}", None, milliseconds, "right after the start")
    for name, milliseconds, seconds in (
        ("first chunk (24 characters)", worker.first_chunk_ms, worker.first_chunk_audio_s),
        ("100 characters in one", worker.sentence_ms, worker.sentence_audio_s),
    ):
        _row(table, f"request to PCM, {name}", None, milliseconds, f"{seconds:.1f} s of speech")


def _row(table: Table, name: str, theirs: float | None, ours: float, remark: str) -> None:
    table.add_row(
        name,
        "" if theirs is None else f"{theirs:,.2f} ms",
        f"{ours:,.2f} ms",
        "" if theirs is None else f"{theirs / ours:,.1f}",
        remark,
    )


def _quality_table(heard: list[SentenceQuality]) -> Table:
    table = Table(title="What is heard", title_justify="left")
    for heading in ("sentence", "speaker", "word error rate", "similarity", "transcript"):
        table.add_column(heading)
    means = [
        SentenceQuality(
            speaker=speaker,
            sentence="[bold]mean[/bold]",
            transcript="",
            word_error_rate=fmean(i.word_error_rate for i in heard if i.speaker == speaker),
            similarity=fmean(i.similarity for i in heard if i.speaker == speaker),
        )
        for speaker in ("upstream", "ours")
    ]
    for item in (*heard, *means):
        figures = f"{item.word_error_rate:.2f}", f"{item.similarity:.2f}"
        table.add_row(item.sentence, item.speaker, *figures, item.transcript)
    return table
