"""Discord's formatting as a person reads it: the words stay, the marks go.

Every expression here is linear in the length of the message; pairs are matched lazily and an
unpaired mark is dropped, as a person reading aloud would.
"""

import re

from bot.text.characters import apart_from_fractions, clean_characters, has_words
from bot.text.expressions import any_of, lazy_pattern
from bot.text.wording import ENGLISH, Wording

_FENCE = lazy_pattern(r"```(?:([A-Za-z0-9+#_-]{1,20})\n)?(.*?)```", re.DOTALL)
_INLINE_CODE = lazy_pattern(r"(?<!`)(`{1,2})(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_MOST_READ_CODE_CHARS = 80
_ESCAPE = lazy_pattern(r"\\([*_~`|>#\-<\[\]().:@+!])")
_ESCAPED_AWAY = {"*": "", "~": "", "`": "", "|": "", ">": "", "_": " "}
_SPOILER = lazy_pattern(r"\|\|(.+?)\|\|", re.DOTALL)
# Faces drawn with characters that are formatting elsewhere, so they are read first.
_FACES = {
    "¯\\_(ツ)_/¯": "shrug",
    "¯\\\\_(ツ)_/¯": "shrug",
    "¯_(ツ)_/¯": "shrug",
    "(╯°□°)╯︵ ┻━┻": "flips the table",
    "(╯°□°）╯︵ ┻━┻": "flips the table",
    "┬─┬ノ( º _ ºノ)": "puts the table back",
    "┬─┬ ノ( ゜-゜ノ)": "puts the table back",
    "( ͡° ͜ʖ ͡°)": "smirk",
    "(͡° ͜ʖ ͡°)": "smirk",
    "( ͡~ ͜ʖ ͡°)": "smirk",
    "ಠ_ಠ": "disapproving look",
    "(ง'̀-'́)ง": "ready to fight",
    "(ʘ‿ʘ)": "stare",
    "ʕ•ᴥ•ʔ": "bear face",
    ">:(": "angry face",
    ">_<": "pained face",
    ">.<": "pained face",
    "<(^_^)>": "happy face",
    "^_^": "happy face",
    "-_-": "annoyed face",
    "o_o": "surprised face",
    "o_O": "surprised face",
    "O_o": "surprised face",
    "O_O": "surprised face",
    "T_T": "crying face",
    "T-T": "crying face",
    ";_;": "crying face",
    "u_u": "sad face",
    "\\o/": "cheers",
    ":'(": "crying face",
    ":*": "kiss",
    ":|": "straight face",
    "<\\3": "broken heart",
    "</3": "broken heart",
}
# As they are once the characters are cleaned, which takes the marks off some.
_CLEAN_FACES = {clean_characters(face): words for face, words in _FACES.items()}
_FACE = lazy_pattern(rf"(?<![\w^])(?:{any_of(_CLEAN_FACES)})(?![\w|])")
# Any other face that is drawn: signs in brackets, with arms.
_DRAWN = lazy_pattern(
    r"[ヽ\\ヾ٩ง┌ᕙ<]{0,2} "
    r"?\((?=[^()\n]{0,14}[•◕‿ᴗ｡≧≦▽╥﹏ಠಥ⌐■ᵔ￣︶╹◡ᴥ´`益ω])(?![^()\n]{0,14}[A-Za-z]{2})"
    r"[^()\n]{1,14}\) ?[ﾉノ٩۶ง┘╯┻━︵ヽᕗ>]{0,4}"
)
_QUOTE_REST = lazy_pattern(r"^[ ]{0,3}>>>[ ]+(?=\S)", re.MULTILINE)
_QUOTE_LINE = lazy_pattern(r"^[ ]{0,3}>[ ]+")
_HEADING = lazy_pattern(r"^[ ]{0,3}#{1,3}[ ]+(?!of\b)(?=\S)(.*?)[ ]*$")
_SUBTEXT = lazy_pattern(r"^[ ]{0,3}-#[ ]+")
_BULLET = lazy_pattern(r"^[ ]*[-*+•‣◦▪][ ]+")
_TASK = lazy_pattern(r"^\[([ xX])\][ ]+")
_NUMBERED = lazy_pattern(r"^[ ]*(\d{1,9})[.)][ ]+(?=\W{0,3}[A-Za-z])")
_STAR_BETWEEN = lazy_pattern(r"(?<=[\w)\]])(?:\*|[ ]{1,2}\*[ ]{1,2})(?=\d)|(?<=\d)[ ]\*[ ](?=\w)")
# To a power in Python.
_RAISED = lazy_pattern(r"(?<=[\w)]) \*\* (?=\w)()")
# Spoken of: "use ?? instead of ||". Two of the second kind hide what is between them.
_OPERATORS = {"??": "double question mark", "||": "double pipe"}
_AFTER = r"(?:(?<=\bof )|(?<=\bor )|(?<=\band )|(?<=\buse )|(?<=\bthe )|(?<=\bvs )|(?<=\bthan ))"
_COALESCED = lazy_pattern(rf"{_AFTER}\?\?(?= (?:instead|not|operators?|or|over|vs)\b)")
_PIPED = lazy_pattern(rf"{_AFTER}\|\|(?=$|[.,;!?)]| (?:instead|not|operators?|or|over|vs)\b)")
# Of a condition in code.
_OR = lazy_pattern(r"(?<=[\w)]) \|\| (?!or\b|and\b)(?=[\w(!])")
# Of a hotel or a draw: "5*".
_STARS = lazy_pattern(r"(?:(?<=(?<![\w*.])[1-7])|(?<=\d\d))\*(?![\w*])")
_EMPHASISED = lazy_pattern(r"(?<![\w*])\*(?=[^\s*])")
_EMPHASIS = lazy_pattern(r"\*+|~~+|(?<![^\W_])_+|_+(?![^\W_])|`+|\|\|+")
# Everything, in queries and imports.
_EVERYTHING = lazy_pattern(
    r"(?:(?<=\b[Ss]elect )|(?<=\bSELECT )|(?<=\bSelect )|(?<=\bdistinct )|(?<=\bDISTINCT )|"
    r"(?<=\bimport )|"
    r"(?<=\bexport )|(?<=\b[Cc]ount\()|(?<=\bCOUNT\()|(?<=\brm )|(?<=\bgit add ))\*(?=$|[ ),;?!\n])"
)
# Spoken of: "use * there".
_NAMED_STAR = lazy_pattern(
    r"(?<=\b(?:use|the|put|add) )\*(?=$|[ ,.?!])|(?<=\b(?:an|of|is) )\*(?=$|[ ,.?!])"
)
# When something runs, for cron.
_SCHEDULE = lazy_pattern(r"(?<!\S)(?:(?:\d{1,2}|\*)(?:/\d{1,2})? ){4}(?:\d|\*)(?!\S)")
# A key of a telephone.
_STAR_KEY = lazy_pattern(
    r"(?:(?<=\b[Pp]ress )|(?<=\b[Dd]ial )|(?<=\b[Hh]it )|(?<=\b[Uu]se ))\*(?=\d{2,3}(?![\w*])|$|"
    r"[ ,.])"
)
# Marks that no later step reads.
_SPACES = str.maketrans("_|[]{}\\`", " " * 8)
_ENDED = lazy_pattern(r"[.!?…,;:。！？、，；：؟।-][\"')\]»”]*$")


def drawn_faces(text: str, *, read: bool = True) -> str:
    r"""``¯\\_(ツ)_/¯`` -> shrug, before its marks are taken for formatting; or left out."""
    text = _FACE.sub(lambda m: f" {_CLEAN_FACES[m[0]]} " if read else " ", text)
    return _DRAWN.sub(" ", text)


def code(text: str, wording: Wording = ENGLISH) -> str:
    """Read inline code and one-line blocks; say "code block" for anything longer."""

    def block(match: re.Match[str]) -> str:
        language, body = match[1], match[2].strip()
        if not body:
            return " "
        if language or "\n" in body or len(body) > _MOST_READ_CODE_CHARS:
            return f"\n{wording.code_block}\n"
        return f" {_quiet(body)} "

    def inline(match: re.Match[str]) -> str:
        source = match[2].strip()
        named = _OPERATORS.get(source) if wording is ENGLISH else None
        return named or _quiet(source)

    text = _INLINE_CODE.sub(inline, _FENCE.sub(block, text))
    if wording is not ENGLISH:
        return text
    text = _COALESCED.sub(_OPERATORS["??"], text)
    return _PIPED.sub(_OPERATORS["||"], text) if text.count("||") == 1 else text


def _quiet(source: str) -> str:
    """Keep code from being read as formatting that hides words."""
    return source.replace("||", " ").replace("`", " ")


def escapes(text: str) -> str:
    r"""``\\*not italic\\*`` -> the characters, or nothing where they would not be said."""
    return _ESCAPE.sub(lambda m: _ESCAPED_AWAY.get(m[1], m[1]), text)


def spoilers(text: str, wording: Wording = ENGLISH) -> str:
    """``||he dies||`` -> spoiler. What is hidden stays hidden."""
    return _SPOILER.sub(lambda m: f" {wording.spoiler} " if m[1].strip("| \n") else " ", text)


def blocks(text: str, wording: Wording = ENGLISH) -> str:
    """Take headings, lists, quotes and small print off the beginnings of lines.

    A quotation is announced with "quote:" once, a heading is made a sentence of its own.
    """
    lines: list[str] = []
    # One line of "3." alone is an ordinal in many languages.
    begun = [line for line in text.split("\n") if _NUMBERED.match(line)]
    numbered = wording is ENGLISH or len(begun) > 1
    quoted = False
    rest_quoted = False
    for line in text.split("\n"):
        if not rest_quoted and _QUOTE_REST.match(line):
            line, starts, rest_quoted = _QUOTE_REST.sub("", line), not quoted, True
        elif rest_quoted:
            starts = False
        else:
            stripped = _QUOTE_LINE.sub("", line)
            starts = stripped != line and not quoted
            if quoted and stripped == line and lines:
                lines[-1] = _ended(lines[-1])
            quoted = stripped != line
            line = stripped
        line = _block_line(line, wording, numbered=numbered)
        lines.append(f"{wording.quote}: {line}" if starts and line.strip() else line)
    return "\n".join(lines)


def _block_line(line: str, wording: Wording, *, numbered: bool) -> str:
    line = _SUBTEXT.sub("", line)
    if heading := _HEADING.match(line):
        return _ended(heading[1].rstrip("#").rstrip())
    bullet = _BULLET.sub("", line)
    if bullet != line:
        return _TASK.sub(lambda m: "" if m[1] == " " else f"{wording.done}: ", bullet)
    return _NUMBERED.sub(r"\1, ", line) if numbered else line


def _ended(line: str) -> str:
    line = line.rstrip()
    return line if not line or _ENDED.search(line) else f"{line}."


def emphasis(text: str) -> str:
    """Drop bold, italic, underline and strike-through marks; keep ``snake_case`` and ``5 * 3``."""
    if text.count("**") == 1:
        text = _RAISED.sub(r" ^ \1", text)
    text = _OR.sub(" ∨ ", text)
    text = _EVERYTHING.sub("\u2217", text)
    text = _SCHEDULE.sub(lambda m: m[0].replace("*", "\u2217").replace("/", " slash "), text)
    text = _STAR_KEY.sub("\u2217", text) if text.count("*") == 1 else text
    text = _NAMED_STAR.sub("\u2217", text) if text.count("*") == 1 else text
    text = _STAR_BETWEEN.sub(" × ", text)
    text = _STARS.sub("★", text) if text.count("*") < 3 and not _EMPHASISED.search(text) else text
    return _EMPHASIS.sub("", text)


def lines(text: str) -> str:
    """Join lines with a reader's pause: a comma, or a full stop before a new sentence."""
    joined = ""
    paragraph = False
    for line in apart_from_fractions(text.translate(_SPACES)).split("\n"):
        line = line.strip()
        if not has_words(line):
            paragraph = paragraph or not line
            continue
        if joined and not _ENDED.search(joined):
            joined += "." if paragraph or line[0].isupper() else ","
        joined = f"{joined} {line}" if joined else line
        paragraph = False
    return joined
