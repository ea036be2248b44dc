"""Fetching from a hub: over real HTTP, in a real process, against a server on this machine.

Longer than most files: all of it needs the one server and the one way to run a fetch.
"""

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import DEFAULT, Mock

import msgspec
import pytest

from engine.weights import checkpoint
from engine.weights.hub import fetch as fetch_model
from engine.weights.hub import locate
from engine.weights.models import ENGLISH, MODELS, FileRecord
from engine.weights.transfer import fetch_bytes
from tests.checkpoints import random_checkpoint
from tests.engine.weights.hub_server import COMMIT, OTHER_COMMIT, Hub

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def hub(small_checkpoint: Path) -> Iterator[Hub]:
    server = Hub(small_checkpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


def start_fetch(hub: Hub, folder: Path, revision: str = COMMIT) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "weights", "fetch", str(folder), "--revision", revision],
        env=hub.environment(folder.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def weights(
    *arguments: str | Path, environment: Mapping[str, str] = os.environ, **settings: object
) -> Done:
    """The command, in a process of its own, with these settings."""
    named = {f"TIMBRE_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "bot", "weights", *map(str, arguments)],
        env={**environment, "TIMBRE_ENV_FILE": "", **named},
        capture_output=True,
        text=True,
        check=False,
    )


def fetch(hub: Hub, folder: Path, revision: str | None = COMMIT) -> Done:
    options = ("--revision", revision) if revision else ()
    return weights("fetch", folder, *options, environment=hub.environment(folder.parent))


def refused(done: Done) -> str:
    """The one line that says why."""
    assert done.returncode == 1
    (sentence,) = done.stderr.strip().splitlines()
    return sentence


def test_a_fetched_checkpoint_is_whole_and_recorded(hub: Hub, tmp_path: Path) -> None:
    """The branch is resolved to its commit, which the manifest keeps."""
    folder = tmp_path / "weights"
    done = fetch(hub, folder, "main")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert COMMIT in done.stdout
    assert COMMIT in checkpoint.verify(folder, ENGLISH)
    for name in ENGLISH.files:
        assert (folder / name).read_bytes() == (hub.folder / name).read_bytes()
    assert hub.ranges
    hub.ranges.clear()
    assert fetch(hub, folder).returncode == 0
    assert hub.ranges == [], "a second fetch downloads nothing again"


@pytest.mark.slow
def test_a_lost_connection_is_continued_in_the_same_run(hub: Hub, tmp_path: Path) -> None:
    hub.cuts = 3
    done = fetch(hub, tmp_path / "weights")
    assert done.returncode == 0, done.stderr
    halved = (hub.folder / ENGLISH.voice_encoder).stat().st_size // 2
    assert f"{ENGLISH.voice_encoder} bytes={halved}-" in hub.ranges
    assert COMMIT in checkpoint.verify(tmp_path / "weights", ENGLISH)


def test_an_address_that_expired_meanwhile_is_asked_for_anew(hub: Hub, tmp_path: Path) -> None:
    """The hub's addresses are signed for a while; 3 GB can take longer. No login is missing."""
    hub.expires, hub.cuts = True, 3
    done = fetch(hub, tmp_path / "weights")
    assert done.returncode == 0, done.stderr
    assert hub.cuts == 0
    assert COMMIT in checkpoint.verify(tmp_path / "weights", ENGLISH)


def test_a_network_that_is_gone_for_a_moment_is_no_error_of_the_disk(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a laptop changes its network; an error of the file is told at once."""
    gone = OSError(errno.EHOSTUNREACH, "No route to host")
    flaky = Mock(side_effect=[gone, gone, gone, DEFAULT], wraps=urllib.request.urlopen)
    monkeypatch.setattr("urllib.request.urlopen", flaky)
    monkeypatch.setattr("engine.weights.transfer._WAITS_S", (0, 0, 0))
    name = ENGLISH.tokenizer[0]
    size = (hub.folder / name).stat().st_size
    found = SimpleNamespace(
        location=f"{hub.address}/{ENGLISH.repository.name}/resolve/{COMMIT}/{name}"
    )
    part = tmp_path / f"{name}.part"
    fetch_bytes(part, found, size, lambda: found, lambda: None)
    assert part.read_bytes() == (hub.folder / name).read_bytes()


def changed_last_byte(content: bytes) -> bytes:
    """As long, and still what its header says, or JSON with a blank more."""
    return content + b" " if content.endswith(b"}") else content[:-1] + bytes([content[-1] ^ 1])


def test_an_interrupted_fetch_of_another_revision_leaves_no_manifest(
    hub: Hub, small_checkpoint: Path, tmp_path: Path
) -> None:
    """Files of both are there then: nothing may call them the old revision."""
    folder = tmp_path / "weights"
    fetch(hub, folder)
    assert checkpoint.read_manifest(folder) is not None
    hub.folder = shutil.copytree(small_checkpoint, tmp_path / "other")
    for name in (ENGLISH.tokenizer[0], ENGLISH.t3):
        content = (hub.folder / name).read_bytes()
        (hub.folder / name).write_bytes(changed_last_byte(content))
    hub.held_file = ENGLISH.t3
    process = start_fetch(hub, folder, OTHER_COMMIT)
    assert hub.held_most_sent.wait(60)
    process.kill()
    process.communicate()
    changed = (hub.folder / ENGLISH.tokenizer[0]).read_bytes()
    assert (folder / ENGLISH.tokenizer[0]).read_bytes() == changed
    assert checkpoint.read_manifest(folder) is None


def test_two_fetches_into_one_folder_take_turns(hub: Hub, tmp_path: Path) -> None:
    """Both would append to one file; the second finds everything there."""
    folder = tmp_path / "weights"
    hub.held_file = ENGLISH.t3
    fetches = [start_fetch(hub, folder)]
    assert hub.held_most_sent.wait(60)
    fetches.append(start_fetch(hub, folder))
    time.sleep(3)
    hub.released.set()
    for process in fetches:
        _output, errors = process.communicate()
        assert process.returncode == 0, errors
    assert COMMIT in checkpoint.verify(folder, ENGLISH)


def located(hub: Hub, home: Path, *, offline: bool) -> Done:
    """`locate` of the branch, in a process of its own."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from engine.weights.hub import locate\n"
        "from engine.weights.models import ENGLISH\n"
        "print(locate(Path(sys.argv[1]), ENGLISH, revision='main', progress=lambda *_: None)[1])"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(home)],
        env={**hub.environment(home.parent), "HF_HUB_OFFLINE": str(int(offline))},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_branch_that_is_on_this_machine_needs_no_network(hub: Hub, tmp_path: Path) -> None:
    """It is the commit that it was; where that was never asked for, the sentence says so."""
    never = located(hub, tmp_path / "weights", offline=True)
    assert "the model hub cannot be reached" in never.stderr
    online = located(hub, tmp_path / "weights", offline=False)
    assert online.stdout.strip() == COMMIT, online.stderr
    offline = located(hub, tmp_path / "weights", offline=True)
    assert offline.stdout.strip() == COMMIT, offline.stderr


def bytes_kept(folder: Path) -> int:
    """Length of the longest unfinished file."""
    return max((p.stat().st_size for p in folder.rglob("*.part")), default=0)


def test_a_killed_download_is_resumed_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    hub.held_file = ENGLISH.t3
    first = start_fetch(hub, folder)
    assert hub.held_most_sent.wait(60)
    deadline = time.monotonic() + 30
    while (kept := bytes_kept(folder)) < 2**20 and time.monotonic() < deadline:
        time.sleep(0.05)
    first.kill()
    first.communicate()
    bytes_before = bytes_kept(folder)
    hub.released.set()
    hub.ranges.clear()
    second = fetch(hub, folder)
    assert second.returncode == 0, second.stderr
    resumed = [entry for entry in hub.ranges if entry.startswith(ENGLISH.t3)]
    assert len(resumed) == 1
    assert int(re.findall(r"bytes=(\d+)-", resumed[0])[0]) == bytes_before >= kept
    assert COMMIT in checkpoint.verify(folder, ENGLISH)


def test_other_bytes_than_the_pinned_ones_are_refused(hub: Hub, tmp_path: Path) -> None:
    """A hub that serves random weights under the pinned commit is not believed."""
    sentence = refused(fetch(hub, tmp_path / "weights", None))
    assert "arrived damaged" in sentence
    assert ENGLISH.voice_encoder in sentence


@pytest.mark.parametrize(
    ("status", "revision", "sentence"),
    [
        (None, "0" * 40, "has no revision"),
        pytest.param(401, None, "asks for a login", marks=pytest.mark.slow),
        pytest.param(418, None, "answered with HTTP 418", marks=pytest.mark.slow),
    ],
)
def test_a_refusal_is_one_clear_line(
    hub: Hub, tmp_path: Path, status: int | None, revision: str | None, sentence: str
) -> None:
    hub.refusal = status
    assert sentence in refused(fetch(hub, tmp_path / "weights", revision))


def test_without_a_network_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
    sentence = refused(weights("fetch", tmp_path / "weights", environment=offline))
    assert "give a folder that holds them" in sentence


def test_without_a_folder_weights_are_where_the_bot_looks(hub: Hub, tmp_path: Path) -> None:
    """`timbre.py weights fetch` and `verify` follow the settings, as the worker does."""
    home = tmp_path / "home"
    with_settings = partial(
        weights,
        environment=hub.environment(tmp_path),
        home=home,
        model="english",
        weights_revision=COMMIT,
    )
    assert "weights fetch english` downloads them" in refused(with_settings("verify"))
    fetched = with_settings("fetch")
    assert fetched.returncode == 0, fetched.stderr
    assert home.stat().st_mode & 0o077 == 0 or os.name == "nt"
    hub.ranges.clear()
    folder, commit = locate(home / "weights", ENGLISH, revision=COMMIT, progress=lambda *_: None)
    assert (commit, hub.ranges) == (COMMIT, [])
    verified = with_settings("verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert str(folder) in fetched.stdout
    assert str(folder) in verified.stdout


@pytest.mark.slow
def test_files_that_two_models_share_are_fetched_and_stored_once(
    hub: Hub, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """English and Multilingual of one revision lie in one folder, each whole by itself."""
    multilingual = MODELS["multilingual"]
    both = tmp_path_factory.mktemp("both")
    random_checkpoint(both, multilingual, seed=3, small=True, stop_after=20)
    for name in ENGLISH.files:
        if not (both / name).exists():
            os.link(hub.folder / name, both / name)
    hub.folder = both
    settings = {"home": tmp_path / "home", "model": "english", "weights_revision": COMMIT}
    environment = hub.environment(tmp_path)
    fetched = weights("fetch", environment=environment, **settings)
    assert "recorded as they came" in fetched.stdout, fetched.stderr
    hub.ranges.clear()
    settings["model"] = "multilingual"
    fetched = weights("fetch", environment=environment, **settings)
    assert fetched.returncode == 0, fetched.stderr
    assert {entry.split()[0] for entry in hub.ranges} == set(multilingual.fetched) - set(
        ENGLISH.files
    )
    folder = tmp_path / "home" / "weights" / COMMIT
    assert checkpoint.models_in(folder) == (ENGLISH, multilingual)
    for model in (ENGLISH, multilingual):
        assert COMMIT in checkpoint.verify(folder, model)
    keys = {checkpoint.enrolment_digest(folder, model) for model in (ENGLISH, multilingual)}
    assert len(keys) == 1, "a voice would be enrolled anew"


def test_a_file_that_another_repository_has_too_is_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turbo and Nano are one gigabyte alike: it is neither fetched nor stored twice."""
    nano = MODELS["nano"]
    content = b"the same in both"
    record = FileRecord(len(content), hashlib.sha256(content).hexdigest())
    files = dict.fromkeys(nano.fetched, record)
    repository = msgspec.structs.replace(nano.repository, files=files)
    beside = tmp_path / MODELS["turbo"].repository.revision
    beside.mkdir()
    for name in nano.fetched:
        (beside / name).write_bytes(content)
    monkeypatch.setattr("engine.weights.checkpoint.read_sizes", lambda *_: None)
    folder = tmp_path / repository.revision
    fetch_model(folder, msgspec.structs.replace(nano, repository=repository))
    assert all((folder / name).samefile(beside / name) for name in nano.fetched)


def test_a_folder_that_the_settings_name_is_verified_and_never_fetched_over(
    small_checkpoint: Path, tmp_path: Path
) -> None:
    verified, fetched = (
        weights(action, home=tmp_path, weights=small_checkpoint) for action in ("verify", "fetch")
    )
    assert verified.returncode == 0
    assert f"{small_checkpoint}: All files of Chatterbox are those of random" in verified.stdout
    assert "TIMBRE_WEIGHTS" in refused(fetched)


def test_a_named_folder_needs_no_settings(small_checkpoint: Path) -> None:
    """Weights can be looked at where the bot's settings are wrong."""
    done = weights("verify", small_checkpoint, device="abacus")
    assert (done.returncode, done.stderr) == (0, "")
    assert weights("verify", device="abacus").returncode == 2
