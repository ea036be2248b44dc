"""The language of a line: what is known of its author, given up only for what is clearly another.

The lines are ours; nobody but their authors checked them.
"""

import tempfile
from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from bot.base.errors import UserError
from bot.speech.detection import Detector
from bot.speech.languages import LANGUAGES
from bot.speech.line_languages import LineLanguages
from data.store import Store
from tests.bot.speech.chat_lines import HARD, NOBODY_KNOWS, ORDINARY
from tests.bot.speech.held_apart import HELD_APART

HERE, ELSEWHERE, ALICE, BOB = 5, 6, 77, 78
EVERY = tuple(LANGUAGES)
DETECTOR = Detector()  # one for all: it takes a second to load


class Unwanted(Detector):
    """One that must not be asked."""

    async def probabilities(self, text: str) -> dict[str, float]:
        raise AssertionError(text)


@pytest.fixture
def languages(store: Store) -> LineLanguages:
    return LineLanguages(store.member_languages, store.guild_settings, DETECTOR)


async def language_of(
    languages: LineLanguages,
    text: str,
    voice: str | None = None,
    reads: Sequence[str] = EVERY,
    *,
    user_id: int = 0,
    asked: str | None = None,
) -> str:
    line = await languages.of(text, reads, user_id=user_id, guild_id=HERE, voice=voice, asked=asked)
    return line.language


async def wrong(
    languages: LineLanguages, lines: Mapping[str, Sequence[str]], *, known: bool
) -> list[tuple[str, str]]:
    """Lines that are taken for another language; `known`: that of their author is known."""
    return [
        (right, text)
        for right, texts in lines.items()
        for text in texts
        if await language_of(languages, text, right if known else None) != right
    ]


@pytest.mark.parametrize(("known", "most"), [(False, 2), (True, 0)])
async def test_ordinary_lines_are_told_apart(
    languages: LineLanguages, *, known: bool, most: int
) -> None:
    assert sum(map(len, ORDINARY.values())) == 72
    assert len(await wrong(languages, ORDINARY, known=known)) <= most


@pytest.mark.parametrize(("known", "most"), [(False, 5), (True, 1)])
async def test_lines_that_nothing_was_tuned_on_are_told_apart(
    languages: LineLanguages, *, known: bool, most: int
) -> None:
    """Measured: 97 of 101, all 101 where the author's language is known."""
    assert sum(map(len, HELD_APART.values())) == 101
    assert HELD_APART.keys() == set(EVERY)
    assert len(await wrong(languages, HELD_APART, known=known)) <= most


async def test_of_a_word_or_two_the_authors_language_decides(languages: LineLanguages) -> None:
    assert await wrong(languages, HARD, known=True) == []
    taken = {
        text: await language_of(languages, text)
        for _, text in await wrong(languages, HARD, known=False)
    }
    assert set(taken.values()) == {"en"}  # never for a third one


async def test_what_nobody_can_tell_stays_in_the_usual_language(languages: LineLanguages) -> None:
    for text in NOBODY_KNOWS:
        for usual in EVERY:
            assert await language_of(languages, text, usual) == usual, (text, usual)


async def test_nor_does_it_leave_it_where_but_one_other_is_read(languages: LineLanguages) -> None:
    for text in NOBODY_KNOWS:
        for usual in ("en", "de", "ru"):
            for other in EVERY:
                said = await language_of(languages, text, usual, (usual, other))
                assert said == usual, (text, usual, other)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("안녕하세요", "ko"),
        ("pingがひどい", "ja"),
        ("我的ping太高了", "zh"),
        ("これ見て https://www.youtube.com/watch?v=dQw4w9WgXcQ", "ja"),
        ("Привет, ok?", "ru"),
        ("καλημέρα", "el"),
        ("שלום", "he"),
        ("مرحبا", "ar"),
        ("नमस्ते", "hi"),
        ("hey Александр, could you come here for a moment?", "en"),
        ("<@123456789012345678> donde estas ahora mismo <:blobwave:1234567890>", "es"),
        ("`der die das und nicht` what does this mean again", "en"),
        ("สวัสดีครับ", "en"),  # is read by nobody, which the reader refuses
        ("𝓗𝓮𝓵𝓵𝓸", "en"),
        *((face, "en") for face in ("¯\\_(ツ)_/¯", "(´・ω・`)", "(ಠ_ಠ)", "(ﾟДﾟ)", "( ͡° ͜ʖ ͡°)")),
        ("", "en"),
    ],
)
async def test_scripts_decide_alone_and_marks_of_discord_do_not_count(
    languages: LineLanguages, text: str, language: str
) -> None:
    assert await language_of(languages, text) == language


@pytest.mark.parametrize(
    ("usual", "reads", "text", "language"),
    [
        ("ja", EVERY, "了解", "ja"),
        ("ja", EVERY, "我去吃个饭马上回来", "zh"),
        ("en", EVERY, "了解", "zh"),
        ("zh", EVERY, "了解", "zh"),
        ("zh", EVERY, "どこにいるの", "ja"),
        ("en", ("en", "ja"), "了解", "ja"),
        ("en", ("en", "de"), "了解", "en"),
        ("ru", ("ru", "en"), "good night everyone", "en"),
        ("ru", ("ru", "en"), "ok lol", "ru"),
        ("es", ("en", "de"), "no puede ser", "en"),
    ],
)
async def test_what_is_read_and_usual_decides_the_rest(
    languages: LineLanguages, usual: str, reads: Sequence[str], text: str, language: str
) -> None:
    assert await language_of(languages, text, usual, reads) == language


async def test_what_is_asked_for_counts_and_is_refused_where_it_is_not_read(
    languages: LineLanguages, store: Store
) -> None:
    assert await language_of(languages, "good night everyone", asked="es") == "es"
    with pytest.raises(UserError, match="only English and German"):
        await language_of(languages, "hola", reads=("en", "de"), asked="es")
    await store.guild_settings.update(HERE, lambda now: replace(now, languages="en de"))
    with pytest.raises(UserError, match="do not read Spanish here"):
        await language_of(languages, "hola", asked="es")


async def test_voice_then_member_then_their_last_line_then_the_server(
    languages: LineLanguages, store: Store
) -> None:
    await store.guild_settings.update(HERE, lambda now: replace(now, language="pl"))
    assert await language_of(languages, "ok", user_id=ALICE) == "pl"
    await language_of(languages, "bin gleich wieder da", user_id=ALICE)
    assert await language_of(languages, "ok", user_id=ALICE) == "de"
    assert await language_of(languages, "ok", user_id=BOB) == "pl"
    await languages.choose(ALICE, HERE, "fr")
    assert await language_of(languages, "ok", user_id=ALICE) == "fr"
    assert await language_of(languages, "ok", "it", user_id=ALICE) == "it"
    assert await language_of(languages, "buenas noches a todos", "it", user_id=ALICE) == "es"
    await languages.choose(ALICE, HERE, None)
    assert await language_of(languages, "ok", user_id=ALICE) == "pl"


async def test_a_server_is_read_in_what_it_allows(languages: LineLanguages, store: Store) -> None:
    await store.guild_settings.update(
        HERE, lambda now: replace(now, language="es", languages="es en")
    )
    assert await language_of(languages, "bin gleich wieder da") in {"es", "en"}
    assert await language_of(languages, "good night everyone") == "en"
    assert await languages.offered(HERE, EVERY) == ["en", "es"]
    assert await languages.offered(HERE, ("de",)) == ["de"]  # better than nothing
    assert await languages.of_server(HERE, EVERY) == "es"
    assert await languages.of_server(HERE, ("en", "de")) == "en"
    assert await languages.of_server(ELSEWHERE, EVERY) == "en"


async def test_nothing_is_known_of_who_was_deleted(languages: LineLanguages) -> None:
    await language_of(languages, "bin gleich wieder da", user_id=ALICE)
    await language_of(languages, "bin gleich wieder da", user_id=BOB)
    languages.forget(ALICE)
    assert await language_of(languages, "ok", user_id=ALICE) == "en"
    assert await language_of(languages, "ok", user_id=BOB) == "de"


async def test_where_one_language_is_read_none_is_detected_and_the_others_are_told_once(
    store: Store,
) -> None:
    languages = LineLanguages(store.member_languages, store.guild_settings, Unwanted())
    await languages.choose(ALICE, HERE, "es")
    told = []
    for user_id, guild_id in ((ALICE, HERE), (ALICE, HERE), (BOB, HERE), (ALICE, ELSEWHERE)):
        line = await languages.of("no puede ser", ["en"], user_id=user_id, guild_id=guild_id)
        assert line.language == "en"
        told.append(languages.remark(line, ["en"], user_id=user_id, guild_id=guild_id))
    assert str(told.pop(0)) == "I read only English, so Spanish sounds like English."
    assert told == [None, None, None]
    line = await languages.of("ok", ["en"], user_id=BOB, guild_id=HERE, voice="fr")
    assert languages.remark(line, ["en"], user_id=BOB, guild_id=HERE) is not None


async def test_a_model_that_cannot_be_loaded_costs_no_line(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no room to unpack it: scripts still decide, and the log says what is missing."""
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    languages = LineLanguages(store.member_languages, store.guild_settings, Detector())
    assert await language_of(languages, "no puede ser, vamos a jugar") == "en"
    assert await language_of(languages, "今日の夜来れる？") == "ja"
    (said,) = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert said.startswith("languages cannot be told apart until the next start: [Errno 2]")
