"""Fetching from a hub: over real HTTP, in a real process, against a server on this machine."""

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.weights import checkpoint
from engine.weights.checkpoint import FILES, PINNED, REPOSITORY
from engine.weights.hub import _fetch_bytes, locate

WITHHELD = 100_000
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "fedcba9876543210fedcba9876543210fedcba98"
PATH = re.compile(rf"/{REPOSITORY}/resolve/([^/]+)/(.+)")


class Hub(ThreadingHTTPServer):
    """Serves a folder as the model hub does; can be told to hold back or to refuse."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.folder = folder
        self.ranges: list[str] = []
        self.held_file = ""  # this file's last bytes are withheld ...
        self.held_most_sent = threading.Event()
        self.released = threading.Event()  # ... until this is set
        self.cuts = 0  # this many answers with a body end half-way
        self.refusal: int | None = None
        self.expires = False  # addresses hold until a connection is cut or the hub asked anew
        self.valid: set[str] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class HubHandler(BaseHTTPRequestHandler):
    """The few routes that the hub's client asks for."""

    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, *, with_body: bool) -> None:
        hub = self.server
        if hub.refusal is not None:
            self._send(hub.refusal, b"", {})
            return
        if self.path.startswith(f"/api/models/{REPOSITORY}/revision/main"):
            self._send(200, json.dumps({"id": REPOSITORY, "sha": COMMIT}).encode(), {})
            return
        match = PATH.fullmatch(self.path)
        if match is None or match[1] not in {COMMIT, OTHER_COMMIT, PINNED.revision}:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound" if match else "Unknown"})
            return
        if not with_body:
            hub.valid.add(match[2])
        elif hub.expires and match[2] not in hub.valid:
            self._send(403, b"", {})
            return
        content = (hub.folder / match[2]).read_bytes()
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": match[1],
            "Accept-Ranges": "bytes",
        }
        status, start = 200, 0
        if with_body and (wanted := self.headers.get("Range")):
            hub.ranges.append(f"{match[2]} {wanted}")
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            status = 206
        self._send(status, content[start:], headers, with_body=with_body, name=match[2])

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        *,
        with_body: bool = True,
        name: str = "",
    ) -> None:
        self.send_response(status)
        for header, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(header, value)
        self.end_headers()
        if not with_body:
            return
        if name and name == self.server.held_file and not self.server.released.is_set():
            self.wfile.write(body[:-WITHHELD])
            self.wfile.flush()
            self.server.held_most_sent.set()
            self.server.released.wait(60)
            self.close_connection = True
            return
        if name and self.server.cuts:
            self.server.cuts -= 1
            self.server.valid.discard(name)
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)


@pytest.fixture
def hub(small_checkpoint: Path) -> Iterator[Hub]:
    server = Hub(small_checkpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()


def environment_of(hub: Hub, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(folder / "hf-home"),
        "HF_HUB_OFFLINE": "0",
        "HF_TOKEN": "hf_secret",
    }


def start_fetch(hub: Hub, folder: Path, *options: str) -> "subprocess.Popen[str]":
    environment = environment_of(hub, folder.parent)
    return subprocess.Popen(
        [sys.executable, "-m", "engine.weights", "fetch", str(folder), *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def test_a_fetched_checkpoint_is_whole_and_recorded(hub: Hub, tmp_path: Path) -> None:
    """The branch is resolved to its commit, which the manifest keeps."""
    folder = tmp_path / "weights"
    output, errors = (process := start_fetch(hub, folder, "--revision", "main")).communicate()
    assert process.returncode == 0, errors
    assert COMMIT in output
    assert errors.strip() == ""
    assert COMMIT in checkpoint.verify(folder)
    for name in FILES:
        assert (folder / name).read_bytes() == (hub.folder / name).read_bytes()


def test_a_lost_connection_is_continued_in_the_same_run(hub: Hub, tmp_path: Path) -> None:
    hub.cuts = 3
    process = start_fetch(hub, tmp_path / "weights", "--revision", COMMIT)
    _output, errors = process.communicate()
    assert process.returncode == 0, errors
    halved = (hub.folder / checkpoint.VOICE_ENCODER).stat().st_size // 2
    assert f"{checkpoint.VOICE_ENCODER} bytes={halved}-" in hub.ranges
    assert COMMIT in checkpoint.verify(tmp_path / "weights")


def test_an_address_that_expired_meanwhile_is_asked_for_anew(hub: Hub, tmp_path: Path) -> None:
    """The hub's addresses are signed for a while; 3 GB can take longer. No login is missing."""
    hub.expires, hub.cuts = True, 3
    process = start_fetch(hub, tmp_path / "weights", "--revision", COMMIT)
    _output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert hub.cuts == 0
    assert COMMIT in checkpoint.verify(tmp_path / "weights")


def test_a_network_that_is_gone_for_a_moment_is_no_error_of_the_disk(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a laptop changes its network; an error of the file is told at once."""
    opened, gone = urllib.request.urlopen, 3

    def flaky(*arguments: Any, **options: Any) -> Any:
        nonlocal gone
        gone -= 1
        if gone >= 0:
            raise OSError(errno.EHOSTUNREACH, "No route to host")
        return opened(*arguments, **options)

    monkeypatch.setattr("urllib.request.urlopen", flaky)
    monkeypatch.setattr("engine.weights.hub._WAITS_S", (0, 0, 0))
    name = checkpoint.TOKENIZER
    size = (hub.folder / name).stat().st_size
    found: Any = SimpleNamespace(location=f"{hub.address}/{REPOSITORY}/resolve/{COMMIT}/{name}")
    part = tmp_path / f"{name}.part"
    _fetch_bytes(part, found, size, lambda: found, lambda: None)
    assert part.read_bytes() == (hub.folder / name).read_bytes()


def changed_last_byte(content: bytes) -> bytes:
    """As long, and still what its header says, or JSON with a blank more."""
    return content + b" " if content.endswith(b"}") else content[:-1] + bytes([content[-1] ^ 1])


def test_an_interrupted_fetch_of_another_revision_leaves_no_manifest(
    hub: Hub, small_checkpoint: Path, tmp_path: Path
) -> None:
    """Files of both are there then: nothing may call them the old revision."""
    folder = tmp_path / "weights"
    start_fetch(hub, folder, "--revision", COMMIT).communicate()
    assert checkpoint.read_manifest(folder) is not None
    hub.folder = shutil.copytree(small_checkpoint, tmp_path / "other")
    for name in (checkpoint.TOKENIZER, checkpoint.T3):
        content = (hub.folder / name).read_bytes()
        (hub.folder / name).write_bytes(changed_last_byte(content))
    hub.held_file = checkpoint.T3
    process = start_fetch(hub, folder, "--revision", OTHER_COMMIT)
    assert hub.held_most_sent.wait(60)
    process.kill()
    process.communicate()
    changed = (hub.folder / checkpoint.TOKENIZER).read_bytes()
    assert (folder / checkpoint.TOKENIZER).read_bytes() == changed
    assert checkpoint.read_manifest(folder) is None


def test_two_fetches_into_one_folder_take_turns(hub: Hub, tmp_path: Path) -> None:
    """Both would append to one file; the second finds everything there."""
    folder = tmp_path / "weights"
    hub.held_file = checkpoint.T3
    fetches = [start_fetch(hub, folder, "--revision", COMMIT)]
    assert hub.held_most_sent.wait(60)
    fetches.append(start_fetch(hub, folder, "--revision", COMMIT))
    time.sleep(3)
    hub.released.set()
    for process in fetches:
        _output, errors = process.communicate()
        assert process.returncode == 0, errors
    assert COMMIT in checkpoint.verify(folder)


def located(hub: Hub, home: Path, *, offline: bool) -> "subprocess.CompletedProcess[str]":
    """`locate` of the branch, in a process of its own."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from engine.weights.hub import locate\n"
        "print(locate(Path(sys.argv[1]), revision='main', progress=lambda *_: None)[1])"
    )
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(home.parent / "hf-home"),
        "HF_HUB_OFFLINE": str(int(offline)),
    }
    return subprocess.run(
        [sys.executable, "-c", code, str(home)],
        env=environment,
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


def test_a_second_fetch_downloads_nothing_again(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    start_fetch(hub, folder, "--revision", COMMIT).communicate()
    hub.ranges.clear()
    process = start_fetch(hub, folder, "--revision", COMMIT)
    process.communicate()
    assert process.returncode == 0
    assert hub.ranges == []


def bytes_kept(folder: Path) -> int:
    """Length of the longest unfinished file."""
    return max((p.stat().st_size for p in folder.rglob("*.part")), default=0)


def test_a_killed_download_is_resumed_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    hub.held_file = checkpoint.T3
    first = start_fetch(hub, folder, "--revision", COMMIT)
    assert hub.held_most_sent.wait(60)
    deadline = time.monotonic() + 30
    while (kept := bytes_kept(folder)) < 2**20 and time.monotonic() < deadline:
        time.sleep(0.05)
    first.kill()
    first.communicate()
    bytes_before = bytes_kept(folder)
    hub.released.set()
    hub.ranges.clear()
    output, errors = (second := start_fetch(hub, folder, "--revision", COMMIT)).communicate()
    assert second.returncode == 0, output + errors
    resumed = [entry for entry in hub.ranges if entry.startswith(checkpoint.T3)]
    assert len(resumed) == 1
    assert int(re.findall(r"bytes=(\d+)-", resumed[0])[0]) == bytes_before >= kept
    assert COMMIT in checkpoint.verify(folder)


def test_other_bytes_than_the_pinned_ones_are_refused(hub: Hub, tmp_path: Path) -> None:
    """A hub that serves random weights under the pinned commit is not believed."""
    process = start_fetch(hub, tmp_path / "weights")
    _output, errors = process.communicate()
    assert process.returncode == 1
    assert "arrived damaged" in errors
    assert checkpoint.VOICE_ENCODER in errors
    assert len(errors.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("status", "options", "sentence"),
    [
        (None, ("--revision", "0" * 40), "has no revision"),
        (401, (), "asks for a login"),
        (418, (), "answered with HTTP 418"),
    ],
)
def test_a_refusal_is_one_clear_line(
    hub: Hub, tmp_path: Path, status: int | None, options: tuple[str, ...], sentence: str
) -> None:
    hub.refusal = status
    process = start_fetch(hub, tmp_path / "weights", *options)
    _output, errors = process.communicate()
    assert process.returncode == 1
    assert sentence in errors
    assert len(errors.strip().splitlines()) == 1
    assert "Traceback" not in errors


def test_without_a_network_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "engine.weights", "fetch", str(tmp_path / "weights")],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "give a folder that holds them" in process.stderr
    assert len(process.stderr.strip().splitlines()) == 1


def test_without_a_folder_weights_are_where_the_bot_looks(hub: Hub, tmp_path: Path) -> None:
    """`timbre.py weights fetch` and `verify` follow the settings, as the worker does."""
    home = tmp_path / "home"
    environment = {
        **environment_of(hub, tmp_path),
        "TIMBRE_ENV_FILE": "",
        "TIMBRE_HOME": str(home),
        "TIMBRE_WEIGHTS_REVISION": COMMIT,
    }

    def weights(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", "weights", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    missing = weights("verify")
    assert missing.returncode == 1
    assert "`weights fetch` downloads them" in missing.stderr
    fetched = weights("fetch")
    assert fetched.returncode == 0, fetched.stderr
    assert home.stat().st_mode & 0o077 == 0 or os.name == "nt"
    hub.ranges.clear()
    folder, commit = locate(home / "weights", revision=COMMIT, progress=lambda *_: None)
    assert (commit, hub.ranges) == (COMMIT, [])
    verified = weights("verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert str(folder) in fetched.stdout
    assert str(folder) in verified.stdout


def test_a_folder_that_the_settings_name_is_verified_and_never_fetched_over(
    small_checkpoint: Path, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "TIMBRE_ENV_FILE": "",
        "TIMBRE_HOME": str(tmp_path),
        "TIMBRE_WEIGHTS": str(small_checkpoint),
    }
    ended = [
        subprocess.run(
            [sys.executable, "-m", "bot", "weights", action],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for action in ("verify", "fetch")
    ]
    assert [process.returncode for process in ended] == [0, 1]
    assert f"{small_checkpoint}: All files are those of random" in ended[0].stdout
    assert "TIMBRE_WEIGHTS" in ended[1].stderr
