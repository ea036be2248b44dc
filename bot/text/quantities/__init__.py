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
)

#: From the most specific form to the bare number: a rule sees what those before it have left.
ENGLISH = (
    codes.model,
    counts.too_long,
    dates.month_and_days,
    dates.days_and_month,
    money.range_after_sign,
    measures.from_unit_to_unit,
    codes.hyphenated,
    arithmetic.compared,
    dates.instant,
    dates.year_first,
    dates.year_last,
    dates.month_and_day,
    dates.day_and_month,
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
    measures.height,
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
    arithmetic.power,
    counts.range_of_numbers,
    counts.thousands,
    counts.millions,
    arithmetic.between_numbers,
    arithmetic.before_word,
    arithmetic.times,
    arithmetic.about,
    arithmetic.leading,
    counts.place,
    codes.screen,
    counts.without_whole,
    counts.number,
    counts.inside_word,
)
_FIGURE = re.compile(f"[\\d{fractions.VULGAR}{arithmetic.SUPERSCRIPTS}]")


def quantities(text: str) -> str:
    for rule in ENGLISH:
        if not _FIGURE.search(text):
            break
        text = rule.apply(text)
    return text
