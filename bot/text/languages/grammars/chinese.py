"""Chinese."""

from bot.text.languages.grammar import Grammar
from bot.text.languages.spelling import spelled

#: Before these two is 两; before a date, a floor or nothing it is 二.
_MEASURES = (
    "个只条张位次天年周本杯瓶件块双对场辆部首遍倍点种句篇份头匹把间局盘集章名台秒万千百小分颗支口座"
)


def _chinese(_grammar: Grammar, number: int, gender: str, before: str) -> str:
    if number == 0:
        return "零"
    if number == 2:
        return "两" if gender or (before[:1] and before[0] in _MEASURES) else "二"
    return spelled("zh", number, "spellout-cardinal-alternate2")


CHINESE = Grammar(
    code="zh",
    spaced=False,
    decimal=".",
    grouping=",",
    comma="点",
    point="点",
    minus="负",
    plus="加",
    plus_minus="正负",
    about="约",
    at_most="最多",
    at_least="至少",
    less="小于",
    more="大于",
    times="倍",
    divided="除以",
    equals="等于",
    root="根号",
    power="的",
    infinity="无穷",
    degrees="度",
    to="到",
    score="比",
    of="{b}分之{a}",
    number="第",
    percent="百分之{n}",
    half="二分之一",
    quarter="四分之一",
    three_quarters="四分之三",
    and_half="{n}个半",
    per="每",
    neighbours="",
    cardinal=_chinese,
    money_word="all",
    money={"CNY": "元", "RUB": "卢布", "INR": "卢比"},
    cents=None,
    signs={"¥": "CNY"},
    time="{h}点{m}分",
    full_hour="{h}点",
    hour_gender="m",
    zero_minutes=True,
    pause="，",
    date="{y}年{month}月{d}日",
    day_month="{month}月{d}日",
    slashed="",
    short_date=r"(?P<month>[1-9]|1[0-2])/(?P<day>1[3-9]|2\d|3[01])(?![\d/])",
    year=lambda g, n, _before, _after: g.one_by_one(str(n)),
    year_after=r"(?=(?:1\d|20)\d\d年)",
    examples={
        "hours and minutes": (("2h30min", "两小时三十分钟"),),
        "range of units": (("5%-10%", "5%到10%", "百分之五到百分之十"),),
        "rate": (("5 €/kg", "5 €每千克", "五欧元每千克"),),
        "telephone": (("138-1234-5678", "一三八，一二三四，五六七八"),),
        "date, year first": (("2024-06-15", "二零二四年六月十五日"),),
        "date without year": (("6/15", "六月十五日"),),
        "from time to time": (("10:00-12:30", "10:00到12:30", "十点到十二点三十分"),),
        "time": (("18:05见", "十八点零五分见"), ("2:00", "两点")),
        "version": (("v2.1", "v二点一"),),
        "number sign": (("#1", "第1", "第一"),),
        "sign": (("-5度", "负5度", "负五度"),),
        "comparison": (("x≥y", "x至少y"),),
        "fraction without a whole": ((".5的", "零点五的"),),
        "fraction": (("½的", "二分之一的"), ("2/3", "三分之二")),
        "price, sign first": (("¥100的", "一百元的"), ("$19.99", "十九点九九美元")),
        "price, sign last": (("20€的", "二十欧元的"),),
        "percent": (("50%的", "百分之五十的"),),
        "unit": (("3.5km远", "三点五公里远"), ("2kg的", "两千克的")),
        "degrees": (("20°", "二十度"),),
        "year": (("2024年", "二零二四年"),),
        "range": (("5-10分钟", "5到10分钟", "五到十分钟"), ("3-1", "三比一")),
        "arithmetic": (("2+2", "2加2", "二加二"),),
        "times": (("3x", "三倍"),),
        "or more": (("18+", "18加", "十八加"),),
        "power": (("x²", "x的二"),),
        "thousands": (("5k的", "5000的", "五千的"),),
        "number": (("2个人", "两个人"), ("12月2日", "十二月二日"), ("105块", "一百零五块")),
        "figures in a word": (("PS5很", "PS五很"),),
    },
)
