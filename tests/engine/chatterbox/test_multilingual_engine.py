"""Multilingual Chatterbox as the worker drives it, on a reduced checkpoint with random weights."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.chatterbox.engine import ChatterboxEngine
from engine.chatterbox.loading import assemble
from engine.errors import SynthesisFailed
from engine.messages import Speak
from engine.speech import Speech, SpeechParameters, StockVoice
from engine.weights.models import MODELS
from tests.engine.chatterbox.test_engine import run, speech_of

MULTILINGUAL = MODELS["multilingual"]
LINES = (
    *(("en", "Good morning."), ("es", "¡Buenos días!"), ("ja", "今日はいい天気ですね。")),
    *(("zh", "你好，今天天气真不错。"), ("ko", "안녕하세요."), ("he", "שלום.")),
)


def _engine(folder: Path, home: Path, streams: int = 6) -> ChatterboxEngine:
    return assemble(
        folder,
        MULTILINGUAL,
        revision="test",
        device="cpu",
        precision="fp32",
        reason="It is a test.",
        home=home,
        report=lambda _: None,
        max_streams=streams,
        max_speech_tokens=40,
    )


def _say(job_id: int, language: str, text: str) -> Speak:
    parameters = SpeechParameters(seed=job_id)
    return Speak(job_id, text, StockVoice(), parameters, language=language)


def test_lines_in_many_languages_sound_together_as_each_sounds_alone(
    multilingual_checkpoint: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    lines = LINES if pytestconfig.getoption("--all") else LINES[1:4]
    jobs = [_say(n, *line) for n, line in enumerate(lines)]
    engine = _engine(multilingual_checkpoint, tmp_path)
    assert {language for language, _ in LINES} <= set(engine.info.languages)
    together = speech_of(engine, *jobs)
    for job, among in zip(jobs, together, strict=True):
        (alone,) = speech_of(engine, job)
        assert len(among.pcm) == len(alone.pcm)
        assert np.abs(among.pcm - alone.pcm).max() <= 1e-3 * max(1.0, np.abs(alone.pcm).max())
    (as_german,) = speech_of(engine, _say(0, "de", lines[0][1]))
    assert len(as_german.pcm) != len(together[0].pcm) or not np.allclose(
        as_german.pcm, together[0].pcm, atol=1e-3
    )


def test_chinese_without_its_table_fails_in_a_sentence_and_nobody_else_does(
    multilingual_checkpoint: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(multilingual_checkpoint, tmp_path / "without-table")
    (folder / MULTILINGUAL.tables[0]).unlink()
    results = run(_engine(folder, tmp_path), _say(0, "zh", "你好。"), _say(1, "es", "Hola."))
    assert isinstance(results[0], SynthesisFailed)
    assert "I cannot speak Chinese here" in str(results[0])
    assert isinstance(results[1], Speech)
