"""Russian."""

import re

from bot.text.languages.grammar import Grammar
from bot.text.languages.spelling import spelled
from bot.text.languages.typed import TypedNumber


def _russian_day(grammar: Grammar, number: int, before: str) -> str:
    """Say "the fifteenth" after "today is", else "of the fifteenth", which says when."""
    neuter = re.search(r"\b(?:сегодня|завтра|вчера|это|на|за|по) $", before, re.IGNORECASE)
    return spelled(grammar.code, number, f"spellout-ordinal-neuter{'' if neuter else '-genitive'}")


def _russian_year(grammar: Grammar, number: int, before: str, after: str) -> str:
    if before == "month":
        return f"{_bent(number, '-genitive')} года"
    if after == "году" or (after == "г" and re.search(r"\b[Вв] $", before)):
        return _bent(number, "-locative")
    if after == "год":
        return _bent(number, "")
    return _bent(number, "-genitive") if after in {"г", "года"} else grammar.say(number)


def _order(grammar: Grammar, number: int, _before: str, after: str, rules: str) -> str:
    """``90-е годы`` are many."""
    many = rules.endswith("neuter") and after.startswith("год")
    return spelled(grammar.code, number, "spellout-ordinal-plural" if many else rules)


def _century(_grammar: Grammar, number: int, _before: str, after: str) -> str:
    return _bent(number, {"век": "", "веке": "-locative"}.get(after, "-genitive"))


def _bent(number: int, case: str) -> str:
    """The ordinal of a year; CLDR has none for whole hundreds and thousands."""
    if number % 100 == 0:
        stems = {2000: "двухтысячн", 1900: "тысяча девятисот", 1000: "тысячн"}
        endings = {"": "ый", "-genitive": "ого", "-locative": "ом"}
        if number in stems:
            return f"{stems[number]}{endings[case]}"
        return spelled("ru", number)
    return spelled("ru", number, f"spellout-ordinal-masculine{case}")


def _russian(g: Grammar, number: int, gender: str, _before: str) -> str:
    if gender == "one":  # one of a feminine noun, but two of a masculine one
        gender = "f" if number % 10 == 1 and number % 100 != 11 else "m"
    return spelled(g.code, number, g.cardinals.get(gender, "spellout-numbering"))


def _tenths(grammar: Grammar, figures: TypedNumber) -> str:
    """Russian: ``3,14`` -> три целых четырнадцать сотых."""
    names = ("десятая", "десятых"), ("сотая", "сотых"), ("тысячная", "тысячных")
    whole, part = int(figures.whole or 0), int(figures.fraction)
    one, many = names[len(figures.fraction) - 1]

    def agrees(number: int, single: str, several: str) -> str:
        last = number % 10 == 1 and number % 100 != 11
        return f"{grammar.say(number, 'f')} {single if last else several}"

    return f"{agrees(whole, 'целая', 'целых')} {agrees(part, one, many)}"


RUSSIAN = Grammar(
    code="ru",
    decimal=",",
    grouping=" .",
    comma="запятая",
    point="точка",
    minus="минус",
    plus="плюс",
    plus_minus="плюс-минус",
    about="около",
    at_most="не больше",
    at_least="не меньше",
    less="меньше",
    more="больше",
    times="раз",
    divided="разделить на",
    equals="равно",
    root="корень из",
    power="в степени",
    infinity="бесконечность",
    degrees="",
    to="-",
    score="-",
    of="{a} из {b}",
    of_rules="spellout-cardinal-plural-genitive",
    number="номер",
    percent="",
    half="половина",
    quarter="четверть",
    three_quarters="три четверти",
    and_half="{n} с половиной",
    per="за",
    fold="раз|раза|раз",
    cardinals={
        "m": "spellout-cardinal-masculine",
        "f": "spellout-cardinal-feminine",
        "n": "spellout-cardinal-neuter",
    },
    ordinals=(
        (r"-?(?:ый|ой|ий|й)", "spellout-ordinal-masculine"),
        (r"-?(?:ая|я)", "spellout-ordinal-feminine"),
        (r"-?(?:ое|е)", "spellout-ordinal-neuter"),
        (r"-?(?:ого|го)", "spellout-ordinal-masculine-genitive"),
        (r"-?(?:ом|м)(?= |$|[.,!?])", "spellout-ordinal-masculine-locative"),
        (r"-?(?:ые|ые)", "spellout-ordinal-plural"),
        (r"-х", "spellout-ordinal-plural-genitive"),
    ),
    scales={"k": 3, "к": 3, "тыс": 3, "тыс.": 3, "млн": 6, "млн.": 6, "млрд": 9},
    order=_order,
    with_fraction=_tenths,
    cardinal=_russian,
    units=dict.fromkeys(
        "minute second millisecond week mile tonne mile-per-hour kilocalorie".split(), "f"
    ),
    own_units={
        "км": "length-kilometer",
        "м": "length-meter",
        "см": "length-centimeter",
        "мм": "length-millimeter",
        "кг": "mass-kilogram",
        "мг": "mass-milligram",
        "л": "volume-liter",
        "мл": "volume-milliliter",
        "км/ч": "speed-kilometer-per-hour",
        "м/с": "speed-meter-per-second",
        "ч": "duration-hour",
        "мин": "duration-minute",
        "сек": "duration-second",
        "ГБ": "digital-gigabyte",
        "Гб": "digital-gigabyte",
        "гб": "digital-gigabyte",
        "МБ": "digital-megabyte",
        "Мб": "digital-megabyte",
        "мб": "digital-megabyte",
        "ТБ": "digital-terabyte",
        "кВт": "power-kilowatt",
        "Вт": "power-watt",
        "ГГц": "frequency-gigahertz",
        "Гц": "frequency-hertz",
        "мс": "duration-millisecond",
        "гр": "mass-gram",
        "°С": "temperature-celsius",
    },
    currencies=dict.fromkeys("INR SEK NOK DKK TRY UAH JPY KRW".split(), "f"),
    money_word="last",
    money={"USD": "first"},
    minor={
        "RUB": {
            "gender": "f",
            "one": "копейка",
            "few": "копейки",
            "many": "копеек",
            "other": "копейки",
        },
        "": {"one": "цент", "few": "цента", "many": "центов", "other": "цента"},
    },
    signs={"руб.": "RUB", "руб": "RUB", "р.": "RUB", "р": "RUB"},
    time="{h} {m}",
    full_hour="{{}}",
    zero_minutes=True,
    date="{d} {month} {y}",
    day=_russian_day,
    year=_russian_year,
    year_after=r"(?=(?:1\d|20)\d\d ?(?:год|года|году|г\.?)(?!\w))",
    joined=" ",
    before_year=" ",
    after_year=r" ?(?:г\.|года|г\b)",
    slashed=".-/",
    short_date=r"(?P<day>[0-3]\d)\.(?P<month>0[1-9]|1[0-2])(?![\w.,])(?= |$)",
    nouns=(
        (r"^(?:человек|раз|день|дня|час|часа|года|рубля|доллара|евро)$", "m"),
        (r"(?:ы|и)$", "f"),
        (r"^(?!мужчина|папа|дядя|время)[а-яё]{2,}[ая]$", "one"),
        (r"^[а-яё]", "m"),
    ),
    century=(r"(?<!\w)(?P<roman>[IVX]{1,6})(?= век)", _century),
    examples={
        "century": (("в XXI веке", "в двадцать первом веке"),),
        "hours and minutes": (("2h30min", "два часа тридцать минут"),),
        "range of units": (("5%-10%", "5%\u201110%", "пять процентов-десять процентов"),),
        "rate": (("5 €/kg", "5 € за килограмм", "пять евро за килограмм"),),
        "telephone": (
            (
                "+7 912 345-67-89",
                "плюс семь, девять один два, три четыре пять, шесть семь, восемь девять",
            ),
        ),
        "date, year first": (
            ("2024-06-15", "пятнадцатого июня две тысячи двадцать четвертого года"),
        ),
        "date": (("03.05.1998", "третьего мая тысяча девятьсот девяносто восьмого года"),),
        "date without year": (("до 24.12 выходные", "до двадцать четвертого декабря выходные"),),
        "day and month": (
            ("сегодня 1 мая", "сегодня первое мая"),
            ("приеду 3 июня 2024 г.", "приеду третьего июня две тысячи двадцать четвертого года"),
        ),
        "from time to time": (
            ("10:00-12:30", "10:00\u201112:30", "десять часов-двенадцать тридцать"),
        ),
        "time": (("в 18:05", "в восемнадцать ноль пять"), ("в 5:00", "в пять часов")),
        "version": (("v2.1", "v два точка один"),),
        "number sign": (("№ 1", "номер 1", "номер один"),),
        "sign": (("-5 градусов", "минус 5 градусов", "минус пять градусов"),),
        "comparison": (("x ≥ y", "x не меньше y"),),
        "fraction without a whole": ((",5 от этого", "ноль целых пять десятых от этого"),),
        "fraction": (("2½", "два с половиной"), ("7/10", "семь из десяти")),
        "price, sign first": (("$5", "пять долларов"),),
        "price, sign last": (
            ("100 руб.", "сто рублей"),
            ("2₽", "два рубля"),
            ("19,50 ₽", "девятнадцать рублей пятьдесят копеек"),
        ),
        "percent": (("51%", "пятьдесят один процент"), ("2%", "два процента")),
        "unit": (
            ("2 км", "два километра"),
            ("21 мин", "двадцать одна минута"),
            ("2 ч", "два часа"),
            ("3,5 кг", "три целых пять десятых килограмма"),
        ),
        "degrees": (("22°", "двадцать два градуса"),),
        "ordinal": (("1-й раз", "первый раз"), ("2-я часть", "вторая часть")),
        "year": (("в 2024 году", "в две тысячи двадцать четвертом году"),),
        "range": (("5-10 минут", "пять\u201110 минут", "пять-десять минут"), ("3:1", "три-один")),
        "arithmetic": (("2+2", "2 плюс 2", "два плюс два"),),
        "times": (("3x", "три раза"),),
        "or more": (("18+", "18 плюс", "восемнадцать плюс"),),
        "power": (("x²", "x в степени два"),),
        "thousands": (("5k", "5000", "пять тысяч"),),
        "number": (("2 кошки", "две кошки"), ("2 раза", "два раза"), ("1 500", "тысяча пятьсот")),
        "figures in a word": (("PS5", "PS пять"),),
    },
)
