"""Numbers as they are typed: languages differ in what parts thousands and fractions."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

_BY_HUNDREDS = r"\d{1,2}(?:,\d\d){1,4},\d{3}"


def _grouped(mark: str) -> str:
    return rf"\d{{1,3}}(?:{re.escape(mark)}\d{{3}}){{1,4}}"


class TypedNumber(NamedTuple):
    """A number as it is typed: figures before and after its mark, "" where there are none."""

    whole: str
    mark: str
    fraction: str

    @property
    def amount(self) -> Decimal:
        return Decimal(f"{self.whole or 0}.{self.fraction}" if self.fraction else self.whole)


@lru_cache(maxsize=4096)
def parsed(typed: str, grouping: str, by_hundreds: bool) -> TypedNumber:
    """Tell thousands from fractions: "1.500" and "1,5" in most of Europe."""
    marks = grouping
    if "," in typed and "." in typed:  # the last of them parts the fraction
        marks += min(",.", key=typed.rindex)
    forms = [_grouped(mark) for mark in marks]
    if by_hundreds:
        forms.append(_BY_HUNDREDS)
    ends = [m.end() for form in forms if (m := re.match(rf"{form}(?!\d)", typed))]
    end = max([*ends, len(typed) - len(typed.lstrip("0123456789"))])
    return TypedNumber(re.sub(r"\D", "", typed[:end]), typed[end : end + 1], typed[end + 1 :])


def expression(decimal: str, grouping: str, *, by_hundreds: bool) -> str:
    """An expression for a number with a fraction or without."""
    grouped = "|".join(rf"{_grouped(mark)}(?!\d)" for mark in grouping)
    if by_hundreds:
        grouped = rf"{_BY_HUNDREDS}(?!\d)|{grouped}"
    # As it is written elsewhere, where both marks are there.
    swapped = rf"{_grouped(',')}\.\d{{1,2}}"
    if decimal == ".":
        swapped = rf"{_grouped('.')},\d{{1,2}}"
    return rf"(?:{swapped}(?!\d)|(?:{grouped}|\d{{1,24}})(?:[.,]\d{{1,24}})?)"
