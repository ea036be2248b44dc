"""A model hub on this machine, spoken to over real HTTP."""

import hashlib
import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from engine.weights.models import MODELS

WITHHELD = 100_000
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "fedcba9876543210fedcba9876543210fedcba98"
BRANCH = re.compile(r"/api/models/(ResembleAI/[^/]+)/revision/main")
PINNED = {model.repository.revision for model in MODELS.values()}
PATH = re.compile(r"/ResembleAI/(?:chatterbox(?:-turbo|-nano)?)/resolve/([^/]+)/(.+)")


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

    def environment(self, folder: Path) -> dict[str, str]:
        """The variables of a process that uses this hub; it keeps what it likes in `folder`."""
        return {
            **os.environ,
            "HF_ENDPOINT": self.address,
            "HF_HOME": str(folder / "hf-home"),
            "HF_HUB_OFFLINE": "0",
            "HF_TOKEN": "hf_secret",
        }


class HubHandler(BaseHTTPRequestHandler):
    """The few routes that the hub's client asks for."""

    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        hub, with_body = self.server, self.command == "GET"
        if hub.refusal is not None:
            self._send(hub.refusal, b"", {})
            return
        if found := BRANCH.match(self.path):
            self._send(200, json.dumps({"id": found[1], "sha": COMMIT}).encode(), {})
            return
        match = PATH.fullmatch(self.path)
        if match is None or match[1] not in {COMMIT, OTHER_COMMIT, *PINNED}:
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
        self._send(status, content[start:], headers, match[2])

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, status: int, body: bytes, headers: dict[str, str], name: str = "") -> None:
        self.send_response(status)
        for header, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(header, value)
        self.end_headers()
        if self.command == "HEAD":
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
