"""Times of the day, and how long something takes."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.numbers import cardinal, counted, decimal
from bot.text.quantities.parts import HALF_DAY, after_article
from bot.text.rule import Match, rule

pointed_time = rule(
    rf"(?<![\w:.,$€£])(\d{{1,2}})\.([0-5]\d)(?= ?{HALF_DAY})",
    lambda m: f"{m[1]}:{m[2]}",
    ("5.30pm", "5:30 pm", "five thirty P M"),
    needs=(".",),
)

#: Of what happens at a time, and of what a number with two decimals is no time.
_HAPPENS = lazy_pattern(
    r"\b(?:alarm|appts?|appointment|arrives?|assembly|bed|be there|"
    r"boarding|boards|breakfast|bus|call|checkout|class|"
    r"closes?|coffee|concert|dentist|departs?|dinner|doctors?|doors|drinks|ferry|film|finish(?:es)?|flight|"
    r"free|game|get there|gig|gym|haircut|"
    r"handover|home|interview|kick ?-?off|lands?|leave|leaves|leaving|"
    r"lecture|"
    r"lesson|lunch|meet|meeting|meet up|movie|open|opens|party|pick|picking|practice|rehearsal|"
    r"reservation|scan|see|"
    r"seminar|surgery|vet|vets|"
    r"shift|show|shut|start(?:s|ed|ing)?|table|tee|today|tomorrow|tmrw|tonight|train|wake|woke|work|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    re.IGNORECASE,
)
_NO_CLOCK = lazy_pattern(
    r"[$€£¥%]|\b(?:apr|average|avg|bucks|closed at|cost|costs|dollars?|euros?|gas|gpa|k/?d|odds|"
    r"paid|per|"
    r"pounds?|price|priced|rate|ratio|score|sell|sells|selling|sold|stock|trading|version|yield)\b",
    re.IGNORECASE,
)
#: How many characters away a word may be that says whether figures are a time.
_NEAR = 150


def _near(words: re.Pattern[str], match: Match) -> bool:
    first, last = max(match.start() - _NEAR, 0), match.end() + _NEAR
    return words.search(match.string, first, last) is not None


pointed_alone = rule(
    r"(?<!\w)((?:[Aa]t|[Bb]y|[Ff]rom|[Uu]ntil|[Tt]il|[Tt]ill|[Bb]efore|[Aa]fter|[Aa]round|[Ii]s|"
    r"[Ss]tarts|[Tt]o|for|@|[Ll]eaves|[Dd]eparts|[Aa]rrives|[Oo]pens|[Cc]loses|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun|mon|tues|wednes|thurs|fri|satur|"
    r"sun)day|[Tt]omorrow|[Tt]mrw|[Tt]onight|[Tt]oday) )"
    r"(0?[1-9]|1\d|2[0-3])\.([0-5][05])(?: ?[-–] ?(0?[1-9]|1\d|2[0-3])\.([0-5][05]))?(?=$|[,;!?)]|"
    r"\.(?:\s|$)| (?:and|as|at|"
    r"because|bc|but|cos|cuz|every|for (?:dinner|drinks|lunch)|from|if|in the|instead|latest|not|"
    r"on|onwards|or|outside|"
    r"pls|please|sharp|so|that|then|this|today|tomorrow|tmrw|tonight|until|w|when|with|(?:mon|tues|wednes|"
    r"thurs|fri|satur|sun)day)\b)",
    lambda m: (
        f"{m[1]}{m[2]}:{m[3]}" + (f" to {m[4]}:{m[5]}" if m[4] else "")
        if _near(_HAPPENS, m) and not _near(_NO_CLOCK, m)
        else m[0]
    ),
    ("meet at 9.30, then", "meet at 9:30, then", "meet at nine thirty, then"),
    ("vet @ 4.15", "vet @ 4:15", "vet at four fifteen"),
    ("the bus leaves 9.05", "the bus leaves 9:05", "the bus leaves nine oh five"),
    ("gas is at 3.05", "gas is at 3.05", "gas is at three oh five"),
    needs=(".",),
)
pointed_suits = rule(
    r"(?<![\w:.,$€£+-])(0?[1-9]|1\d|2[0-3])\.([0-5][05])(?= (?:is (?:fine|good|ok|okay|perfect|too "
    r"(?:early|late))|it is|sharp|"
    r"works)\b)",
    lambda m: m[0] if _NO_CLOCK.search(m.string) else f"{m[1]}:{m[2]}",
    ("7.15 works", "7:15 works", "seven fifteen works"),
    ("a rate of 7.15 is fine", "a rate of 7.15 is fine", "a rate of seven point one five is fine"),
    needs=(".",),
)
_NEXT_DAY = (
    r"today|tomorrow|tmrw|tonight|sharp|hours|hrs|local|zulu|"
    r"on (?:mon|tues|wednes|thurs|fri|satur|sun)day"
)
military = rule(
    rf"(?<![\w.,:/$€£+-])0(\d)([0-5]\d)(?= (?:{_NEXT_DAY})\b)|"
    r"(?:(?<=\bat )|(?<=\bby )|(?<=@ )|(?<=@)|(?<=ntil )|(?<=\bfrom )|(?<=efore )|(?<=fter )|"
    r"(?<=round ))"
    r"0(\d)([0-5]\d)(?![\w:%/]|[.,-]\d)|"
    rf"(?:(?<=\b[Aa]t )|(?<=@ )|(?<=@))(1[0-8]|2[1-3])([0-5][05])(?=$|[,!?)]|\.(?:\s|$)| "
    rf"(?:{_NEXT_DAY}|and|for|if|so|then)\b)|"
    rf"(?<![\w.,:/$€£+-])(1\d|2[0-3])([0-5]\d)(?= ?(?:hours|hrs|zulu)\b)",
    lambda m: _military(*(group for group in m.groups() if group)),
    ("be there at 0830", "be there at oh eight thirty"),
    ("0800 tomorrow", "oh eight hundred tomorrow"),
    ("meet at 1430", "meet at fourteen thirty"),
    ("at 1430 people", "at 1430 people", "at one thousand four hundred thirty people"),
    needs=tuple("0123456789"),
)


def _military(hour: str, minute: str) -> str:
    said = f"oh {cardinal(int(hour))}" if len(hour) == 1 else cardinal(int(hour))
    if minute == "00":
        return f"{said} hundred"
    return f"{said} {'oh ' if minute[0] == '0' else ''}{cardinal(int(minute))}"


def _french(match: Match) -> str:
    """The time, unless few hours are no time that something happens at."""
    lasts = len(match[2]) == 1 and not match[1]
    return f"{match[2]}h{match[3]}min" if lasts else f"{match[1] or ''}{match[2]}:{match[3]}"


french_time = rule(
    r"(?<![\w:.,])((?:\b(?:at|by|from|to|until|till|before|after|@) ?)?)"
    r"([01]?\d|2[0-3])h([0-5]\d)(?!\w)",
    _french,
    ("17h30", "17:30", "seventeen thirty"),
    ("at 8h15", "at 8:15", "at eight fifteen"),
    ("rest 1h30", "rest 1h30min", "rest one hour thirty minutes"),
    needs=("h",),
)
between_times = rule(
    r"(?<=\d:\d\d) ?[-–] ?(?=\d{1,2}:\d\d(?![\d:]))",
    lambda _: " to ",
    ("10:30-11:45", "10:30 to 11:45", "ten thirty to eleven forty-five"),
    needs=(":",),
)
whole_hour_to_time = rule(
    r"(?<![\w:.,/$€£+-])(\d{1,2}) ?[-–] ?(?=\d{1,2}:[0-5]\d(?![\d:]))",
    lambda m: f"{m[1]} to ",
    ("8-4:30", "8 to 4:30", "eight to four thirty"),
    needs=(":",),
)
time_to_whole_hour = rule(
    r"(?<=\d:[0-5]\d) ?[-–] ?(?=\d{1,2}(?![\d:.,/]\d?)(?!\w)| ?\d{1,2}(?: ?[ap]m\b))",
    lambda _: " to ",
    ("9:30-5", "9:30 to 5", "nine thirty to five"),
    needs=(":",),
)
to_noon = rule(
    r"(?<=\d[AaPp][Mm])[-–](?=(?:noon|midnight|close|late)\b)|(?<=\d)[-–](?=close\b)|"
    r"(?<=\bnoon)[-–](?=\d)|(?<=\bmidnight)[-–](?=\d)",
    lambda _: " to ",
    ("4am-noon", "4am to noon", "four A M to noon"),
    needs=("noon", "midnight", "close", "late"),
)
parts_of_second = rule(
    r"(?<![\w:.])(\d{1,2}):([0-5]\d)(\.\d{1,3})(?![\w:])",
    lambda m: f"{_clock(int(m[1]), int(m[2]))} {decimal(m[3]).removeprefix('zero ')}",
    ("in 1:42.3", "in one forty-two point three"),
    needs=(":",),
)
from_time_to_time = rule(
    rf"(?<=\d)(?: ?{HALF_DAY}\.?)? ?[-–] ?(?=\d{{1,2}}(?::\d\d)? ?{HALF_DAY})",
    lambda m: f"{m[0].rstrip(' -–')} to ",
    ("5-6pm", "5 to 6pm", "five to six P M"),
    ("10 am - 2 pm", "10 am to 2 pm", "ten A M to two P M"),
    needs=("-", "–"),
)


def _clock(hour: int, minute: int) -> str:
    return f"{cardinal(hour)} {'oh ' if 0 < minute < 10 else ''}{cardinal(minute)}"


#: Of what somebody is how fast at.
_RACED = lazy_pattern(
    r"\b(?:[Ff]inish(?:ed)?|half marathon|[Ii]ronman|marathon|pb|PB|PR|race|raced|"
    r"speedr[ua]n|splits?|[Tt]ri|triathlon|WR|wr)\b|any%"
)


def _time(match: Match) -> str:
    hour, minute, second = int(match["h"]), int(match["m"]), match["s"]
    if hour > 24 or minute > 59 or (second and int(second) > 59):
        return match[0] if second else _clock(hour, minute)
    if minute:
        words = _clock(hour, minute)
    elif match["half"]:
        words = cardinal(hour)
    else:
        words = cardinal(hour) + (" o'clock" if 0 < hour <= 12 else " hundred")
    if second and int(second) and hour < 10 and not match["half"] and _RACED.search(match.string):
        words += f" {'oh ' if int(second) < 10 else ''}{cardinal(int(second))}"
    elif second and int(second):
        words += f" and {counted(str(int(second)), 'second')}"
    return words + _half(match["half"])


time = rule(
    r"(?<![\w:.])(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))?(?![\d:])"
    rf"(?: ?(?P<half>{HALF_DAY}\.?(?!\w)))?",
    _time,
    ("10:05 am", "ten oh five A M"),
    ("at 18:30:01", "at eighteen thirty and one second"),
    ("9:00", "nine o'clock"),
    ("17:00 sharp", "seventeen hundred sharp"),
    ("12:75", "twelve seventy-five"),
    ("in 41:07", "in forty-one oh seven"),
    needs=(":",),
)
hour = rule(
    rf"(?<![\w:.])(\d{{1,2}}) ?({HALF_DAY}\.?)(?!\w)",
    lambda m: cardinal(int(m[1])) + _half(m[2]),
    ("7 a.m. tomorrow", "seven A M tomorrow"),
    ("5PM", "five P M"),
    ("8am. ugh", "eight A M. ugh"),
    needs=("m",),
)


def _half(half: str | None) -> str:
    if not half:
        return ""
    # "8am." ends a sentence, "8 a.m." hardly does.
    return f" {half[0].upper()} M{'.' if half.endswith('.') and half.count('.') == 1 else ''}"


def _duration(match: Match) -> str:
    one = after_article(match)
    return " ".join(
        counted(str(int(figures)), unit, unit if one else "")
        for unit, figures in match.groupdict().items()
        if figures
    )


_LASTS = lazy_pattern(
    r"(?:~|\b(?:in|in ~|every|another|wait|took|takes|gimme|brb|afk|lasts|lasted|about|like|give "
    r"me|break for) )$"
)
_LASTING = lazy_pattern(
    r" (?:to \d{1,3}s|ago|left|late|early|breaks?|timer|cd|cooldowns?|queues?|waits?|delay|nap|"
    r"later|remaining|warning|call|video|vid)\b"
)
_A_LENGTH = lazy_pattern(r" (?:tall|wide|deep|high|long|away|down|up|above|below|from|of)\b")


def _short_minutes(match: Match) -> str:
    lasts = _LASTS.search(match.string, max(match.start() - 12, 0), match.start())
    if _LASTING.match(match.string, match.end()) or (
        lasts and not _A_LENGTH.match(match.string, match.end())
    ):
        return f"{match[1]} min"
    return match[0]


short_minutes = rule(
    r"(?<![\w.])(\d{1,3})m(?![\w'])",
    _short_minutes,
    ("starts in ~10m", "starts in ~10 min", "starts in about ten minutes"),
    (
        "went from 3m to 45s",
        "went from 3 min to 45s",
        "went from three minutes to forty-five seconds",
    ),
    ("5m left", "5 min left", "five minutes left"),
    ("fell about 10m down", "fell about 10m down", "fell about ten m down"),
    needs=tuple(f"{figure}m" for figure in range(10)),
)
short_weeks = rule(
    r"(?<![\w.])(\d{1,2})([wy])(?= (?:ago|left|later|old)\b)|(?<=\bfor )(\d)([wy])(?= now\b|$)",
    lambda m: counted(m[1] or m[3], "week" if (m[2] or m[4]) == "w" else "year"),
    ("3w ago", "three weeks ago"),
    ("1y later", "one year later"),
    needs=("w", "y"),
)
hours_and_minutes = rule(
    r"(?<!\w)(?:(?P<day>\d{1,4})d ?)?(?:(?P<hour>\d{1,4})h ?)(?:(?P<minute>\d{1,4})m(?:in)?)"
    r"(?: ?(?P<second>\d{1,4})s)?(?!\w)",
    _duration,
    ("2h30m", "two hours thirty minutes"),
    ("1d 1h 5min 10s", "one day one hour five minutes ten seconds"),
    ("a 3h 20m drive", "a three hour twenty minute drive"),
    needs=("h",),
)
minutes_and_seconds = rule(
    r"(?<!\w)(?P<minute>\d{1,4})m ?(?P<second>\d{1,4})s(?!\w)",
    _duration,
    ("1m30s", "one minute thirty seconds"),
    needs=("s",),
)
seconds_after_minutes = rule(
    r"(?<![\w.,])(\d{1,3}) ?(mins?|m) (\d{1,2}) ?s(?![\w'])",
    lambda m: f"{m[1]} min {m[3]} sec",
    ("took 8 min 20 s", "took 8 min 20 sec", "took eight minutes twenty seconds"),
    ("20 min of 5 s", "20 min of 5 s", "twenty minutes of five s"),
    needs=("m",),
)
hours_of_journey = rule(
    r"(?<![\w.,])(\d{1,2}) ?hrs? ([1-5]\d)(?= (?:bus|drive|ferry|flight|film|journey|movie|ride|"
    r"train|trip|wait)\b)",
    lambda m: f"{cardinal(int(m[1]))} hour {cardinal(int(m[2]))}",
    ("a 7hr 50 flight", "a seven hour fifty flight"),
    needs=("hr",),
)
kick_off = rule(
    r"(?:(?<=\d:\d\d )|(?<=\d[ap]m )|(?<=\d [ap]m ))(?:ko|KO|k\.o\.)(?!\w)",
    lambda _: "kick-off",
    ("3pm ko", "3pm kick-off", "three P M kick-off"),
    needs=("ko", "k.o."),
)
