"""The demo itself: a scripted member makes the real bot speak, and what is heard is measured.

Everything is taken from the outside: times where packets arrive, the engine and the cache from the
bot's own `/status`.
"""

import asyncio
import math
import platform
import re
import tempfile
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from bot import __version__
from bot.base.bucket import ObjectsSettings
from bot.base.home import prepare_home
from bot.demo.bot_process import BotEnded, BotProcess
from bot.demo.picture import Caption, draw
from bot.demo.report import Report, SpokenLine
from bot.demo.timeline import Step, Timeline
from bot.http.limits import HttpSettings
from bot.loopback import Heard, LoopbackDiscord, Member, VoiceChannel
from bot.loopback.heard import PACKET_S, SAMPLE_RATE
from bot.loopback.server import BUSY_MACHINE_S
from bot.settings import Settings, SettingsError, given, variable_names

LINES = (
    "Hello! I am Timbre, and this is what I sound like.",
    "Whatever you type is spoken here, word for word, as soon as you have sent it.",
    "Whatever you type is spoken here, word for word, as soon as you have sent it.",
)
#: Settings of what one bot alone has.
_THE_OPERATORS = (
    "TIMBRE_DATABASE",
    *variable_names(ObjectsSettings),
    *variable_names(HttpSettings),
)
_GAP_MS = 40.0
#: Speaking two sentences takes seconds; more means that something is wrong.
_PATIENCE_S = 120.0
#: The goal for speech that was said before, from the interaction to the first audible packet.
CACHED_FIRST_AUDIBLE_MS = 120.0
#: After this much quiet a line is over: no pause inside a sentence is as long.
_QUIET_MS = 900.0


class DemoFailure(Exception):
    """The demo could not be carried out; `str(error)` says what went wrong."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    line: SpokenLine
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class _Status:
    engine: str
    reason: str
    cache_hits: int


async def demo(settings: Settings, out: Path) -> int:
    """Run the demo, leave its recording, picture and report in `out`. Returns the exit code.

    1 if something audible was sent unencrypted, a line was interrupted, or nothing was heard.
    Raises `SettingsError` where `out` cannot be written.
    """
    console = Console()
    try:
        if out.is_relative_to(settings.home):
            await asyncio.to_thread(prepare_home, settings.home)
        await asyncio.to_thread(out.mkdir, parents=True, exist_ok=True)
        # An empty home: otherwise the second demo would show nothing but the first one's cache.
        with tempfile.TemporaryDirectory(prefix="timbre-demo-") as home, Timeline(console) as shown:
            report, heard, spoken = await _perform(shown, settings, out, Path(home))
        await asyncio.to_thread(_leave_behind, out, heard, report, spoken)
    except (DemoFailure, BotEnded, TimeoutError) as error:
        console.print(
            f"\n[red]{error or 'It took too long.'}[/] The bot's log is {out / 'bot.log'}."
        )
        return 1
    except OSError as error:
        which = "TIMBRE_HOME" if out.is_relative_to(settings.home) else "--out"
        raise SettingsError(f"{which} cannot be written: {error}") from error
    return _verdict(console, report, out)


async def _perform(
    timeline: Timeline, settings: Settings, out: Path, home: Path
) -> tuple[Report, Heard, list[_Spoken]]:
    begun = time.monotonic()
    async with LoopbackDiscord(acknowledge_within_s=BUSY_MACHINE_S) as discord:
        guild = discord.add_guild("The workshop")
        guild.add_text_channel("general")
        channel = guild.add_voice_channel("Lounge")
        alice = guild.add_member("Alice")
        # Only who runs a bot is told why it cannot speak, and how often its cache served.
        owner = guild.add_member("Owner", user=discord.owner)
        environment = {
            **given(),
            # The operator's bot may be running: its port is taken, and its database is no demo's.
            **dict.fromkeys(_THE_OPERATORS, ""),
            "TIMBRE_ENV_FILE": "",  # or what is empty here would be read there
            **discord.environment(),
            "TIMBRE_HOME": str(home),
            # What was downloaded once serves every demo.
            "TIMBRE_WEIGHTS_HOME": str(settings.engine.weights_folder),
            "TIMBRE_ENGINE": settings.engine.engine,
        }
        async with BotProcess(environment, out / "bot.log") as bot:
            with timeline.step("start the bot and connect it to a Discord on 127.0.0.1"):
                await bot.until(discord.wait_for_bot())
            ready_s = time.monotonic() - begun
            with timeline.step("load the speech engine") as loading:
                await bot.until(_engine_ready(owner, loading))
            with timeline.step("Alice goes into the voice channel"):
                await alice.join(channel)
            # The one that stays a member's goes by their id, which is new in every demo.
            for voice in (await alice.autocomplete("voice use", focused="voice"))[:1]:
                with timeline.step(f"/voice use {voice['name']}") as use:
                    chosen = await alice.slash("voice use", voice=str(voice["value"]))
                    use.note = (await chosen.reply()).content
            with timeline.step("/join") as join:
                join.note = await _answer(alice, "join")
            spoken = [await _speak(timeline, alice, owner, channel, text) for text in LINES]
            status = await _status(owner)
            with timeline.step("/leave") as leave:
                leave.note = await _answer(alice, "leave")
            with timeline.step("stop the bot"):
                code = await bot.stop()
        if code != 0:
            raise BotEnded(f"The bot ended with exit code {code}.")
        heard = await channel.heard()
    report = Report(
        timbre=__version__,
        engine=status.engine,
        reason=status.reason,
        platform=f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        bot_ready_s=round(ready_s, 2),
        join_ms=round(join.elapsed_ms, 1),
        lines=[each.line for each in spoken],
        lost_packets=heard.lost,
        bot_stopped_s=round(bot.stopped_s or 0.0, 2),
    )
    return report, heard, spoken


async def _speak(
    timeline: Timeline, alice: Member, owner: Member, channel: VoiceChannel, text: str
) -> _Spoken:
    before = await _status(owner)
    with timeline.step(f"/say {text}") as step:
        sent_s = time.monotonic()
        interaction = await alice.slash("say", text=text)
        sounding = asyncio.create_task(channel.first_sound(since_s=sent_s, timeout_s=_PATIENCE_S))
        replying = asyncio.create_task(interaction.reply(timeout_s=_PATIENCE_S))
        await asyncio.wait({sounding, replying}, return_when=asyncio.FIRST_COMPLETED)
        if not sounding.done() and not replying.result().content.startswith(("Speak", "Queued")):
            raise DemoFailure(f"The bot said: {replying.result().content}")
        first_s = await sounding
        first_ms = (first_s - sent_s) * 1000
        step.note = f"heard after {first_ms:,.0f} ms"
        heard = await channel.heard(since_s=sent_s, quiet_ms=_QUIET_MS, timeout_s=_PATIENCE_S)
        await replying
    after = await _status(owner)
    (utterance,) = heard.utterances(pause_ms=math.inf)
    line = SpokenLine(
        text=text,
        engine=after.engine,
        cache_hit=after.cache_hits > before.cache_hits,
        first_audible_ms=round(first_ms, 1),
        lead_in_ms=_lead_in_ms(heard, first_s),
        seconds=round(utterance.end_s - utterance.start_s, 2),
        packets=len(utterance.packets),
        unencrypted_audible_packets=heard.unencrypted_audible,
        gaps_over_40_ms=[round(gap.length_ms, 1) for gap in utterance.gaps(_GAP_MS)],
    )
    step.note += ", from the cache" if line.cache_hit else ", newly synthesised"
    return _Spoken(line, utterance.start_s, utterance.end_s)


def _lead_in_ms(heard: Heard, first_audible_s: float) -> int:
    silent = [p for p in heard.packets if p.arrived_s < first_audible_s and p.is_silence_frame]
    return round(len(silent) * PACKET_S * 1000)


async def _answer(member: Member, command: str) -> str:
    return (await (await member.slash(command)).reply()).content


async def _fields(member: Member) -> dict[str, str]:
    reply = await (await member.slash("status")).reply()
    return {field["name"]: field["value"] for field in reply.embeds[0]["fields"]}


async def _status(member: Member) -> _Status:
    fields = await _fields(member)
    engine, _, reason = fields.get("Engine", "").partition("\n> ")
    hits = re.match(r"\d+", fields["Cache"])
    return _Status(engine.partition(":")[0], reason, int(hits.group()) if hits else 0)


async def _engine_ready(owner: Member, step: Step) -> None:
    """Wait as long as it takes: the first time, 3 GB of weights may have to be downloaded."""
    while True:
        fields = await _fields(owner)
        state, _, step.note = fields["Worker"].partition("\n> ")
        if state == "ready":
            return
        if state == "unavailable":
            raise DemoFailure(step.note)
        await asyncio.sleep(0.25)


def _leave_behind(out: Path, heard: Heard, report: Report, spoken: Sequence[_Spoken]) -> None:
    with wave.open(str(out / "heard.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(heard.pcm.tobytes())
    captions = [
        Caption(
            each.line.text,
            each.start_s - heard.start_s,
            each.end_s - heard.start_s,
            f"{each.line.first_audible_ms:,.0f} ms" + (" (cache)" if each.line.cache_hit else ""),
            cached=each.line.cache_hit,
        )
        for each in spoken
    ]
    title = "What the voice channel heard (word positions are estimated from their length)"
    draw(heard.pcm, SAMPLE_RATE, captions, title, out / "heard.png")
    encoded = msgspec.json.format(msgspec.json.encode(report), indent=2)
    (out / "report.json").write_bytes(encoded + b"\n")


def _verdict(console: Console, report: Report, out: Path) -> int:
    console.print(f"\nThe {report.engine} engine spoke. {report.reason}", highlight=False)
    for name in ("heard.wav", "heard.png", "report.json"):
        console.print(f"  {out / name}", highlight=False)
    unencrypted = sum(line.unencrypted_audible_packets for line in report.lines)
    gaps = sum(len(line.gaps_over_40_ms) for line in report.lines)
    if unencrypted or gaps:
        console.print(
            f"[red]{unencrypted} audible packets were not end-to-end encrypted, "
            f"{gaps} gaps were longer than 40 ms.[/]"
        )
        return 1
    console.print("[green]Everything was end-to-end encrypted, without a gap.[/]")
    slow = [
        line.first_audible_ms
        for line in report.lines
        if line.cache_hit and line.first_audible_ms > CACHED_FIRST_AUDIBLE_MS
    ]
    if slow:
        console.print(
            f"[yellow]From the cache it took {slow[0]:.0f} ms; the goal is "
            f"{CACHED_FIRST_AUDIBLE_MS:.0f} ms on two free cores.[/]"
        )
    return 0
