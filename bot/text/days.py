"""Days and months written short, and the halves of a day: "Mon/Wed", "since Feb", "6:55p".

Figures stay: the rules for dates and times read them, with the names that stand here in full.
"""

import re

from bot.text.rule import Match, Rule, rule

_NAMES = {
    day[:3].lower(): day
    for day in "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
}
_DAYS = tuple(_NAMES)
_HALVES = tuple(f"{figure}{half}" for figure in range(10) for half in "ap")
_DAY = r"(?:Mon|Tues?|Weds?|Thu(?:rs?)?|Fri|Sat|Sun)"
#: Short in small letters as well, since no word is written so.
_SURE_DAY = r"(?:[Tt]ues?|Weds?|weds|[Tt]hu(?:rs?)?|[Ff]ri)"
_MONTHS = {
    month[:3]: month
    for month in (
        "January February March April June July August September October November December"
    ).split()
}
#: "Jan", "Jun" and "Mar" are names of people and places too.
_SURE_MONTH = r"(?:Feb|Apr|Jul|Aug|Sept?|Oct|Nov|Dec)"
_TIME = r"\d{1,2}(?:[:.]\d\d)?(?: ?[-–] ?\d{1,2}(?::\d\d)?)? ?[AaPp]\.?[Mm]\b"
_PART = "morning|afternoon|evening|night|noon|lunch"
_POINT_ENDS = re.compile(r"[\"')\]]*(?:\s*$|\n| [A-Z])")


def _point(match: Match) -> str:
    return "." if match[0].endswith(".") and _POINT_ENDS.match(match.string, match.end()) else ""


def _day(typed: str) -> str:
    return _NAMES[typed[:3].lower()]


def _in_a_row(match: Match) -> str:
    """Each day of a list in full; a dash leads from one to the other, a slash parts them."""
    joined = re.sub(
        r"(?i:mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun)\b\.?", lambda m: _day(m[0]), match[0]
    )
    return re.sub(r" ?[-–] ?", " to ", re.sub(r" ?/ ?", ", ", joined)) + _point(match)


def _in_full(match: Match) -> str:
    return f"{match[1]}{_day(match[2])}{_point(match)}"


def _of_days(pattern: str, *examples: tuple[str, ...]) -> Rule:
    """A rule for a day in group 2 after what stands in group 1."""
    return rule(pattern, _in_full, *examples, needs=_DAYS)


listed = rule(
    rf"(?<![\w'-]){_DAY}\b\.?(?:(?: ?[-–/&] ?|,? (?:and|or|to) |, ?|/){_DAY}\b\.?){{1,6}}(?![\w'])|"
    r"(?<![\w'-])(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)(?:(?: ?[-–/&] ?| or )(?:mon|tues?|wed|"
    r"thu(?:rs?)?|"
    r"fri|sat|sun)){1,6}(?![\w'])",
    _in_a_row,
    ("Mon-Fri", "Monday to Friday"),
    ("Mon/Wed/Fri at noon", "Monday, Wednesday, Friday at noon"),
    ("sat/sun only", "Saturday, Sunday only"),
    ("sun and sat down", "sun and sat down"),
    needs=_DAYS,
)
_DAY_WORD = (
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun|mon|tues|wednes|thurs|fri|satur|sun)day|[Tt]oday|"
    r"[Tt]onight|[Tt]omorrow|[Tt]mr|[Tt]mrw)"
)
_BESIDE = r"(?:,? (?:and|or|not|to|thru|through|instead of|rather than) | ?[/&-] ?)"
_DAY_BEFORE = re.compile(rf"\b{_DAY_WORD}{_BESIDE}$")
_DAY_AFTER = re.compile(rf"{_BESIDE}{_DAY_WORD}\b")


def _beside_day(match: Match) -> str:
    beside = _DAY_AFTER.match(match.string, match.end()) or _DAY_BEFORE.search(
        match.string, max(match.start() - 26, 0), match.start()
    )
    return _day(match[0]) if beside else match[0]


beside_day = rule(
    r"(?<![\w'])(?<!we )(?<!he )(?<!ey )(?<!who )(?:mon|wed|sat|sun)\b(?!['’]\w)(?! (?:down|on|"
    r"in|by|there|here|with|around|"
    r"through|next|"
    r"still|up|back|at the|for an?|is (?:out|up|shining|hot)|came|rose|set|will (?:rise|set))\b)",
    _beside_day,
    ("Friday or sat", "Friday or Saturday"),
    ("sat not sunday", "Saturday not sunday"),
    ("came friday and sat down", "came friday and sat down"),
    needs=("mon", "wed", "sat", "sun"),
)
_LETTERS = {
    "M": "Monday", "T": "Tuesday", "Tu": "Tuesday", "W": "Wednesday", "Th": "Thursday",
    "F": "Friday",
    "Sa": "Saturday", "Su": "Sunday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
lettered = rule(
    r"(?<![\w'&-])(M|Tu?)( ?[-–] ?)(Th|F|W|Sat?|Sun?)(?![\w'&-])|"
    r"(?<![\w'&-])(M/?W/?F|Tu?(?:/?| & | and )Th|M/W|M/Th|W/F|MW(?= (?:at )?\d))(?![\w'&-])",
    lambda m: (
        f"{_LETTERS[m[1]]} to {_LETTERS[m[3]]}"
        if m[1]
        else ", ".join(_LETTERS[one] for one in re.findall("Tu|Th|[MTWF]", m[4]))
    ),
    ("M-F, M-Th", "Monday to Friday, Monday to Thursday"),
    ("MWF or T/Th", "Monday, Wednesday, Friday or Tuesday, Thursday"),
    needs=(
        "m-",
        "m -",
        "m–",
        "m –",
        "t-",
        "t -",
        "t–",
        "t –",
        "u-",
        "u -",
        "u–",
        "u –",
        "mw",
        "m/",
        "wf",
        "w/f",
        "th",
    ),
)
_OPENED = re.compile(r"\d|\b(?:open|opens|closed|hours|office|work|works|shifts?)\b", re.IGNORECASE)
lettered_small = rule(
    r"(?<![\w'&/-])m ?[-–] ?(f|th|sat?|sun?)(?![\w'&/-])",
    lambda m: f"Monday to {_LETTERS[m[1].capitalize()]}" if _OPENED.search(m.string) else m[0],
    ("open m-f", "open Monday to Friday"),
    ("the m-f ratio", "the m-f ratio"),
    needs=("m-", "m -", "m–", "m –"),
)
sure = _of_days(
    rf"(?<![\w'-])()({_SURE_DAY})\b\.?(?![\w'-])",
    ("Wed works", "Wednesday works"),
    ("stuck since thurs", "stuck since Thursday"),
    ("see you Fri. then", "see you Friday then"),
    ("we wed in May", "we wed in May"),
)
before_time = _of_days(
    rf"\b()(Mon|Sat|Sun)\b\.?(?=,? (?:at |@ ?|from )?{_TIME}|,? (?:at |@ ?)?\d{{1,2}}:\d\d|"
    rf",? (?:at|@) ?(?:\d|noon)| the \d|,? \d{{1,2}}/\d{{1,2}}\b|,? (?:{_SURE_MONTH}|Jan|Jun|Mar|"
    rf"May|June|July)[a-z]{{0,7}}\.? \d| "
    rf"(?:{_PART})s?\b)",
    ("Mon 5pm", "Monday 5pm", "Monday five P M"),
    ("Sun night", "Sunday night"),
    ("Sun. at noon", "Sunday at noon"),
)
pointed = _of_days(
    r"(?<!the )\b()(Mon)\.(?= [a-z]|,|\s*$)",
    ("Mon. off", "Monday off"),
)
_TIME_BEFORE = re.compile(rf"(?:{_TIME}|\b\d{{1,2}}:\d\d|\bnoon)(?: [A-Z]{{2,4}})?,?(?: on)? $")
after_time = rule(
    rf"\b({_DAY}|mon|wed|sat|sun)\b\.?(?! (?:in|on|down)\b)(?![\w'-])",
    lambda m: (
        _day(m[1]) + _point(m)
        if _TIME_BEFORE.search(m.string, max(m.start() - 30, 0), m.start())
        else m[0]
    ),
    ("2-5pm sat", "2-5pm Saturday", "two to five P M Saturday"),
    needs=_DAYS,
)
after_word = _of_days(
    r"\b((?:(?i:till?|until|on|by|this|next|last|every|each|since|from|before|after|coming|per)|or|and|"
    r"\d(?:st|nd|rd|th)) )(Mon)\b(?!['’-]\w)\.?",
    ("till Mon", "till Monday"),
    ("every 2nd Mon", "every 2nd Monday", "every second Monday"),
)
weekend = _of_days(
    r"\b((?i:on|this|next|last|every|until|till?|by) )(Sat|Sun)\b\.?"
    r"(?= ?(?:@|[,.!?)]|$)| (?:at|from|or|and|then|instead|w)\b)",
    ("on Sun at 8", "on Sunday at 8", "on Sunday at eight"),
    ("the last Sun tabloid", "the last Sun tabloid"),
)
small_at = _of_days(
    r"\b()(mon(?= ?(?:at|@|the|from) ?\d)|(?:sun|sat|wed)(?= @ ?\d| \d{1,2}(?::\d\d|[ap]m)))\b",
    ("dentist mon @ 9", "dentist Monday @ 9", "dentist Monday at nine"),
)
small_free = _of_days(
    r"\b((?i:free|busy|off|open|closed|available|working|home|see (?:you|u|ya)) (?:on )?)(mon|wed|"
    r"sat|"
    r"sun)\b(?![\w'-])",
    ("free sat after 2", "free Saturday after 2", "free Saturday after two"),
)
small = _of_days(
    r"\b((?i:on|this|next|every|by|til|till|until|due|before|since) )(mon|wed|sat)\b(?= "
    r"?(?:[,.!?)]|@|$)| (?:at|morning|night|evening|"
    r"afternoon|or|and|works?|then|if|instead|for|from|after|before)\b)",
    ("on mon or tues", "on Monday or tues", "on Monday or Tuesday"),
    ("next sat?", "next Saturday?"),
    ("the cat on which he sat", "the cat on which he sat"),
)
month = rule(
    rf"(?<![\w'$/-])({_SURE_MONTH})\b(?:\.(?= ?\w|[,;)]))?(?![\w'])",
    lambda m: _MONTHS[m[1][:3]],
    ("Feb was cold", "February was cold"),
    ("due in Oct.", "due in October."),
    ("Sept. 9", "September 9", "September ninth"),
    needs=tuple("feb apr jul aug sep oct nov dec".split()),
)
month_after = rule(
    r"\b((?i:in|since|until|till?|early|mid|late|last|next|through|thru|every|by|end of) |[Mm]id-)"
    r"(Jan|Mar|Jun)\b(?:\.(?= ?\w|[,;)]))?(?![\w'])(?! (?:is|was|has|had|said|and I)\b)",
    lambda m: m[1] + _MONTHS[m[2]],
    ("since Jan", "since January"),
    ("by Jun 3", "by June 3", "by June third"),
    ("told Jan so", "told Jan so"),
    needs=("jan", "mar", "jun"),
)
_ANY_MONTH = "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_LONG_MONTH = "january|february|april|june|july|august|september|october|november|december"
_NUMBER_AFTER = re.compile(r"\.? \d{1,2}(?:st|nd|rd|th)?\b(?![:.,]\d)(?! ?[%x°])")
_RANK_AFTER = re.compile(r"\.? \d{1,2}(?:st|nd|rd|th)\b")
_NUMBER_BEFORE = re.compile(r"\d(?P<rank>st|nd|rd|th)? $")
_PREPOSITION = re.compile(r"\b(?:in|since|last|next|of) $")


def _small_month(match: Match) -> str:
    """A month beside a number or after a word that leads to one; "may" and "march" are verbs."""
    text, name = match.string, match[0]
    verb = name in {"may", "march"}
    before = text[max(match.start() - 8, 0) : match.start()]
    number = _NUMBER_BEFORE.search(before)
    beside = (_RANK_AFTER if verb else _NUMBER_AFTER).match(text, match.end()) or (
        number and (number["rank"] or not verb)
    )
    led = name not in {"mar", "jun", "may", "march"} and _PREPOSITION.search(before)
    return _MONTHS[name[:3].capitalize()] if beside or led else name


month_small = rule(
    rf"\b(?:{_LONG_MONTH}|march|may|{_ANY_MONTH})\b(?!['-]\w)",
    _small_month,
    ("on jan 5th", "on January 5th", "on January fifth"),
    ("in aug", "in August"),
    ("she may 4 times", "she may 4 times", "she may four times"),
    needs=tuple("jan feb mar apr may jun jul aug sep oct nov dec".split()),
)
half = rule(
    r"(?<=\d:[0-5]\d)([ap])(?!\w)|(?<=\b[aA]t \d)([ap])(?!\w)|(?<=\b[aA]t \d\d)([ap])(?!\w)|"
    r"(?<=@ \d)([ap])(?!\w)|(?<=@\d)([ap])(?!\w)",
    lambda m: f" {next(filter(None, m.groups()))}m",
    ("lands 6:55p", "lands 6:55 pm", "lands six fifty-five P M"),
    ("at 7a", "at 7 am", "at seven A M"),
    needs=_HALVES,
)
halves = rule(
    r"(?<![\w:.,$])(\d{1,2}(?::[0-5]\d)?)([ap]) ?[-–] ?(\d{1,2}(?::[0-5]\d)?)([ap])(?!\w)",
    lambda m: f"{m[1]}{m[2]}m to {m[3]}{m[4]}m",
    ("9a-5p", "9am to 5pm", "nine A M to five P M"),
    needs=_HALVES,
)
zone = rule(
    r"(?<=\d[ap]m )(e[sd]t|p[sd]t|c[sd]t|mst|mdt|cet|cest|gmt|utc|bst|aest|ist|jst|et|pt|ct)(?!\w)|"
    r"(?<=\d [ap]m )(e[sd]t|p[sd]t|c[sd]t|mst|mdt|cet|cest|gmt|utc|bst|aest|ist|jst|et|pt|"
    r"ct)(?!\w)|"
    r"(?<=\d:\d\d )(e[sd]t|p[sd]t|c[sd]t|mst|mdt|cet|cest|gmt|utc|bst|aest|jst)(?!\w)",
    lambda m: " ".join(next(filter(None, m.groups())).upper()),
    ("at 9pm est", "at 9pm E S T", "at nine P M E S T"),
    needs=("t", "utc"),
)
part = rule(
    r"\b((?i:this|tomorrow|tmrw?|yesterday|early|late|[a-z]{3,6}day) )(am|pm)\b(?! (?:I|"
    r"i)\b)(?!['-])",
    lambda m: f"{m[1]}{m[2][0].upper()} M",
    ("this am", "this A M"),
    ("Monday pm is fine", "Monday P M is fine"),
    ("I am this am I not", "I am this am I not"),
    needs=(" am", " pm"),
)

ENGLISH = (
    listed, lettered, lettered_small, before_time, pointed, after_time, sure, beside_day,
    after_word, weekend, small_at,
    small_free, small,
    month, month_after,
    month_small, halves, half, zone, part,
)  # fmt: skip


def days(text: str) -> str:
    """``Mon/Wed`` -> Monday, Wednesday; ``since Feb`` -> since February; ``6:55p`` -> 6:55 pm."""
    for each in ENGLISH:
        text = each.apply(text)
    return text
