"""Where somebody lives: streets, sides of a town and apartments, written short."""

import re

from bot.text.expressions import any_of, lazy_pattern
from bot.text.rule import Match, rule
from bot.text.sentences import STARTERS, point

_STREETS = {
    "Dr": "Drive", "St": "Street", "Ln": "Lane", "Ct": "Court", "Pl": "Place", "Sq": "Square",
    "Ave": "Avenue", "Rd": "Road", "Ter": "Terrace", "Cir": "Circle",
}  # fmt: skip
_NAME_FOLLOWS = lazy_pattern(rf" (?!(?:{STARTERS})\b)[A-Z][a-z]")

#: Before the name of a saint, whom the street is called after.
_SAINT = lazy_pattern(r"\bSt\.? $")


def _street(match: Match) -> str:
    """A street after its name, unless the abbreviation is the title of another name."""
    numbered = match["number"] or match["road"][0].isdigit()
    named = _NAME_FOLLOWS.match(match.string, match.end())
    saint = _SAINT.search(match.string, max(match.start() - 4, 0), match.start())
    owned = match["road"].endswith("'s")
    sure = match["point"] or numbered or saint or owned or match["kind"] in {"Ave", "Rd"}
    if not sure or (named and not numbered):
        return match[0]
    return f"{match['number'] or ''}{match['road']} {_STREETS[match['kind']]}{point(match)}"


street = rule(
    rf"\b(?P<number>\d{{1,5}}[A-Z]? (?:[NSEW]\.? )?)?"
    rf"(?P<road>(?!(?:{STARTERS})\b)[A-Z][a-z]{{1,20}}(?:'s)?|\d{{1,3}}(?:st|nd|rd|th)) "
    rf"(?P<kind>{any_of(_STREETS)})\b(?P<point>\.?)",
    _street,
    ("Elm Dr. is long", "Elm Drive is long"),
    ("12 Oak St Denver", "12 Oak Street Denver", "twelve Oak Street Denver"),
    ("on St. James St", "on St. James Street", "on Saint James Street"),
    ("St. Mary's St is closed", "St. Mary's Street is closed", "Saint Mary's Street is closed"),
    ("Visit St. Louis", "Visit St. Louis", "Visit Saint Louis"),
)
_SIDES = {"n": "north", "s": "south", "e": "east", "w": "west"}
small_side = rule(
    r"(?<![\w'.-])([nsew]) (?=\d{1,3}(?:st|nd|rd|th) (?:st|ave|street|avenue|rd|pl)\b)",
    lambda m: f"{_SIDES[m[1]]} ",
    ("on e 42nd st", "on east 42nd st", "on east forty-second street"),
    needs=("st ", "nd ", "rd ", "th "),
)
_DIRECTIONS = {**_SIDES, "N": "north", "S": "south", "E": "east", "W": "west"}
direction = rule(
    r"(?<![\w'])((?:[Hh]wy|[Hh]ighway|[Rr]oute|[Rr]te|[Rr]t|[Ii]nterstate|US|SR)[ -]\d{1,3} |"
    r"[Ii]-\d{1,3} )([NSEWnsew])(?![\w'.])(?! \d)",
    lambda m: m[1] + _DIRECTIONS[m[2]],
    ("take Hwy 101 N to it", "take Hwy 101 north to it", "take Highway one oh one north to it"),
    needs=(" n", " s", " e", " w"),
)
#: Names that roads have; what "st" or "rd" means after other small words, nothing tells.
_ROADS = (
    "adams|ash|bay|beach|birch|bridge|broad|bridge|broadway|canal|cedar|center|central|cherry|chestnut|"
    "church|college|court|elm|forest|franklin|front|grand|grove|high|highland|hill|jackson|jefferson|"
    "king|lake|lakeview|lincoln|madison|main|maple|market|meadow|mill|monroe|mulberry|oak|ocean|orchard|park|"
    "pearl|pine|pleasant|queen|railroad|ridge|river|school|shore|south|north|east|west|spring|spruce|state|"
    "summer|sunset|sycamore|union|university|valley|vine|wall|walnut|washington|water|willow|wilson|"
    "wood|woodland"
)
_SMALL = {
    "st": "street", "ave": "avenue", "rd": "road", "ln": "lane", "dr": "drive", "ct": "court",
    "pl": "place", "blvd": "boulevard", "sq": "square",
}  # fmt: skip
_SMALL_KIND = any_of(_SMALL)
small_street = rule(
    rf"(?<![\w'.:,/-])((?:\d{{1,5}} (?:(?!(?:after|and|at|before|for|from|in|into|of|off|on|past|"
    rf"people|per|the|till|to|until|with)\b)[a-z]{{3,12}} ){{1,2}}|(?:{_ROADS}) |[a-z]{{3,12}} "
    rf"(?=ave\b)))({_SMALL_KIND})"
    rf"\b(?!['’-])(?! maria\b)(?:\.(?=,| [a-z]))?|"
    rf"(?<=\dth )(st|ave|pl|ct|ln|dr)(?![\w'’-])|(?<=\d(?:st|nd|rd) )(st|ave|pl|ct|ln|"
    rf"dr)(?![\w'’-])",
    lambda m: (m[1] or "") + _SMALL[m[2] or m[3] or m[4]],
    ("corner of main st", "corner of main street"),
    ("123 fox run ln", "123 fox run lane", "one hundred twenty-three fox run lane"),
    ("take it to 59th st", "take it to 59th street", "take it to fifty-ninth street"),
    ("ave maria", "ave maria"),
    needs=tuple(_SMALL),
)
side_of_way = rule(
    r"(?:(?<=\bon the )|(?<=\bon ur )|(?<=\bon your )|(?<=\bturn )|(?<=\bhang a )|(?<=\btake a )|"
    r"(?<=\b\dst )|(?<=\b\dnd )|(?<=\b\drd ))(rt|lft)(?=$|[.,!?]| (?:and|at|after|onto|on|then|"
    r"past)\b)",
    lambda m: {"rt": "right", "lft": "left"}[m[1]],
    ("3rd door on the rt", "3rd door on the right", "third door on the right"),
    ("on the RT list", "on the RT list", "on the R T list"),
    needs=("rt", "lft"),
)
_HOME_BEFORE = lazy_pattern(
    r"\b(?:\d ?(?:bed(?:room)?|br|bd)|a|an|another|bedroom|bigger|each|empty|entire|first|her|his|"
    r"little|my|new|nice|old|one|our|own|shared|single|small|smaller|studio|that|the|their|this|tiny|top|two|"
    r"ur|whole|whose|your) $|(?:'s|s') $"
)
_FITTING = (
    r"(?! (?:analogy|choice|comparison|description|example|get|install|line|metaphor|name|package|"
    r"packages|"
    r"phrase|pupil|remove|repo|repos|repository|response|sources?|student|summary|thing|title|to|update|upgrade|"
    r"word|words)\b)"
)
apartment = rule(
    rf"\b([Aa]pt)(s?)\b(?!['’.]\w|-get){_FITTING}(?! ?#?\d)",
    lambda m: (
        f"{m[1][0]}partment{m[2]}"
        if m[2]
        or _HOME_BEFORE.search(m.string, 0, m.start())
        or re.match(
            r",? (?:complex|building|hunt\w*|tour|near|for rent|with|w)\b", m.string[m.end() :]
        )
        else m[0]
    ),
    ("my new apt", "my new apartment"),
    ("an apt description", "an apt description"),
    ("sudo apt update", "sudo apt update"),
    ("how apt", "how apt"),
    needs=("apt",),
)
