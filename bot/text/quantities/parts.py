"""The parts that patterns of several kinds of quantities are made of."""

_WHOLE = r"(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,24})"
NUMBER = rf"{_WHOLE}(?:\.\d{{1,24}})?"
START = r"(?<![\w.,])"
#: A number of which nothing but the fraction may be written.
AMOUNT = rf"(?:{NUMBER}|\.\d{{1,24}})"
SIGN = r"(?:(?<![\w)\]%°])[-\u2212+])?"
#: am or pm, with points or without.
HALF_DAY = r"[AaPp]\.?[Mm]\b"
