"""Signs in words where a reader says them, and away where a reader does not.

`tidy` is the last step over ordinary text: afterwards no character of markup is left, white space
is single, punctuation is what a speech engine expects, and a text with nothing to say is empty.
"""

import re
import unicodedata

from bot.text import signs
from bot.text.characters import apart_from_fractions, has_words, without_lone_marks
from bot.text.expressions import lazy_pattern
from bot.text.links import ENDINGS
from bot.text.rule import always, apply_all, rule

_FILE_ENDINGS = (
    "js|ts|py|exe|txt|png|jpg|jpeg|gif|zip|json|html|css|pdf|md|cpp|dll|jar|bat|sh|"
    "rs|rb|php|kt|conf|lock|vue|scss|csv|tgz|tar|rst|toml|yaml|yml|xml|log|ini|cfg|sql|java|mp3|mp4|wav|svg|webm|webp|mkv|flac|psd|rar|lua|jsx|tsx|docx|xlsx|iso|apk"
)


c_plus_plus = always(
    r"\b[Cc]\+\+",
    "C plus plus",
    ("c++ is", "C plus plus is"),
    needs=("++",),
)
plus_plus = always(
    r"(?<=\w)\+\+(?![\w+])",
    " plus plus",
    ("notepad++", "notepad plus plus"),
    needs=("++",),
)
system_folder = always(
    r"(?<!\w)/etc\b",
    "slash E T C",
    ("in /etc/hosts", "in slash E T C/hosts", "in slash E T C hosts"),
    needs=("/etc",),
)
sharp = rule(
    r"\b([CcFf])#(?!\w)",
    lambda m: f"{m[1].upper()} sharp",
    ("c# or F#", "C sharp or F sharp"),
    needs=("#",),
)
community = rule(
    r"(?<![\w/])([ru])/(?=[A-Za-z]\w{2})",
    lambda m: f"{m[1].upper()} slash ",
    ("on r/askreddit", "on R slash askreddit"),
    needs=("r/", "u/"),
)
arrow = always(
    r" ?(?:-+>|=+>|→|➜|➡|⇒|⟶|»>) ?",
    " to ",
    ("A -> B", "A to B"),
    needs=tuple("> → ➜ ➡ ⇒ ⟶".split()),
)
back_arrow = always(
    r"<-+|<=+|←|⇐",
    " ",
    ("A <- B", "A   B", "A B"),
    needs=("<", "←", "⇐"),
)
ampersand = always(
    r"(?<=[\w)\"'.!?]) ?&+ ?(?=[\w(\"'])",
    " and ",
    ("you&me", "you and me"),
    needs=("&",),
)
lone_ampersand = always(
    r"&+",
    " ",
    ("& so", "  so", "so"),
    needs=("&",),
)
at = always(
    r"(?<!\w)@(?!\w)",
    " at ",
    ("dinner @ home", "dinner  at  home", "dinner at home"),
    needs=("@",),
)
money = always(
    r"(?<=[a-z] )\$(?=$|[.,!?]| (?:and|back|bc|but|for|from|if|in|left|on|or|rn|to)\b)",
    "money",
    ("no $ left", "no money left"),
    needs=("$",),
)
ticker = always(
    r"(?<!\w)\$(?=[A-Z]{1,5}\b)",
    "",
    ("$GME up", "GME up", "G M E up"),
    needs=("$",),
)
grade = rule(
    r"\b((?:an?|got|gets?|getting|with|from|to|my|is|was|[Gg]rade:?|solid) [A-DF])"
    r"[-\u2212](?![\w-])|"
    r"(?<!\S)([A-DF])[-\u2212](?=/| (?:in|on|for)\b|[.,!?]*$)",
    lambda m: f"{m[1] or m[2]} minus",
    ("got a B-", "got a B minus"),
    ("A- in art", "A minus in art"),
    needs=("-", "−"),
)
blood_first = rule(
    r"\b(AB?|B|O)([-\u2212+])(?= (?:blood|donors?|type)\b)",
    lambda m: f"{m[1]} {'positive' if m[2] == '+' else 'negative'}",
    ("O- donors", "O negative donors"),
    needs=("blood", "donor", "type"),
)
blood = rule(
    r"\b((?:[Bb]lood|[Tt]ype|[Bb]lood type is|I'm|am) (?:AB?|B|O))([-\u2212+])(?![\w-])",
    lambda m: f"{m[1]} {'positive' if m[2] == '+' else 'negative'}",
    ("type AB- blood", "type AB negative blood", "type A B negative blood"),
    needs=("blood", "type", "i'm", "am"),
)
number_of = always(
    r"(?<!\S)#(?= (?:of|for|is|on|in|and|to)\b|[.,?!]?$| ?\?)",
    "number",
    ("the # of cats", "the number of cats"),
    ("what's ur #?", "what's ur number?", "what's your number?"),
    needs=("#",),
)
numbers_of = always(
    r"(?<!\w)#'?s(?!\w)",
    "numbers",
    ("#'s 4 and 5", "numbers 4 and 5", "numbers four and five"),
    needs=("#",),
)
dot = always(
    r"(?<![^\s(\"'/])\.(?=(?:env|git\w*|bash\w*|zsh\w*|vim\w*|ssh|npm\w*|docker\w*|config|cache|local|venv|"
    r"vscode|idea|htaccess|profile|aws|kube|eslint\w*|prettier\w*|NET|io|net|com|org|gg|exe|zip|json|csv|"
    r"txt|rar|tar|docx?|xlsx?|psd|iso|apk|mkv|wav|svg|ini|log|conf|pdf|png|jpe?g|gif|mp[34]|py|"
    r"js|ts|html|css|yaml|yml|md|sh|bat|dll|jar|then|map|filter|get|find)\b)",
    "dot ",
    ("in .gitignore", "in dot gitignore"),
    needs=(".",),
)
plus_after = always(
    r"(?<=\w)\+(?!\w)",
    " plus",
    ("got an A+", "got an A plus"),
    needs=("+",),
)
plus_before = always(
    r"(?<!\S)\+(?=\w)",
    "plus ",
    ("+ve", "plus ve"),
    needs=("+",),
)
slash_apart = always(
    r"(?<=[\w%)]{2}) / (?=\w\w)",
    ", ",
    ("chicken / beef", "chicken, beef"),
    needs=(" / ",),
)
slash = always(
    r"(?<![\w/])/(?=[a-z])",
    "slash ",
    ("type /play", "type slash play"),
    flags=re.IGNORECASE,
    needs=("/",),
)
channel = always(
    r"(?:(?<=\bin )|(?<=\bto )|(?<=check )|(?<=Check )|(?<=\bsee )|(?<=from )|(?<=read )|(?<=post "
    r"in ))#(?=[a-z])",
    "",
    ("rules in #welcome", "rules in welcome"),
    needs=("#",),
)
hashtag = always(
    r"(?<!\w)#(?=\w)",
    "hashtag ",
    ("#win", "hashtag win"),
    needs=("#",),
)
lone_percent = always(
    r"(?<=\w )%(?=[ ?.,!]|$)",
    "percent",
    ("what % of it", "what percent of it"),
    needs=("%",),
)
percent = always(
    r"(?<=[^\W_])%+",
    " percent",
    ("a hundred%", "a hundred percent"),
    needs=("%",),
)
file_ending = always(
    rf"(?<=\w)\.(?=(?:{_FILE_ENDINGS}|{ENDINGS})\b)",
    " dot ",
    ("open main.py", "open main dot py"),
    needs=(".",),
)
trademark = always(
    r"(?<=[a-z])(?:©|®|™|℠)",
    "",
    ("Lego™ car", "Lego car"),
    flags=re.IGNORECASE,
    needs=("©", "®", "™", "℠"),
)

ENGLISH = (
    signs.plus_plus_before, system_folder, signs.over_bracket, signs.equals_what,
    signs.option, signs.minus_minus, signs.not_before, signs.attribute, signs.parent_folder,
    signs.ancestor,
    signs.root_folder, signs.sign,
    signs.much_greater, signs.over,
    lone_percent, signs.assigned, number_of, numbers_of, dot, c_plus_plus, plus_plus, sharp,
    community, arrow,
    back_arrow,
    ampersand, lone_ampersand, at, money, ticker, blood_first, blood,
    grade, signs.plus_between, signs.unequal, signs.greater, signs.equals, signs.negative,
    plus_after, plus_before,
    slash_apart, slash, channel, hashtag, percent,
    file_ending, trademark,
)  # fmt: skip
_MARKUP = lazy_pattern(r"[*_~`|<>\\#@^\[\]{}=+/\u2022\x00-\x1f]+")
_DECORATION = lazy_pattern(
    "(?:[\u2190-\u2bff\u00a6\u00a8\u00ac\u00b4\u00b8\ufe0e\ufe0f\U0001f000-\U0001faff\ufffd]\u200d?)+"
)
_DASH = lazy_pattern(r"(?:^| )[-–]{1,3}(?= |$)|--+|(?<![^\W_])-+(?![^\W_])")
_ELLIPSIS = lazy_pattern(r"(?:\.{2,}|…)[.…]*")
_MARKS = lazy_pattern(r"[!?‽]{2,}|‽")
_REPEATED = lazy_pattern(r"([,;:])(?:\s*[,;:])+")
_BEFORE_MARK = lazy_pattern(r" +(?=[,.!?;:)](?:[\s\"')]|$))")
_COMMA_MARK = lazy_pattern(r"[,;:]+ ?(?=[.!?])")
_MARK_COMMA = lazy_pattern(r"(?<=[.!?]) ?[,;:]+(?!\w)")
_BEFORE_WORD = lazy_pattern(r"(?<!\S)[,;:]+(?=\w)")
_EMPTY_PAIR = lazy_pattern(r"\( *\)|\" *\"|' +'")
_START = lazy_pattern(r"^[\s,.;:!?…)\-'’]+(?=[\w\"(«„“¿¡「『《])|^[\s,.;:!?…)\-]+")
_LONG_MARK = lazy_pattern(r"([^\w\s])\1{3,}")


def symbols(text: str) -> str:
    """``R&D``, ``C++``, ``/play``, ``a -> b`` in words."""
    return apply_all(ENGLISH, text)


def tidy(text: str) -> str:
    """Drop what is left of markup, settle spaces and punctuation; "" where no word is left."""
    for _ in range(_MOST_TIDY_PASSES):
        settled = _tidied(text)
        if settled == text:
            break
        text = settled
    return text


# Dropping one mark can bring two others together; three passes settle every text seen by fuzzing.
_MOST_TIDY_PASSES = 6


def _is_read(word: str) -> bool:
    """Whether a reader does anything at `word`: marks that stand alone are passed over."""
    return has_words(word) or word in {"—", "–"}


def _tidied(text: str) -> str:
    text = apart_from_fractions(without_lone_marks(_MARKUP.sub(" ", text)))
    text = _DECORATION.sub(" ", text)
    text = _ELLIPSIS.sub("... ", text)
    text = _MARKS.sub(lambda m: "?" if "?" in m[0] or "‽" in m[0] else "!", text)
    text = _DASH.sub(", ", text)
    text = _LONG_MARK.sub(r"\1\1\1", text)
    text = " ".join(unicodedata.normalize("NFC", text).split())
    text = _EMPTY_PAIR.sub(" ", text)
    text = _BEFORE_MARK.sub("", text).replace("( ", "(")
    text = _REPEATED.sub(r"\1", text)
    text = _COMMA_MARK.sub("", text)
    text = _MARK_COMMA.sub("", text)
    text = _BEFORE_WORD.sub("", text)
    text = _START.sub("", text)
    text = " ".join(filter(_is_read, text.split())).rstrip(" ,;:-(")
    return text if has_words(text) else ""
