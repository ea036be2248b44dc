"""The forms that figures are written in, from the most specific to the bare number."""

from bot.text.languages.forms.clock import (
    DURATION,
    HALF_DAY,
    HOUR,
    POINTED_TIME,
    TIME,
    TIME_WITH_H,
    TIMES_BETWEEN,
)
from bot.text.languages.forms.codes import TELEPHONE, VERSION
from bot.text.languages.forms.dates import DATE, DATE_YEAR_FIRST, NAMED_DATE, SHORT_DATE, YEAR
from bot.text.languages.forms.form import HYPHEN, WrittenForm
from bot.text.languages.forms.measures import DEGREES, HEIGHT, PERCENT, UNIT
from bot.text.languages.forms.money import RATE, SIGN_FIRST, SIGN_LAST
from bot.text.languages.forms.numbers import (
    CENTURY,
    FRACTION,
    FRACTION_ONLY,
    LEFT,
    NUMBER,
    ORDINAL,
    RANGE,
    RANGE_OF_UNITS,
    THOUSANDS,
)
from bot.text.languages.forms.signs import (
    ARITHMETIC,
    COMPARED,
    NUMBERED,
    OR_MORE,
    POWER,
    SIGN,
    TIMES,
)
from bot.text.languages.grammar import Grammar
from bot.text.rule import Rule

#: A form sees what those before it have left.
FORMS: tuple[WrittenForm, ...] = (
    CENTURY, TELEPHONE, THOUSANDS, DATE_YEAR_FIRST, DATE, SHORT_DATE, NAMED_DATE, DURATION, HOUR,
    HALF_DAY, TIMES_BETWEEN, TIME, TIME_WITH_H, POINTED_TIME, VERSION, NUMBERED, SIGN, COMPARED,
    FRACTION_ONLY, FRACTION, RANGE_OF_UNITS, RATE, SIGN_FIRST, SIGN_LAST, PERCENT, HEIGHT, UNIT,
    ORDINAL, DEGREES, YEAR, RANGE, ARITHMETIC, TIMES, OR_MORE, POWER, NUMBER, LEFT,
)  # fmt: skip

__all__ = ["FORMS", "HYPHEN", "rules_of"]


def rules_of(grammar: Grammar) -> dict[str, Rule]:
    """The rules of a language by the names of their forms, in order."""
    made = ((form.name, form.rule(grammar)) for form in FORMS)
    return {name: rule for name, rule in made if rule is not None}
