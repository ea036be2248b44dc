"""Where a sentence ends, so that the point of an abbreviation there stays."""

from bot.text.expressions import lazy_pattern
from bot.text.rule import Match

#: Words that begin sentences: no name follows where one of them does, and none of them is one.
STARTERS = (
    "A|And|Are|As|At|But|Can|Dear|Did|Do|For|From|Go|Good|Have|He|Hello|Hey|Hi|How|I|If|In|Is|It|"
    "Its|Just|My|No|Not|Now|Of|Oh|Ok|Okay|On|Or|Our|She|So|Sorry|Sure|Thank|Thanks|That|The|Then|"
    "There|They|This|To|We|Well|What|When|Where|Who|Why|Yes|Yo|You|Your"
)
_ENDS = lazy_pattern(rf"[\"')\]]*(?:\s*$|\n| (?:{STARTERS})\b)")


def point(match: Match) -> str:
    """The point at the end of `match` where it ends a sentence as well."""
    ends = match[0].endswith(".") and _ENDS.match(match.string, match.end())
    return "." if ends else ""
