"""Emoji by their names in the languages that the `emoji` package has names in; else left out."""

import re
from functools import lru_cache

from bot.text import pictures
from bot.text.expressions import lazy_pattern

#: Of the languages that a text can be in.
NAMED = frozenset("ar de es fr it ja ko pt ru tr zh".split())
_TONE = lazy_pattern("[\U0001f3fb-\U0001f3ff]")
_SHORTCODE = lazy_pattern(r"(?<!\w):[a-z][a-z0-9_+-]{1,40}:(?!\w)")
#: Common ones whose names are long or beside what people call them.
_SHORT = {
    "de": {
        "😂": "Freudentränen",
        "❤": "Herz",
        "👍": "Daumen hoch",
        "👎": "Daumen runter",
        "🔥": "Feuer",
        "💀": "Totenkopf",
        "😭": "heult",
        "👀": "Augen",
        "😊": "Lächeln",
    },
    "es": {
        "😂": "llorando de risa",
        "❤": "corazón",
        "👍": "pulgar arriba",
        "👎": "pulgar abajo",
        "🔥": "fuego",
        "💀": "calavera",
        "😭": "llorando",
        "👀": "ojos",
    },
    "fr": {
        "😂": "mort de rire",
        "❤": "cœur",
        "👍": "pouce en l'air",
        "👎": "pouce en bas",
        "🔥": "feu",
        "💀": "tête de mort",
        "😭": "en larmes",
        "👀": "yeux",
    },
    "it": {
        "😂": "ride alle lacrime",
        "❤": "cuore",
        "👍": "pollice in su",
        "👎": "pollice in giù",
        "🔥": "fuoco",
        "💀": "teschio",
        "😭": "piange",
        "👀": "occhi",
    },
    "pt": {
        "😂": "chorando de rir",
        "❤": "coração",
        "👍": "joinha",
        "👎": "polegar para baixo",
        "🔥": "fogo",
        "💀": "caveira",
        "😭": "chorando",
        "👀": "olhos",
    },
    "ru": {
        "😂": "смех до слёз",
        "❤": "сердце",
        "👍": "палец вверх",
        "👎": "палец вниз",
        "🔥": "огонь",
        "💀": "череп",
        "😭": "рыдает",
        "👀": "глаза",
    },
    "ja": {"😂": "うれし泣き", "❤": "ハート", "👍": "いいね", "🔥": "炎", "😭": "大泣き"},
    "zh": {"😂": "笑哭", "❤": "爱心", "👍": "点赞", "🔥": "火", "😭": "大哭"},
    "ko": {"😂": "웃겨서 눈물", "❤": "하트", "👍": "좋아요", "🔥": "불", "😭": "엉엉"},
    "tr": {
        "😂": "gülmekten ağlıyor",
        "❤": "kalp",
        "👍": "beğendim",
        "🔥": "ateş",
        "😭": "ağlıyor",
    },
}


def names(text: str, code: str) -> str:
    """Say emoji by name, a run of the same one once, long runs cut short."""
    text = _SHORTCODE.sub(_picture, text)
    return pictures.emoji_names(text, lambda plain, found: _name(code, plain, found))


def _picture(match: re.Match[str]) -> str:
    """``:fire:`` as the emoji that Discord would show."""
    import emoji  # noqa: PLC0415 - not before the first emoji: it loads 5,000 names

    return emoji.emojize(match[0], language="alias")


@lru_cache(maxsize=2048)
def _name(code: str, plain: str, found: str) -> str:
    if plain in _SHORT.get(code, {}):
        return _SHORT[code][plain]
    if code not in NAMED:
        return ""
    import emoji  # noqa: PLC0415 - as above

    for form in (plain, plain + "\ufe0f", _TONE.sub("", found), found):
        spoken = emoji.demojize(form, delimiters=("\x04", "\x04"), language=code)
        if spoken.count("\x04") == 2 and spoken.strip("\x04") + "\x04\x04" != spoken:
            words = spoken.strip("\x04").replace("_", " ").replace("’", "'")
            return " ".join(words.replace("-", " ").split())
    return ""
