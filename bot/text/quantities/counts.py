"""Bare numbers, their ranges, scores, ranks and thousands."""

import re

from bot.text.quantities.numbers import SCALES, decimal, in_pairs, ordinal, plain, signed, year
from bot.text.quantities.parts import NUMBER, SIGN, START
from bot.text.rule import Match, rule

#: What is counted in full, never a year or a day.
COUNTED_THINGS = (
    r"people|players|members|users|views|subs|followers|points|pts|coins|gold|gems|kills|"
    r"hours|dollars|euros|words|pages|steps|calories|messages|men|women|times|tickets|votes"
)
too_long = rule(
    r"\d{25,}",
    lambda _: "a long number",
    ("1" * 25, "a long number"),
)
ratio = rule(
    r"(?<![\w:.])(?=\d{1,2}:\d:|\d{1,2}:\d{1,2}:\d(?!\d))(\d{1,3}):(\d{1,3}):(\d{1,3})(?![\w:])",
    lambda m: " to ".join(map(decimal, m.groups())),
    ("mix 3:2:1", "mix three to two to one"),
    needs=(":",),
)
score = rule(
    r"(?<![\w:.])(\d{1,3}):(\d{1,3})(?![\w:])",
    lambda m: f"{decimal(m[1])} to {decimal(m[2])}",
    ("a 3:1 lead", "a three to one lead"),
    ("16:9", "sixteen to nine"),
    needs=(":",),
)
rank = rule(
    rf"{START}(\d{{1,12}})(?:st|nd|rd|th)\b",
    lambda m: ordinal(int(m[1])),
    ("the 21ST century", "the twenty-first century"),
    flags=re.IGNORECASE,
)
range_of_about = rule(
    rf"{START}({NUMBER})[-–]({NUMBER})(?=-?ish\b)-?",
    lambda m: f"{decimal(m[1])} to {decimal(m[2])}",
    ("3-4ish", "three to four ish"),
    needs=("ish",),
)
ratio_of_decimals = rule(
    r"(?<![\w:.])(\d{1,3}(?:\.\d{1,3})?):(\d{1,3}(?:\.\d{1,3})?)(?![\w:]|\.\d)",
    lambda m: (
        f"{decimal(m[1])} to {decimal(m[2])}" if "." in m[1] or re.match(r"\d\.", m[2]) else m[0]
    ),
    ("rice 1:1.5", "rice one to one point five"),
    ("rice is 1:1.25", "rice is one to one point two five"),
    ("1:42.3", "1:42.3", "one forty-two point three"),
    needs=(":",),
)
range_of_ranks = rule(
    r"(?<=\d(?:st|nd|rd|th))[-–](?=\d{1,3}(?:st|nd|rd|th)\b)",
    lambda _: " to ",
    ("14th-17th place", "14th to 17th place", "fourteenth to seventeenth place"),
    needs=("-", "–"),
)
range_to_letter = rule(
    r"(?<![\w.])(\d{1,3})\.{2,3}(?=[nk]\b)",
    lambda m: f"{m[1]} to ",
    ("loop 0..n", "loop 0 to n", "loop zero to n"),
    needs=("..",),
)
range_with_points = rule(
    r"(?<![\w.])(\d{1,6})\.{2,3}(\d{1,6})(?![\w.])",
    lambda m: f"{m[1]} to {m[2]}" if int(m[1]) < int(m[2]) else m[0],
    ("1..100", "1 to 100", "one to one hundred"),
    ("3...2...1", "3...2...1", "three... two... one"),
    needs=("..",),
)
range_of_thousands = rule(
    rf"{START}({NUMBER})[-–](?={NUMBER}[kK](?!\w))",
    lambda m: f"{decimal(m[1])} to ",
    ("5-10k", "five to 10k", "five to ten K"),
    needs=("k",),
)
range_of_percents = rule(
    r"(?<=\d%) ?[-–] ?(?=\d{1,3}(?:\.\d{1,3})?%)",
    lambda _: " to ",
    ("50%-60%", "50% to 60%", "fifty percent to sixty percent"),
    needs=("%",),
)


def _years(match: Match) -> str:
    """From year to year, unless they are round and something is counted."""
    first, last = int(match[1]), int(match[2])
    if first >= last or (first % 50 == 0 and last % 50 == 0):
        return match[0]
    return f"{year(first)} to {year(last)}"


range_of_years = rule(
    rf"{START}(?<![-+$€£#])(1[0-9]\d\d) ?[-–] ?(1[0-9]\d\d|20\d\d)(?![\w%°-])(?![.,]\d)"
    rf"(?! ?(?:{COUNTED_THINGS})\b)(?! [a-z]{{2,12}}s\b)",
    _years,
    ("ruled 1558-1603", "ruled fifteen fifty-eight to sixteen oh three"),
    ("1000-1500", "1000-1500", "one thousand to one thousand five hundred"),
    needs=("-", "–"),
)
range_of_numbers = rule(
    rf"{START}({NUMBER})(?:[-–—] ?| [-–—] )({NUMBER})(?! ?=)(?![\w.-]*\w)",
    lambda m: f"{plain(m[1])} to {plain(m[2])}",
    ("5-10 people", "five to ten people"),
    ("2019 - 2021", "twenty nineteen to twenty twenty-one"),
    needs=("-", "–", "—"),
)
thousands = rule(
    rf"{START}({NUMBER}) ?k(?!\w)",
    lambda m: f"{decimal(m[1])} K",
    ("50k subs", "fifty K subs"),
    flags=re.IGNORECASE,
    needs=("k",),
)
millions = rule(
    rf"{START}({NUMBER})([MB]| ?(?:mn|bn|tn))(?!\w)",
    lambda m: f"{decimal(m[1])} {SCALES[m[2].strip().lower()]}",
    ("1.5M views", "one point five million views"),
    ("8B", "eight billion"),
    ("3tn in debt", "three trillion in debt"),
    needs=("m", "b", "n"),
)
rooms = rule(
    r"(?<![\w.])(\d{1,2})(bd|br|ba|BR|BD|BA)s?(?!\w)(/(?=\d))?",
    lambda m: f"{m[1]} {'bath' if m[2].lower() == 'ba' else 'bed'}" + (" " if m[3] else ""),
    ("a 2bd/1ba", "a 2 bed 1 bath", "a two bed one bath"),
    spaced=False,
    needs=("bd", "br", "ba"),
)
star = rule(
    r"(?<![\w.*])(\d(?:\.\d)?) ?[*★⭐](?![\w*★⭐])(?! ?\d)",
    lambda m: f"{m[1]} star{'' if re.match(r' [a-z]', m.string[m.end() :]) else 's'}",
    ("4.5★", "4.5 stars", "four point five stars"),
    ("a 5* hotel", "a 5 star hotel", "a five star hotel"),
    needs=("*", "★", "⭐"),
)
million_small = rule(
    rf"{START}({NUMBER})m(?= (?:{COUNTED_THINGS}|subscribers|plays|downloads|streams|hp|dmg|damage|"
    rf"xp|silver|souls|runes|credits|gil|mesos?|isk)\b)",
    lambda m: f"{decimal(m[1])} million",
    ("2.5m views", "two point five million views"),
    needs=("m",),
)
place = rule(
    r"(?<!\w)#(?=\d)|(?<=\w )# (?=\d)",
    lambda _: "number ",
    ("#1 fan", "number 1 fan", "number one fan"),
    needs=("#",),
)


def _number(match: Match) -> str:
    return signed(match[1], plain(match[2]))


without_whole = rule(
    rf"({SIGN}){START}(\.\d{{1,24}})(?![\w.])",
    _number,
    ("-.5", "minus zero point five"),
    needs=(".",),
)
number = rule(
    rf"({SIGN}){START}({NUMBER})(?!\d)",
    _number,
    ("it's -5 outside", "it's minus five outside"),
    ("in 1999", "in nineteen ninety-nine"),
    ("2.50", "two point five zero"),
    ("1,234 people", "one thousand two hundred thirty-four people"),
    ("1234567890", "one two three four five six seven eight nine zero"),
)
after_letters = rule(
    r"(?<=[^\W\d_])(\d{1,4}(?:\.\d{1,4}){1,3})(?!\w)(?!\.\w)",
    lambda m: " point ".join(map(decimal, m[1].split("."))),
    ("python3.13", "python three point thirteen"),
)
inside_word = rule(
    r"(?a:(\d{1,24}))",
    lambda m: in_pairs(m[1]) if len(m[1]) in {3, 4} else plain(m[1]),
    ("PS5", "PS five", "P S five"),
    ("a1080", "a ten eighty"),
)
times_a_pack = rule(
    r"(?<![\w.,])([2-9]|1\d) ?x (?=\d{1,3}-(?:bags?|bottles?|pac?ks?|pieces?|pints?|rolls?)\b)",
    lambda m: f"{decimal(m[1])} ",
    ("2x 4-packs", "two 4-packs", "two four-packs"),
    ("2x 4 people", "2x 4 people", "two by four people"),
    needs=("x ",),
)
tab = rule(
    r"(?<![\w-])(?:[xX\d]-){2}(?:(?:\d{1,2}|[xX])-){2,5}(?:\d{1,2}|[xX])(?![\w-])",
    lambda m: ", ".join(one.upper() if one in "xX" else decimal(one) for one in m[0].split("-")),
    ("0-2-2-1-0-0", "zero, two, two, one, zero, zero"),
    ("x-3-2-0-1-0", "X, three, two, zero, one, zero"),
    needs=("-",),
)
shares_of_all = rule(
    r"(?<![\w.,/:$+-])(50-50|([1-9]0)-([1-9]0)(?= (?:chance|custody|odds|ratio|rule|"
    r"split)\b))(?![\w/-])",
    lambda m: (
        " ".join(map(decimal, m[0].split("-")))
        if m[1] == "50-50" or int(m[2]) + int(m[3]) == 100
        else m[0]
    ),
    ("it's 50-50", "it's fifty fifty"),
    ("a 60-40 split", "a sixty forty split"),
    ("a 60-50 split", "a 60-50 split", "a sixty to fifty split"),
    needs=("0-",),
)
ranks = rule(
    rf"{START}(\d{{1,3}})(?:st|nd|rd|th)s(?!\w)",
    lambda m: f"{ordinal(int(m[1]))}s",
    ("two 1sts", "two firsts"),
    needs=("sts", "nds", "rds", "ths"),
)
pack = rule(
    rf"{START}(\d{{1,3}})[- ]?pk(s?)(?!\w)",
    lambda m: f"{decimal(m[1])} pack{m[2]}",
    ("the 12-pk is $7", "the twelve pack is $7", "the twelve pack is seven dollars"),
    needs=("pk",),
)
paged = rule(
    r"(?<=\d )pg(?= (?:assignment|book|doc|document|essay|letter|novel|paper|pdf|report|story|"
    r"thesis)s?\b)",
    lambda _: "page",
    ("a 10 pg paper", "a 10 page paper", "a ten page paper"),
    needs=("pg ",),
)
