"""Punctuation evened out, as upstream's three `punc_norm` do it."""

from collections.abc import Iterable

Replacements = tuple[tuple[str, str], ...]

#: English's and Multilingual's, in upstream's order, which matters: an ellipsis goes before
#: anything else with dots.
PUNCTUATION: Replacements = (
    ("...", ", "),
    ("\N{HORIZONTAL ELLIPSIS}", ", "),
    (":", ","),
    (" - ", ", "),
    (";", ", "),
    ("\N{EM DASH}", "-"),
    ("\N{EN DASH}", "-"),
    (" ,", ","),
    ("\N{LEFT DOUBLE QUOTATION MARK}", '"'),
    ("\N{RIGHT DOUBLE QUOTATION MARK}", '"'),
    ("\N{LEFT SINGLE QUOTATION MARK}", "'"),
    ("\N{RIGHT SINGLE QUOTATION MARK}", "'"),
)
#: Turbo's and Nano's.
FEWER: Replacements = tuple(each for each in PUNCTUATION if each[0] not in {"...", " - ", ";"})
ENDS = (".", "!", "?", "-", ",")


def even_out_punctuation(
    text: str, ends: Iterable[str] = ENDS, replacements: Replacements = PUNCTUATION
) -> str:
    """What upstream's `punc_norm` makes of a text that has words in it.

    A full stop is put behind a text that has none of `ends` there.
    """
    # The first character is looked at before spaces are, so one behind a space stays as it is.
    if text[:1].islower():
        text = text[0].upper() + text[1:]
    text = " ".join(text.split())
    for before, after in replacements:
        text = text.replace(before, after)
    text = text.rstrip(" ")
    return text if text.endswith(tuple(ends)) else text + "."
