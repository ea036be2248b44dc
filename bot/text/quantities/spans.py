"""What lies between two figures: "between 2-6pm", and times in several zones beside one another."""

from bot.text.rule import rule

_ZONED = (
    r"(?:(?<=\b[ECMP]T)|(?<=\b[ECMP][SD]T)|(?<=\bGMT)|(?<=\bUTC)|(?<=\bBST)|(?<=\bIST)|(?<=\bJST)|"
    r"(?<=\bCET)|(?<=\bCEST)|(?<=\bAEST)|(?<=\d[ap]m)|(?<=\d [ap]m)|(?<=\d[AP]M)|(?<=\d [AP]M))"
)
times_in_zones = rule(
    rf"{_ZONED} ?/ ?(?=\d{{1,2}}(?::\d\d)? ?(?:[AaPp][Mm]\b|[A-Z]{{2,4}}\b)|\d{{1,2}}:\d\d|"
    rf"noon\b|midnight\b)",
    lambda _: ", ",
    ("3pm ET/noon PT", "3pm ET, noon PT", "three P M E T, noon P T"),
    ("7pm / 8pm", "7pm, 8pm", "seven P M, eight P M"),
    spaced=False,
    needs=("/",),
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
