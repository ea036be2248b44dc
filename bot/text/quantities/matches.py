"""Results of matches: sets with a tie-break, times at bat, clubs written with three letters."""

import re

from bot.text.expressions import any_of, lazy_pattern
from bot.text.quantities.numbers import decimal, games
from bot.text.rule import Match, rule


def _tie_break(match: Match) -> str:
    return re.sub(
        r"(\d)-(\d)(?: ?\((\d{1,2})(?:-(\d{1,2}))?\))?",
        lambda m: " ".join(
            [
                decimal(m[1]),
                decimal(m[2]),
                *([f"({m[3]}{' to ' + m[4] if m[4] else ''})"] * bool(m[3])),
            ]
        ),
        match[0],
    )


tie_break = rule(
    r"(?<![\w.,/:-])(?:[0-7]-[0-7](?: ?\(\d{1,2}(?:-\d{1,2})?\))?,? ){0,4}(?:7-6|6-7) ?"
    r"\(\d{1,2}(?:-\d{1,2})?\)(?:,? [0-7]-[0-7](?![\d/-])(?: ?\(\d{1,2}(?:-\d{1,2})?\))?){0,4}",
    _tie_break,
    ("won 6-4 7-6(3)", "won six four seven six (3)", "won six four seven six (three)"),
    ("7-6 (5), 6-2", "seven six (5), six two", "seven six (five), six two"),
    needs=("7-6", "6-7"),
)
defeated = rule(
    r"(?<=[a-z] )(?:d\.|def\.) (?=[A-Z][\w'-]{1,20} \d-\d)",
    lambda _: "defeated ",
    (
        "Nadal d. Murray 6-2 6-3",
        "Nadal defeated Murray 6-2 6-3",
        "Nadal defeated Murray six two, six three",
    ),
    spaced=False,
    needs=("d. ", "def. "),
)
_AT_BAT = lazy_pattern(
    r"\b(?:at[- ]bats?|doubles?|hits?|homers?|homered|HRs?|RBIs?|singles?|strikeouts?|walks?|"
    r"dinger)\b"
)
at_bat = rule(
    r"(?<=\b[Ww]ent )([0-6])[-/]([1-7])(?![\w/:-]|\.\d)",
    lambda m: (
        f"{games(m[1])} for {decimal(m[2])}"
        if int(m[1]) <= int(m[2]) and _AT_BAT.search(m.string)
        else m[0]
    ),
    ("went 3-4 with 2 RBI", "went three for four with 2 RBI", "went three for four with two R B I"),
    ("went 3-4", "went 3-4", "went three and four"),
    needs=("went ",),
)
passing = rule(
    r"(?<![\w/.,-])(\d{1,2})[/-](\d{1,2})(?=,? (?:for |with )?\d{2,3} (?:yds|yards|passing)\b)",
    lambda m: f"{decimal(m[1])} of {decimal(m[2])}" if int(m[1]) <= int(m[2]) else m[0],
    (
        "22/31 for 287 yds",
        "twenty-two of thirty-one for 287 yds",
        "twenty-two of thirty-one for two hundred eighty-seven yards",
    ),
    needs=("yds", "yards", "passing"),
)
intercepted = rule(
    r"(?<=\d )INT(s?)(?!\w)",
    lambda m: (
        f"interception{m[1]}"
        if re.search(r"\b(?:QB|TDs?|passing|picks?|yards|yds)\b", m.string)
        else m[0]
    ),
    ("3 TDs, 1 INT", "3 TDs, 1 interception", "three T D's, one interception"),
    ("5 INT gear", "5 INT gear", "five int gear"),
    needs=("int",),
)
so_many_for = rule(
    r"(?<![\w.,-])(\d{1,2})-for-(\d{1,2})(?![\w-])",
    lambda m: f"{decimal(m[1])} for {decimal(m[2])}",
    ("he's 6-for-7 today", "he's six for seven today"),
    needs=("-for-",),
)
_CLUBS = {
    "ARS": "Arsenal", "AVL": "Villa", "BAR": "Barca", "BVB": "Dortmund", "BHA": "Brighton",
    "CHE": "Chelsea", "EVE": "Everton", "FUL": "Fulham", "JUV": "Juve",
    "LEI": "Leicester", "LIV": "Liverpool", "MCI": "Man City", "MUN": "Man United",
    "NFO": "Forest", "RMA": "Real Madrid", "TOT": "Tottenham",
    "WHU": "West Ham", "WOL": "Wolves", "BOS": "Boston", "CHI": "Chicago", "CLE": "Cleveland",
    "DAL": "Dallas", "DEN": "Denver", "DET": "Detroit", "HOU": "Houston", "MEM": "Memphis",
    "MIA": "Miami", "MIL": "Milwaukee", "NYK": "New York", "PHI": "Philly",
    "PHX": "Phoenix", "POR": "Portland", "SAC": "Sacramento", "TOR": "Toronto", "ATL": "Atlanta",
    "LAL": "Lakers", "LAC": "Clippers",
    "GSW": "Golden State", "NYY": "Yankees",
    "BUF": "Buffalo", "BAL": "Baltimore", "PIT": "Pittsburgh", "CIN": "Cincinnati",
    "SEA": "Seattle",
}  # fmt: skip
_CODE = any_of(_CLUBS)
club = rule(
    rf"(?<![\w'-])({_CODE})(?= \d{{1,3}}(?: ?[-–,] ?| )(?:\d|[A-Z]{{3}} \d))|"
    rf"(?:(?<=\d )|(?<=\d, ))({_CODE})(?= \d|$|[.,!?]| \()",
    lambda m: (
        _CLUBS[m[1] or m[2]]
        if len(re.findall(r"(?<![\w'-])[A-Z]{3}(?![\w'-])", m.string)) > 1
        else m[0]
    ),
    ("ARS 2-0 CHE", "Arsenal 2-0 Chelsea", "Arsenal two nil Chelsea"),
    ("BOS 112, MIA 98", "Boston 112, Miami 98", "Boston one hundred twelve, Miami ninety-eight"),
    ("ATL 5 more", "ATL 5 more", "A T L five more"),
)
final = rule(
    r"(?<![\w'])(FT|HT)(?=: ?[A-Z\d])",
    lambda m: (
        f"{'full' if m[1] == 'FT' else 'half'} time"
        if re.search(r"\d ?[-–] ?\d", m.string)
        else m[0]
    ),
    ("FT: Leeds 2-1 Hull", "full time: Leeds 2-1 Hull", "full time: Leeds two to one Hull"),
    needs=("ft:", "ht:"),
)
PUZZLE = lazy_pattern(r"\b(?:connections|heardle|quordle|quiz|trivia|wordle)\b", re.IGNORECASE)
puzzle = rule(
    r"(?<![\w/.,])(\d{1,2})/(\d{1,2})(?![\w/%])",
    lambda m: f"{decimal(m[1])} out of {decimal(m[2])}",
    ("5/6 on wordle", "five out of six on wordle"),
    ("5/6 on it", "5/6 on it", "five sixths on it"),
    needs=("/",),
    about=PUZZLE.search,
)
in_league = rule(
    r"(?:(?<=\b[Ii]'m )|(?<=\b[Ii]m )|(?<=\b[Hh]e's )|(?<=\b[Ss]he's )|(?<=\b[Ww]e're )|"
    r"(?<=\bhes ))(\d{1,2})-(\d{1,2})"
    r"(?= (?:in|on|this|so far|all time|lifetime) ?(?:(?:comp|fantasy|matches|placements?|promos|"
    r"quals|qualifiers|ranked|scrims|valorant)\b|my (?:league|placements?|promos)|the (?:year|"
    r"season|league)|"
    r"(?:year|season)|our league|league|$|[,.!?]))",
    lambda m: f"{games(m[1])} and {games(m[2])}",
    ("i'm 9-3 in fantasy", "i'm nine and three in fantasy"),
    ("we're 4-0 in placements", "we're four and oh in placements"),
    needs=("-",),
)
started = rule(
    r"(?<![\w.,/:$+-])(\d{1,2})-(\d{1,2})(?= (?:record|start|to start)\b)",
    lambda m: f"{games(m[1])} and {games(m[2])}",
    ("0-2 to start", "oh and two to start"),
    ("5-0 start, wow", "five and oh start, wow"),
    needs=(" start", " record"),
)
pitched = rule(
    r"(?<![\w.,/:-])([0-3])-([0-2])(?= (?:count|pitch)\b)",
    lambda m: " ".join(map(games, m.groups())),
    ("a 3-2 count", "a three two count"),
    ("an 0-2 pitch", "an oh two pitch"),
    needs=(" count", " pitch"),
)
