"""What lies between two figures: "between 2-6pm", and times in several zones beside one another."""

from bot.text.quantities.numbers import counted
from bot.text.rule import rule

_ZONED = (
    r"(?:(?<=\b[ECMP]T)|(?<=\b[ECMP][SD]T)|(?<=\bGMT)|(?<=\bUTC)|(?<=\bBST)|(?<=\bIST)|(?<=\bJST)|"
    r"(?<=\bCET)|(?<=\bCEST)|(?<=\bAEST)|(?<=\d[ap]m)|(?<=\d [ap]m)|(?<=\d[AP]M)|(?<=\d [AP]M))"
)
times_in_zones = rule(
    rf"{_ZONED} ?/ ?(?=\d{{1,2}}(?::\d\d)? ?(?:[AaPp][Mm]\b|[A-Z]{{2,4}}\b)|\d{{1,2}}:\d\d|"
    rf"noon\b|midnight\b|"
    r"[a-z]{3,8} (?:at )?\d)",
    lambda _: ", ",
    ("3pm ET/noon PT", "3pm ET, noon PT", "three P M E T, noon P T"),
    ("7pm / 8pm", "7pm, 8pm", "seven P M, eight P M"),
    spaced=False,
    needs=("/",),
)
between_prices = rule(
    r"\b([Bb]etween [$€£]\d[\d.,]*[kKmM]?) ?[-–] ?(?=[$€£]\d)",
    lambda m: f"{m[1]} and ",
    ("between $60-$70", "between $60 and $70", "between sixty dollars and seventy dollars"),
    spaced=False,
    needs=("between",),
)
left_on_clock = rule(
    r"(?<![\w:.])(\d{1,2}):00(?= (?:left|mark|on the clock|remaining|rest|timer|to go|to play|"
    r"warning)\b)",
    lambda m: counted(
        m[1],
        "minute",
        "minute"
        if m.string.startswith((" w", " m", " t"), m.end())
        and not m.string.startswith(" to", m.end())
        else "",
    ),
    ("the 2:00 warning", "the two minute warning"),
    ("with 3:00 left", "with three minutes left"),
    needs=(":00",),
)
between = rule(
    r"\b([Bb]etween (?:\d[\d.,:]*|noon|midnight)(?: ?(?:[ap]m|k|%))?) ?[-–] ?(?=\d|noon|"
    r"midnight)(?!\d+-)",
    lambda m: f"{m[1]} and ",
    ("between 2-6pm", "between 2 and 6pm", "between two and six P M"),
    ("between 5-10 people", "between 5 and 10 people", "between five and ten people"),
    spaced=False,
    needs=("between",),
)
