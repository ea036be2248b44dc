"""What there is to know of a language to say its figures, and how a number is said with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from bot.text.languages.names import currency, plural_form, so_many
from bot.text.languages.spelling import MOST_CARDINAL_DIGITS, spelled
from bot.text.languages.typed import TypedNumber, expression, parsed

Examples = Mapping[str, tuple[tuple[str, ...], ...]]


#: After words that touch the next one, as in "un'ora"; `quantities` takes it away.
TOUCHING = "\u2060"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """One language. Words are as they are said in the middle of a sentence.

    Templates have ``{n}``, ``{h}`` and ``{m}``, or ``{d}``, ``{month}`` and ``{y}``. A gender is
    "m", "f", "n", or "" for a number that counts nothing.
    """

    code: str
    #: The mark before a fraction, and those that may part thousands.
    decimal: Literal[",", "."]
    grouping: str
    #: Thousands, then hundreds of thousands: "1,00,000".
    by_hundreds: bool = False
    comma: str
    point: str
    minus: str
    plus: str
    plus_minus: str
    about: str
    at_most: str
    at_least: str
    less: str
    more: str
    times: str
    divided: str
    equals: str
    root: str
    power: str
    infinity: str
    degrees: str
    #: From one number to another; of a score; one number of another.
    to: str
    score: str
    of: str
    number: str
    percent: str
    percent_gender: str = ""
    half: str
    quarter: str
    three_quarters: str
    and_half: str
    #: "So much for each", and how many times.
    per: str = ""
    half_f: str = ""
    #: How often, in CLDR's plural forms where there are several.
    fold: str = ""
    #: What stands between two numbers that follow one another, as in "two or three".
    neighbours: str | None = None
    price: str = "{n} {currency}"
    #: By gender CLDR's set of rules for cardinals; what is missing is said as alone.
    cardinals: Mapping[str, str] = field(default_factory=dict)
    #: By a regular expression for what is typed after a figure, the set of rules for ordinals.
    ordinals: tuple[tuple[str, str], ...] = ()
    #: What multiplies the number before it, as a power of ten.
    scales: Mapping[str, int] = field(default_factory=lambda: {"k": 3})
    #: How a fraction's figures are said.
    fraction: Literal["figures", "number"] = "figures"
    #: How a number with up to three of them is, where those are tenths and hundredths.
    with_fraction: "Callable[[Grammar, TypedNumber], str] | None" = None
    #: The gender of units by CLDR's names, without the kind; the others are `usual`.
    usual: str = "m"
    #: Units as they are typed in this language alone, by CLDR's names.
    own_units: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    #: The gender of currencies, and where CLDR's name has too many words the one that is said.
    currencies: Mapping[str, str] = field(default_factory=dict)
    money: Mapping[str, str] = field(default_factory=dict)
    money_word: Literal["first", "last", "all"] = "first"
    #: What joins "five euros" and "fifty"; None where the fraction is said before the currency.
    cents: str | None = ""
    #: The rules for the second number of `of`, and what parts groups of figures said one by one.
    of_rules: str = ""
    pause: str = ", "
    #: Nought among figures that are said one by one.
    nought: str = ""
    #: CLDR's plural forms of hundredths, by currency or "".
    minor: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    signs: Mapping[str, str] = field(default_factory=dict)
    #: Time of the day.
    time: str = "{h} {m}"
    full_hour: str = "{h}"
    hour_gender: str = ""
    minute_gender: str = ""
    zero_minutes: bool = False
    after_time: str = ""
    dotted_time: str = ""
    #: What is said for "am" and "pm".
    halves: tuple[str, str] | None = None
    #: Dates. `slashed` tells which marks part day, month and year.
    date: str = "{d} {month} {y}"
    day_month: str = "{d} {month}"
    day_gender: str = ""
    day_rules: str = ""
    first: str = ""
    joined: str = r"\.? "
    before_year: str = r",? "
    after_year: str = ""
    slashed: str = "./-"
    short_date: str = ""
    year_rules: str = ""
    year_after: str = ""
    #: Genders of nouns that a number may stand before, by how they end.
    nouns: tuple[tuple[str, str], ...] = ()
    #: Whether words stand beside each other without a space, or endings beside figures.
    spaced: bool = True
    attached: bool = False
    day: "Callable[[Grammar, int, str], str] | None" = None
    #: A year from what is written before and after it; "month" before it in a date.
    year: "Callable[[Grammar, int, str, str], str] | None" = None
    hour: "Callable[[Grammar, int, str], str] | None" = None
    #: An ordinal from its number, what is written before and after it, and a set of rules.
    order: "Callable[[Grammar, int, str, str, str], str] | None" = None
    #: How centuries are written, their figures as the group "roman", and said.
    century: "tuple[str, Callable[[Grammar, int, str, str], str]] | None" = None
    cardinal: "Callable[[Grammar, int, str, str], str] | None" = None
    examples: Examples = field(default_factory=dict)

    # -- how figures are typed --------------------------------------------------------------

    @property
    def letter(self) -> str:
        """What may not touch a figure for it to be a number of its own, in a character class."""
        return r"A-Za-z\d_" if self.attached or not self.spaced else r"\w"

    @property
    def start(self) -> str:
        return rf"(?<![{self.letter}])(?<![\d][.,:/])(?<![\d])"

    @property
    def end(self) -> str:
        return rf"(?![{self.letter}])"

    @property
    def figures(self) -> str:
        """An expression for a number with a fraction or without."""
        return expression(self.decimal, self.grouping, by_hundreds=self.by_hundreds)

    def parsed(self, typed: str) -> TypedNumber:
        """Tell thousands from fractions: "1.500" and "1,5" in most of Europe."""
        return parsed(typed, self.grouping, self.by_hundreds)

    # -- how they are said ------------------------------------------------------------------

    def joint(self, *words: str) -> str:
        return (" " if self.spaced else "").join(word for word in words if word)

    def one_by_one(self, figures: str) -> str:
        said = [
            self.nought if figure == "0" and self.nought else self.say(int(figure))
            for figure in figures
        ]
        return " ".join(said) if self.spaced else "".join(said)

    def say(self, number: int, gender: str = "", before: str = "") -> str:
        if self.cardinal:
            return self.cardinal(self, number, gender, before)
        return spelled(self.code, number, self.cardinals.get(gender, "spellout-numbering"))

    def whole(self, figures: str, gender: str = "", before: str = "") -> str:
        if len(figures) > MOST_CARDINAL_DIGITS or (len(figures) > 1 and figures[0] == "0"):
            return self.one_by_one(figures)
        return self.say(int(figures or "0"), gender, before)

    def said(self, typed: str, gender: str = "", before: str = "") -> str:
        """``"1.234,5"`` in the language's words; `before` is the word that follows."""
        figures = self.parsed(typed)
        if not figures.fraction:
            return self.whole(figures.whole, gender, before)
        if self.with_fraction and figures.mark == "," and len(figures.fraction) <= 3:
            return self.with_fraction(self, figures)
        mark = self.comma if figures.mark == "," else self.point
        fraction = figures.fraction
        if self.fraction == "figures" or len(fraction) > 3:
            return self.joint(self.whole(figures.whole), mark, self.one_by_one(fraction))
        zeros = len(fraction) - len(fraction.lstrip("0"))
        rest = [self.say(int(fraction[zeros:]))] if fraction[zeros:] else []
        leading = [self.say(0)] * zeros
        return self.joint(self.whole(figures.whole), mark, *leading, *rest)

    def counted(self, typed: str, unit: str) -> str:
        """``"2", "duration-hour"`` -> two hours."""
        figures = self.parsed(typed)
        gender = self.units.get(unit.partition("-")[2], self.usual)
        pattern = so_many(self.code, unit, figures.amount)
        if not self.spaced:
            pattern = pattern.replace(" ", "")
        words = pattern.replace("{}", self.said(typed, gender, pattern.replace("{}", "").strip()))
        return " ".join(words.split()).replace(f"{TOUCHING} ", "")

    def priced(self, typed: str, iso: str) -> str:
        """``"5,50", "EUR"`` -> five euros fifty."""
        figures = self.parsed(typed)
        gender = self.currencies.get(iso, self.usual)
        cents = figures.fraction if len(figures.fraction) == 2 else ""
        if figures.fraction and (not cents or self.cents is None):
            if figures.fraction.strip("0"):
                return self._price(self.said(typed), self.currency(iso, figures.amount))
            cents = "00"
        whole = Decimal(figures.whole)
        hundredths = ""
        if cents.strip("0"):
            hundredths = self._hundredths(int(cents), iso)
            if not whole and self.minor:
                return hundredths
        name = self.currency(iso, whole)
        euros = self._price(self.whole(figures.whole, gender, name), name)
        return self.joint(euros, self.cents or "", hundredths) if hundredths else euros

    def _price(self, number: str, name: str) -> str:
        return self.price.format(n=number, currency=name) if self.spaced else f"{number}{name}"

    def folded(self, number: int) -> str:
        """``3x`` -> three times."""
        words = (self.fold or self.times).split("|")
        form = plural_form(self.code, Decimal(number)) if len(words) > 1 else "one"
        return self.joint(self.say(number), words[{"one": 0, "few": 1}.get(form, -1)])

    def _hundredths(self, cents: int, iso: str) -> str:
        forms = self.minor.get(iso, self.minor.get("", {}))
        if not forms:
            return self.say(cents)
        form = plural_form(self.code, Decimal(cents))
        return self.joint(
            self.say(cents, forms.get("gender", "m")), forms.get(form, forms["other"])
        )

    def currency(self, iso: str, amount: Decimal) -> str:
        position = self.money.get(iso, self.money_word)
        if position not in {"first", "last", "all"}:
            return position
        name = currency(self.code, iso, amount)
        if self.code != "de":
            name = name.lower()
        if position == "all":
            return name
        words = name.split()
        return words[0 if position == "first" else -1]

    def ordinal(self, number: int, rules: str, before: str = "", after: str = "") -> str:
        if self.order:
            return self.order(self, number, before, after, rules)
        return spelled(self.code, number, rules)

    def year_said(self, number: int, before: str = "", after: str = "") -> str:
        """A year; `before` and `after` are what is written there, or "month" in a date."""
        if self.year:
            return self.year(self, number, before, after)
        rules = self.year_rules if 1100 <= number <= 1999 else ""
        return spelled(self.code, number, rules) if rules else self.say(number)

    def day_said(self, number: int, before: str = "") -> str:
        """The day of a month; `before` is what is written before it."""
        if self.day:
            return self.day(self, number, before)
        if number == 1 and self.first:
            return self.first
        if self.day_rules:
            return self.ordinal(number, self.day_rules)
        return self.say(number, self.day_gender)

    def hour_said(self, number: int, before: str = "") -> str:
        if self.hour:
            return self.hour(self, number, before)
        return self.say(number, self.hour_gender)
