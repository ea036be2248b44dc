"""What wards and prescriptions write short: patients, doses, and how often they are taken."""

import re

from bot.text.expressions import lazy_pattern
from bot.text.rule import rule

_WARD = lazy_pattern(
    r"\b(?:admitt?\w{0,4}|bedside|charge nurse|charting|clinic|clinicals?|discharged?|doctor|"
    r"ED|ER|handover|hospital|icu|ICU|intubat\w{1,3}|med ?surg|meds|nurses?|nursing|physio|"
    r"presents|rn ratio|residency|rounds|rounding|triage|vitals|ward|yo (?:F|M|male|female))\b|"
    r"\d ?yo\b"
)
_PLAYED = lazy_pattern(
    r"\b(?:assists?|goals?|lead|league|match|points|quarter|rebounds?|score[ds]?|scoring|season|"
    r"standings|table|win|wins)\b",
    re.IGNORECASE,
)


def _is_ward(text: str) -> bool:
    return _WARD.search(text) is not None and not _PLAYED.search(text)


patients = rule(
    r"(?<![\w'./-])(?:pt('?s)?)(?![\w'./-])(?! ?\d)",
    lambda m: f"patient{m[1] or ''}",
    ("6 pts on the ward", "6 patients on the ward", "six patients on the ward"),
    ("my pt was discharged", "my patient was discharged"),
    ("6 pts a game", "6 pts a game", "six points a game"),
    needs=("pt",),
    about=_is_ward,
)
_TAKEN = {
    "BID": "twice a day", "TID": "three times a day", "QID": "four times a day",
    "QD": "once a day", "QHS": "at bedtime", "PRN": "as needed",
}  # fmt: skip
taken = rule(
    r"(?:(?<=mg )|(?<=mcg )|(?<=ml )|(?<=mL )|(?<=tabs? )|(?<=\dh )|(?<=hours )|(?<=hrs ))(BID|"
    r"TID|QID|QD|QHS|PRN|bid|"
    r"tid|qid|qd|qhs|prn)(?!\w)".replace("(?<=tabs? )", "(?<=tab )|(?<=tabs )"),
    lambda m: _TAKEN[m[1].upper()],
    ("500mg TID", "500mg three times a day", "five hundred milligrams three times a day"),
    ("they bid 500", "they bid 500", "they bid five hundred"),
    needs=("bid", "tid", "qid", "qd", "qhs", "prn"),
)
every = rule(
    r"(?<!\w)[qQ](\d{1,2})[hH](?!\w)",
    lambda m: f"every {m[1]} hours",
    ("one tab q6h", "one tab every 6 hours", "one tab every six hours"),
    needs=("q",),
)
for_days = rule(
    r"(?<=[a-zA-Z\d] )x ?(?=\d{1,3} ?(?:days?|weeks?|wks?|months?|mos?|yrs?|years?|nights?)\b)",
    lambda _: "for ",
    ("daily x 10 days", "daily for 10 days", "daily for ten days"),
    spaced=False,
    needs=(" x",),
)
sex = rule(
    r"(?<=\dyo )([MF])(?!\w)|(?<=\d yo )([MF])(?!\w)|(?<=year old )([MF])(?!\w)",
    lambda m: "male" if "M" in m.groups() else "female",
    ("a 45yo F", "a 45yo female", "a forty-five year old female"),
    needs=("yo ", "old "),
)

breath = rule(
    r"(?:(?<=\b(?:w|c)/ )|(?<= w/)|(?<=\band )|(?<=with )|(?<=\bfor )|(?<=\bno )|"
    r"(?<=/o ))SOB(?!\w)",
    lambda _: "S O B",
    ("pt in the ER with SOB", "pt in the ER with S O B", "patient in the E R with S O B"),
    ("stuck with SOB neighbors", "stuck with SOB neighbors", "stuck with sob neighbors"),
    needs=("sob",),
    about=_WARD.search,
)

ENGLISH = (every, taken, for_days, sex, breath, patients)
