"""Short forms in small letters that are words or other short forms as well: "hr", "def", "til".

Nothing is expanded here without a neighbour that leaves one meaning.
"""

import re

from bot.text import school
from bot.text.expressions import lazy_pattern
from bot.text.rule import rule
from bot.text.sentences import point

utilities = rule(
    r"(?:(?<=\+ )|(?<=plus )|(?<=\band )|(?<=& ))utils?(?=$|[.,!?)]| (?:for|on|so)\b)|"
    r"\butils?(?= (?:and|are|incl\w*|not|paid)\b)",
    lambda _: "utilities",
    ("utils included", "utilities included"),
    needs=("util",),
)
human_resources = rule(
    r"(?<!\d )(?<!\bper )(?<!\ban )(?<!\bthe )(?<![\w'/])hr(?= (?:about|and|called|department|dept|"
    r"emailed|guy|interview|is|"
    r"lady|manager|meeting|person|policy|rep|said|says|team|thing|told|wants|will)\b)|"
    r"(?:(?<=\bto )|(?<=\bfrom )|(?<=\bwith )|(?<=\bw )|(?<=\bask )|(?<=mail )|(?<=\bcall )|"
    r"(?<=\btold )|(?<=\btell )|"
    r"(?<=contact ))hr(?![\w'/])",
    lambda _: "HR",
    ("hr called me", "HR called me", "H R called me"),
    ("told hr", "told HR", "told H R"),
    ("the hr is up", "the hr is up", "the hour is up"),
    needs=("hr",),
)
square_feet = rule(
    r"(?<!\d )(?<!\d)(?<!per )(?<!/)\bsq\.? ?ft\b\.?",
    lambda m: f"square feet{point(m)}",
    ("how many sq ft", "how many square feet"),
    needs=("sq",),
)
rate = rule(
    r"(?<![\w'])apr(?![\w'.])(?! \d)",
    lambda m: "APR" if "%" in m.string else m[0],
    ("the apr is 20%", "the APR is 20%", "the A P R is twenty percent"),
    needs=("apr",),
)
especially = rule(
    r"(?<![\w'./-])([Ee])sp(?= (?:a|after|around|as|at|because|before|bc|by|during|for|from|if|in|"
    r"like|my|now|"
    r"on|since|that|the|these|this|those|w|when|while|with|your|ur)\b)",
    lambda m: f"{m[1]}specially",
    ("esp when it rains", "especially when it rains"),
    ("has esp", "has esp"),
    needs=("esp",),
)
definitely = rule(
    r"(?<![\w'./-])(?<!\bhigh )(?<!\blow )(?<!\btheir )(?<!\bmy )(?<!\bthe )(?<!\ba )(?<!\band "
    r")(?<!\bof )(?<!\d )([Dd])ef(?= (?:a|an|"
    r"be|been|better|can|cant|could|did|do|does|down|feel|feels|get|go|gonna|gotta|had|has|have|in|is|its|love|"
    r"might|more|my|need|needs|not|one|should|the|think|try|up|want|was|watch|will|wont|worth|would|your|"
    r"[a-z]{2,9}ing|[a-z]{3,8}ed)\b(?!\())",
    lambda m: f"{m[1]}efinitely",
    ("def coming", "definitely coming"),
    ("i def can", "i definitely can"),
    ("def main():", "def main():", "def main"),
    needs=("def",),
)
likely = rule(
    r"(?<![\w'./-])([Pp])robs?(?= (?:a|be|can|cant|cause|gonna|going|gotta|have|in|just|like|more|"
    r"need|never|not|should|"
    r"still|the|will|wont|won't)\b)(?<!\bno prob)(?<!\bthe prob)(?<!\ba prob)(?<!\bmy "
    r"prob)(?<!\bmain prob)",
    lambda m: f"{m[1]}robably",
    ("prob not", "probably not"),
    ("the prob is", "the prob is", "the problem is"),
    needs=("prob",),
)
learned = rule(
    r"(?:^|(?<=\n)|(?<=lol )|(?<=wow ))(?:TIL|til)(?= (?:about|how|that|there|why|you can)\b)",
    lambda _: "today I learned",
    ("til that it rains", "today I learned that it rains"),
    ("wait til that day", "wait til that day"),
    needs=("til",),
)
region = rule(
    r"(?<![\w'/-])(eu|na|sa|oce|uk|us|nyc|latam)(?= ?[-/]? ?(?:server|servers|region|west|central|"
    r"lobby|lobbies|players|"
    r"ladder|players|shipping|tour|version|release|store|patent|citizen|passport|visa|dollars)\b)|"
    r"(?:(?<=\bon )|(?<=\bin )|(?<=\bfrom ))(eu|na)(?=$|[.,!?]| (?:and|or|vs|not|server|servers|"
    r"but|at|so|if)\b)",
    lambda m: (m[1] or m[2]).upper() if (m[1] or m[2]) != "latam" else m[0],
    ("on eu servers", "on EU servers", "on E U servers"),
    ("say na eu", "say na eu"),
    needs=("eu", "na", "sa", "oce", "uk", "us", "nyc"),
)
_SPANISH = lazy_pattern(r"\b(?:de|el|en|es|que|un|una|y|por|los|las|le|les|et|di|il)\b")
city = rule(
    r"(?:(?<=\bto )|(?<=\bin )|(?<=\bfrom )|(?<=\bleave )|(?<=\bleaving ))la(?=$|[.,!?;)]| (?:and|"
    r"at|bc|but|for|from|in|is|"
    r"next|now|on|or|rn|this|tmrw|to|today|tomorrow|tonight|traffic|was|w|with)\b)",
    lambda m: m[0] if _SPANISH.search(m.string) else "LA",
    ("moving to la in may", "moving to LA in may", "moving to L A in may"),
    needs=(" la",),
)
heart_rate = rule(
    r"(?<![\w'/])hr(?= (?:(?:was|is|at|of) \d|zones?\b|monitor\b|max\b))|(?:(?<=resting )|"
    r"(?<=\bmax )|"
    r"(?<=\bavg )|(?<=average ))hr(?![\w'])",
    lambda _: "HR",
    ("resting hr 58", "resting HR 58", "resting H R fifty-eight"),
    needs=("hr",),
)
emergency_room = rule(
    r"(?<![\w'])er(?= (?:bill|doc|doctor|nurse|room|shift|trip|visits?|wait)\b)|(?:(?<=to the )|"
    r"(?<=in the )|"
    r"(?<=at the ))er(?=$|[.,!?]| (?:at|bc|for|last|lol|now|rn|today|tonight|w|with|again)\b)",
    lambda _: "ER",
    ("er visit", "ER visit", "E R visit"),
    ("in the er again", "in the ER again", "in the E R again"),
    needs=("er",),
)
tested = rule(
    r"(?:(?<=\btested )|(?<=\btest was )|(?<=\btest is )|(?<=came back )|(?<=\bcovid ))(neg|"
    r"pos)(?!\w)",
    lambda m: "negative" if m[1] == "neg" else "positive",
    ("tested neg", "tested negative"),
    needs=("neg", "pos"),
)
month = rule(
    r"(?:(?<=\blast )|(?<=\bthis )|(?<=\bnext )|(?<=\bper )|(?<=\beach )|(?<=\bevery )|(?<=\ba "
    r"))mo(?![\w'’.-])",
    lambda _: "month",
    ("last mo", "last month"),
    ("mo money", "mo money"),
    needs=(" mo",),
)
be = rule(
    r"(?:(?<=\bto )|(?<=\bwill )|(?<='ll )|(?<=gonna )|(?<=\bcan )|(?<=\bcould )|(?<=\bshould )|"
    r"(?<=\bwould )|"
    r"(?<=\bmight )|(?<=gotta )|(?<=\bmust )|(?<=\bwont ))b(?= (?:a|able|at|back|bad|better|"
    r"careful|cool|done|early|fine|free|"
    r"fun|funny|good|great|here|home|honest|in|late|like|mad|nice|off|ok|okay|on|out|ready|right|so|sure|the|"
    r"there|weird|with)\b)",
    lambda _: "be",
    ("I'll b there", "I'll be there"),
    ("plan b there", "plan b there"),
    needs=(" b ",),
)
cash_machine = rule(
    r"(?:(?<=the )|(?<=\ban )|(?<=this )|(?<=arest )|(?<=osest )|(?<=\bany )|(?<=every )|(?<=bank "
    r")|(?<=other ))atm(?![\w'])|"
    r"(?<![\w'])atm(?= (?:card|fee|fees|machine|limit|withdrawal)\b)",
    lambda _: "A T M",
    ("by the atm", "by the A T M"),
    ("busy atm", "busy atm", "busy at the moment"),
    needs=("atm",),
)
instagram = rule(
    r"(?:(?<=\bon )|(?<=\bmy )|(?<=\bher )|(?<=\bhis )|(?<=\btheir )|(?<=\bur )|(?<=\byour )|"
    r"(?<=\bfrom )|(?<=\bthe ))ig(?![\w'])|"
    r"(?<![\w'])ig(?= (?:account|dms?|handle|live|page|post|posts|reels?|stories|story)\b)",
    lambda _: "I G",
    ("followers on ig", "followers on I G"),
    ("yeah ig", "yeah ig", "yeah I guess"),
    needs=("ig",),
)
_SHOES = lazy_pattern(r"\b(?:shoes?|size|sizes|boots?|sneakers?)\b|\b(?:eu|uk) \d", re.IGNORECASE)
shoe_size = rule(
    r"(?<![\w'])(us|uk|eu)(?= (?:size |mens? |womens? )?\d{1,2}(?:\.5)?(?![\w.]))",
    lambda m: m[1].upper() if _SHOES.search(m.string) else m[0],
    ("size us 9", "size US 9", "size U S nine"),
    ("gave us 9", "gave us 9", "gave us nine"),
    needs=("us", "uk", "eu"),
)
minimum = rule(
    r"(?<=\d (?:hr|mi) )(min|max)(?![\w'])|(?:(?<=\d hour )|(?<=\d night )|(?<=\d day )|(?<=\d "
    r"nights )|(?<=\d drink )|(?<=\d person )|"
    r"(?<=\d item )|(?<=\d hrs )|(?<=\d hours )|(?<=\d people ))(min|max)(?![\w'])",
    lambda m: {"min": "minimum", "max": "maximum"}[m[1] or m[2]],
    ("a 2 hr min", "a 2 hr minimum", "a two hour minimum"),
    ("1 hr 5 min", "1 hr 5 min", "one hour five minutes"),
    needs=("min", "max"),
)
editor = rule(
    r"(?<![\w'])(?:VS|vs|Vs)(?= ?[Cc]ode\b)|(?:^|(?<=\bin )|(?<=using )|(?<=nstall )|(?<=\bwith )|"
    r"(?<=nstalled )|(?<=\bmy ))(?:VS|vs)(?= 20[12]\d\b)",
    lambda _: "V S",
    ("in VS Code", "in V S Code"),
    ("in VS 2022", "in V S 2022", "in V S twenty twenty-two"),
    needs=("vs",),
)
extension = rule(
    r"(?:(?<=[Cc]ode )|(?<=chrome )|(?<=Chrome )|(?<=firefox )|(?<=browser )|(?<=\bfile "
    r"))ext(s?)(?![\w'.:])(?! ?\d)|"
    r"(?<![\w'])ext(s?)(?= (?:for|that|to|called)\b)",
    lambda m: f"extension{m[1] or m[2] or ''}",
    ("a chrome ext", "a chrome extension"),
    needs=("ext",),
)
_NUMBER_N = lazy_pattern(
    r"\b(?:all|an?|and|any|by|every|first|for|given|if|integer|is|last|let|letter|ln|log|number|of|or|size|some|than|the|time|to|top|"
    r"up to|variable|when|where|with) $"
)
and_ = rule(
    r"(?<=[a-z]{2} )n(?= [a-z]{2})(?! (?:and|be|by|colors|equals|is|items|log|minus|or|plus|"
    r"squared|times|to|where|word)\b)",
    lambda m: (
        m[0] if _NUMBER_N.search(m.string, 0, m.start()) or re.search(r"[=(^]", m.string) else "and"
    ),
    ("mac n cheese", "mac and cheese"),
    ("a list of n items", "a list of n items"),
    needs=(" n ",),
)
volume = rule(
    r"(?<![\w'])vol(?= (?:down|up|buttons?|knob|slider|control)\b)",
    lambda _: "volume",
    ("hold vol down", "hold volume down"),
    needs=("vol",),
)
grandmaster = rule(
    r"(?:(?<=\bwas )|(?<=\bis )|(?<=\bhit )|(?<=\bto )|(?<=\bin )|(?<=\bfrom )|(?<=reach )|"
    r"(?<=ached )|(?<=\ba )|(?<=the )|(?<=\bmy )|"
    r"(?<=\bour )|(?<=\bnew ))gm(?![\w'])|(?<![\w'])gm(?= \d)",
    lambda _: "GM",
    ("peak was gm", "peak was GM", "peak was G M"),
    ("gm all", "gm all", "good morning all"),
    needs=("gm",),
)
out_of_office = rule(
    r"(?<![\w'])ooo(?= (?:today|tomorrow|til|till|until|this (?:week|afternoon|morning)|next week|"
    r"all (?:day|week)|from \w|mon\b|"
    r"fri\b|[MTWFS][a-z]{2,5}day))",
    lambda _: "out of office",
    ("ooo til monday", "out of office til monday"),
    ("ooo nice", "ooo nice"),
    needs=("ooo",),
)
zone = rule(
    r"(?:(?<=\d )|(?<=\d[ap]m )|(?<=\d [ap]m ))(est|edt|pst|pdt|cst|cdt|mst|mdt|gmt|utc|bst|cet|"
    r"cest|ist|jst|aest)(?![\w.])|"
    r"(?:(?<=\bat \d )|(?<=\bat 1\d ))(et|pt|ct)(?!\w)(?! al\b)|(?<=\d[ap]m )(et|pt|ct)(?=$|[,!?)]|"
    r" ?/| (?:and|or|on|"
    r"tonight|tomorrow|today|if)\b)",
    lambda m: (m[1] or m[2] or m[3]).upper(),
    ("9 est or so", "9 EST or so", "nine E S T or so"),
    ("at 7 et", "at 7 ET", "at seven E T"),
    needs=("st", "dt", "et", "pt", "ct", "mt", "utc"),
)
looking_for = rule(
    r"(?<![\w'])LF(?= (?:\d|a |carr(?:y|ies)|clan|dps|duo|group|guild|heals?|healers?|members|"
    r"party|people|raid|static|tanks?|team)\b)",
    lambda _: "looking for",
    ("tank LF healer", "tank looking for healer"),
    needs=("lf",),
)
_KEYS = {"ctrl": "control", "cmd": "command", "win": "windows", "del": "delete", "esc": "escape"}
key = rule(
    r"(?<![\w'+])(?:[Cc]trl|(?:[Cc]md|[Aa]lt|[Ss]hift|[Ww]in)(?=\+))"
    r"(?: ?\+ ?(?:[Cc]trl|[Aa]lt|[Ss]hift)){0,2}"
    r" ?\+ ?(?:[A-Za-z]|[Dd]el(?:ete)?|[Tt]ab|[Ee]nter|[Ee]sc|F\d{1,2})(?![\w+])",
    lambda m: " ".join(_KEYS.get(one.lower(), one) for one in re.findall(r"\w+", m[0])),
    ("Ctrl+Shift+T", "control Shift T"),
    ("ctrl+alt+del", "control alt delete"),
    ("a shift + a day", "a shift + a day", "a shift plus a day"),
    needs=("+",),
)

ENGLISH = (
    utilities, human_resources, square_feet, rate, especially, definitely, likely, learned,
    region, city, heart_rate, school.course, emergency_room, tested, month, be,
    cash_machine, instagram, school.admission, shoe_size, minimum, editor, extension,
    and_, volume, grandmaster,
    out_of_office, zone,
    school.conference, looking_for, school.school_year,
    school.parents_evening, school.letter_range, key,
)  # fmt: skip
