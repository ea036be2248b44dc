"""A real, headless Chromium, spoken to by its DevTools protocol: https://chromedevtools.github.io/devtools-protocol/.

Debian has it as `chromium` or, without a window, `chromium-headless-shell`.
"""

import asyncio
import base64
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
#: How long the browser may take for anything, on a machine that does much else.
_PATIENCE_S = 120.0
#: How long it may take to put its things away.
_ENDING_S = 20.0
#: Keys by their names, with their codes: https://www.w3.org/TR/uievents-code/.
_KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, "Space": 32, "ArrowRight": 39, "ArrowDown": 40}
_TEXTS = {"Enter": "\r", "Space": " "}


def browser_there() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def browser(profile: Path) -> Iterator[str]:
    """Start one; yields the address of its protocol."""
    program = browser_there()
    assert program is not None
    command = [
        program,
        "--headless",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        "--disable-gpu",
        "--disable-extensions",
        "--disable-component-update",
        "--disable-background-networking",
        "--no-first-run",
        "--mute-audio",
        # Root has no sandbox, and a container little /dev/shm. The pages are our own.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "about:blank",
    ]
    # It ends with the pipe at its descriptor 3, however this process comes to end. Killing it would
    # not do: Debian's program is a script that waits for the real one.
    command = ["sh", "-c", 'exec "$0" "$@" 3<&0 4>/dev/null', *command, "--remote-debugging-pipe"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
    ) as process:
        try:
            yield _address(process, profile / "DevToolsActivePort")
        finally:
            assert process.stdin is not None
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_ENDING_S)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _address(process: subprocess.Popen[bytes], told: Path) -> str:
    """Where a browser listens, as soon as it has written that down: its port, then a path."""
    until_s = time.monotonic() + _PATIENCE_S
    while not (told.exists() and told.read_text().count("\n") == 1):
        if process.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError(f"{process.args} did not start; its exit code is {process.poll()}")
        time.sleep(0.05)
    port, path = told.read_text().splitlines()
    return f"ws://127.0.0.1:{port}{path}"


class Tab:
    """One page. `problems` has what it complained of: errors, and what its policy refused."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._session: str | None = None
        self.problems: list[str] = []
        self.asked: list[str] = []

    async def open(self, context: str) -> None:
        target = await self.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Raises `RuntimeError` where the browser refuses."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        session = {"sessionId": self._session} if self._session else {}
        await self._socket.send_json({"id": number, "method": method, "params": params, **session})
        async with asyncio.timeout(_PATIENCE_S):
            return await answer

    async def listen(self) -> None:
        async for message in self._socket:
            told = message.json()
            if answer := self._answers.pop(told.get("id"), None):
                if "error" in told:
                    answer.set_exception(RuntimeError(str(told["error"])))
                else:
                    answer.set_result(told["result"])
                continue
            params = told.get("params", {})
            match told.get("method"):
                case "Runtime.exceptionThrown":
                    self.problems.append(str(params["exceptionDetails"]))
                # That a request was refused is for the page to tell.
                case "Log.entryAdded" if (
                    params["entry"]["level"] == "error" and params["entry"]["source"] != "network"
                ):
                    self.problems.append(params["entry"]["text"])
                case "Network.requestWillBeSent":
                    self.asked.append(params["request"]["url"])

    async def go(self, url: str) -> None:
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def at_start(self, script: str) -> None:
        """Have every page run a script before its own."""
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=script)

    async def value(self, expression: str) -> Any:
        """Of an expression in the page, which may be a promise. Raises `RuntimeError`."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    async def until(self, expression: str) -> Any:
        """The value of an expression as soon as it is true."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not (value := await self.value(expression)):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            shown = await self.value("document.body.innerText")
            raise AssertionError(f"{expression} never became true; the page has: {shown}") from None
        return value

    async def press(self, key: str, *, ctrl: bool = False, shift: bool = False) -> None:
        params = {
            "key": " " if key == "Space" else key,
            "code": key,
            "windowsVirtualKeyCode": _KEYS[key],
            "modifiers": 2 * ctrl + 8 * shift,
        }
        text = {} if ctrl else {"text": _TEXTS[key]} if key in _TEXTS else {}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **params, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **params)

    async def write(self, text: str) -> None:
        """Type into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def look(self, *, width: int = 1280, height: int = 900, **media: str) -> None:
        """Have a window of this size and such preferences, as `prefers_color_scheme="dark"`."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [{"name": name.replace("_", "-"), "value": each} for name, each in media.items()]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def picture(self, *, whole: bool = True) -> bytes:
        """A PNG of the page, or of what the window shows of it."""
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def tab(address: str) -> AsyncIterator[Tab]:
    """A page that shares nothing with others, in the browser at `address`."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, max_msg_size=2**26) as socket,
    ):
        opened = Tab(socket)
        listening = asyncio.create_task(opened.listen())
        try:
            context = await opened.call("Target.createBrowserContext", disposeOnDetach=True)
            await opened.open(context["browserContextId"])
            yield opened
        finally:
            listening.cancel()
