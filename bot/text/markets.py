"""What is written short of stocks and rates: "25 bps", "up 3% AH", "10 shs"."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.rule import rule

_RATES = lazy_pattern(
    r"\b(?:basis|bonds?|boe|cuts?|ecb|fed|fomc|fund|hike[sd]?|inflation|mortgage|powell|rates?|"
    r"spreads?|treasur\w{2,4}|yields?)\b",
    re.IGNORECASE,
)
basis_points = rule(
    r"(?<=\d )bps?(?![\w'/])|(?<=\d)bps?(?![\w'/])",
    lambda _: "basis points",
    ("Fed cut 25 bps", "Fed cut 25 basis points", "Fed cut twenty-five basis points"),
    ("9600 bps modem", "9600 bps modem", "nine thousand six hundred B P S modem"),
    needs=("bp",),
    about=_RATES.search,
)
_TRADED = lazy_pattern(
    r"[$%]|\b(?:calls?|earnings|eps|puts?|shares?|stocks?|ticker|trading)\b", re.IGNORECASE
)
after_hours = rule(
    r"(?:(?<=\d )|(?<=% )|(?<=\bin )|(?<=trading )|(?<=up )|(?<=down ))AH(?![\w'])(?! batter)",
    lambda _: "after hours",
    ("up 2% AH", "up 2% after hours", "up two percent after hours"),
    ("a 5 AH pack", "a 5 AH pack", "a five amp hour pack"),
    needs=("ah",),
    about=_TRADED.search,
)
shares = rule(
    r"(?<=\d )shs(?![\w'])",
    lambda _: "shares",
    ("bought 10 shs", "bought 10 shares", "bought ten shares"),
    needs=("shs",),
)
over_time = rule(
    r"(?<![\w'])(YoY|yoy|QoQ|qoq|MoM(?=$|[.,;)]))(?![\w'])",
    lambda m: (
        {"y": "year over year", "q": "quarter over quarter", "m": "month over month"}[
            m[1][0].lower()
        ]
        if re.search(r"[\d%]", m.string)
        else m[0]
    ),
    ("up 8% YoY", "up 8% year over year", "up eight percent year over year"),
    needs=("yoy", "qoq", "mom"),
)

ENGLISH = (basis_points, after_hours, shares, over_time)
