"""The pipeline's steps in other languages than English, by the names of the English ones."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache

from bot.text import links, markdown, mentions
from bot.text.characters import clean_characters
from bot.text.expressions import lazy_pattern
from bot.text.languages import GRAMMARS, moments, pictures, quantities, writing
from bot.text.mentions import Names
from bot.text.scripts import greek_letters
from bot.text.wording import WORDINGS, Wording

TextStep = Callable[[str], str]
_FACES = lazy_pattern(
    r"(?<![^\s.,!?*])(?::'?-?(?:[()\[\]]+|[DPpoO/3*|c])|;-?\)+|=[)(D\]]+|\(:|\):|\^\^|[xX]P|D:|o7|"
    r"[oOTu;]_[oOTu;]|\\o/|-_-|\^_\^|>[._]<)(?![^\s.,!?*\"'])"
)
#: A smile without eyes, as Russians write it.
_SMILE = lazy_pattern(r"(?<![\d\s])\)+(?=\s|$|[.,!?])")
_HEART = lazy_pattern(r"(?<![\w<])<3+(?![\w.,])")


@lru_cache(maxsize=32)
def steps(code: str) -> Mapping[str, TextStep]:
    """What takes the place of the English step of that name."""
    wording, grammar = WORDINGS[code], GRAMMARS[code]
    dotted, chat = writing.dotted(code), writing.chat(code)
    return {
        "characters": lambda text: _clean(text, grammar.infinity),
        "drawn faces": lambda text: _without_faces(text, wording),
        "code": lambda text: markdown.code(text, wording),
        "spoilers": lambda text: markdown.escapes(markdown.spoilers(text, wording)),
        "quotes and lists": lambda text: markdown.blocks(text, wording),
        "links": lambda text: links.links(text, wording),
        "emoticons": _same,
        "emoji": lambda text: pictures.names(text, code),
        "Greek letters": _same if code == "el" else greek_letters,
        "dotted abbreviations": dotted.apply if dotted else _same,
        "laughter": lambda text: writing.laughter(text, code),
        "numbers": lambda text: quantities(text, code),
        "symbols": lambda text: writing.signs(text, grammar),
        "stretched letters": lambda text: writing.stretched(text, code),
        "capitals": writing.initials,
        "figures for sounds": chat.apply if chat else _same,
        "chat abbreviations": _same,
    }


def _same(text: str) -> str:
    return text


def _without_faces(text: str, wording: Wording) -> str:
    """Faces are left out, as readers do; a heart is said."""
    text = _FACES.sub(" ", markdown.drawn_faces(text, read=False))
    if "(" not in text:
        text = _SMILE.sub("", text)
    return _HEART.sub(f" {wording.heart} ", text)


def _clean(text: str, infinity: str) -> str:
    return clean_characters(text.replace("∞", f" {infinity} ").replace("№", "#"))


def named(text: str, names: Names, code: str) -> str:
    return mentions.mentions(text, names, WORDINGS[code])


def timed(text: str, now: datetime, code: str) -> str:
    return mentions.moments(text, now, moments.how(code))
