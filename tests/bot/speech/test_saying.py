"""One way from a member and a text to what is said: the words, the voice, how loud.

Longer than most files: every choice that a line meets is made in one place.
"""

import asyncio
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import discord
import pytest
from msgspec.structs import replace

from bot.base.errors import UserError
from bot.speech.detection import Detector
from bot.speech.languages import LANGUAGES
from bot.speech.line_languages import LineLanguages
from bot.speech.names import CalledNames
from bot.speech.pronouncing import Pronouncing
from bot.speech.reading import NothingToSay, Reader
from bot.speech.saying import Sayings
from bot.speech.speaker import Speaker
from bot.text import SOUNDS, PronunciationLimits, TextLimits
from data.bars import Bar
from data.store import Store
from engine.errors import SynthesisFailed, WorkerUnavailable
from engine.speech import ClonedVoice, StockVoice, Voice
from tests.bot.speech.tones import Tones, info, service

HERE = 77
CLONED = ClonedVoice(clip_sha256="0" * 64, clip_path="clip.flac")
GUILD = discord.Object(HERE)  # none of the texts mentions anybody


class Member(discord.Object):
    display_name = "Alice"
    guild = GUILD


ALICE = Member(7)


class Chosen:
    """Everybody speaks in one voice."""

    def __init__(self) -> None:
        self.voice: Voice = StockVoice()
        self.language: str | None = None

    async def speaker(
        self, asked: str | None, *, user_id: int, guild_id: int, kind: Bar = Bar.SAY
    ) -> Speaker:
        del kind
        voice = StockVoice(asked) if asked else self.voice
        return Speaker(voice, guild_id=guild_id, user_id=user_id, voice_language=self.language)


@pytest.fixture
def chosen() -> Chosen:
    return Chosen()


@pytest.fixture
def sayings(chosen: Chosen, tones: Tones, store: Store, tmp_path: Path) -> Sayings:
    tones.engine = info(stock_voices=("one", "two", "three"))
    return Sayings(
        service(tones, store, tmp_path),
        chosen,
        Reader(TextLimits(), lambda: datetime(2026, 1, 1, tzinfo=UTC)),
        Pronouncing(store, PronunciationLimits()),
        languages=LineLanguages(store.member_languages, store.guild_settings, Detector()),
        called=CalledNames(store.member_words, store.guild_settings, store.bars),
        guild_settings=store.guild_settings,
    )


@pytest.mark.parametrize(
    ("chunk_s", "aloud", "pieces"),
    [
        (0.0, True, ["I will be there in ten minutes."]),
        (0.45, True, ["I will be there in", "ten minutes."]),
        (0.45, False, ["I will be there in ten minutes."]),
    ],
    ids=["a fast engine", "a slow one", "for a file"],
)
async def test_what_is_heard_of_a_slow_engine_begins_with_less(
    sayings: Sayings, tones: Tones, *, chunk_s: float, aloud: bool, pieces: list[str]
) -> None:
    tones.engine = info(stock_voices=("one", "two", "three"), chunk_s=chunk_s)
    saying = await sayings.of_member("I will be there in ten minutes.", ALICE, GUILD, aloud=aloud)
    await saying.ogg()
    assert [request.text for request in tones.asked] == pieces


@pytest.mark.parametrize("server", [None, "three"])
@pytest.mark.parametrize("voice", [StockVoice(), CLONED], ids=["no voice", "a clone"])
async def test_a_member_has_one_voice_whichever_way_they_speak(
    sayings: Sayings,
    chosen: Chosen,
    tones: Tones,
    store: Store,
    *,
    server: str | None,
    voice: Voice,
) -> None:
    """By command, in live reading, under their name, and in a preview, where nothing is cloned."""
    chosen.voice = voice
    await store.guild_settings.update(HERE, lambda now: replace(now, stock_voice=server))
    for saying in (
        await sayings.of_member("commands that make me speak", ALICE, GUILD, aloud=False),
        await sayings.of_member("in live reading", ALICE, GUILD, max_chars=100),
        await sayings.opening(ALICE, HERE),
        await sayings.in_voice(["a preview"], Speaker(voice, guild_id=HERE, user_id=ALICE.id)),
    ):
        await saying.ogg()
    assert [request.text for request in tones.asked] == [
        "commands that make me speak",
        "in live reading",
        "Alice says:",
        "a preview",
    ]
    names = [request.voice.name for request in tones.asked]
    assert set(names) == {server or names[0]}
    assert names[0] != "one"  # it is the member's own, not the engine's first


async def test_a_voice_that_is_asked_for_comes_before_the_servers(
    sayings: Sayings, tones: Tones, store: Store
) -> None:
    await store.guild_settings.update(HERE, lambda now: replace(now, stock_voice="three"))
    await (await sayings.of_member("hello", ALICE, GUILD, voice="two")).ogg()
    assert tones.asked[0].voice == StockVoice("two")


@pytest.mark.parametrize("server", [None, "three", "gone"])
async def test_who_comes_is_announced_in_the_servers_voice(
    sayings: Sayings, tones: Tones, store: Store, server: str | None
) -> None:
    await store.guild_settings.update(HERE, lambda now: replace(now, stock_voice=server))
    saying = await sayings.announcement(ALICE, came=True)
    await saying.ogg()
    assert saying.text == "Alice joined."
    assert tones.asked[0].voice == StockVoice("three" if server == "three" else "one")


async def test_a_servers_volume_is_for_what_is_said_aloud(sayings: Sayings, store: Store) -> None:
    await store.guild_settings.update(HERE, lambda now: replace(now, volume_percent=40))
    aloud = await sayings.of_member("hello", ALICE, GUILD)
    file = await sayings.of_member("hello", ALICE, GUILD, aloud=False)
    assert (aloud.speaker.volume_percent, file.speaker.volume_percent) == (40, 100)


async def test_words_are_said_as_the_member_and_the_server_say_them(
    sayings: Sayings, store: Store
) -> None:
    await Pronouncing(store, PronunciationLimits()).add("Alice", "Aleece", guild_id=HERE)
    assert (await sayings.of_member("Hello Alice", ALICE, GUILD)).text == "Hello Aleece"
    assert (await sayings.opening(ALICE, HERE)).text == "Aleece says:"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Александр", "Aleksandr"),
        ("☆ 美咲 ☆", "Mei Xiao"),
        ("Bob.", "Bob"),
        ("||Eve||", "Eve"),
        ("...", "someone"),
        ("★", "Someone"),
    ],
)
async def test_everybody_can_be_named(sayings: Sayings, name: str, said: str) -> None:
    member = Member(8)
    member.display_name = name
    assert (await sayings.opening(member, HERE)).text == f"{said} says:"
    assert (await sayings.announcement(member, came=True)).text == f"{said} joined."


async def test_names_are_read_beside_the_loop(
    sayings: Sayings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name with a server's dictionary can be made to take a tenth of a second."""
    threads = []
    name = Reader.name

    def watched(*args: Any) -> str:
        threads.append(threading.get_ident())
        return name(*args)

    monkeypatch.setattr(Reader, "name", watched)
    assert (await sayings.opening(ALICE, HERE)).text == "Alice says:"
    await sayings.announcement(ALICE, came=True)
    assert len(threads) == 2
    assert threading.get_ident() not in threads


async def test_all_that_is_accepted_is_said_or_what_is_not_is_told(sayings: Sayings) -> None:
    prose = ("There was a man who walked to the sea. " * 60)[:2000].strip()
    saying = await sayings.of_member(prose, ALICE, GUILD)
    assert (saying.text, saying.remarks) == (prose, [])
    prices = ("$1,234.56 and " * 200)[:2000]
    saying = await sayings.of_member(prices, ALICE, GUILD)
    last = " ".join(saying.text.split()[-4:])
    assert len(saying.text) <= 3000
    assert str(saying.left_out) == (
        "With its numbers written as words, that is more than the 3,000 characters that I say "
        "at once. "
        f"I stop after “{last}”."
    )
    live = await sayings.of_member(prices, ALICE, GUILD, max_chars=2000)
    assert live.text.endswith(", and so on.")
    assert live.left_out is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Only the start of this is said.", "Only the start of, and so on."),
        ("It really is over. Nobody saw it coming.", "It really is over. And so on."),
        ("Supercalifragilistic words", "Supercalifragilistic, and so on."),
        ("She said ||he dies at the end|| of it.", "She said, and so on."),
        ("Look: https://example.com/a/b/c now", "Look, and so on."),
        ("there are now 1,234.56 of them", "there are now, and so on."),
        ("twenty characters it", "twenty characters it"),
    ],
)
async def test_a_message_past_the_servers_limit_is_cut_at_words_and_says_so(
    sayings: Sayings, typed: str, said: str
) -> None:
    assert (await sayings.of_member(typed, ALICE, GUILD, max_chars=20)).text == said


async def test_what_is_too_long_is_refused_or_cut_and_what_is_nothing_is_told(
    sayings: Sayings, tones: Tones
) -> None:
    long = "word " * 500
    with pytest.raises(UserError, match="2,500 characters long"):
        await sayings.of_member(long, ALICE, GUILD)
    assert (await sayings.of_member(long, ALICE, GUILD, max_chars=53)).text == (
        "word " * 10
    ).strip() + ", and so on."
    for max_chars in (None, 50):
        with pytest.raises(NothingToSay):
            await sayings.of_member("** **", ALICE, GUILD, max_chars=max_chars)
    with pytest.raises(UserError, match="another script"):
        await sayings.of_member("Привет, как дела?", ALICE, GUILD)
    await asyncio.sleep(0.02)
    assert tones.asked == []  # and nothing is synthesised before it is due


@pytest.fixture
def polyglot(sayings: Sayings, tones: Tones) -> Sayings:
    tones.engine = info(languages=("en", "es", "de"))
    return sayings


async def test_words_are_read_in_their_language_and_names_in_the_servers(
    polyglot: Sayings, tones: Tones, store: Store
) -> None:
    await store.guild_settings.update(HERE, lambda now: replace(now, language="de"))
    for saying in (
        await polyglot.of_member("jajaja no puede ser", ALICE, GUILD),
        await polyglot.of_member("ok", ALICE, GUILD),
        await polyglot.of_member("good night everyone", ALICE, GUILD, language="de"),
        await polyglot.opening(ALICE, HERE),
        await polyglot.announcement(ALICE, came=True),
        await polyglot.preview(Speaker(voice_language="es")),
        await polyglot.preview(Speaker(voice_language="ja")),
    ):
        await saying.ogg()
        assert saying.remarks == []
    languages = [request.language for request in tones.asked]
    assert languages == ["es", "es", "de", "de", "de", "es", "en"]
    assert [tones.asked[-2].text, tones.asked[-1].text] == [
        LANGUAGES["es"].preview,
        LANGUAGES["en"].preview,
    ]


async def test_one_text_in_two_languages_is_made_twice(polyglot: Sayings, tones: Tones) -> None:
    for language in ("es", "de", "es"):
        await (await polyglot.of_member("Alexandra", ALICE, GUILD, language=language)).ogg()
    assert [request.language for request in tones.asked] == ["es", "de"]


async def test_what_is_not_read_is_said_beside_the_first_line_alone(
    sayings: Sayings, chosen: Chosen
) -> None:
    chosen.language = "es"
    first = await sayings.of_member("no puede ser", ALICE, GUILD)
    assert list(map(str, first.remarks)) == ["I read only English, so Spanish sounds like English."]
    assert (await sayings.of_member("no puede ser", ALICE, GUILD)).remarks == []


async def test_what_no_engine_can_read_yet_is_no_saying(sayings: Sayings, tones: Tones) -> None:
    """Nobody knows what it will read, so the reason is told instead."""
    tones.broken = WorkerUnavailable("There is no engine.")
    with pytest.raises(WorkerUnavailable):
        await sayings.of_member("hello", ALICE, GUILD)


@pytest.mark.parametrize("sounds", [(), ("laugh", "sigh")])
async def test_sounds_reach_the_engine_that_makes_them_and_no_other(
    sayings: Sayings, tones: Tones, sounds: tuple[str, ...]
) -> None:
    """What was read while another engine was loaded, too."""
    tones.engine = info(sounds=sounds)
    await (await sayings.of_member("so [Laugh] funny", ALICE, GUILD)).ogg()
    tones.engine = info(sounds=SOUNDS)
    before = await sayings.of_member("well, [sigh] [cough] no", ALICE, GUILD)
    tones.engine = info(sounds=sounds)
    await before.ogg()
    assert [request.text for request in tones.asked] == (
        ["so [laugh] funny", "well, [sigh] no"] if sounds else ["so funny", "well, no"]
    )


async def test_a_sound_alone_is_nothing_to_say_where_it_is_not_made(
    sayings: Sayings, tones: Tones
) -> None:
    with pytest.raises(NothingToSay):
        await sayings.of_member("[laugh]", ALICE, GUILD)
    tones.engine = info(sounds=SOUNDS)
    saying = await sayings.of_member("[laugh]", ALICE, GUILD)
    tones.engine = info()
    with pytest.raises(SynthesisFailed, match="makes a sound"):
        await saying.ogg()


async def test_a_line_asks_the_database_three_times_how_it_is_read(
    sayings: Sayings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each time in a way that hands nothing over to another thread."""
    asked: list[str] = []
    lookup = store._database.lookup

    async def counted(sql: str, *values: Any) -> Any:
        asked.append(sql)
        return await lookup(sql, *values)

    async def handed_over(sql: str, *_values: Any) -> Any:
        raise AssertionError(sql)

    monkeypatch.setattr(store._database, "lookup", counted)
    monkeypatch.setattr(store._database, "fetch", handed_over)
    await sayings.of_member("how it is read", ALICE, GUILD)
    tables = [name for sql in asked for name in re.findall(r"FROM (\w+)", sql)]
    assert len(asked) == 3
    assert sorted(set(tables)) == ["guild_settings", "member_languages", "pronunciations"]
