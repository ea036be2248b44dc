"""Figures of sports and games: records, sets, averages, minutes added, seasons and episodes."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.numbers import cardinal, counted, decimal, games, in_pairs
from bot.text.rule import Match, rule

record = rule(
    r"(?<![\w.,/:$+-])(\d{1,2})-(\d{1,2})-(\d{1,2})(?![\w/-])(?!\.\d)",
    lambda m: " ".join(map(decimal, m.groups())),
    ("went 12-4-1", "went twelve four one"),
    needs=("-",),
)
_OF_ONE_GAME = lazy_pattern(
    r"\b(?:half|halftime|final|score|beat|inning|set|minutes?|mins?|open|closed|hours|shifts?|"
    r"ages?|"
    r"penalties|pens|aggregate|won|lost|win|lose)\b",
    re.IGNORECASE,
)
_AFTER_RECORD = (
    r"(?=[.,!?)]|$| & | (?:so far|this|and|on the (?:year|season)|at home|on the road|in (?:our|"
    r"their|the|"
    r"conference|division|league|ranked|april|may|may|june|september|october|november)|now|last|"
    r"since|after|"
    r"with|against|right now|rn|overall|but|lol|when|before|to (?:start|finish|end)|straight up|"
    r"away|through|(?:one|that) (?:season|year)|in (?:19|20)\d\d|"
    r"all time|record|start|season|ats|tho|though|lmao|at the tournament)\b)"
)
won_and_lost = rule(
    r"\b((?:[Ww]e|[Tt]hey|[Yy]ou)(?:'re| are|re)(?: now| sitting| only| still)?(?: at)? |"
    r"(?:[Mm]y|[Oo]ur|[Yy]our|[Tt]heir|[Hh]is|[Hh]er|[Tt]he) (?:[a-zU]\w{2,11} )?(?:team|squad|"
    r"club|"
    r"boys|guys)(?:'s|s| is| are) (?:now |still |only )?(?:at )?|[Ww]ent |[Ff]inished(?: the "
    r"season)? |"
    r"[Ss]tart(?:ed|ing)?(?: the season| off| out)? |[Rr]ecord(?:'s)? (?:is |of |was |at )?|"
    r"[Ss]itting at |[Ii]mproved to |"
    r"[Ff]ell to |(?:[A-Z][a-z]{2,15}s (?:are|were) |[a-z]{4,15}s (?:are|r|were) now )(?:now |"
    r"sitting |only )?(?:at )?|[Gg]o(?:ing)? |"
    r"[Aa]n? (?=\d+-\d+ (?:record|start|"
    r"season)))(\d{1,2})-(\d{1,2})(?![\w/:-]|\.\d)" + _AFTER_RECORD,
    lambda m: m[0] if _OF_ONE_GAME.search(m.string) else f"{m[1]}{games(m[2])} and {games(m[3])}",
    ("we're 6-2 so far", "we're six and two so far"),
    ("went 10-6", "went ten and six"),
    ("went 0-17 one year", "went oh and seventeen one year"),
    ("we're 2-1 up", "we're 2-1 up", "we're two one up"),
    ("they won 6-2", "they won 6-2", "they won six to two"),
    needs=("-",),
)
_SET_WON = {(6, lost) for lost in range(5)} | {(7, 5), (7, 6), (8, 6), (9, 7)}


def _sets(match: Match) -> str:
    """Of tennis, where each could be one: their games without a word between."""
    sets = [(int(won), int(lost)) for won, lost in re.findall(r"(\d)-(\d)", match[0])]
    if not all(games in _SET_WON or games[::-1] in _SET_WON for games in sets):
        return match[0]
    return ", ".join(f"{decimal(str(won))} {decimal(str(lost))}" for won, lost in sets)


sets = rule(
    r"(?<![\w.,/:-])\d-\d(?:,? \d-\d){1,4}(?![\w/:-]|[.,]\d)",
    _sets,
    ("won 6-4 7-5", "won six four, seven five"),
    ("4-6 7-6 8-6", "four six, seven six, eight six"),
    ("lost 3-1, 2-1", "lost 3-1, 2-1", "lost three to one, two to one"),
    needs=("-",),
)
formation = rule(
    r"(?<![\w.,/:+-])(\d)-(\d)-(\d)-(\d)(?![\w/-]|\.\d)",
    lambda m: " ".join(map(decimal, m.groups())),
    ("in a 4-2-3-1", "in a four two three one"),
    needs=("-",),
)
_BATTED = lazy_pattern(
    r"\b(?:averag\w{1,3}|avg|ba|bat|bats|batted|batting|career|club|hit|hits|hitter|hitting|league|"
    r"obp|ops|pct|percentage|record|rookie|season|sl[gu]g?\w{0,6}|win)\b",
    re.IGNORECASE,
)
_NO_AVERAGE = lazy_pattern(r"\b(?:grams?|inch(?:es)?|kg|lbs?|mm|p|ratio|seconds?)\b", re.IGNORECASE)


def _average(match: Match) -> str:
    if not _BATTED.search(match.string) or _NO_AVERAGE.search(match.string):
        return match[0]
    figures = match[1]
    if figures[0] == "0":
        return match[0]
    return f"{decimal(figures[0])} hundred" if figures[1:] == "00" else in_pairs(figures)


average = rule(
    r"(?<![\w.,$€£+-])\.(\d{3})(?![\w%°]|[.,]\d)(?! of\b)",
    _average,
    ("batting .312", "batting three twelve"),
    ("a .300 hitter", "a three hundred hitter"),
    (".312 of it", ".312 of it", "zero point three one two of it"),
    needs=(".",),
)
added_minutes = rule(
    r"(?<![\w.'\"/])(\d{2,3})\+(\d{1,2})['’](?!\w)( min(?:ute)?\b)?",
    lambda m: f"{cardinal(int(m[1]))} plus {cardinal(int(m[2]))}{' minute' if m[3] else ''}",
    ("45+2' and they score", "forty-five plus two and they score"),
    needs=("+",),
)
best_of = rule(
    r"(?<!\w)[Bb][Oo]([1-9])s?(?!\w)",
    lambda m: f"best of {decimal(m[1])}",
    ("bo3 or Bo5?", "best of three or best of five?"),
    needs=("bo",),
)
episode = rule(
    r"(?<!\w)[Ss](\d{1,2}) ?[Ee](?:[Pp]\.?)? ?(\d{1,3})(?!\w)",
    lambda m: f"season {cardinal(int(m[1]))} episode {cardinal(int(m[2]))}",
    ("s2e4", "season two episode four"),
    ("S01 E05", "season one episode five"),
    needs=("s",),
)
averaging = rule(
    r"(?:(?<='s )|(?<=\bhes )|(?<=\bis )|(?<=\bwas )|(?<='re )|(?<=\bare )|(?<=been ))avg(?= \d)|"
    r"(?<![\w'])avg(s|ing|ed|d)(?= \d)",
    lambda m: {"s": "averages", "ing": "averaging", None: "averaging"}.get(m[1], "averaged"),
    ("he's avg 27", "he's averaging 27", "he's averaging twenty-seven"),
    needs=("avg",),
)
_COUNTED_IN_GAMES = {
    "reb": "rebound", "rebs": "rebound", "ast": "assist", "asts": "assist", "blk": "block",
    "blks": "block", "stl": "steal", "stls": "steal",
}  # fmt: skip
box_score = rule(
    r"(?<![\w.,/])(\d{1,2}(?:\.\d)?) ?(rebs?|asts?|blks?|stls?)(?!\w)",
    lambda m: counted(m[1], _COUNTED_IN_GAMES[m[2]]),
    ("8 reb and 6 ast", "eight rebounds and six assists"),
    needs=("reb", "ast", "blk", "stl"),
)
in_party = rule(
    r"(?:(?<=\blfg )|(?<=\blfm )|(?<=lobby )|(?<=party )|(?<=stack )|(?<=squad )|(?<=group "
    r"))(\d{1,2})/(\d{1,2})(?![\w/])|"
    r"(?<![\w/.,])(\d{1,2})/(\d{1,2})(?= (?:for (?:raid|ranked|dungeon)|spots|lf\w?)\b)",
    lambda m: f"{decimal(m[1] or m[3])} out of {decimal(m[2] or m[4])}",
    ("lfg 2/4", "lfg two out of four", "L F G two out of four"),
    needs=("/",),
)
shooting = rule(
    r"(?<![\w.,/:-])(\d{1,2})-(\d{1,2})(?= (?:shooting|fg|from (?:the field|three|3|deep|two|the "
    r"line)|on (?:3s|threes|fts|free throws)))",
    lambda m: f"{decimal(m[1])} of {decimal(m[2])}" if int(m[1]) <= int(m[2]) else m[0],
    ("on 14-22 shooting", "on fourteen of twenty-two shooting"),
    needs=("-",),
)
full_time = rule(
    r"(?<=\d-\d )(ft|ht|FT|HT)(?!\w)|(?:(?<=\bat )|(?<=after )|(?<=before )|(?<=\bby ))(ft|ht|FT|"
    r"HT)(?=$|[.,!?]| (?:and|but|so|we|they|then)\b)",
    lambda m: f"{'full' if (m[1] or m[2])[0] in 'fF' else 'half'} time",
    ("2-1 ft", "2-1 full time", "two to one full time"),
    ("3-1 at HT and", "3-1 at half time and", "three to one at half time and"),
    needs=("ft", "ht"),
)
minute_of = rule(
    r"(?<=\d(?:st|nd|rd|th) )min(?!\w)\.?",
    lambda _: "minute",
    ("in the 88th min", "in the 88th minute", "in the eighty-eighth minute"),
    needs=("min",),
)
_POINTS = r"(?:hp|mp|mana|health|hull|stamina|shields?|armou?r|energy|xp|exp|ammo|lives)"
left_of = rule(
    rf"(?<![\w/.,])(?:(?<=(?i:\bhp) )|(?<=(?i:\bmp) )|(?<=(?i:\bxp) )|(?<=(?i:mana) )|"
    rf"(?<=(?i:health) )|(?<=(?i:stamina) )|(?<=(?i:shield) )|(?<=(?i:armor) )|"
    rf"(?<=(?i:energy) )|(?<=(?i:ammo) ))(\d{{1,5}})/(\d{{1,5}})(?![\w/])|"
    rf"(?<![\w/.,])(\d{{1,5}})/(\d{{1,5}})(?= ?(?i:{_POINTS})\b)",
    lambda m: f"{decimal(m[1] or m[3])} out of {decimal(m[2] or m[4])}",
    (
        "HP 120/150",
        "HP one hundred twenty out of one hundred fifty",
        "H P one hundred twenty out of one hundred fifty",
    ),
    needs=("/",),
)
#: How many characters away a word may be that says of which game a score is.
_NEAR = 100
_FOOTBALL = lazy_pattern(
    r"\b(?:aggregate|arsenal|barca|bayern|chelsea|clean sheet|equali[sz]er?|everton|footy|"
    r"(?:full|half)[ -]?time|hat[- ]?trick|liverpool|madrid|man (?:city|u|utd)|own goal|offside|"
    r"prem|premier league|psg|spurs|stoppage time|ucl|villa)\b",
    re.IGNORECASE,
)


def _to_nil(match: Match) -> str:
    """A score without a goal of one side; in no other game it is called nil."""
    if "0" not in match.groups():
        return match[0]
    first = max(match.start() - _NEAR, 0)
    if not _FOOTBALL.search(match.string, first, match.end() + _NEAR):
        return match[0]
    return " ".join("nil" if goals == "0" else decimal(goals) for goals in match.groups())


to_nil = rule(
    r"(?<![\w.,/:$+-])(\d)-(\d)(?![\w/-]|[.,]\d)",
    _to_nil,
    ("3-0 at half time", "three nil at half time"),
    ("won 3-0", "won 3-0", "won three to zero"),
    needs=("-0", "0-"),
)
ahead = rule(
    r"(?<![\w.,/:$+-])(\d)-(\d)(?= (?:up|down)(?:$|[,.!?)]| (?:after|against|already|and|at|but|by|"
    r"in|lol|now|on agg\w*|rn|so|then|when|with)\b))",
    lambda m: f"{decimal(m[1])} {'nil' if m[2] == '0' else decimal(m[2])}",
    ("2-1 up at the break", "two one up at the break"),
    ("down 2-1", "down 2-1", "down two to one"),
    needs=(" up", " down"),
)


def _in_game(match: Match) -> str:
    games, others, points, against = ("love" if n == "0" else decimal(n) for n in match.groups())
    return f"{games} {others}, {points} {'all' if points == against else against}"


in_game = rule(
    r"(?<![\w.,/:-])(\d)-(\d),? (15|30|40|0)-(15|30|40|0)(?![\w/:-]|[.,]\d)",
    _in_game,
    ("up 5-3 40-15", "up five three, forty fifteen"),
    needs=("-",),
)
big_birthday = rule(
    r"(?<=\b[Bb]ig )([2-9])-[0oO](?![\w-])",
    lambda m: f"{decimal(m[1])} oh",
    ("the big 3-0", "the big three oh"),
    needs=("big ",),
)
declared = rule(
    r"(?<![\w.,/])([1-9]\d{1,2})/(\d)(?= (?:at (?:lunch|stumps|tea)|after \d{1,2} overs|"
    r"dec|declared|off \d{1,2})\b)",
    lambda m: f"{in_pairs(m[1])} for {decimal(m[2])}",
    ("287/6 at tea", "two eighty-seven for six at tea"),
    needs=("/",),
)
season_of = rule(
    r"(?:(?<=pisode \d of )|(?<=pisode \d\d of ))[Ss](\d{1,2})(?!\w)",
    lambda m: f"season {cardinal(int(m[1]))}",
    ("episode 3 of s2", "episode 3 of season two", "episode three of season two"),
    ("3 of s2", "3 of s2", "three of s two"),
    needs=(" of s",),
)
_SHOWN = lazy_pattern(
    r"\b(?:anime|arc|binge\w{0,2}|plot|cancell?ed|ending|eps?|episodes?|finale|hulu|netflix|"
    r"premieres?|"
    r"renewed|rewatch\w{0,3}|season|series|show|spoilers?|trailer|watch\w{0,3})\b",
    re.IGNORECASE,
)
_HALVES = lazy_pattern(r"\b(?:half|end|start|ending|finale|ep|rest) of [Ss]\d")
shown = rule(
    r"(?<![\w'-])[Ss]([1-9]|1\d)(?![\w'.:-])(?! (?:bucket|plus|tablet|ultra))",
    lambda m: (
        f"season {cardinal(int(m[1]))}"
        if _SHOWN.search(m.string) or _HALVES.search(m.string)
        else m[0]
    ),
    ("the end of s3 is better than s1", "the end of season three is better than season one"),
    ("the S2 finale", "the season two finale"),
    ("an s3 bucket", "an s3 bucket", "an s three bucket"),
    needs=tuple(f"s{figure}" for figure in range(1, 10)),
)
