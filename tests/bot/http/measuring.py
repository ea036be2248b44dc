"""What HTTP adds to the engine, and what fifty clients do to whoever listens.

    python -m tests.bot.http.measuring

Prints the rows of docs/benchmarks/http.md. The engine is one of tones with a real backlog: it takes
100 ms for the 4 s of speech that a first piece is, and no time of the processor, so that what is
measured is all that comes before and after it.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path

import psutil

from bot.speech.audio.formats import FORMATS, FormatName, GrowingFile
from data.store import Store
from engine.speech import Priority, SpeechRequest
from tests.bot.http.serving import Served, serving
from tests.bot.speech.tones import OneByOne

ROUNDS, CLIENTS = 30, 50
ENGINE_S, SPEECH_S = 0.1, 4.0
LINE = "Number {} of all the lines is said, and nobody has heard it before."
Ask = Callable[[Served, str, FormatName], Awaitable[tuple[float, float]]]
BOOK = " ".join("The door was open and nobody was there, so we sat down." for _ in range(400))


async def asked(served: Served, text: str, name: FormatName) -> tuple[float, float]:
    """Read all of a text, and say after how many seconds its first sound came.

    And how many of them a processor was at work, for the client too.
    """
    order = {"input": text, "response_format": name}
    head = head_bytes(name)
    begun, worked = time.perf_counter(), time.process_time()
    async with served.session.post(served.url("/v1/audio/speech"), json=order) as response:
        came = 0
        while came <= head:
            came += len(await response.content.readany())
        first = time.perf_counter() - begun, time.process_time() - worked
        await response.read()
    return first


async def asked_by_openai(served: Served, text: str, name: FormatName) -> tuple[float, float]:
    """The same by OpenAI's own client."""
    head, came, first = head_bytes(name), 0, None
    begun, worked = time.perf_counter(), time.process_time()
    async with served.client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="anna", input=text, response_format=name
    ) as response:
        async for part in response.iter_bytes():
            came += len(part)
            if first is None and came > head:
                first = time.perf_counter() - begun, time.process_time() - worked
    assert first is not None
    return first


@lru_cache
def head_bytes(name: FormatName) -> int:
    """How long a file is before there is sound in it."""
    return len(GrowingFile(name, 24_000)._written.taken())


async def engines_s(tones: OneByOne, text: str, priority: Priority) -> float:
    begun = time.perf_counter()
    await tones.synthesise(SpeechRequest(text=text, guild_id=5, user_id=5, priority=priority))
    return time.perf_counter() - begun


async def show_added(
    tones: OneByOne, served: Served, name: FormatName, ask: Ask, client: str = ""
) -> None:
    """From a request to its first sound, less what the engine alone takes, asked in turn."""
    added, work = [], []
    for number in range(ROUNDS + 1):
        line = LINE.format(f"{name} {number}{client}")
        alone_s = await engines_s(tones, line, Priority.BACKGROUND)
        first_s, worked_s = await ask(served, line, name)
        added.append((first_s - alone_s) * 1000)
        work.append(worked_s * 1000)
    # The first loads libraries.
    print(row(f"first sound, {name}{client}", added[1:]))
    print(row(f"work of the processor until then, {name}{client}", work[1:]))


def row(what: str, measured: list[float]) -> str:
    cells = statistics.median(measured), statistics.quantiles(measured, n=20)[-1], max(measured)
    return f"| {what} | {' | '.join(f'{one:.1f}' for one in cells)} |"


async def measure(tones: OneByOne, served: Served) -> None:
    for name in FORMATS:
        await show_added(tones, served, name, asked)
    for name in ("wav", "pcm"):
        await show_added(tones, served, name, asked_by_openai, ", OpenAI's client")
    live = [await engines_s(tones, f"Live {n}.", Priority.FIRST_SOUND) for n in range(ROUNDS)]
    print(row("a live piece alone", [one * 1000 for one in live]))
    process = psutil.Process()
    before = process.memory_info().rss
    texts = [f"Book {n}. {BOOK}" for n in range(CLIENTS)]
    books = [asyncio.create_task(asked(served, text, "mp3")) for text in texts]
    while len(tones.begun) < 2 * CLIENTS:
        await asyncio.sleep(0.1)
    memory = []
    live = []
    for number in range(ROUNDS):
        live.append(await engines_s(tones, f"Among {number}.", Priority.FIRST_SOUND) * 1000)
        memory.append((process.memory_info().rss - before) / 2**20)
    print(row(f"a live piece among {CLIENTS} books", live))
    print(
        f"memory since the {CLIENTS} came, MiB: {memory[0]:.0f} at first, {memory[-1]:.0f} at last"
    )
    for book in books:
        book.cancel()
    await asyncio.wait(books)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        tones = OneByOne(ENGINE_S, speech_s=SPEECH_S)
        store = await Store.open(home / "timbre.db", time.time)
        try:
            async with serving(tones, store, home) as served:
                await measure(tones, served)
        finally:
            await store.close()


if __name__ == "__main__":
    asyncio.run(main())
