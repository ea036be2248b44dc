"""Emoji and emoticons by name, a run of the same one once, long runs cut short.

The names are those of the `emoji` package, loaded with the first message that holds one.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from bot.text.characters import PLACES
from bot.text.expressions import any_of, lazy_pattern
from bot.text.mentions import custom_emoji

_MOST_IN_A_ROW = 3
_MOST_IN_ALL = 10
_CANDIDATE = lazy_pattern("[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]")
_TONE = lazy_pattern("[\U0001f3fb-\U0001f3ff]")
_FLAG = lazy_pattern("^(?:[\U0001f1e6-\U0001f1ff]{2}|\U0001f3f4[\U000e0020-\U000e007f]+)$")
_LONE_REGIONAL = lazy_pattern("[\U0001f1e6-\U0001f1ff]")
_LEFTOVERS = lazy_pattern(
    "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]|(?<=\x03)\u200d"
)
_SHORTCODE = lazy_pattern(
    rf"(?<!\w):(?=[\w~]*[A-Za-z{PLACES}])([\w~+{PLACES}-]{{2,40}}|[{PLACES}]):"
)
_CAMEL = lazy_pattern(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+|~\d*")
_PLAIN_SIGNS = {"©": " copyright ", "®": "", "™": "", "↔": " to ", "→": " → "}
_SHORT = {
    "😂": "tears of joy",
    "👀": "eyes",
    "❤": "heart",
    "♥": "heart",
    "💯": "one hundred",
    "👍": "thumbs up",
    "👎": "thumbs down",
    "😭": "crying",
    "🙏": "praying hands",
    "👌": "okay hand",
    "🤷": "shrug",
    "🤷‍♂": "shrug",
    "🤷‍♀": "shrug",
    "🤦": "facepalm",
    "🤦‍♂": "facepalm",
    "🤦‍♀": "facepalm",
    "👋": "wave",
    "☑": "check mark",
    "✔": "check mark",
    "✅": "check mark",
}
_EMOTICONS = {
    ":)": "smiley",
    ":-)": "smiley",
    "(:": "smiley",
    "=)": "smiley",
    ":]": "smiley",
    ":(": "sad face",
    ":-(": "sad face",
    "):": "sad face",
    "=(": "sad face",
    ":D": "big grin",
    ":-D": "big grin",
    "=D": "big grin",
    ";)": "wink",
    ";-)": "wink",
    ":P": "tongue out",
    ":p": "tongue out",
    ":-P": "tongue out",
    "xP": "tongue out",
    "XP": "X P",
    ":o": "surprised face",
    ":O": "surprised face",
    ":-O": "surprised face",
    ":/": "skeptical face",
    ":-/": "skeptical face",
    ":c": "sad face",
    ":3": "cat face",
    "<3": "heart",
    "^^": "happy face",
    "D:": "shocked face",
    "o7": "salute",
    "o/": "wave",
}
_EMOTICON = lazy_pattern(
    rf"(?<![^\s.,!?*{PLACES}])(?:{any_of(_EMOTICONS)}|(?:<3+)+|[:=]'?\(+|[:=]'?\)+)(?![^\s.,!?*\"'])"
)
# Several, or one after a word, are hearts; "x<3" is a comparison.
_TOUCHING_HEART = lazy_pattern(r"(?<=[^\W\d_])(?:(?:<3+){2,}|(?<=[A-Za-z]{3})<3+)(?![\w.,=<])")


_STARS = lazy_pattern("(?<![★⭐☆])([★⭐]{2,10})\ufe0f?(☆{0,9})(?![★⭐☆])")


def _stars(match: re.Match[str]) -> str:
    """``★★★★☆`` -> 4 out of 5 stars."""
    full, empty = len(match[1]), len(match[2])
    return f" {full} out of {full + empty} stars " if empty else f" {full} stars "


def _emoticon(match: re.Match[str]) -> str:
    """A face with several mouths is that with one; with tears it is the same, sad or glad."""
    face = match[0].replace("'", "")
    return _EMOTICONS.get(match[0]) or _EMOTICONS.get(face[:2], "heart")


def emoticons(text: str) -> str:
    """``:)`` -> smiley, where it stands by itself."""
    text = _TOUCHING_HEART.sub(" heart", text)
    return _EMOTICON.sub(_emoticon, text)


def emoji_names(text: str, name_of: Callable[[str, str], str] | None = None) -> str:
    """Say Unicode emoji, ``:shortcodes:`` and custom emoji by name; in English without `name_of`.

    `name_of` takes an emoji without its tone and as it was found, and returns "" for no name.
    """
    if name_of is None:
        text = _STARS.sub(_stars, text)
    marked = _SHORTCODE.sub(lambda m: f"\x02{_CAMEL.sub(' ', m[1]).strip()}\x03", text)
    if _CANDIDATE.search(marked):
        marked = _named(marked, name_of)
    marked = _LEFTOVERS.sub("", marked)
    return _limited(marked) if "\x02" in marked else marked


def without_emoji(text: str) -> str:
    """Emoji, custom ones too, shortcodes and emoticons left out; signs such as © stay."""
    text = _SHORTCODE.sub(" ", custom_emoji(text))
    text = _EMOTICON.sub(" ", _TOUCHING_HEART.sub(" ", text))
    if _CANDIDATE.search(text):
        import emoji  # noqa: PLC0415 - as below

        text = emoji.replace_emoji(
            text, lambda found, _: found if found.rstrip("\ufe0f") in _PLAIN_SIGNS else " "
        )
    return text


def _named(text: str, name_of: Callable[[str, str], str] | None) -> str:
    import emoji  # noqa: PLC0415 - not before the first emoji: it loads 5,000 names

    def name(found: str, _data: object) -> str:
        plain = _TONE.sub("", found).replace("\ufe0f", "")
        if name_of is None and plain in _PLAIN_SIGNS:
            return _PLAIN_SIGNS[plain]
        return f"\x02{(name_of or _emoji_name)(plain, found)}\x03"

    named: str = emoji.replace_emoji(text, name)
    return _LONE_REGIONAL.sub(lambda m: chr(ord("A") + ord(m[0]) - 0x1F1E6), named)


@lru_cache(maxsize=1024)
def _emoji_name(plain: str, found: str) -> str:
    import emoji  # noqa: PLC0415 - as above

    if plain in _SHORT:
        return _SHORT[plain]
    for form in (plain, plain + "\ufe0f", _TONE.sub("", found), found):
        spoken = emoji.demojize(form, delimiters=("\x04", "\x04"))
        if spoken.count("\x04") == 2 and spoken.strip("\x04") + "\x04\x04" != spoken:
            words = spoken.strip("\x04").replace("_", " ").replace("’", "'").replace("-", " ")
            return f"{words} flag" if _FLAG.match(plain) else words
    return ""


_RUN = lazy_pattern("\x02[^\x02\x03]*\x03(?:[ ]*\x02[^\x02\x03]*\x03)*")
_ONE = lazy_pattern("\x02([^\x02\x03]*)\x03")


def _neighbours(text: str, start: int, end: int) -> tuple[str, str]:
    """Return the nearest characters outside ``text[start:end]`` that are no spaces, or ""."""
    while start and text[start - 1] == " ":
        start -= 1
    while end < len(text) and text[end] == " ":
        end += 1
    return text[max(start - 1, 0) : start], text[end : end + 1]


def _once(names: list[str]) -> list[str]:
    """What repeats, alone or as a group, once: eye, mouth, eye stays; fire, fire does not."""
    names = [name for name, before in zip(names, [None, *names], strict=False) if name != before]
    for size in range(1, len(names) // 2 + 1):
        if len(names) % size == 0 and names == names[:size] * (len(names) // size):
            return names[:size]
    return names if len(names) < 4 else list(dict.fromkeys(names))


def _limited(text: str) -> str:
    """Turn marked names into words: each once per run, three per run, ten per message."""
    budget = _MOST_IN_ALL

    def run(match: re.Match[str]) -> str:
        nonlocal budget
        names = _once([name for name in _ONE.findall(match[0]) if name])
        names = names[: min(_MOST_IN_A_ROW, budget)]
        budget -= len(names)
        if not names:
            return " "
        before, after = _neighbours(text, match.start(), match.end())
        trailing = before not in "\n.,!?;:(" and (not after or after in "\n.,!?)")
        return f"{', ' if trailing else ' '}{', '.join(names)} "

    return _RUN.sub(run, text)
