"""Pictures of the page for the docs, of a real bot that speaks in a voice channel and to the page.

    python -m tests.bot.http.picturing

Writes docs/page-light.png, page-dark.png and page-narrow.png. The bot is on a Discord of its own,
with the stock voice; what the pictures say of times is of the machine that they are made on.
"""

import asyncio
import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from tests.bot.http.browser import Tab, browser, tab
from tests.end_to_end.conftest import HEART, Stage, a_stage
from tests.end_to_end.test_long_text import free_port

DOCS = Path(__file__).parents[3] / "docs"
CALLED_OUT = ("Hello everybody.", "Who has the map?", "I think that the left one is shorter.")
TYPED = (
    "Good evening. The kettle has boiled, and somebody has eaten the last biscuit.",
    "The door was open and nobody was there, so we sat down and waited for the rain to stop.",
)
WINDOWS = (("light", 1280, 900), ("dark", 1280, 900), ("narrow", 390, 844))
#: Enough for letters with soft edges and for one curve.
_COLOURS = 96


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        port = str(free_port())
        async with a_stage(home, TIMBRE_HTTP_PORT=port) as stage:
            (stage.home / "demo").mkdir()
            shutil.copy2(DOCS / "heard.png", stage.home / "demo" / "heard.png")
            await stage.alice.join(stage.lounge)
            with browser(home / "browser") as address:
                async with tab(address) as page:
                    await take(page, f"http://127.0.0.1:{port}/", stage)


async def take(page: Tab, url: str, stage: Stage) -> None:
    await page.look(prefers_color_scheme="light")
    await page.call("Emulation.setScrollbarsHidden", hidden=True)
    await page.go(url)
    await page.until("document.querySelectorAll('#voice option').length")
    for line in CALLED_OUT:
        await stage.say(stage.alice, line, voice=HEART)
    told = "document.getElementById('told').textContent"
    for line in TYPED:
        await page.value("document.getElementById('text').select()")
        await page.write(line)
        await page.press("Enter", ctrl=True)
        await page.until(f"{told}.startsWith('First sound')")
        await page.until(f"{told}.startsWith('Spoken')")
    for name, width, height in WINDOWS:
        scheme = "dark" if name == "dark" else "light"
        await page.look(width=width, height=height, prefers_color_scheme=scheme)
        await asyncio.sleep(3)  # a reading, and the picture of the sound
        shot = Image.open(io.BytesIO(await page.picture(whole=name != "narrow")))
        shot.convert("RGB").quantize(_COLOURS).save(DOCS / f"page-{name}.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(main())
