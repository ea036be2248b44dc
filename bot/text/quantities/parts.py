"""The parts that patterns of several kinds of quantities are made of."""

import re

from bot.text.expressions import lazy_pattern

_WHOLE = r"(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,24})"
NUMBER = rf"{_WHOLE}(?:\.\d{{1,24}})?"
START = r"(?<![\w.,])"
#: A number of which nothing but the fraction may be written.
AMOUNT = rf"(?:{NUMBER}|\.\d{{1,24}})"
SIGN = r"(?:(?<![\w)\]%°])[-\u2212+])?"
#: am or pm, with points or without.
HALF_DAY = r"[AaPp]\.?[Mm]\b"
_ARTICLE = lazy_pattern(r"\b[Aa]n? (?:[a-z-]{1,30}(?: [a-z-]{1,30}){0,3} to )?$")

_OWNED = lazy_pattern(
    r"\b(?:[Tt]he|[Mm]y|[Yy]our|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir|[Tt]his|[Tt]hat|[Oo]ne) $"
)
#: What is so large, long or heavy; words that go on about the measure are none.
THING = lazy_pattern(
    r" (?!(?:above|across|after|ago|all|and|apart|are|as|at|away|back|before|below|but|by|deep|"
    r"each|every|for|from|"
    r"had|has|he|high|if|in|into|is|it|left|less|long|max|min|more|of|off|on|or|out|over|per|she|short|so|tall|than|that|"
    r"the|then|they|thick|to|too|under|until|up|was|we|were|when|while|wide|with|you|will|would|can)\b)[a-z]{3,}"
)

#: What is called by its size, or by how long it takes, without an article as well.
_SIZED = lazy_pattern(
    r" (?:\d{3,4}p|4k|hooks?|(?:circular )?needles?|yarn|album|blade|frame|inseam|skillet|"
    r"appointment|bus ride|car ride|class(?:es)?|clip|commute|connection|cut|"
    r"deficit|detour|diet|documentary|"
    r"episodes?|exams?|ferry|fixed|film|games?|gym|interview|jog|journey|layovers?|lectures?|"
    r"lessons?|lines?(?! up)|"
    r"lunch break|marathon|massages?|meditation|meetings?|mixtape|notice|operation|playlist|plane|"
    r"podcasts?|"
    r"presentation|procedure|queue|quiz|recipe|ride|road trip|rule|seminar|speech|song|special|"
    r"stopover|"
    r"studio|apt|apartment|long run|bursts?|time|gap|difference|diff|head ?start|chunks?|"
    r"increments?|intervals?|period|slots?|stretch|cycles?|countdown|ads?|trailer|intro|outro|"
    r"snippet|demo|sample|loop|runtime|turnaround|penalty|suspension|ban|cardio|crossing|"
    r"parking|rental|workday|day|workweek|fast|snooze|warning|course|program|trial|plan|challenge|"
    r"streak|forecast|lease|sentence|reunion|supply run|surgery|minimum|maximum|turbo|train|"
    r"transfer|tutorial|uber|"
    r"video|"
    r"voice(?:mail)?|wedding|yoga|"
    r"adapters?|bags?|barbell|bars?|battery|batteries|bench|boards?|bottles?|boxes|box|breaks?|"
    r"buffer|"
    r"breakers?|buckets?|bulbs?|bumpers?|cables?|"
    r"cans?|cards?|charger|chargers|circuits?|clips?|clocks?|contract|cooldown|cords?|coke|delay|discs?|disks?|drill|drives?|"
    r"dumbbells?|engine|flights?|fuses?|gap|gaps|hdds?|hdmi|jack|jars?|jugs?|kettlebells?|ladders?|laps?|lens|limit|"
    r"loan|mattress|mile|monitors?|motor|mortgage|movie|nap|pipes?|pizza|planks?|plates?|radius|resistors?|"
    r"rope|runs?|dash|sprint|screens?|screws?|sessions?|shifts?|showers?|solos?|sprints?|ssds?|steak|"
    r"sticks?|sub|supply|tables?|tank|"
    r"timeouts?|timers?|tires?|trip|tubs?|tubes?|tvs?|washers?|wrench(?:es)?|sockets?|nails?|"
    r"drill bits?|bits?(?! of)|bolts?|"
    r"nuts?(?! and)|mugs?|tumblers?|filters?|hose|holes?|trim|rod|vest|turkey|brisket|ham|puppy|"
    r"pumpkin|baby|bass|vinyl|waits?|walks?|warranty|wheels?|window|workouts?)\b",
    re.IGNORECASE,
)


#: Those that are also what somebody does next: "in 5 min call me".
_SIZED_OR_DONE = lazy_pattern(
    r" (?:break|calls?|climb|drive|hike|nap|race|shows?|stops?|stream|swims?|test|tour|"
    r"visits?)\b(?! (?:me|him|her|us|them|"
    r"the|a|u|you|my|your|it)\b)",
    re.IGNORECASE,
)
_AFTER_SOME = lazy_pattern(r"\b(?:in|for|after|every|wait|about|next|last) $", re.IGNORECASE)


def after_article(match: re.Match[str]) -> bool:
    """Whether several of something are called as one is: "a six inch pipe"."""
    of_a_thing = _OWNED.search(match.string, max(0, match.start() - 8), match.start())
    if of_a_thing and THING.match(match.string, match.end()):
        return True
    if _SIZED.match(match.string, match.end()):
        return True
    if _SIZED_OR_DONE.match(match.string, match.end()):
        return not _AFTER_SOME.search(match.string, max(0, match.start() - 8), match.start())
    return _ARTICLE.search(match.string, max(0, match.start() - 80), match.start()) is not None
