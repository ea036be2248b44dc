"""What people type on Discord in other languages than English, and what a person would say.

Lines and readings are written for these tests by the bot's authors. Numbers were compared with
ICU 78.3's own spelling, names of units, months and currencies come from CLDR; nobody who grew up
with these languages has read them yet.
"""

import re
import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.text import Pronunciations, TextLimits, chunks, message_kinds, speakable
from bot.text.languages import GRAMMARS, quantities, writing
from bot.text.languages.forms import rules_of
from bot.text.wording import WORDINGS
from engine.weights.models import MULTILINGUAL
from tests.bot.text.test_cases import NAMES, NOW
from tests.speed import BUSY, best_s

FOLDER = Path(__file__).parent
ROOT = Path(__file__).parents[4]
TABLES = {
    path.stem: [tuple(case) for case in tomllib.loads(path.read_text("utf-8"))["cases"]]
    for path in sorted(FOLDER.glob("*.toml"))
}


def say(text: str, language: str, now: datetime = NOW) -> str:
    return speakable(
        text,
        names=NAMES,
        limits=TextLimits(),
        pronunciations=Pronunciations(),
        now=now,
        language=language,
    ).text


@pytest.mark.parametrize("language", TABLES)
def test_is_read_as_a_person_would(language: str) -> None:
    cases = TABLES[language]
    wrong = [(typed, said, read) for typed, read in cases if (said := say(typed, language)) != read]
    assert wrong == []


def test_twelve_languages_and_more_have_25_lines_each() -> None:
    assert len(TABLES) >= 12
    assert min(len({typed for typed, _ in cases}) for cases in TABLES.values()) >= 25


@pytest.mark.parametrize("code", GRAMMARS)
def test_rules_say_their_examples_alone_and_among_all(code: str) -> None:
    for name, rule in rules_of(GRAMMARS[code]).items():
        assert rule.examples, name
        for typed, alone, *spoken in rule.examples:
            assert rule.apply(typed) == alone, name
            assert quantities(typed, code) == (spoken[-1] if spoken else alone), name
        assert any(typed != alone for typed, alone, *_ in rule.examples), name


@pytest.mark.parametrize("code", GRAMMARS)
def test_every_example_is_of_a_form_that_the_language_has(code: str) -> None:
    assert set(GRAMMARS[code].examples) == set(rules_of(GRAMMARS[code]))


@pytest.mark.parametrize("code", GRAMMARS)
def test_every_abbreviation_is_said(code: str) -> None:
    for rule in (writing.dotted(code), writing.chat(code)):
        for short, said in rule.examples if rule else ():
            assert rule is not None
            assert rule.apply(f"a {short} b") == f"a {said} b"


@pytest.mark.parametrize(
    ("language", "typed", "read"),
    [
        ("ru", "привет))) как дела)", "привет как дела"),
        ("de", "na gut :D (echt) ;) =) :3", "na gut (echt)"),
        ("es", "2 =3 no", "dos igual a tres no"),
        ("de", "<t:999999999999999:R> und <t:99999999999999:F>", "in zehntausend Jahren und"),
        ("fr", "c'est 3 ≠ 4, ∞ & co", "c'est trois, quatre, infini et co"),
        ("es", "hola Александр", "hola Aleksandr"),
        ("de", "3. Platz für uns", "dritter Platz für uns"),
        ("tr", "5. kat", "beşinci kat"),
        ("de", "1. Eis\n2. Kuchen", "eins, Eis, zwei, Kuchen"),
        ("ru", "привет 東京 и Max", "привет Dong Jing и Max"),
        (
            "de",
            "das ist _wichtig_ `code`: https://github.com/a/b",
            "das ist wichtig code: GitHub-Link",
        ),
    ],
)
def test_what_is_no_word_is_left_out_or_said_in_the_language(
    language: str, typed: str, read: str
) -> None:
    assert say(typed, language) == read


def test_figures_of_a_pronunciation_are_said_too() -> None:
    spoken = speakable(
        "GPT läuft",
        names=NAMES,
        limits=TextLimits(),
        pronunciations=Pronunciations(server={"GPT": "G P T 4"}),
        now=NOW,
        language="de",
    ).text
    assert spoken == "G P T vier läuft"


def test_every_language_of_the_model_has_words_and_figures() -> None:
    assert set(WORDINGS) == set(MULTILINGUAL)
    assert {"en", *GRAMMARS} == set(MULTILINGUAL)


# -- what holds for any text ----------------------------------------------------------------------

OTHERS = st.sampled_from(sorted(GRAMMARS))
FIGURES = st.sampled_from(
    "0 1 2 3 10 007 21 101 1.500 1,500 1 500 3,14 3.14 .5 ,5 -5 +5 5- 10:30 24:00 17h30 1/2 7/10 "
    "½ 2½ x² 10⁻³ 2024 15.06.2024 15/06 2024-06-15 31.12. 5€ €5,50 -5€ $5 100 kr 50% -20% 3:1 5-10 "
    "5–10 3,5km -5 °C 20° 1st 3. 2ª 1º 3:e 2-я 1er v2.1 1.2.3 192.168.0.1 5k 2x x3 2+2 2^3 5 * 3 "
    "√2 ≤5 >=5 ±3 ~20 18+ #1 № 5 +49 170 1234567 0170 1234567 99999999999999999999 ٣ १५ ３ ① Ⅳ 5G "
    "PS5 3匹 3명 5кг B2B 1e9 5.5.5 ² 1,2,3 ⅞ 1-2-3 00:00:00 99:99".split(" ")
)
#: A language, and what it makes rules of: examples of them, figures, and marks between.
TYPED = st.sampled_from(sorted(GRAMMARS)).flatmap(
    lambda code: st.tuples(
        st.just(code),
        st.lists(
            st.sampled_from(
                [typed for examples in GRAMMARS[code].examples.values() for typed, *_ in examples]
            )
            | FIGURES
            | st.sampled_from([".", ",", "-", "(", ")", "\n", "%", "€", "/", ":", "и", "月", "명"]),
            max_size=6,
        ),
    )
)


@given(TYPED, st.sampled_from(["", " "]))
def test_no_figure_reaches_the_engine(typed: tuple[str, list[str]], between: str) -> None:
    code, parts = typed
    spoken = say(between.join(parts), code)
    left = [char for char in spoken if char.isdigit() or (char.isnumeric() and not char.isalpha())]
    assert not left, spoken


@given(
    OTHERS,
    st.sampled_from(["-", "+", "≤", "≥", "−"]),
    st.integers(0, 10**6).map(str) | st.decimals(0, 99, places=2).map(str),
    st.sampled_from(["", "%", " °C", "mm", " kg", "€", " €"]),
    st.sampled_from(["", "= ", "("]),
)
def test_a_sign_is_never_lost(code: str, sign: str, number: str, unit: str, before: str) -> None:
    grammar = GRAMMARS[code]
    words = {
        "-": grammar.minus,
        "−": grammar.minus,
        "+": grammar.plus,
        "≤": grammar.at_most,
        "≥": grammar.at_least,
    }
    assert words[sign].strip() in say(f"{before}{sign}{number}{unit}", code)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(OTHERS, st.integers(0, 10**15 - 1))
def test_a_number_is_said_as_it_is_counted(code: str, number: int) -> None:
    assert quantities(str(number), code)
    if number >= 3:
        assert quantities(str(number), code) != quantities(str(number - 1), code)


@pytest.mark.parametrize("code", GRAMMARS)
def test_words_of_ours_are_not_english(code: str) -> None:
    line = "<@99> <@&99> <#99> ||x|| ```py\nx\ny``` https://a.example/b.png [1](https://a.b) &"
    spoken = say(line, code).lower()
    assert not re.search(r"\b(?:someone|a role|a channel|code block|image link|and)\b", spoken)
    assert WORDINGS[code].someone in say("<@99>", code)


def test_a_language_that_nothing_is_read_in_is_refused() -> None:
    with pytest.raises(ValueError, match="'cs'"):
        say("ahoj", "cs")


@pytest.mark.parametrize(
    ("language", "phrase"),
    [
        ("de", "Antwort an Bob, ein Bild und zwei Videos"),
        ("es", "en respuesta a Bob, una imagen y dos vídeos"),
        ("ru", "ответ для Bob, картинка и два видео"),
        ("pl", "odpowiedź dla Bob, obrazek i dwa filmy"),
        ("ja", "Bobさんへの返信、画像、二本の動画"),
        ("zh", "回复Bob、一张图片、两个视频"),
        ("ko", "Bob 님에게 답장、이미지、동영상 두 개"),
    ],
)
def test_what_a_message_holds_is_said_in_its_language(language: str, phrase: str) -> None:
    files = ["image/png", "video/mp4", "video/webm"]
    held = message_kinds(reply_to="Bob", attachments=files, language=language)
    assert say(held, language) == phrase


@pytest.mark.parametrize(
    ("language", "typed", "read"),
    [
        ("de", "<t:1718442000:R>", "vor drei Stunden"),
        ("fr", "<t:1718632800:R>", "dans deux jours"),
        ("ru", "<t:1718442000:R>", "три часа назад"),
        ("ja", "<t:1718442000:R>", "三時間前"),
        ("es", "<t:1718442000:D>", "quince de junio de dos mil veinticuatro"),
        ("pl", "<t:1718442000:t>", "dziewiąta"),
        ("sv", "<t:1718442000:f>", "femtonde juni tvåtusen tjugofyra, nio"),
        ("de", "<t:1718442000:F>", "Samstag, fünfzehnter Juni zweitausendvierundzwanzig, neun Uhr"),
    ],
)
def test_a_moment_is_said_in_the_language(language: str, typed: str, read: str) -> None:
    assert say(typed, language) == read


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("tr", "Bugün 3. gün ve hava çok güzel.", "Yarın yağmur var ve evde kalacağız."),
        ("fr", "Bonjour M. Dupont, ça va bien ce matin ?", "Moi ça va, merci beaucoup."),
        ("ru", "Мы придём позже, т. е. завтра вечером.", "Ждите нас дома после работы."),
        ("de", "Das ist z. B. am 3. Mai im Park.", "Bring bitte Kuchen und etwas Saft mit."),
        ("ja", "今日はとても良い天気ですから散歩しましょう。", "明日は雨が降るそうですよ。"),
        ("zh", "今天天气很好我们一起去公园散步吧。", "明天听说会下雨所以别忘了带伞。"),
        ("hi", "आज मौसम बहुत अच्छा है और हम बाहर जा रहे हैं।", "कल बारिश होगी ऐसा लगता है।"),
    ],
)
def test_sentences_end_where_the_language_ends_them(language: str, first: str, second: str) -> None:
    alone = say(first, language)
    letters = {"ja": 2.6, "zh": 3}.get(language, 1)
    limits = TextLimits(first_chunk_chars=int((len(alone) + 4) * letters))
    assert chunks(say(f"{first} {second}", language), limits, language)[0] == alone


@pytest.mark.parametrize("language", ["ja", "zh", "ko", "de", "ar"])
def test_a_chunk_lasts_about_as_long_in_every_script(language: str) -> None:
    word = {"ja": "今日", "zh": "今天", "ko": "오늘 ", "de": "heute ", "ar": "اليوم "}[language]
    pieces = chunks(word * 300, TextLimits(synthesis_time_ratio=0.1), language)
    assert "".join("".join(pieces).split()) == "".join((word * 300).split())
    # Latin letters are said at about 14 a second, Han at 5, kana with Han and Hangul at 6.4.
    seconds = {"ja": 6.4, "zh": 5, "ko": 6.4, "de": 14, "ar": 10}[language]
    assert max(len(piece) for piece in pieces) / seconds < 21


def test_who_reads_english_only_loads_nothing_for_other_languages() -> None:
    code = (
        "import sys; from datetime import datetime, UTC; from bot.text import *;"
        "speakable('5 km on 3 May, $5 :) 2x', names=Names(), limits=TextLimits(),"
        "pronunciations=Pronunciations(), now=datetime.now(UTC));"
        "print({name.split('.')[0] for name in sys.modules} & {'unicode_rbnf'},"
        "'bot.text.languages' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert answer.stdout.strip() == "set() False"


LONG = [
    *("1" * 2000, "1 " * 1000, "1.000," * 330, "5-" * 1000, "1/" * 1000, "12:30-" * 330),
    *("3. " * 660, "€5 " * 660, "+49 " * 500, "x²" * 1000, "15. Mai " * 250, "z.B. " * 400),
    *("ㅋ" * 2000, "7月" * 1000),
]


@pytest.mark.parametrize("language", ["de", "ru", "ja"])
def test_a_full_length_message_takes_less_than_150_ms(language: str) -> None:
    say("12:30 5 km 😂 15.06.2024 €5 2. 3/4", language)
    for text in LONG:
        message = text[:2000]
        took_s = best_s(
            lambda message=message: chunks(say(message, language), TextLimits(), language),
            within_s=0.15,
        )
        assert took_s < 0.15 * BUSY, text[:10]
