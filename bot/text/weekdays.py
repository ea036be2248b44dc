"""Days of the week written short, in letters and in rows: "Mon/Wed", "M-F", "moved to wed".

In small letters "sat", "sun", "mon" and "wed" are words as well; their neighbours tell.
"""

import re

from bot.text.expressions import lazy_pattern
from bot.text.rule import Match, Rule, rule

_NAMES = {
    day[:3].lower(): day
    for day in "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
}
_DAYS = tuple(_NAMES)
_DAY = r"(?:Mon|Tues?|Weds?|Thu(?:rs?)?|Fri|Sat|Sun)"
#: Short in small letters as well, since no word is written so.
_SURE_DAY = r"(?:[Tt]ues?|Weds?|weds|[Tt]hu(?:rs?)?|[Ff]ri)"
_TIME = r"\d{1,2}(?:[:.]\d\d)?(?: ?[-–] ?\d{1,2}(?::\d\d)?)? ?[AaPp]\.?[Mm]\b"
_PART = "morning|afternoon|evening|night|noon|lunch"
_POINT_ENDS = lazy_pattern(r"[\"')\]]*(?:\s*$|\n| [A-Z])")


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
_DAY_BEFORE = lazy_pattern(rf"\b{_DAY_WORD}{_BESIDE}$")
_DAY_AFTER = lazy_pattern(rf"{_BESIDE}{_DAY_WORD}\b")


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


def _of_letters(match: Match) -> str:
    first, last = match[1] or match[4] or match[6], match[3] or match[5] or match[7]
    if first:
        return f"{_LETTERS[first]} to {_LETTERS[last]}"
    return ", ".join(_LETTERS[one] for one in re.findall("Tu|Th|[MTWF]", match[8] or match[9]))


lettered = rule(
    r"(?<![\w'&-])(?:(M|Tu?)( ?[-–] ?)(Th|F|W|Sat?|Sun?)|(W|Th|F|Sat?|Sun?)[-–](Sat?|Sun?|Th|Tu)|"
    r"(W|Th)[-–](F)(?= ?\d))(?![\w'&-])|"
    r"(?<![\w'&-])(M/?W/?F|Tu?(?:/?| & | and )Th|M/W|M/Th|W/F|MW(?= (?:at )?\d))(?![\w'&-])|"
    r"(?<![\w'&-])(M, ?W,? ?(?:(?:and|&) )?F|Tu?, ?Th)(?![\w'&-])",
    _of_letters,
    ("M-F, M-Th", "Monday to Friday, Monday to Thursday"),
    ("F-Sa 11-10", "Friday to Saturday 11-10", "Friday to Saturday eleven to ten"),
    ("home M, W, F", "home Monday, Wednesday, Friday"),
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
        "m, ",
        "wf",
        "w/f",
        "th",
        "sa",
        "su",
    ),
)
_OPENED = lazy_pattern(
    r"\d|\b(?:available|class|closed|daily|free|hours|job|m-f (?:job|only|schedule|shift|work)|"
    r"office|only|open|"
    r"opens|schedule|shifts?|weekdays?|work|working|works)\b|^m ?[-–] ?[a-z]{1,3}$",
    re.IGNORECASE,
)
lettered_small = rule(
    r"(?<![\w'&/-])(m|w|th|f) ?[-–] ?(th|f|sat?|sun?)(?![\w'&/-])",
    lambda m: (
        f"{_LETTERS[m[1].capitalize()]} to {_LETTERS[m[2].capitalize()]}"
        if m[1] != m[2] and _OPENED.search(m.string)
        else m[0]
    ),
    ("open m-f", "open Monday to Friday"),
    ("f-sat 11-2", "Friday to Saturday 11-2", "Friday to Saturday eleven to two"),
    ("the m-f ratio", "the m-f ratio"),
    needs=("m-", "m -", "m–", "m –", "w-", "w–", "th-", "th–", "f-", "f–"),
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
    rf",? (?:at|@) ?(?:\d|noon)| the \d|,? \d{{1,2}}/\d{{1,2}}\b|,? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|"
    rf"Aug|Sep|Oct|Nov|Dec)[a-z]{{0,7}}\.? \d| "
    rf"(?:{_PART})s?\b)",
    ("Mon 5pm", "Monday 5pm", "Monday five P M"),
    ("Sun night", "Sunday night"),
    ("Sun. at noon", "Sunday at noon"),
)
pointed = _of_days(
    r"(?<!the )\b()(Mon)\.(?= [a-z]|,|\s*$)",
    ("Mon. off", "Monday off"),
)
_TIME_BEFORE = lazy_pattern(rf"(?:{_TIME}|\b\d{{1,2}}:\d\d|\bnoon)(?: [A-Z]{{2,4}})?,?(?: on)? $")
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
_SAID_OF_DAY = (
    r"(?:afternoons?|evenings?|mornings?|nights?|night's|works?|sounds|is (?:a|an|best|better|bad|"
    r"cool|fine|free|good|great|"
    r"my|no|off|ok|okay|out for|perfect|the|when)|good|ok|okay|fine|better|was (?:a|fun|great|"
    r"insane|nice|so)|"
    r"would (?:be|work)|could work|might work|doesn'?t work|won'?t work|instead|please|pls)"
)
_OPENS_WITH_DAY = lazy_pattern(
    r"(?:^|[,.!?;:(]|\b(?:about|actually|and|any|because|bc|but|by|due|every|for|from|hmm+|if|is|last|like|"
    r"maybe|most|nah|next|no|not|oh|ok|okay|on|or|since|so|then|think|this|til|till|to|tbh|until|unless|well|yeah|yes))"
    r" ?$",
    re.IGNORECASE,
)
small_of_day = rule(
    rf"(?<![\w'-])(mon|sat|sun)(?= {_SAID_OF_DAY}\b)",
    lambda m: (
        _day(m[1]) if _OPENS_WITH_DAY.search(m.string, max(m.start() - 10, 0), m.start()) else m[0]
    ),
    ("sat works for me", "Saturday works for me"),
    ("is sun ok", "is Sunday ok", "is Sunday okay"),
    ("the sun is good", "the sun is good"),
    ("where we sat was nice", "where we sat was nice"),
    needs=_DAYS,
)
small_part = rule(
    r"(?<![\w'-])(?<!the )(?<!\bwe )(?<!\bhe )(?<!\bi )(?<!she )(?<!they )(?<!who )(?<!just )(mon|"
    r"sat|sun)(?= "
    r"(?:afternoon|brunch|dinner|evening|lunch|morning|night|nite)s?\b)",
    lambda m: _day(m[1]),
    ("drinks sat night?", "drinks Saturday night?"),
    ("they sat night after night", "they sat night after night"),
    needs=_DAYS,
)
small_begins = rule(
    r"(?:^|(?<=[,;.] ))(mon|sat|sun)(?= ?(?:[:-] ?[A-Za-z\d]|\d{1,2} ?[-–] ?\d|\d{1,2} to \d|or "
    r"(?:mon|tue|wed|thu|fri|sat|sun)))",
    lambda m: _day(m[1]),
    (
        "m-f 9-5, sat 10-2",
        "m-f 9-5, Saturday 10-2",
        "Monday to Friday nine to five, Saturday ten to two",
    ),
    needs=_DAYS,
)
_WED = lazy_pattern(
    r"\b(?:couple|finally|grandparents|he|i|just|lawfully|newly|pair|parents|recently|she|they|u|"
    r"we|who|you) $|\bto be $",
    re.IGNORECASE,
)
wed_small = rule(
    r"(?<![\w'&.-])wed\b(?!['’.-]\w)(?!-)(?! (?:each other|her|him|his|them|to (?:a|her|him|his|"
    r"the))\b)",
    lambda m: m[0] if _WED.search(m.string, max(m.start() - 14, 0), m.start()) else "Wednesday",
    ("moved to wed", "moved to Wednesday"),
    ("nah wed is no good", "nah Wednesday is no good"),
    ("they wed last year", "they wed last year"),
    needs=("wed",),
)
small_at = _of_days(
    r"\b()(mon(?= ?(?:at|@|the|from) ?\d)|(?:sun|sat|wed)(?= @ ?\d| \d{1,2}(?::\d\d|ish\b| "
    r"?[ap]m\b|[ap]\b))|(?<! we )(?<! he )(?<! i )(?<!hey )(?<!she )sat(?= (?:around|at|by) "
    r"\d{1,2}(?:ish| ?[ap]m|:\d\d)))\b",
    ("dentist mon @ 9", "dentist Monday @ 9", "dentist Monday at nine"),
)
small_free = _of_days(
    r"\b((?i:free|busy|off|open|closed|available|working|home|see (?:you|u|ya)) (?:on )?)(mon|wed|"
    r"sat|"
    r"sun)\b(?![\w'-])",
    ("free sat after 2", "free Saturday after 2", "free Saturday after two"),
)
small = _of_days(
    r"\b((?i:on|this|next|every|by|til|till|until|due|before|since|after|about|is|for|from|to|off|works?|meet|maybe|"
    r"or|last|not|only|up|come|coming|cyber|ends|flying|going|leaving|over|starts|there|thru|"
    r"through|closes|closed|opens|arrives|starting|ending) )(mon|sat|(?:(?<=on )|(?<=next )|"
    r"(?<=this )|(?<=til )|(?<=till )|(?<=until )|(?<=every )|"
    r"(?<=by )|(?<=is )|(?<=for )|(?<=about )|(?<=due )|(?<=ends )|(?<=tarts )|(?<=thru )|"
    r"(?<=rough )|(?<=losed )|(?<=loses ))sun)\b(?= "
    r"?(?:[,.!?)]|@|&|$)| (?:at|morning|night|evening|"
    r"afternoon|or|and|works?|then|if|instead|for|from|after|before|w|with|tho|pls|please|lol|if)\b)"
    r"(?! (?:at|for|with|from|after|before|and) (?:a|her|his|home|least|me|my|the|them|us|you)\b)",
    ("on mon or tues", "on Monday or tues", "on Monday or Tuesday"),
    ("next sat?", "next Saturday?"),
    ("the cat on which he sat", "the cat on which he sat"),
)
of_weather = _of_days(
    r"((?:% |rain |snow |sunny |cloudy |°F |°C ))(Mon|Sat|Sun)(?=$|[,.;!?]| (?:and|but)\b)",
    ("20% Sun, then", "20% Sunday, then", "twenty percent Sunday, then"),
)
closed_day = _of_days(
    r"\b((?i:closed|off|open|shut|busy|free) )(Mon|Sat|Sun)\b(?!['’-])(?! [A-Z])\.?",
    ("closed Mon for it", "closed Monday for it"),
)
half_of_day = rule(
    r"(?<=day )(AM|PM)(?!\w)(?! I\b)",
    lambda m: f"{m[1][0]} M",
    ("or Thursday AM?", "or Thursday A M?"),
    ("Today AM I late", "Today AM I late", "Today am I late"),
    needs=("day am", "day pm"),
)

ENGLISH = (
    listed, lettered, lettered_small, closed_day, before_time, pointed, after_time, sure,
    beside_day, after_word, weekend, small_at, small_free, small_part, small_begins,
    small_of_day, small, of_weather, wed_small, half_of_day,
)  # fmt: skip
