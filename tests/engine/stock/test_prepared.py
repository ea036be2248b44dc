"""The stock voice's model is made ready once, and then sounds as it did."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from engine.messages import Speak
from engine.onnx import InferenceSession, cpu_session
from engine.speech import SpeechParameters, StockVoice
from engine.stock import prepared
from engine.stock.convolutions import largest_products, with_products
from engine.stock.engine import _read_description, _read_model
from tests.engine.stock.test_convolutions import KINDS, convolution
from tests.stock import stock_engine

SOUND = np.random.default_rng(3).integers(0, 100, (1, 64, 200)).astype(np.uint8)


class Source:
    """A small model, and how often it was read."""

    def __init__(self) -> None:
        self.model = convolution(*KINDS["three taps"])
        self.reads = 0

    def __call__(self) -> bytes:
        self.reads += 1
        return self.model


def load(source: Callable[[], bytes], folder: Path | None) -> InferenceSession:
    return prepared.load("its digest", source, 1, folder)


def sums(session: InferenceSession) -> np.ndarray:
    (found,) = session.run(None, {"sound": SOUND})
    return np.asarray(found)


def kept(folder: Path) -> Path:
    """The model's file; the check's is the other one."""
    check = largest_products()
    (model,) = [file for file in folder.iterdir() if check not in file.read_bytes()]
    return model


def test_the_model_is_made_ready_once_and_computes_the_same(tmp_path: Path) -> None:
    source = Source()
    expected = sums(cpu_session(source.model, 1))
    loaded = [load(source, tmp_path / "stock") for _ in range(3)]
    assert source.reads == 1
    assert len(list((tmp_path / "stock").iterdir())) == 2
    for session in (*loaded, load(source, None)):
        assert np.array_equal(sums(session), expected)


@pytest.mark.parametrize("content", [b"", b"x" * 100])
def test_a_damaged_file_is_made_anew(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    source = Source()
    expected = sums(load(source, tmp_path))
    whole = kept(tmp_path).read_bytes()
    for damaged in (content, whole[:-1], whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]):
        kept(tmp_path).write_bytes(damaged)
        assert np.array_equal(sums(load(source, tmp_path)), expected)
    assert caplog.text.count("is damaged") == 3
    assert source.reads == 4
    load(source, tmp_path)
    assert source.reads == 4


@pytest.fixture(params=["the file", "the folder"])
def written_by_others(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder in which something may have been written by others."""
    load(Source(), tmp_path)
    path = kept(tmp_path) if request.param == "the file" else tmp_path
    path.chmod(path.stat().st_mode | 0o020)
    yield tmp_path
    path.chmod(0o700)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_what_others_could_have_written_is_not_loaded(
    written_by_others: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = Source()
    sums(load(source, written_by_others))
    assert source.reads == 1
    assert "others can write" in caplog.text


def test_another_processor_and_another_version_make_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not add products exactly keeps the convolutions as they are."""
    source = Source()
    load(source, tmp_path)
    exact = kept(tmp_path)
    with monkeypatch.context() as other:
        other.setattr(prepared, "_is_exact", lambda _check: False)
        load(source, tmp_path)
    with monkeypatch.context() as other:
        other.setattr(prepared, "VERSION", "another")
        load(source, tmp_path)
    assert source.reads == 3
    assert exact.exists()


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "stock").touch()
    source = Source()
    for _ in range(2):
        sums(load(source, tmp_path / "stock"))
    assert source.reads == 2
    assert "is not kept" in caplog.text
    assert list(tmp_path.iterdir()) == [tmp_path / "stock"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """And not what another one is writing."""
    for name in ("left.part", "being written.part"):
        (tmp_path / name).write_bytes(b"x")
    os.utime(tmp_path / "left.part", (0, 0))
    load(Source(), tmp_path)
    assert [file.name for file in tmp_path.glob("*.part")] == ["being written.part"]


@pytest.mark.skipif(os.name != "posix", reason="Windows lets not everybody make links")
def test_what_another_process_removes_meanwhile_is_nothing_to_warn_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A link to nothing is listed and not found, as such a file is."""
    (tmp_path / "gone.part").symlink_to(tmp_path / "nowhere")
    source = Source()
    load(source, tmp_path)
    load(source, tmp_path)
    assert source.reads == 1
    assert not caplog.records


def test_where_products_are_not_exact_the_model_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = convolution(*KINDS["one tap"])
    assert prepared._rewritten(model, exact=False) is model
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert prepared._rewritten(model, exact=True) is model


@pytest.mark.slow
@pytest.mark.skipif(
    not prepared._is_exact(largest_products()), reason="this processor adds pairs in 16 bits"
)
def test_the_stock_voice_sounds_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sample, in a fraction of the time; three convolutions have strides or one channel."""
    engine = stock_engine()
    job = Speak(job_id=1, text="Hello!", voice=StockVoice("heart"), parameters=SpeechParameters())
    quick = engine.synthesise(job, lambda: False)
    digest, _ = _read_description()
    model = _read_model(digest)
    monkeypatch.setattr(engine, "_session", cpu_session(model, 1))
    assert np.array_equal(engine.synthesise(job, lambda: False).pcm, quick.pcm)
    nodes = onnx.load_model_from_string(with_products(model)).graph.node
    assert sum(node.op_type == "ConvInteger" for node in nodes) <= 6
