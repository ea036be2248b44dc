"""The benchmark as it is started from a shell, on a reduced model."""

import json
import logging
import platform
import runpy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.bench import command, quality
from engine.bench.setting import RANDOM_WEIGHTS, platform_name, tokens_for
from engine.upstream.random_weights import synthetic_voice, write_random_checkpoint
from engine.weights import checkpoint

ROOT = Path(__file__).parents[3]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What is said of a call that cannot be carried out. In this process: imports take seconds."""
    assert command.main(["--small", *map(str, arguments)]) == 2
    return capsys.readouterr().err


@pytest.fixture
def engine_says_less() -> Iterator[None]:
    """A run has the engine log less; what comes after it here shall not."""
    log = logging.getLogger("engine.chatterbox.engine")
    level = log.level
    yield
    log.setLevel(level)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("engine_says_less")
def test_a_small_run_measures_everything_and_leaves_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--small", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_module("engine.bench", run_name="__main__")
    printed = capsys.readouterr().out
    assert RANDOM_WEIGHTS in printed
    for row in ("T3 step", "flow, 2 s", "vocoder, 1 s", "watermark", "cold voice", "warm voice"):
        assert row in printed

    results = json.loads((tmp_path / "bench.json").read_text())
    assert results["setting"]["note"] == RANDOM_WEIGHTS
    assert results["setting"]["copy_bandwidth_gb_s"] > 0
    assert [step["streams"] for step in results["steps"]] == [1, 2]
    assert all(0 < step["fraction_of_floor"] < 1 for step in results["steps"])
    # The difference of two lengths: beside other work the shorter one may have taken longer.
    assert isinstance(results["upstream_token_ms"], float)
    measured = {(stage["stage"], stage["audio_s"]) for stage in results["stages"]}
    assert measured == {(s, n) for s in ("flow", "vocoder", "watermark") for n in (1, 2)}
    assert all(stage["upstream_ms"] > 0 < stage["ours_ms"] for stage in results["stages"])
    for timing in results["by_text"]:
        expected_s = tokens_for(timing["characters"]) / 25
        assert timing["audio_s"] == pytest.approx(expected_s, rel=0.1)
        assert timing["upstream_ms"] > 0 < timing["ours_ms"]
    cold, warm, restarted = results["voices"]
    assert "enrolment" in cold["ours_stage_ms"]
    assert "enrolment" not in warm["ours_stage_ms"]
    assert restarted["ours_stage_ms"]["enrolment"] < cold["ours_stage_ms"]["enrolment"]
    assert results["worker"]["ready_s"] > 0
    assert results["worker"]["first_chunk_ms"] > 0
    assert 0 < results["worker"]["meanwhile_ms"][0] < results["worker"]["new_voice_ms"]
    assert results["worker"]["engine"]["name"] == "chatterbox"

    for name in ("latency_by_text", "where_the_time_goes", "throughput_by_streams"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    for name in ("cold", "warm"):
        samples, rate = soundfile.read(tmp_path / f"voiceclone_{name}.wav")
        assert rate == 24_000
        assert np.abs(samples).max() > 0.01


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_quality_check_listens_to_both(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    write_random_checkpoint(weights, seed=3, small=True)
    clip = tmp_path / "someone.flac"
    soundfile.write(clip, synthetic_voice(140.0, 3.0), 44_100)
    arguments = ("--small", "--quality", "--weights", weights, "--clip", clip, "--out", tmp_path)
    assert command.main([str(argument) for argument in arguments]) == 0
    heard = json.loads((tmp_path / "bench.json").read_text())["quality"]
    assert [item["speaker"] for item in heard] == ["upstream", "ours"] * 2
    for item in heard:
        assert item["sentence"] in quality.SENTENCES
        assert item["word_error_rate"] >= 0.5  # of noise nobody can make out the words
        assert -1 <= item["similarity"] <= 1


def test_real_weights_are_not_judged_by_a_buzz(
    small_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Likeness to a voice that is none says nothing, so a clip is asked for before any work."""
    weights = shutil.copytree(small_checkpoint, tmp_path / "weights")
    (weights / checkpoint.MANIFEST).unlink()  # these may well be trained
    assert refusal(capsys, "--quality", "--weights", weights, "--out", tmp_path) == (
        "--quality with real weights needs --clip FILE, a recording of somebody who speaks.\n"
    )


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--clip", "{} cannot be read ("),
        ("--weights", "{}"),
        ("--out", "--out: "),
    ],
)
def test_a_path_that_cannot_be_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, said: str
) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "inside"
    sentence = refusal(capsys, "--quality", "--out", tmp_path, option, path)
    assert sentence.startswith(said.format(path))
    assert len(sentence.splitlines()) == 1


def test_what_a_run_says_of_its_machine_is_its_kind_alone() -> None:
    """Results are published: no kernel and no host by name."""
    files = (ROOT / "docs" / "benchmarks").rglob("*.json")
    settings = [json.loads(file.read_text("utf-8")).get("setting", {}) for file in files]
    assert {setting.get("platform") for setting in settings} <= {None, "Linux x86_64"}
    assert platform_name() == f"{platform.system()} {platform.machine()}"


def test_a_missing_recogniser_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(quality.RecogniserMissing, match="pip install faster-whisper"):
        quality.load_recogniser()


def test_words_are_compared_without_punctuation_and_case() -> None:
    assert quality.plain("Don't, STOP -- now!") == "don't stop now"
    error_rate = quality.load_aligner()
    assert error_rate("one two three four", "one too three four") == 0.25
