"""Times of the day."""

from bot.text.languages.forms.form import HYPHEN, WrittenForm, before, between
from bot.text.languages.grammar import Grammar
from bot.text.rule import Match

_MOST_HOURS = 24
#: Languages that write "17h30", with the letters for it.
_WITH_H = {"fr": "h", "es": "h", "pt": "h", "it": "h", "nl": "hu"}


def _time(g: Grammar, m: Match) -> str:
    hours, minutes = int(m["h"]), int(m["m"] or 0)
    if hours > _MOST_HOURS or minutes > 59:
        return g.joint(g.say(hours), g.say(minutes))
    written = before(m)
    hour = g.hour_said(hours, written)
    if minutes:
        minute = g.say(minutes, g.minute_gender)
        if minutes < 10 and g.zero_minutes:
            minute = g.joint(g.say(0), minute)
        said = g.time.format(h=hour, m=minute)
    else:
        said = g.full_hour.format(h=hour)
    if "{}" in said:
        said = said.replace("{}", g.counted(str(hours), "duration-hour"))
    seconds = m.groupdict().get("s")
    if seconds and int(seconds):
        said = g.joint(said, g.counted(str(int(seconds)), "duration-second"))
    return said


TIMES_BETWEEN = WrittenForm(
    "from time to time",
    r"(?<=\d[:h]\d\d) ?[-–~] ?(?=\d{1,2}[:h]\d\d(?![\d:]))",
    lambda g, _: HYPHEN if g.to == "-" else between(g, g.to),
    apart=False,
)
TIME = WrittenForm(
    "time",
    lambda g: (
        rf"(?<![{g.letter}:.,])(?P<h>\d{{1,2}}):(?P<m>\d\d)(?::(?P<s>[0-5]\d))?(?![\d:])"
        rf"{g.after_time and f'(?:{g.after_time})?'}"
    ),
    _time,
)
TIME_WITH_H = WrittenForm(
    "time with an h",
    lambda g: (
        rf"(?<![\w:.,])(?P<h>[01]?\d|2[0-4])[{_WITH_H[g.code]}](?P<m>[0-5]\d)(?!\w)"
        if g.code in _WITH_H
        else None
    ),
    _time,
)
DURATION = WrittenForm(
    "hours and minutes",
    lambda g: (
        rf"{g.start}(?P<h>\d{{1,3}}) ?h ?(?P<m>\d{{1,2}}) ?(?:min|m)"
        rf"{'' if g.code in _WITH_H else '?'}{g.end}"
    ),
    lambda g, m: g.joint(
        g.counted(m["h"], "duration-hour"), g.counted(str(int(m["m"])), "duration-minute")
    ),
)
#: "um 14h", where an h alone is for how long something takes.
HOUR = WrittenForm(
    "hour with an h",
    lambda g: (
        rf"(?:(?<=\bum )|(?<=\bab )|(?<=\bbis )|(?<=\bgegen ))(?P<h>\d{{1,2}})(?P<m>) ?h{g.end}"
        if g.code == "de"
        else None
    ),
    _time,
)


def _half_day(g: Grammar, m: Match) -> str:
    morning, afternoon = g.halves or ("", "")
    return f"{_time(g, m)} {morning if m['half'] in 'aA' else afternoon}"


#: "5pm", in languages that have words for the halves of a day.
HALF_DAY = WrittenForm(
    "half of a day",
    lambda g: (
        rf"{g.start}(?P<h>\d{{1,2}})(?::(?P<m>[0-5]\d))? ?(?P<half>[ap])\.? ?m(?:\.(?!$)|(?!\w))"
        if g.halves
        else None
    ),
    _half_day,
)
POINTED_TIME = WrittenForm(
    "time with a point",
    lambda g: (
        rf"(?:{g.dotted_time})(?P<h>\d{{1,2}})\.(?P<m>[0-5]\d)(?![\d.])"
        rf"{g.after_time and f'(?:{g.after_time})?'}"
        if g.dotted_time
        else None
    ),
    _time,
)
