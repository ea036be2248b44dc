"""Figures in words: dates, times, money, units, fractions, versions, digits as of telephones.

Works on English text only; `pipeline` keeps other scripts away. A rule stands in the file of its
kind, beside examples; the order in which rules are tried stands here.
"""

import re

from bot.text.quantities import (
    arithmetic,
    clock,
    codes,
    counts,
    dates,
    decades,
    fractions,
    measures,
    money,
    romans,
)

#: From the most specific form to the bare number: a rule sees what those before it have left.
ENGLISH = (
    romans.sign,
    romans.ruler,
    romans.counted,
    romans.ordinal_before,
    romans.of_a_name,
    romans.touching,
    romans.alone,
    arithmetic.scientific,
    money.per,
    money.thousands_in_india,
    money.thousands_with_points,
    money.dollars_abroad,
    money.code_first,
    measures.comma_before_unit,
    codes.isbn,
    codes.verse,
    codes.emergency,
    codes.model,
    codes.formula,
    counts.too_long,
    clock.pointed_time,
    clock.french_time,
    dates.weekday,
    dates.month_and_days,
    dates.days_and_month,
    money.range_after_sign,
    measures.from_unit_to_unit,
    codes.hyphenated,
    arithmetic.compared,
    arithmetic.open_ended,
    arithmetic.root,
    fractions.of_all,
    dates.instant,
    dates.year_first,
    dates.year_last,
    dates.month_and_day,
    dates.day_and_month,
    dates.from_month_to_month,
    dates.month_and_year,
    dates.month_and_day_slashed,
    clock.between_times,
    counts.range_of_thousands,
    counts.range_of_percents,
    dates.before_christ,
    dates.no_year,
    dates.in_year,
    clock.from_time_to_time,
    clock.time,
    clock.hour,
    counts.score,
    codes.telephone,
    money.comma_before_sign,
    money.comma_after_sign,
    money.from_price_to_price,
    money.range_before_sign,
    money.sign_first,
    money.sign_last,
    money.cents,
    codes.version,
    codes.address,
    measures.feet_and_inches,
    measures.height,
    measures.inches,
    clock.hours_and_minutes,
    clock.minutes_and_seconds,
    measures.dimensions,
    counts.rank,
    decades.decades,
    fractions.vulgar,
    fractions.whole_and_slashed,
    fractions.slashed_of_unit,
    measures.range_before_unit,
    measures.range_before_touching_unit,
    measures.measure,
    measures.touching_measure,
    fractions.out_of,
    fractions.slashed,
    arithmetic.raised_letter,
    arithmetic.power,
    arithmetic.minus_between_spaces,
    counts.range_of_numbers,
    counts.thousands,
    counts.millions,
    arithmetic.raised,
    arithmetic.between_numbers,
    arithmetic.before_word,
    arithmetic.times,
    arithmetic.about,
    arithmetic.leading,
    counts.place,
    codes.screen,
    counts.without_whole,
    counts.number,
    counts.after_letters,
    counts.inside_word,
)
_FIGURE = re.compile(
    rf"[\d\u207f\u2160-\u217f{fractions.VULGAR}{arithmetic.SUPERSCRIPTS}]|"
    r"[a-z]\.? ?[-–] ?[ADFJMNOS][a-z]{2}|[IVXLCDM](?!\w)| [ivx]{2,5}(?!\w)"
)


def quantities(text: str) -> str:
    for rule in ENGLISH:
        if not _FIGURE.search(text):
            break
        text = rule.apply(text)
    return text
