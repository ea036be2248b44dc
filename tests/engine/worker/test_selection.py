"""The engine that speaks is the one asked for, or the best this machine can run, and says why.

Longer than most files: every choice is made from the same few machines.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from safetensors.torch import load_file, save_file

from engine.chatterbox.t3.gpt2_weights import int8_runs
from engine.device import Gpu, NoGpu
from engine.errors import WorkerUnavailable
from engine.messages import EngineConfig, Progress, Speak
from engine.speech import ClonedVoice, Speech, SpeechParameters, StockVoice
from engine.weights.checkpoint import MANIFEST
from engine.weights.models import ENGLISH, MODELS
from engine.worker import choosing
from engine.worker.choosing import NANO_GFLOPS, unsuitable, usual
from engine.worker.selection import load
from tests.checkpoints import random_checkpoint

GB = 10**9
NONE = NoGpu("this machine has no CUDA GPU")
H100 = Gpu("NVIDIA H100", (9, 0), 80 * GB)
T4 = Gpu("Tesla T4", (7, 5), 16 * GB)
OLD = Gpu("GeForce GTX 1080", (6, 1), 8 * GB)
SMALL = Gpu("GeForce MX450", (7, 5), 2 * GB)
TIGHT = Gpu("GeForce RTX 3050", (8, 6), int(4.2 * GB))


def _config(home: Path, engine: str, device: str = "auto", **rest: object) -> EngineConfig:
    rest = {"weights_home": os.environ["STOCK_FOR_TESTS"], **rest}
    return EngineConfig(engine=engine, home=str(home), device=device, threads=1, **rest)


@pytest.mark.parametrize(
    ("gpu", "device", "why"),
    [
        (H100, "auto", None),
        (T4, "auto", None),
        (SMALL, "cuda", None),
        (NONE, "auto", "this machine has no CUDA GPU"),
        (
            OLD,
            "auto",
            "GeForce GTX 1080 (compute capability 6.1) is too old to run Chatterbox in real time",
        ),
        (SMALL, "auto", "GeForce MX450 has 2.0 GB of memory and Chatterbox needs 4"),
    ],
)
def test_chatterbox_is_tried_unasked_only_where_it_runs_in_real_time(
    tmp_path: Path, gpu: Gpu | NoGpu, device: str, why: str | None
) -> None:
    assert unsuitable(_config(tmp_path, "auto", device), gpu) == why


def test_without_a_gpu_auto_is_the_stock_voice_and_it_speaks(tmp_path: Path) -> None:
    reports = []
    engine = load(_config(tmp_path, "auto"), reports.append, look=lambda: NONE)
    assert engine.info.name == "stock"
    assert engine.info.reason == (
        "Without Chatterbox: this machine has no CUDA GPU, and Chatterbox Nano, which a CPU can "
        "run, is not here: `timbre.py weights fetch nano` downloads 1.9 GB."
    )
    assert reports == [Progress("Loading the stock voice")]
    engine.admit(Speak(job_id=3, text="Hello.", voice=StockVoice(), parameters=SpeechParameters()))
    outcomes = [outcome for _ in range(5) for outcome in engine.step()]
    assert [outcome.job_id for outcome in outcomes] == [3]
    engine.close()


@pytest.mark.parametrize(
    ("gpu", "model", "why"),
    [
        (H100, "multilingual", ", chosen for its 23 languages,"),
        (TIGHT, "english", ", chosen because the card has too little memory for more languages,"),
        (NONE, "nano", ", chosen because a CPU can run it,"),
        (OLD, "nano", ", chosen because a CPU can run it,"),
    ],
)
def test_the_model_suits_the_machine(
    tmp_path: Path, gpu: Gpu | NoGpu, model: str, why: str
) -> None:
    chosen = usual(_config(tmp_path, "auto"), gpu)
    assert (chosen.model.name, chosen.why) == (model, why)
    named = usual(_config(tmp_path, "auto", model="turbo"), gpu)
    assert (named.model.name, named.why) == ("turbo", ", as the settings ask,")


def test_of_a_folder_its_content_alone_is_chosen(tmp_path: Path, small_checkpoint: Path) -> None:
    """English's T3 under Multilingual's name is refused in a sentence, and so is its absence."""
    config = _config(tmp_path, "chatterbox", "cpu", weights=str(small_checkpoint))
    assert usual(config, H100).model is usual(config, NONE).model is ENGLISH
    folder = shutil.copytree(small_checkpoint, tmp_path / "weights")
    (folder / ENGLISH.t3).rename(folder / MODELS["multilingual"].t3)
    for model in ("auto", "multilingual"):
        config = _config(tmp_path, "chatterbox", "cpu", model=model, weights=str(folder))
        with pytest.raises(WorkerUnavailable) as refusal:
            load(config, print)
        assert str(refusal.value) in {
            "t3_mtl23ls_v3.safetensors holds Chatterbox, not Chatterbox Multilingual.",
            "grapheme_mtl_merged_expanded_v1.json is missing.",
        }


@pytest.fixture(scope="module")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano")
    random_checkpoint(folder, MODELS["nano"], seed=3, small=True, stop_after=20)
    return folder


@pytest.mark.parametrize(
    ("gflops", "multiplies_bf16"),
    [
        (NANO_GFLOPS - 1, False),
        (NANO_GFLOPS + 1, False),
        pytest.param(NANO_GFLOPS + 1, True, marks=pytest.mark.slow),
    ],
)
def test_without_a_gpu_nano_speaks_where_the_cpu_keeps_up(
    tmp_path: Path,
    nano: Path,
    monkeypatch: pytest.MonkeyPatch,
    gflops: float,
    multiplies_bf16: bool,
) -> None:
    """Only how fast the machine is, and at what, is made up here."""
    monkeypatch.setattr("engine.chatterbox.loading.multiplies_bf16", lambda: multiplies_bf16)
    monkeypatch.setattr("engine.worker.choosing.measured_gflops", lambda _threads: gflops)
    config = _config(tmp_path, "auto", weights=str(nano))
    engine = load(config, print, look=lambda: NONE)
    if gflops < NANO_GFLOPS:
        assert engine.info.name == "stock"
        assert engine.info.reason == (
            "Without Chatterbox: this machine has no CUDA GPU, and Chatterbox Nano needs a CPU "
            f"that does {NANO_GFLOPS:.0f} GFLOP/s, and this one does {gflops:.0f}; "
            "TIMBRE_MODEL=nano makes it speak all the same."
        )
        return
    assert (engine.info.model, engine.info.device) == ("chatterbox-nano", "cpu")
    if int8_runs():
        assert engine.info.precision == ("int8-bf16" if multiplies_bf16 else "int8")
    assert (engine.info.languages, "laugh" in engine.info.sounds) == (("en",), True)
    assert engine.info.reason == (
        "Chatterbox Nano, the best of what the folder of weights holds, in int8 on the CPU: this "
        "machine has no CUDA GPU."
    )
    engine.admit(Speak(3, "Hello [laugh].", StockVoice(), SpeechParameters(seed=1)))
    while engine.busy:
        for outcome in engine.step():
            assert isinstance(outcome.result, Speech)
    engine.close()


def test_a_model_asked_for_by_name_is_refused_rather_than_replaced(
    tmp_path: Path, nano: Path
) -> None:
    """Also where the engine is left open."""
    config = _config(tmp_path, "auto", model="turbo", weights=str(nano))
    with pytest.raises(WorkerUnavailable, match=r"^t3_turbo_v1.safetensors is missing\.$"):
        load(config, print, look=lambda: NONE)


@pytest.mark.parametrize("free_bytes", [0, None])
def test_several_models_are_loaded_where_memory_is_left(
    tmp_path: Path, small_checkpoint: Path, nano: Path, free_bytes: int | None
) -> None:
    """The first one always. In a folder of weights each has its own; free memory is made up."""
    (tmp_path / "weights").mkdir()
    for name, folder in (("english", small_checkpoint), ("nano", nano)):
        (tmp_path / "weights" / name).symlink_to(folder, target_is_directory=True)
    config = _config(tmp_path, "auto", model="english, nano", weights=str(tmp_path / "weights"))
    info = load(config, print, look=lambda: NONE, free_bytes=lambda _: free_bytes).info
    assert info.reason.startswith("Chatterbox, as the settings ask, in fp32 on the CPU: ")
    if free_bytes == 0:
        assert info.models == ("chatterbox-english",)
        assert info.reason.endswith("Chatterbox Nano is left out: there is not enough free memory.")
    else:
        assert info.models == ("chatterbox-english", "chatterbox-nano")
        assert "Chatterbox Nano, beside it, in int8 on the CPU: " in info.reason
        assert info.of("chatterbox-nano").precision.startswith("int8")


@pytest.mark.parametrize("model", ["", "chatterbox", "turbo,turbo", "auto,turbo", "turbo,"])
def test_names_of_no_model_are_refused(tmp_path: Path, model: str) -> None:
    with pytest.raises(ValueError, match="TIMBRE_MODEL has to be auto, or one or more of english"):
        _config(tmp_path, "auto", model=model)


def test_english_speaks_on_where_multilingual_cannot_be_fetched(
    tmp_path: Path, small_checkpoint: Path
) -> None:
    """As on a machine without network that had English before there was another model."""
    config = _config(tmp_path, "auto", weights_home=None)
    best = usual(config, H100)
    assert choosing.fallback(config, best) is None
    shutil.copytree(small_checkpoint, tmp_path / "weights" / ENGLISH.repository.revision)
    second = choosing.fallback(config, best)
    assert second is not None
    assert second.model is ENGLISH
    assert choosing.fallback(config, second) is None


def test_the_speed_of_this_cpu_is_measured() -> None:
    assert 0.1 < choosing.measured_gflops(1) < 10_000


def test_auto_falls_back_when_pytorch_cannot_use_the_card(tmp_path: Path) -> None:
    """A driver with a card is not enough: here PyTorch has no such device to compute on."""
    absent = Gpu("Imaginary Card", (99, 0), 80 * GB)
    config = _config(tmp_path, "auto", weights=str(tmp_path))
    engine = load(config, print, look=lambda: absent)
    assert engine.info.name == "stock"
    assert engine.info.reason.startswith("Without Chatterbox: ")
    assert engine.info.reason.endswith(".")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Failed to find C compiler. Please specify via CC environment variable."),
        *(
            pytest.param(error, marks=pytest.mark.slow)
            for error in (
                RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"),
                AssertionError("Torch not compiled with CUDA enabled"),
            )
        ),
    ],
)
def test_auto_falls_back_whatever_loading_raises(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """A driver and a compiler fail in their own ways; the bot speaks, and `/status` says why so."""
    monkeypatch.setattr("engine.worker.selection.confirm", lambda gpu: gpu)
    monkeypatch.setattr("engine.chatterbox.loading.load", Mock(side_effect=error))
    engine = load(_config(tmp_path, "auto"), print, look=lambda: H100)
    assert engine.info.name == "stock"
    assert engine.info.reason == (
        "Without Chatterbox: Chatterbox cannot be loaded on NVIDIA H100 (compute capability 9.0) "
        f"({type(error).__name__}); the log has more."
    )
    assert f"builtins.{type(error).__name__}" in caplog.text


def test_weights_that_lack_a_tensor_are_refused_by_its_name(
    tmp_path: Path, small_checkpoint: Path
) -> None:
    """Once, in a sentence: three workers that die over it would tell nobody why."""
    weights = shutil.copytree(small_checkpoint, tmp_path / "weights")
    (weights / MANIFEST).unlink()
    tensors = load_file(weights / ENGLISH.t3)
    lost = next(name for name in tensors if name.endswith("o_proj.weight"))
    del tensors[lost]
    save_file(tensors, weights / ENGLISH.t3)
    config = _config(tmp_path, "chatterbox", "cpu", weights=str(weights))
    with pytest.raises(WorkerUnavailable) as refusal:
        load(config, print)
    assert str(refusal.value) == f"{ENGLISH.t3} has no tensor {lost}."


def test_a_new_voice_waits_for_its_packages_while_others_speak(
    tmp_path: Path, small_checkpoint: Path, cloned_voice: ClonedVoice
) -> None:
    """Their import takes seconds: the worker is ready before, and nobody falls silent for it."""
    code = (
        "import sys\n"
        "last = 's3tokenizer.model_v2'\n"
        "from engine.messages import EngineConfig, Speak\n"
        "from engine.speech import ClonedVoice, Speech, SpeechParameters, StockVoice\n"
        "from engine.worker.selection import load\n"
        "home, weights, clip, sha256 = sys.argv[1:]\n"
        "config = EngineConfig(engine='chatterbox', device='cpu', home=home, weights=weights)\n"
        "engine = load(config, lambda _: None)\n"
        "assert last not in sys.modules, 'ready only after upstream was imported'\n"
        "new, known = ClonedVoice(sha256, clip), StockVoice()\n"
        "for number, voice in enumerate((new, known)):\n"
        "    engine.admit(Speak(number, 'Good morning.', voice, SpeechParameters(seed=1)))\n"
        "while engine.busy:\n"
        "    for outcome in engine.step():\n"
        "        print(outcome.job_id, type(outcome.result).__name__)\n"
        "print([name for name in (last, 'transformers') if name in sys.modules])\n"
    )
    arguments = tmp_path, small_checkpoint, cloned_voice.clip_path, cloned_voice.clip_sha256
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=False, capture_output=True, text=True
    )
    imported = "['s3tokenizer.model_v2']"
    assert set(done.stdout.splitlines()) == {"0 Speech", "1 Speech", imported}, done.stderr


def test_packages_that_are_not_installed_are_named_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the first new voice would find out, days later perhaps."""
    found = importlib.util.find_spec
    absent = ("s3tokenizer", "perth")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in absent else found(name)
    )
    with pytest.raises(
        WorkerUnavailable, match=r"completely: perth, s3tokenizer cannot be found\."
    ):
        load(_config(tmp_path, "chatterbox", "cpu"), print)


def test_the_stock_voice_can_be_asked_for_and_no_card_is_looked_for(tmp_path: Path) -> None:
    engine = load(_config(tmp_path, "stock"), print, look=Mock(side_effect=AssertionError))
    assert engine.info.reason == "The settings ask for the stock voice."


def test_chatterbox_without_its_weights_is_refused_without_naming_folders(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The person who asked reads which file is missing; the folder is for the log."""
    config = _config(tmp_path, "chatterbox", "cpu", weights=str(tmp_path / "weights"))
    with pytest.raises(WorkerUnavailable) as refusal:
        load(config, print)
    assert str(tmp_path) not in str(refusal.value)
    assert any(name in str(refusal.value) for name in ENGLISH.files)
    assert "missing" in str(refusal.value)
    assert str(tmp_path) in caplog.text


def test_cuda_asked_for_and_absent_is_refused(tmp_path: Path) -> None:
    """Chatterbox is not started on the CPU behind the owner's back."""
    with pytest.raises(WorkerUnavailable, match="CUDA device was asked for"):
        load(_config(tmp_path, "chatterbox", "cuda"), print, look=lambda: NONE)


def test_chatterbox_on_a_cpu_is_allowed_and_warned_about(
    tmp_path: Path, small_checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reports = []
    config = _config(tmp_path, "chatterbox", weights=str(small_checkpoint))
    engine = load(config, reports.append, look=lambda: NONE)
    assert (engine.info.name, engine.info.device) == ("chatterbox", "cpu")
    assert engine.info.reason == (
        "Chatterbox, the best of what the folder of weights holds, in fp32 on the CPU: this "
        "machine has no CUDA GPU, and that is about 30 times slower than real time."
    )
    assert "30 times slower" in caplog.text
    assert Progress("Loading Chatterbox") in reports
    engine.close()
