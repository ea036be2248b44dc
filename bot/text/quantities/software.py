"""What a computer's folk say: versions of software, ports, rights, and names with a figure."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.quantities.measures import FREE_UNITS
from bot.text.quantities.numbers import decimal, digits, in_pairs, plural
from bot.text.rule import Match, rule

_SOFTWARE = (
    "android|angular|ansible|blender|bun|clang|cmake|cuda|debian|deno|django|docker|dotnet|elixir|fedora|firefox|"
    "flask|gcc|godot|golang|gradle|ios|java|jdk|julia|k8s|kernel|kotlin|kubernetes|laravel|linux|llama|"
    "lua|macos|mariadb|minecraft|mysql|nginx|node|nodejs|node\\.js|npm|numpy|opengl|openssl|pandas|perl|"
    "php|pip|postgres|postgresql|proton|pytorch|python|rails|react|redis|ruby|rust|scala|spring|sqlite|svelte|"
    "tensorflow|terraform|typescript|ubuntu|unity|unreal|vue|vulkan|wine|patch|version|firmware"
)
_POINTED = r"\d{1,3}\.\d{1,3}"


def _version(figures: str) -> str:
    major, minor = figures.split(".")
    said = f"oh {decimal(minor[1])}" if len(minor) == 2 and minor[0] == "0" else decimal(minor)
    return f"{decimal(major)} {'' if said.startswith('oh') else 'point '}{said}"


software = rule(
    rf"\b((?i:{_SOFTWARE})(?: ?[<>=~^]{{1,2}} ?| ))({_POINTED}(?:(?:,? (?:and|or|to|vs\.?|->|not|"
    rf"than) |, ?| ?/ ?| ?- ?)"
    rf"{_POINTED}){{0,3}})(?![\w%°])(?![.,]\d)(?! ?(?i:{FREE_UNITS}|times|points?|million|"
    rf"billion)(?!\w))(\+(?!\w))?",
    lambda m: (
        m[1] + re.sub(_POINTED, lambda one: _version(one[0]), m[2]) + (" plus" if m[3] else "")
    ),
    ("python 3.11 or newer", "python three point eleven or newer"),
    ("python 3.11+ only", "python three point eleven plus only"),
    ("python 3.9 to 3.12", "python three point nine to three point twelve"),
    ("ubuntu 22.04", "ubuntu twenty-two oh four"),
    ("the python is 3.11 m", "the python is 3.11 m", "the python is three point one one meters"),
    needs=(".",),
)
#: Speaks of a version, of which software a message says elsewhere.
_NAMES_SOFTWARE = lazy_pattern(
    rf"(?<![\w-])(?!(?:blender|bun|flask|julia|rails|ruby|spring|unity|wine)\b)"
    rf"(?:{_SOFTWARE}|versions?|upgrad\w{{1,3}})(?![\w-])",
    re.IGNORECASE,
)
_IS_VERSION = (
    r"\b((?:[Oo]n|[Tt]o|[Ii]s|[Uu]se|[Uu]sing|[Rr]unning|[Rr]un|[Nn]eeds?|[Rr]equires?|[Ww]as|[Ff]rom|"
    r"[Ss]till|[Gg]ot|[Hh]ave|[Ii]nstall(?:ed)?|[Ii]n|[Tt]ry|[Vv]ersion|[Tt]han|[Oo]r|[Ll]ike|[Nn]ot|[Ww]ith|[Vv]s|"
    r"[Aa]nd|[Bb]efore|[Ss]ince|[Aa]fter|[Uu]ntil|[Mm]ine(?:'s| is)) )"
)
software_elsewhere = rule(
    rf"{_IS_VERSION}(?!\d{{1,3}}\.(?:49|95|99))({_POINTED})(?![\w%°])(?![.,]\d)(?! "
    rf"?(?i:{FREE_UNITS}|s|m|meters|feet|seconds|times|points?|million|"
    rf"billion|gb|stars)(?!\w))",
    lambda m: m[1] + _version(m[2]) if _NAMES_SOFTWARE.search(m.string) else m[0],
    ("which python? i'm on 3.12", "which python? i'm on three point twelve"),
    ("python is 3.12", "python is three point twelve"),
    ("it is 3.12", "it is 3.12", "it is three point one two"),
    ("python took 3.12 s", "python took 3.12 s", "python took three point one two seconds"),
    needs=(".",),
)
_PORT = r"(?:(?:[1-9]\d{3})|\d{2,5})"
port = rule(
    rf"\b((?:[Pp]orts?|[Ll]istening on|[Ll]istens on|[Bb]ound to) )({_PORT}(?:(?:,? (?:and|or|not|"
    rf"to|vs)|,) {_PORT}){{0,4}})"
    r"(?![\w/:%-]|[.,]\d)(?! (?:people|[a-z]{3,12}s)\b)",
    lambda m: (
        m[1] + re.sub(r"\d+", lambda one: in_pairs(one[0]) if len(one[0]) == 4 else one[0], m[2])
    ),
    ("port 8080", "port eighty eighty"),
    ("ports 3000 and 8080", "ports three thousand and eighty eighty"),
    needs=("port", "listen", "bound"),
)
before_release = rule(
    r"(?:(?<=-beta)|(?<=-alpha)|(?<=-rc)|(?<=-pre)|(?<=-dev)|(?<=-next))\.(?=\d)",
    lambda _: " ",
    ("2.0-beta.3", "2.0-beta 3", "two point zero-beta three"),
    needs=("-",),
)
encoding = rule(
    r"(?<!\w)(?:utf|UTF)[- ]?(\d{1,2})(?!\d)(mb\d)?",
    lambda m: f"U T F {decimal(m[1])}" + (f" M B {m[2][2]}" if m[2] else ""),
    ("utf-8", "U T F eight"),
    needs=("utf",),
)
rights = rule(
    r"\b((?i:chmod)(?: -R)? )(0?[0-7]{3}(?:(?: not| or| to| instead of| vs|"
    r",) 0?[0-7]{3})?)(?![\w.])",
    lambda m: m[1] + re.sub(r"\d+", lambda one: digits(one[0]), m[2]),
    ("chmod 777 it", "chmod seven seven seven it"),
    ("chmod 755 not 777", "chmod seven five five not seven seven seven"),
    needs=("chmod",),
)


def _named(match: Match) -> str:
    return f"{match[1].upper() if len(match[1]) == 1 else match[1]} {in_pairs(match[2])}"


named = rule(
    r"(?<![\w'-])((?!(?i:sub|top|pre|post|mid|under|over|plus|non|low|high|minus|all|about|x|y|n|"
    r"t|i|is|to)-)"
    r"[A-Za-z]{1,20})-(\d{3})(?![\w-]|[.,]\d)",
    _named,
    ("blink-182", "blink one eighty-two"),
    ("in u-571", "in U five seventy-one"),
    ("top-250", "top-250", "top two hundred fifty"),
    needs=("-",),
)
_SERVED = lazy_pattern(
    r"\b(?:api|auth|backend|browser|oauth|tokens?|cdn|cloudflare|curl|deploy\w{0,4}|endpoints?|"
    r"gateway|http|https|login|page|go to|loads?|"
    r"nginx|prod|production|proxy|requests?|server|servers|site|staging|url|webhooks?|website)\b",
    re.IGNORECASE,
)
status_code = rule(
    r"(?:(?<=\b[Aa] )|(?<=\ban )|(?<=\bthe )|(?<=\bgot )|(?<=\bgets )|(?<=tting )|(?<=\bget )|"
    r"(?<=eturns )|(?<=eturned )|(?<=\bsays )|(?<=\bshows )|(?<=hrows )|(?<=hrowing )|"
    r"(?<=\bwith )|(?<=status )|(?<=\bcode )|"
    r"(?<=\bsome )|(?<=\band )|(?<=\bor ))(40[0134589]|41[0358]|422|429|50[1234])(s?)"
    r"(?=$|[,!?;)]|\.(?:\s|$)| (?:again|and|bad|because|but|error|errors|even|every|for|"
    r"forbidden|from|"
    r"gateway|if|in|instead|not|now|on|or|page|service|status|too many|unauthorized|when)\b)",
    lambda m: (
        (plural(in_pairs(m[1])) if m[2] else in_pairs(m[1])) if _SERVED.search(m.string) else m[0]
    ),
    ("a 502 on prod", "a five oh two on prod"),
    ("a 502 on it", "a 502 on it", "a five hundred two on it"),
    needs=("40", "41", "42", "50"),
)
forwarded = rule(
    r"(?<=-p )(\d{2,5}):(\d{2,5})(?![\w:])",
    lambda m: f"{in_pairs(m[1])} to {in_pairs(m[2])}",
    ("run -p 8080:80 nginx", "run -p eighty eighty to eighty nginx"),
    needs=("-p ",),
)
