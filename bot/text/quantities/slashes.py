"""A month and a day with a slash between them, which a fraction or a count has as well."""

from bot.text.quantities.counts import COUNTED_THINGS
from bot.text.quantities.dates import MONTHS
from bot.text.quantities.measures import FREE_UNITS
from bot.text.quantities.numbers import ordinal
from bot.text.rule import Match, rule

#: Words after which a month and a day are more likely than a part of something.
_ON = (
    r"[Oo]n|[Ss]ince|[Uu]ntil|[Tt]ill?|[Dd]ue|[Dd]ated|[Ss]tarting|[Ss]tarts|[Dd]rops|"
    r"[Ee]arnings|[Ee]nds|[Ee]ffective|[Ee]xpires|"
    r"[Bb]orn|[Ll]eav(?:es|ing)|[Aa]rriv(?:es|ing)|[Dd]epart(?:s|ing)|[Ll]ands|[Oo]pens|[Cc]loses|[Rr]eleases|[Ll]aunches|"
    r"[Bb]egins|[Mm]oved to|[Pp]ushed to|[Rr]escheduled to|[Aa]s of|[Cc]omes out|"
    r"[Cc]oming(?: out)?|[Pp]remieres?|[Aa]irs|[Dd]ropping|[Rr]eleasing|[Ss]eason|"
    r"(?:[Bb]day|[Bb]irthday|(?:[Mm][Ll][Kk]|[Mm]emorial|[Ll]abor|[Vv]eterans|[Ee]lection|"
    r"[Mm]oving|[Pp]icture|[Ff]irst|[Ll]ast) [Dd]ay|"
    r"[Dd]eadline|[Ee]xam|[Ff]inal|[Mm]idterm|[Tt]est|"
    r"[Pp]arty|[Ww]edding|[Mm]eeting|"
    r"[Ii]nterview|[Ff]light|[Ll]aunch|[Rr]elease|[Cc]oncert|[Ss]how|[Gg]ame|[Tt]rip|[Hh]omecoming|[Pp]rom|[Cc]oncert|[Gg]raduation|[Cc]losing|[Oo]pening|"
    r"[Aa]ppt|"
    r"[Aa]ppointment)(?:'s| is|:)|[Mm]on|[Tt]ues|[Ww]ednes|[Tt]hurs|[Ff]ri|[Ss]atur|[Ss]un"
)
_BY = "[Bb]y|[Ff]rom|[Bb]efore|[Aa]fter|[Oo]ut|[Ff]or"


def _is_date(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _on(match: Match) -> str:
    """The date, unless it is a fraction that is often said: one third, not nine twelfths."""
    before, after = match[1] or match[2], (match["month"], match["day"])
    fraction = after in {("1", "2"), ("1", "3"), ("2", "3"), ("1", "4"), ("3", "4")} or after == (
        "9",
        "11",
    )
    if not _is_date(*after) or (fraction and (match[2] or after == ("9", "11"))):
        return match[0]
    return f"{before}{MONTHS[int(match['month']) - 1]} {ordinal(int(match['day']))}"


on_day = rule(
    rf"\b(?:((?:{_ON})(?:day)?,? (?:(?:on|by) )?)|((?:{_BY}) "
    rf"))(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})(?![\w/%°-])(?!\.\d)"
    rf"(?! (?:of|the|full|done|left|{COUNTED_THINGS})\b)(?! ?(?i:{FREE_UNITS}|cups?)(?!\w))",
    _on,
    ("lunch on 5/6", "lunch on May sixth"),
    ("the notes from 9/12", "the notes from September twelfth"),
    ("since 9/11", "since 9/11", "since nine eleven"),
    ("cut by 1/3", "cut by 1/3", "cut by one third"),
    needs=("/",),
)


def _from_day_to_day(match: Match) -> str:
    first, last = (match[1], match[2]), (match[3], match[4])
    if not (_is_date(*first) and _is_date(*last)) or first == ("1", "2"):
        return match[0]
    said = [f"{MONTHS[int(month) - 1]} {ordinal(int(day))}" for month, day in (first, last)]
    return " to ".join(said)


from_date_to_date = rule(
    r"(?<![\w/.,$+-])(\d{1,2})/(\d{1,2})(?: ?[-–] ?| to )(\d{1,2})/(\d{1,2})(?![\w/%°\"-])(?!\.\d)"
    rf"(?! ?(?i:{FREE_UNITS}|cups?|inch|inches|of)(?!\w))",
    _from_day_to_day,
    ("out 12/23-1/2", "out December twenty-third to January second"),
    ("1/2-3/4 of it", "1/2-3/4 of it", "one half, three quarters of it"),
    needs=("/",),
)
_LISTED = r"\d{1,5}(?:\.\d{1,3})?%?"
listed = rule(
    rf"(?<![\w/.,:$+-])({_LISTED}(?:/{_LISTED}){{3,7}})(s(?![\w']))?(?![\w/-])(?!\.\d)|"
    rf"(?<![\w/.,:$+-])({_LISTED}/{_LISTED}/{_LISTED})(?:(?<=%)|(s)(?![\w']))(?![\w/-])(?!\.\d)|"
    r"(?<![\w/.,:$+-])((?:3[2-9]|[4-9]\d|\d{3})/(?:1[3-9]|[2-9]\d|"
    r"\d{3})/\d{2,3})(?![\w/-])(?!\.\d)",
    lambda m: (m[1] or m[3] or m[5]).replace("/", ", ") + (" seconds" if m[2] or m[4] else ""),
    (
        "40/65/90/115 dmg",
        "40, 65, 90, 115 dmg",
        "forty, sixty-five, ninety, one hundred fifteen damage",
    ),
    ("60/85/110 AP", "60, 85, 110 AP", "sixty, eighty-five, one hundred ten A P"),
    ("120/100/80s", "120, 100, 80 seconds", "one hundred twenty, one hundred, eighty seconds"),
    spaced=False,
    needs=("/",),
)
pair_of_days = rule(
    r"(?<![\w/.,$+-])(1[0-2]|[1-9])/(\d{1,2}) (and|or|"
    r"&) \1/(\d{1,2})(?![\w/%\"-])(?!\.\d)(?! (?:of|cup|in)\b)",
    lambda m: (
        f"{MONTHS[int(m[1]) - 1]} {ordinal(int(m[2]))} {m[3]} {ordinal(int(m[4]))}"
        if _is_date(m[1], m[2]) and _is_date(m[1], m[4]) and int(m[1]) > 3
        else m[0]
    ),
    ("rained 12/4 and 12/5", "rained December fourth and fifth"),
    ("1/2 or 1/3", "1/2 or 1/3", "one half or one third"),
    needs=("/",),
)
is_day = rule(
    r"(?<=\bis )(\d{1,2})/(\d{1,2})(?![\w/%°-])(?!\.\d)(?! (?:of|time|beat)\b)",
    lambda m: (
        f"{MONTHS[int(m[1]) - 1]} {ordinal(int(m[2]))}"
        if int(m[1]) > int(m[2]) and _is_date(m[1], m[2]) and m[2] not in {"4", "8"}
        else m[0]
    ),
    ("the final is 12/7", "the final is December seventh"),
    ("it is 9/10 good", "it is 9/10 good", "it is nine out of ten good"),
    needs=("is ",),
)
padded = rule(
    r"(?<![\w/.,$+-])(?:(0[1-9])/(\d{1,2})|(\d{1,2})/(0[1-9]))(?![\w/%°-])(?!\.\d)",
    lambda m: (
        f"{MONTHS[int(m[1] or m[3]) - 1]} {ordinal(int(m[2] or m[4]))}"
        if _is_date(m[1] or m[3], m[2] or m[4])
        else m[0]
    ),
    ("it's 11/03", "it's November third"),
    needs=("/",),
)


def _slashed(match: Match) -> str:
    first, second = int(match[1]), int(match[2])
    return match[0] if second in {16, 20} else f"{MONTHS[first - 1]} {ordinal(second)}"


month_and_day_slashed = rule(
    r"(?<![\w/.,$+-])(?<!\d )(0?[1-9]|1[0-2])/(1[3-9]|2\d|3[01])(?![\w/%°-])(?!\.\d)"
    rf"(?! ?(?i:{FREE_UNITS})(?!\w))",
    _slashed,
    ("12/31", "December thirty-first"),
    needs=("/",),
)
