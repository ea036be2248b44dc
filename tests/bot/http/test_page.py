"""The operator's page, in a real browser: what it plays, shows and asks for, and for whom.

Left out where there is no Chromium; what the server alone does is in test_page_server.py.

Longer than most files: all of it needs the one browser.
"""

import base64
import importlib.util
import io
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from data.store import Store
from engine.speech import FloatArray, Priority, Speech, SpeechRequest
from tests.bot.http.browser import Tab, browser, browser_there, tab
from tests.bot.http.serving import TOKEN, Served, serving
from tests.bot.speech.tones import Tones
from tests.waiting import until

pytestmark = pytest.mark.skipif(
    browser_there() is None, reason="the page is tried in Chromium, which is not installed here"
)

RATE, PITCH_HZ, PIECE_S = 24_000, 300, 1.0
HEARD = Path(__file__).parents[3] / "docs" / "heard.png"
#: Listens and records where the page's sound leaves it, and notes what is put on its time line.
LISTENING = """{
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...more) {
  if (to instanceof AudioDestinationNode) {
    window.ear = new AnalyserNode(this.context);
    connect.call(this, window.ear);
    const tape = new MediaStreamAudioDestinationNode(this.context);
    connect.call(this, tape);
    window.recorder = new MediaRecorder(tape.stream);
    window.recorder.start();
  }
  return connect.call(this, to, ...more);
};
window.scheduled = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when) {
  window.scheduled.push([when, Array.from(this.buffer.getChannelData(0))]);
  return start.call(this, when);
};
window.sounds = () => {
  const wave = new Float32Array(window.ear?.fftSize ?? 0);
  window.ear?.getFloatTimeDomainData(wave);
  return wave.some((one) => Math.abs(one) > 0.05);
};
window.recording = () => new Promise((resolve) => {
  window.recorder.ondataavailable = ({ data }) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split("base64,")[1]);
    reader.readAsDataURL(data);
  };
  window.recorder.stop();
});
window.asking = 0;
const ask = window.fetch;
window.fetch = async (...what) => {
  window.asking++;
  try {
    return await ask(...what);
  } finally {
    window.asking--;
  }
};
}"""


class LongTones(Tones):
    """Makes a second of one tone of each piece; `first_alone` holds the others back."""

    first_alone = False

    async def synthesise(self, request: SpeechRequest) -> Speech:
        if self.first_alone and self.asked:
            self.hold.clear()
        await super().synthesise(request)
        t = np.arange(round(PIECE_S * RATE)) / RATE
        pcm = (0.2 * np.sin(2 * np.pi * PITCH_HZ * t)).astype(np.float32)
        return Speech(pcm=pcm, sample_rate=RATE)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with browser(tmp_path_factory.mktemp("browser")) as address:
        yield address


@pytest.fixture
def tones() -> Tones:
    return LongTones()


@asynccontextmanager
async def opened(chromium: str, served: Served) -> AsyncIterator[Tab]:
    """The page as it opens; at the end it has complained of nothing and asked nobody else."""
    async with tab(chromium) as page:
        await page.look()
        await page.at_start(LISTENING)
        await page.go(served.url("/"))
        yield page
        assert page.problems == []
        assert all(url.startswith((served.server.address, "blob:")) for url in page.asked)


@pytest.fixture
async def page(chromium: str, served: Served) -> AsyncIterator[Tab]:
    async with opened(chromium, served) as shown:
        await shown.until("document.querySelectorAll('#voice option').length")
        yield shown


def samples_in(file: bytes) -> tuple[FloatArray, int]:
    """The mono samples of a recording, and their rate."""
    with av.open(io.BytesIO(file)) as container:
        frames = list(container.decode(audio=0))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].sample_rate


def text_of(id_: str) -> str:
    return f"document.getElementById('{id_}').textContent"


async def barriers(page: Tab) -> list[object]:
    """What axe-core finds, or is not sure of, in the page as it is."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    await page.value((Path(spec.origin).parent / "axe.min.js").read_text("utf-8") + ";0")
    found = await page.value(
        "axe.run({resultTypes: ['violations', 'incomplete']})"
        ".then(({violations, incomplete}) => [violations, incomplete].flat()"
        ".map((one) => [one.id, one.nodes.map((node) => [node.html, node.failureSummary])]))"
    )
    assert isinstance(found, list)
    return found


async def tab_to(page: Tab, id_: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(30):
        if await page.value(f"document.activeElement.id === '{id_}'"):
            return
        await page.press("Tab")
    raise AssertionError(f"no Tab leads to {id_}")


async def test_a_line_is_typed_chosen_and_heard_by_keyboard_alone(page: Tab, tones: Tones) -> None:
    await tab_to(page, "text")
    await page.write(text := "One is here. Two is there. " * 12)
    await tab_to(page, "voice")
    await page.press("ArrowDown")
    assert await page.value("document.getElementById('voice').value") == "ben"
    await tab_to(page, "volume")
    await page.press("Tab")
    assert await page.value("document.activeElement.textContent") == "Speak"
    await page.press("Enter")

    told = await page.until(f"/^Spoken/.test({text_of('told')}) && {text_of('told')}")
    assert re.fullmatch(r"Spoken: \d\.0 s, first sound after [\d.]+ m?s\.( It fell .*)?", told)
    assert {one.voice.identity for one in tones.asked} == {"stock:ben"}
    assert text.strip()[:100] in await page.value(text_of("history"))

    heard, rate = samples_in(base64.b64decode(await page.value("recording()")))
    loud = np.abs(heard) > 0.02
    assert np.sum(loud) > rate / 2
    loudest = np.argmax(np.abs(np.fft.rfft(heard)))
    assert loudest * rate / len(heard) == pytest.approx(PITCH_HZ, abs=5)


async def test_all_of_a_text_is_put_end_to_end_and_the_first_sounds_before_the_last_is_made(
    page: Tab, served: Served, tones: Tones
) -> None:
    text, tones.first_alone = "One is here. Two is there. " * 12, True
    await page.value("document.getElementById('text').focus()")
    await page.write(text)
    await page.press("Enter", ctrl=True)
    await page.until(f"{text_of('told')}.startsWith('First sound after')")
    await until(lambda: not tones.hold.is_set())
    tones.first_alone = False
    tones.hold.set()
    told = await page.until(f"/^Spoken/.test({text_of('told')}) && {text_of('told')}")
    order = {"input": text, "response_format": "pcm"}
    async with served.session.post(served.url("/v1/audio/speech"), json=order) as response:
        wanted = np.frombuffer(await response.read(), "<i2") / 32768
    scheduled = await page.value("scheduled")
    assert np.array_equal(np.concatenate([samples for _, samples in scheduled]), wanted)
    ends = [when + len(samples) / RATE for when, samples in scheduled]
    apart = np.array([when for when, _ in scheduled[1:]]) - np.array(ends[:-1])
    gaps = re.search(r"fell silent (once|\d+)", told)  # on a busy machine, and then it says so
    assert len(scheduled) > 1
    assert np.sum(np.abs(apart) > 1e-6) == (
        0 if gaps is None else 1 if gaps[1] == "once" else int(gaps[1])
    )


async def test_it_stops_at_once_and_the_engine_with_it(
    page: Tab, served: Served, tones: Tones
) -> None:
    await page.value("document.getElementById('text').focus()")
    await page.value("document.getElementById('text').value = 'One is here. '.repeat(8000)")
    await page.press("Enter", ctrl=True)
    await page.until("sounds()")
    await page.press("Escape")
    assert (await page.value(text_of("told"))).startswith("Stopped.")
    await page.until("!sounds()")
    assert await page.value("document.getElementById('stop').disabled")
    await until(lambda: not served.server._speech.speaking, 60)
    assert len(tones.asked) < 500  # of more than 1000
    await page.value("document.getElementById('text').select()")
    await page.write("Another.")
    await page.press("Enter", ctrl=True)
    await page.until(f"{text_of('told')}.startsWith('Spoken')")
    assert tones.asked[-1].text == "Another."


async def test_what_cannot_be_said_is_told_in_the_servers_sentence(page: Tab) -> None:
    await page.value("document.getElementById('text').focus()")
    await page.write("unspeakable")
    await page.press("Enter", ctrl=True)
    assert await page.until(text_of("problem")) == "That cannot be said."
    assert await page.value(text_of("told")) == ""


async def test_figures_are_live_and_pause(page: Tab, served: Served, tones: Tones) -> None:
    tones.waiting = {Priority.FIRST_SOUND: 3, Priority.BACKGROUND: 4}
    for ms in (120, 130, 480):
        served.metrics.first_sound.add(ms)
    served.metrics.synthesised(0.2, 2.0)
    shown = "document.getElementById('figures').innerText"
    # How much memory the bot takes is looked up now and then.
    full = f"{shown}.includes('130 ms') && /Bot\\s+[\\d.]+ [MG]iB/.test({shown}) && {shown}"
    figures = await page.until(full)
    assert re.search(r"Waiting in the queue\s+7\s", figures)
    assert re.search(r"For a first sound\s+3\s", figures)
    assert re.search(r"Making a second of speech, live\s+100 ms", figures)
    label = "document.querySelector('#figures svg').getAttribute('aria-label')"
    assert re.search(r"between 0 and 7\.|at 7\.", await page.value(label))
    assert await page.value(text_of("engine")) == "Ready: sine (tones) on cpu, fp32."

    await page.value("document.getElementById('pause').click()")
    assert await page.value("document.getElementById('pause').ariaPressed") == "true"
    await page.until("!asking")
    tones.waiting = {Priority.FIRST_SOUND: 9}
    await page.value("new Promise((resolve) => setTimeout(resolve, 3000))")
    assert "\n9\n" not in await page.value(shown)
    await page.value("document.getElementById('pause').click()")
    await page.until(f"{shown}.includes('\\n9\\n')")


async def test_a_wrong_token_gets_one_sentence_and_the_right_one_everything(
    chromium: str, tones: Tones, store: Store, tmp_path: Path
) -> None:
    async with (
        serving(tones, store, tmp_path, token=TOKEN) as served,
        opened(chromium, served) as page,
    ):
        await page.until("document.activeElement.id === 'token'")
        assert "TIMBRE_HTTP_TOKEN" in await page.value(text_of("token-told"))
        assert await barriers(page) == []
        await page.write("wrong, and with spaces")
        await page.press("Enter")
        await page.until(f"{text_of('token-told')} === 'That token is wrong.'")
        assert (
            await page.value("document.querySelectorAll('#voice option, #figures dd').length") == 0
        )
        await page.value("document.getElementById('token').select()")
        await page.write(TOKEN)
        await page.press("Enter")
        await page.until("document.querySelectorAll('#voice option').length")
        assert await page.value("document.getElementById('access').hidden")
        assert await page.value("document.activeElement.id") == "text"
        # It is kept for this tab alone, and no address has it.
        assert await page.value("[localStorage.length, document.cookie]") == [0, ""]
        assert not any(TOKEN in url for url in page.asked)


async def test_pictures_are_shown_with_their_figures_in_words(
    chromium: str, tones: Tones, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "demo").mkdir()
    shutil.copy(HEARD, tmp_path / "demo" / "heard.png")
    report = {"lines": [{"text": "Hello there.", "first_audible_ms": 312.4}]}
    (tmp_path / "demo" / "report.json").write_text(json.dumps(report))
    async with serving(tones, store, tmp_path) as served, opened(chromium, served) as page:
        await page.until("document.querySelector('#pictures img')?.naturalWidth > 1000")
        assert "“Hello there.”: heard after 312 ms." in await page.value(text_of("pictures"))


async def test_it_is_accessible_in_light_and_dark_wide_and_narrow(page: Tab, tones: Tones) -> None:
    """By axe-core's rules, contrast among them: https://github.com/dequelabs/axe-core."""
    tones.waiting = {Priority.BACKGROUND: 4}
    await page.value("document.getElementById('text').focus()")
    await page.write("Good evening.")
    await page.press("Enter", ctrl=True)
    await page.until(f"{text_of('told')}.startsWith('Spoken')")
    for scheme, width in (("light", 1280), ("dark", 360)):
        await page.look(width=width, prefers_color_scheme=scheme)
        assert await barriers(page) == []
        assert await page.value("document.documentElement.scrollWidth") <= width
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = await page.value(ground)
    await page.look(prefers_color_scheme="light")
    assert await page.value(ground) != dark
