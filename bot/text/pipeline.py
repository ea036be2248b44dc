"""From what a member typed on Discord to what a person reading it aloud would say.

Small pure steps in a fixed order, in the text's language: `_STEPS` has the English ones, and
`languages.steps` what takes their places in others. A text that is mostly in another script stays
in it, words of one among others are spelled with Latin letters. Nothing here knows of Discord
objects, blocks, or reads a clock.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from bot.text import (
    capitals,
    chat,
    contractions,
    days,
    dotted,
    formulas,
    links,
    markdown,
    mentions,
    pictures,
    quantities,
    sounds,
    symbols,
)
from bot.text.characters import PLACES, clean_characters, has_words
from bot.text.expressions import lazy_pattern
from bot.text.limits import TextLimits
from bot.text.mentions import Names
from bot.text.pronunciations import Pronunciations
from bot.text.scripts import SCRIPTS, greek_letters, is_foreign, is_latin, transliterated
from bot.text.wording import WORDINGS

_FIRST_PLACE, _LAST_PLACE = ord(PLACES[0]), ord(sounds.FIRST_MARK) - 1
_PLACE = lazy_pattern(f"[{PLACES[0]}-{chr(_LAST_PLACE)}]")
_FIGURE = lazy_pattern(r"\d")
_OPEN_TAG = lazy_pattern(r"<[^<>\s]{0,60}$")
_LAST_WORD = lazy_pattern(r"(?<=\S)\s+\S*$")
_SENTENCE_END = lazy_pattern(r"[.!?؟।](?=[\s\"')]|$)|[。！？]")


class SpeakableText(NamedTuple):
    """What to say; ``text`` is "" where there is nothing to say. `truncated`: a limit cut it."""

    text: str
    truncated: bool


@dataclass(slots=True)
class _Reading:
    names: Names
    now: datetime
    pronunciations: Pronunciations
    language: str
    sounds: Collection[str]
    #: By what is spoken, the character that stands for it until the end.
    marks: dict[str, str] = field(default_factory=dict)

    def put(self, spoken: str) -> str:
        spoken = sounds.marked(spoken, self.sounds)
        if not has_words(spoken):  # a sound that is not made here
            return " "
        if len(self.marks) > _LAST_PLACE - _FIRST_PLACE:
            return spoken
        return self.marks.setdefault(spoken, chr(_FIRST_PLACE + len(self.marks)))

    def filled(self, text: str) -> str:
        spoken = {mark: words for words, mark in self.marks.items()}
        return sounds.settled(_PLACE.sub(lambda m: spoken[m[0]], text))


_Step = Callable[[str, _Reading], str]


def _plain(step: Callable[[str], str]) -> _Step:
    return lambda text, _reading: step(text)


@dataclass(frozen=True, slots=True)
class _English:
    """A step for English only, where the nearest letters are Latin: "3匹" is not three."""

    step: Callable[[str], str]

    def __call__(self, text: str, _reading: _Reading) -> str:
        parts = _by_script(text)
        said = {part: self.step(part) for part in {part for latin, part in parts if latin}}
        return "".join(said[part] if latin else part for latin, part in parts)


def _english(step: Callable[[str], str]) -> _Step:
    return _English(step)


def _by_script(text: str) -> list[tuple[bool, str]]:
    """Cut `text` where letters change between Latin and anything else.

    What is no letter belongs to the letter before it, or at the beginning to the first one.
    """
    if text.isascii():
        return [(True, text)]
    parts: list[tuple[bool, str]] = []
    start = 0
    current: bool | None = None
    for index, char in enumerate(text):
        if not char.isalpha():
            continue
        latin = is_latin(char)
        if current is None:
            current = latin
        elif latin != current:
            parts.append((current, text[start:index]))
            start, current = index, latin
    parts.append((current is None or current, text[start:]))
    return parts


_STEPS: tuple[tuple[str, _Step], ...] = (
    ("characters", _plain(clean_characters)),
    ("drawn faces", _plain(markdown.drawn_faces)),
    ("code", _plain(markdown.code)),
    ("spoilers", lambda text, _reading: markdown.escapes(markdown.spoilers(text))),
    ("quotes and lists", _plain(markdown.blocks)),
    ("links", _plain(links.links)),
    ("sounds", lambda text, reading: sounds.marked(text, reading.sounds)),
    ("mentions", lambda text, reading: mentions.mentions(text, reading.names)),
    ("timestamps", lambda text, reading: mentions.moments(text, reading.now)),
    ("custom emoji", _plain(mentions.custom_emoji)),
    ("formatting", _plain(markdown.emphasis)),
    ("pronunciations", lambda text, reading: reading.pronunciations.replace(text, reading.put)),
    ("formulas", _english(formulas.formulas)),
    ("emoticons", _plain(pictures.emoticons)),
    ("emoji", _plain(pictures.emoji_names)),
    ("lines", _plain(markdown.lines)),
    ("Greek letters", _plain(greek_letters)),
    ("contractions", _english(contractions.contractions)),
    ("days", _english(days.days)),
    ("dotted abbreviations", _english(dotted.abbreviations)),
    ("figures for sounds", _english(chat.sounds)),
    ("numbers", _english(quantities.quantities)),
    ("tripled capitals", _english(capitals.tripled)),
    ("symbols", _english(symbols.symbols)),
    ("laughter", _english(chat.laughter)),
    ("stretched letters", _english(chat.stretched)),
    ("capitals", _plain(capitals.capitals)),
    ("chat abbreviations", _plain(chat.abbreviations)),
)


def _steps(language: str) -> tuple[tuple[str, _Step], ...]:
    """The steps of a language; `ValueError` for one that no voice reads."""
    if language == "en":
        return _STEPS
    if language not in WORDINGS:
        raise ValueError(f"No text is read in the language {language!r}.")
    from bot.text.languages import steps  # noqa: PLC0415 - who speaks English only needs none

    own = steps.steps(language)
    about = {
        "mentions": lambda text, reading: steps.named(text, reading.names, language),
        "timestamps": lambda text, reading: steps.timed(text, reading.now, language),
    }
    return tuple(
        (name, _plain(own[name]) if name in own else about.get(name, step))
        for name, step in _STEPS
        if name in own or not isinstance(step, _English)
    )


def speakable(
    text: str,
    *,
    names: Names,
    limits: TextLimits,
    pronunciations: Pronunciations,
    now: datetime,
    language: str = "en",
    sounds: Collection[str] = (),
) -> SpeakableText:
    """Return what a person would say on reading `text` aloud.

    Parameters
    ----------
    text:
        A message as Discord sends it, or an announcement of the bot's.
    names:
        How to say the ids that the text mentions.
    limits:
        The text is cut to ``max_input_chars`` before and to ``max_spoken_chars`` after expansion.
    pronunciations:
        The server's and the speaker's own.
    now:
        The present, aware; its time zone is the one in which timestamps are said.
    language:
        The text's, ISO 639-1, one of `bot.text.wording.WORDINGS`; else ``ValueError``.
    sounds:
        Those that may stand in the text, as "[laugh]"; others that an engine could make are left
        out.
    """
    reading = _Reading(names, now, pronunciations, language, sounds)
    return _run(text, limits, reading)


def explain(
    text: str,
    *,
    names: Names,
    limits: TextLimits,
    pronunciations: Pronunciations,
    now: datetime,
    language: str = "en",
    sounds: Collection[str] = (),
) -> list[tuple[str, str]]:
    """Return (step, text after it) for each step of `speakable`, in order, the result last."""
    reading = _Reading(names, now, pronunciations, language, sounds)
    trace: list[tuple[str, str]] = []
    spoken = _run(text, limits, reading, trace).text
    return [*trace, ("spoken", spoken)]


def _run(
    text: str,
    limits: TextLimits,
    reading: _Reading,
    trace: list[tuple[str, str]] | None = None,
) -> SpeakableText:
    """Take all steps. Into `trace` goes the text after each: to put that together takes a third."""
    text, truncated = _cut_input(text, limits.max_input_chars)
    typed_in_latin = not is_foreign(clean_characters(text))
    for name, step in _steps(reading.language):
        text = step(text, reading)
        if trace is not None:
            trace.append((name, sounds.named(reading.filled(text))))
    spoken = symbols.tidy(text)
    spoken = reading.filled(spoken).strip()
    spelled = _in_script(spoken, reading.language, typed_in_latin=typed_in_latin)
    # What a pronunciation put in is said as it is in English, where figures are read reliably.
    if spelled != spoken or (reading.language != "en" and _FIGURE.search(spoken)):
        spoken = symbols.tidy(_figures(spelled, reading.language))
        if trace is not None:
            trace.append(("other scripts", sounds.named(spoken)))
    spoken, cut = _cut_spoken(spoken, sounds.fitting(spoken, limits.max_spoken_chars))
    return SpeakableText(sounds.named(spoken), truncated or cut)


def _in_script(text: str, language: str, *, typed_in_latin: bool) -> str:
    """Words of other scripts with Latin letters, unless the text is in another language's."""
    if scripts := SCRIPTS.get(language):
        return transliterated(text, scripts)
    # Names in it may be many words of another script that its author did not write.
    return transliterated(text) if typed_in_latin or not is_foreign(text) else text


def _figures(text: str, language: str) -> str:
    """Say the figures that transliterating or a pronunciation brought."""
    if language == "en":
        return quantities.quantities(text)
    from bot.text import languages  # noqa: PLC0415 - who speaks English only needs none

    return languages.quantities(text, language)


def _cut_input(text: str, most: int) -> tuple[str, bool]:
    if len(text) <= most:
        return text, False
    cut = text[:most]
    if not text[most].isspace():
        cut = _LAST_WORD.sub("", cut)
    if cut.count("||") % 2:  # what is hidden stays hidden
        cut = cut[: cut.rfind("||")]
    return _OPEN_TAG.sub("", cut), True


def _cut_spoken(text: str, most: int) -> tuple[str, bool]:
    """Cut at the last sentence that leaves most of the room used, else at the last word."""
    if len(text) <= most:
        return text, False
    window = text[: most + 1]
    ends = [m.end() for m in _SENTENCE_END.finditer(window) if most * 2 // 3 <= m.end() <= most]
    space = window.rfind(" ")
    at = ends[-1] if ends else space if space > 0 else most
    # Tidying spells "…" from a pronunciation with three points.
    return symbols.tidy(text[:at])[:most].rstrip(), True
