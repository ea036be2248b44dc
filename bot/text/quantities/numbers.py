"""Numbers in English words: cardinals, ordinals, years, digits.

Own code because the permissive library (inflect) costs more than a second of import.
"""

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ("", "thousand", "million", "billion", "trillion")
#: "5M" as it is typed, in money and elsewhere.
SCALES = {
    "k": "thousand", "thousand": "thousand", "m": "million", "mil": "million", "mill": "million",
    "mn": "million", "million": "million", "b": "billion", "bn": "billion", "billion": "billion",
    "t": "trillion", "tn": "trillion", "trillion": "trillion",
}  # fmt: skip
_IRREGULAR = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
MOST_CARDINAL_DIGITS = 15


def digits(figures: str) -> str:
    """``"007"`` -> zero zero seven. Anything that is no ASCII digit is left out."""
    return " ".join(_ONES[int(figure)] for figure in figures if "0" <= figure <= "9")


def cardinal(number: int) -> str:
    """Return `number`, 0 <= number < 10**15, in American English without "and"."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" {cardinal(rest)}" if rest else "")
    groups: list[str] = []
    for scale in _SCALES:
        number, rest = divmod(number, 1000)
        if rest:
            groups.append(f"{cardinal(rest)} {scale}".rstrip())
    return " ".join(reversed(groups))


def ordinal(number: int) -> str:
    """``21`` -> twenty-first."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    head, last = words[:cut], words[cut:]
    if last in _IRREGULAR:
        return head + _IRREGULAR[last]
    return head + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def plural(words: str) -> str:
    """``eighty`` -> eighties, ``six`` -> sixes."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}{'es' if words.endswith('x') else 's'}"


def year(number: int) -> str:
    """``1999`` -> nineteen ninety-nine, ``1907`` -> nineteen oh seven."""
    century, rest = divmod(number, 100)
    if not 1000 <= number <= 9999 or (century % 10 == 0 and rest < 10):
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def decimal(figures: str) -> str:
    """``"1,234.50"`` -> one thousand two hundred thirty-four point five zero.

    Leading zeros and numbers past 15 digits are read digit by digit.
    """
    whole, _, fraction = figures.replace(",", "").partition(".")
    if len(whole) > MOST_CARDINAL_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        words = digits(whole)
    else:
        words = cardinal(int(whole or "0"))
    return f"{words} point {digits(fraction)}" if fraction else words


def counted(figures: str, one: str, many: str = "") -> str:
    """``"2", "hour"`` -> two hours; `many` where it is not `one` with an s."""
    return f"{decimal(figures)} {one if figures == '1' else many or f'{one}s'}"


def signed(sign: str | None, words: str) -> str:
    return f"{'plus' if sign == '+' else 'minus'} {words}" if sign else words


def games(figures: str) -> str:
    """How many somebody won or lost, of a record: none is called "oh"."""
    return "oh" if figures == "0" else decimal(figures)


def plain(figures: str) -> str:
    """A number of which nothing is known but its figures: perhaps a year, or too long to count."""
    if len(figures) == 4 and figures.isdigit() and "1900" <= figures <= "2099":
        return year(int(figures))
    if "," not in figures and "." not in figures and len(figures) > 9:
        return digits(figures)
    return decimal(figures)


def in_pairs(figures: str) -> str:
    """The number of a model or a screen: ``1080`` -> ten eighty."""
    if len(figures) in {3, 4} and figures.isdigit() and figures[0] != "0" and figures[-2:] != "00":
        head, rest = int(figures[:-2]), int(figures[-2:])
        return f"{cardinal(head)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"
    return plain(figures)
