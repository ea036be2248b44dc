"""Names of states, sides and directions, written short: "in TX", "eng v aus", "winds NW"."""

import re

from bot.text.expressions import any_of
from bot.text.rule import Match, rule

STATES = {
    "AK": "Alaska", "AL": "Alabama", "AR": "Arkansas", "AZ": "Arizona", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DC": "D C", "DE": "Delaware", "FL": "Florida",
    "GA": "Georgia", "HI": "Hawaii", "IA": "Iowa", "ID": "Idaho", "IL": "Illinois",
    "IN": "Indiana", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "MA": "Massachusetts",
    "MD": "Maryland", "ME": "Maine", "MI": "Michigan", "MN": "Minnesota", "MO": "Missouri",
    "MS": "Mississippi", "MT": "Montana", "NC": "North Carolina", "ND": "North Dakota",
    "NE": "Nebraska", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
    "NV": "Nevada", "NY": "New York", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon",
    "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VA": "Virginia", "VT": "Vermont",
    "WA": "Washington", "WI": "Wisconsin", "WV": "West Virginia", "WY": "Wyoming",
}  # fmt: skip
#: These are words, degrees or other countries too, so that the town decides.
_DECIDED_BY_TOWN = {
    "HI": "Honolulu|Hilo|Kailua", "ID": "Boise|Nampa|Meridian|Moscow|Pocatello",
    "IN": "Indianapolis|Bloomington|Gary|Lafayette|South Bend|Fort Wayne|Muncie",
    "LA": "New Orleans|Baton Rouge|Lafayette|Shreveport", "MD": "Baltimore|Bethesda|Rockville|"
    "Annapolis|Columbia|Silver Spring|Frederick|Ocean City",
    "MA": "Boston|Cambridge|Worcester|Springfield|Salem|Lowell|Quincy|Amherst",
    "ME": "Portland|Bangor|Augusta|Bar Harbor", "MS": "Jackson|Biloxi|Oxford|Gulfport",
    "OH": "Columbus|Cleveland|Cincinnati|Toledo|Akron|Dayton|Youngstown|Canton",
    "OK": "Tulsa|Oklahoma City|Norman|Edmond|Stillwater", "OR": "Portland|Salem|Eugene|Bend|"
    "Medford|Corvallis|Beaverton", "PA": "Philadelphia|Philly|Pittsburgh|Scranton|Harrisburg|Erie|"
    "Allentown|Lancaster|Hershey", "DE": "Wilmington|Dover|Newark",
}  # fmt: skip


def _town(match: Match) -> str:
    towns = _DECIDED_BY_TOWN.get(match[1])
    before = match.string[max(match.start() - 24, 0) : match.start()]
    return STATES[match[1]] if not towns or re.search(rf"\b(?:{towns}), $", before) else match[0]


town = rule(
    rf"(?<=[a-z]{{2}}, )({any_of(STATES)})(?=$|[.,!?;:)\n]| (?!\d{{5}})[a-z(&\d])",
    _town,
    ("in Memphis, TN since", "in Memphis, Tennessee since"),
    ("Boise, ID", "Boise, Idaho"),
    ("Sure, OK", "Sure, OK", "Sure, okay"),
    needs=(", ",),
)
#: Those that are called so wherever somebody lives in one.
_SURE = "AZ|CA|FL|IL|KY|MN|NH|NJ|NM|NV|NY|OH|PA|TN|TX|UT|VT|WI|WY"
inside = rule(
    rf"\b((?:[Ii]n|[Ff]rom|[Tt]o|[Aa]cross|[Oo]utside|[Vv]isiting|[Ll]eaving|(?:[Nn]orthern|"
    rf"[Ss]outhern|[Ee]astern|[Ww]estern|[Cc]entral|[Uu]pstate|[Rr]ural)) )"
    rf"({_SURE})(?!\w)(?=$|[.,!?;)]| (?:and|at|bc|because|but|by|for|has|have|in|is|isn't|it's|its|"
    rf"lol|next|now|on|or|right|rn|since|so|sucks|taxes|than|that|the|there|they|this|tho|to|today|"
    rf"too|until|was|we|where|which|with|w|you)\b)",
    lambda m: m[1] + STATES[m[2]],
    ("sunny here in CA, ugh", "sunny here in California, ugh"),
    ("moved to TX in May", "moved to Texas in May"),
    ("in CA dollars", "in CA dollars", "in C A dollars"),
)
SIDES = {
    "N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest",
    "SE": "Southeast", "SW": "Southwest",
}  # fmt: skip
_WINDS = {**SIDES, "NNE": "north northeast", "ENE": "east northeast", "ESE": "east southeast",
          "SSE": "south southeast", "SSW": "south southwest", "WSW": "west southwest",
          "WNW": "west northwest", "NNW": "north northwest"}  # fmt: skip
wind = rule(
    r"(?:(?<=\b[Ww]ind )|(?<=\b[Ww]inds )|(?<=from the )|(?<=\b[Ww]ind: )|(?<=\b[Ww]inds: ))"
    rf"({any_of(_WINDS)})(?= (?:wind|at|@|\d)|[.,]|$)",
    lambda m: _WINDS[m[1]].lower(),
    ("wind NW 15 mph", "wind northwest 15 mph", "wind northwest fifteen miles per hour"),
    needs=("wind", "from the"),
)
numbered_street = rule(
    rf"(?:(?<=\bon )|(?<=\bonto )|(?<=\bof )|(?<=&\ )|(?<=\bat ))({any_of(SIDES)}) "
    rf"(?=\d{{1,3}}(?:st|nd|rd|th)\b)",
    lambda m: f"{SIDES[m[1]]} ",
    ("right on N 3rd", "right on North 3rd", "right on North third"),
    spaced=False,
)
_NATIONS = {
    "eng": "England", "aus": "Australia", "ind": "India", "pak": "Pakistan", "nz": "New Zealand",
    "sa": "South Africa", "wi": "West Indies", "sl": "Sri Lanka", "ire": "Ireland",
    "sco": "Scotland", "wal": "Wales", "afg": "Afghanistan", "fra": "France", "ita": "Italy",
    "arg": "Argentina", "bra": "Brazil", "ger": "Germany", "esp": "Spain",
}  # fmt: skip
_NATION = rf"(?i:{any_of(_NATIONS)})"
nation = rule(
    rf"(?<![\w'./-])({_NATION})(?= (?:vs?\.?|beat|beats|lost to|drew with) (?i:{any_of(_NATIONS)}|"
    rf"{'|'.join(_NATIONS.values())})(?![\w'])| \d{{1,3}}/(?:\d|10)(?![\w/]))|"
    rf"(?:(?<= v )|(?<= vs )|(?<= vs\. )|(?<= beat )|(?<= beats )|(?<= lost to )|(?<= drew with ))"
    rf"({_NATION})(?![\w'./-])(?=(?P<ends>$|[.,!?]| (?:at|by|for|in|on|this|today|tomorrow|tonight|"
    rf"w|with|were|yesterday)\b))",
    lambda m: _NATIONS[(m[1] or m[2]).lower()],
    ("eng beat aus in it", "England beat Australia in it"),
    ("eng 287/6 at tea", "England 287/6 at tea", "England two eighty-seven for six at tea"),
    ("an eng dub", "an eng dub"),
)

dew_point = rule(
    r"(?:(?<=\b[Dd]ew )|(?<=melting )|(?<=boiling )|(?<=freezing )|(?<=\b[Pp]ower )|(?<=selling )|"
    r"(?<=turning ))pts?(?![\w'])\.?",
    lambda m: f"point{'s' if 's' in m[0] else ''}",
    ("dew pt is 72", "dew point is 72", "dew point is seventy-two"),
    needs=(" pt",),
)
thunderstorms = rule(
    r"(?<![\w'])[Tt]-?storms?(?![\w'])",
    lambda m: f"thunderstorm{'s' if m[0].endswith('s') else ''}",
    ("t-storms at 2", "thunderstorms at 2", "thunderstorms at two"),
    needs=("tstorm", "t-storm"),
)

ENGLISH = (town, inside, nation, wind, dew_point, thunderstorms, numbered_street)
