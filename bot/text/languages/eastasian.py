"""Japanese, Chinese and Korean: no spaces, and numbers that turn with what they count."""

from bot.text.languages.grammar import Grammar
from bot.text.languages.spelling import spelled


def _japanese(_grammar: Grammar, number: int, _gender: str, _before: str) -> str:
    return spelled("ja", number) if number else "ゼロ"


JAPANESE = Grammar(
    code="ja",
    spaced=False,
    decimal=".",
    grouping=",",
    comma="点",
    point="点",
    minus="マイナス",
    plus="プラス",
    plus_minus="プラスマイナス",
    about="約",
    at_most="最大",
    at_least="最低",
    less="未満",
    more="超",
    times="倍",
    divided="割る",
    equals="は",
    root="ルート",
    power="の",
    infinity="無限",
    degrees="度",
    to="から",
    score="対",
    of="{a}の{b}",
    number="ナンバー",
    percent="{n}パーセント",
    half="二分の一",
    quarter="四分の一",
    three_quarters="四分の三",
    and_half="{n}と二分の一",
    cardinal=_japanese,
    own_units={"°C": "angle-degree"},
    money_word="last",
    money={
        "USD": "ドル",
        "EUR": "ユーロ",
        "GBP": "ポンド",
        "JPY": "円",
        "CNY": "元",
        "KRW": "ウォン",
    },
    minor={"USD": {"other": "セント"}, "EUR": {"other": "セント"}},
    time="{h}時{m}分",
    full_hour="{h}時",
    date="{y}年{month}月{d}日",
    day_month="{month}月{d}日",
    pause="、",
    slashed="",
    short_date=r"(?P<month>[1-9]|1[0-2])/(?P<day>(?:1[3-9]|2\d|3[01])|"
    r"(?:[1-9]|1[0-2])(?=[にのはまか(（]))(?![\d/])",
    examples={
        "telephone": (("090-1234-5678に", "ゼロ九ゼロ、一二三四、五六七八に"),),
        "date, year first": (("2024/6/15に", "二千二十四年六月十五日に"),),
        "date without year": (("6/15に", "六月十五日に"),),
        "from time to time": (("10:00-12:30", "10:00から12:30", "十時から十二時三十分"),),
        "time": (("18:05に", "十八時五分に"),),
        "version": (("v2.1が", "v二点一が"),),
        "number sign": (("#1", "ナンバー1", "ナンバー一"),),
        "sign": (("-5度", "マイナス5度", "マイナス五度"),),
        "comparison": (("x≥y", "x最低y"),),
        "fraction without a whole": ((".5を", "ゼロ点五を"),),
        "fraction": (("½の", "二分の一の"), ("1/4", "四分の一")),
        "price, sign first": (("$5で", "五ドルで"), ("¥500", "五百円")),
        "price, sign last": (("20€です", "二十ユーロです"),),
        "percent": (("50%の", "五十パーセントの"),),
        "unit": (("3.5kmです", "三点五キロメートルです"), ("20GBの", "二十ギガバイトの")),
        "degrees": (("20°", "二十度"),),
        "range": (("5-10分", "5から10分", "五から十分"), ("3-1", "三対一")),
        "arithmetic": (("2+2", "2プラス2", "二プラス二"),),
        "times": (("3x", "三倍"),),
        "or more": (("18+", "18プラス", "十八プラス"),),
        "power": (("x²", "xの二"),),
        "thousands": (("5kの", "5000の", "五千の"),),
        "number": (("3匹の猫", "三匹の猫"), ("0点", "ゼロ点"), ("1,500人", "千五百人")),
        "figures in a word": (("PS5を", "PS五を"),),
    },
)
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
_NATIVE = (
    "시간", "시", "개", "명", "살", "마리", "잔", "병", "장", "대", "권", "달", "가지", "곳",
    "군데", "번째", "사람", "그릇", "송이", "켤레", "벌", "판", "배",
)  # fmt: skip
#: Words that only begin like one of these.
_NOT_NATIVE = ("달러", "개월", "시속", "대학", "배송")
#: Of the clock, and of how long something lasts; later hours are counted in Chinese.
_MOST_NATIVE = {"시": 12}


#: Months that drop a sound of their number.
_MONTHS = {6: "유", 10: "시"}


def _korean(_grammar: Grammar, number: int, gender: str, before: str) -> str:
    if number == 0:
        return "영"
    if before.startswith("월") and number in _MONTHS:
        return _MONTHS[number]
    counter = ""
    if not before.startswith(_NOT_NATIVE):
        counter = next((one for one in _NATIVE if before.startswith(one)), "")
    if gender or (counter and number <= _MOST_NATIVE.get(counter, 99)):
        if counter == "번째" and number == 1:
            return "첫"
        return f"{spelled('ko', number, 'spellout-cardinal-native-attributive')} "
    return spelled("ko", number, "spellout-cardinal-sinokorean")


KOREAN = Grammar(
    code="ko",
    spaced=False,
    decimal=".",
    grouping=",",
    comma="점",
    point="점",
    minus="마이너스 ",
    plus="플러스 ",
    plus_minus="플러스마이너스 ",
    about="약 ",
    at_most="최대 ",
    at_least="최소 ",
    less="미만 ",
    more="초과 ",
    times="배",
    divided=" 나누기 ",
    equals="는 ",
    root="루트 ",
    power="의 ",
    infinity="무한대",
    degrees="도",
    to="에서 ",
    score=" 대 ",
    of="{b} 분의 {a}",
    number="넘버 ",
    percent="{n} 퍼센트",
    half="이분의 일",
    quarter="사분의 일",
    three_quarters="사분의 삼",
    and_half="{n}과 이분의 일",
    cardinal=_korean,
    usual="",
    own_units={"°C": "angle-degree"},
    nought="공",
    money_word="last",
    money={
        "USD": " 달러",
        "EUR": " 유로",
        "GBP": " 파운드",
        "JPY": " 엔",
        "CNY": " 위안",
        "KRW": " 원",
    },
    cents=None,
    time="{h}시 {m}분",
    full_hour="{h}시",
    hour=lambda g, n, _before: g.say(n, "", "시"),
    date="{y}년 {month}월 {d}일",
    day_month="{month}월 {d}일",
    slashed="",
    short_date=r"(?P<month>[1-9]|1[0-2])/(?P<day>1[3-9]|2\d|3[01])(?![\d/])",
    examples={
        "telephone": (("010-1234-5678로", "공일공, 일이삼사, 오육칠팔로"),),
        "date, year first": (("2024-06-15", "이천이십사년 유월 십오일"),),
        "date without year": (("6/15에", "유월 십오일에"),),
        "from time to time": (("10:00-12:30", "10:00에서 12:30", "열 시에서 열두 시 삼십분"),),
        "time": (("18:05에", "십팔시 오분에"), ("3:30", "세 시 삼십분")),
        "version": (("v2.1이", "v이점일이"),),
        "number sign": (("#1", "넘버 1", "넘버 일"),),
        "sign": (("-5도", "마이너스 5도", "마이너스 오도"),),
        "comparison": (("x≥y", "x최소 y"),),
        "fraction without a whole": ((".5만", "영점오만"),),
        "fraction": (("½의", "이분의 일의"), ("2/3", "삼 분의 이")),
        "price, sign first": (("$5에", "오 달러에"),),
        "price, sign last": (("20€예요", "이십 유로예요"),),
        "percent": (("50%의", "오십 퍼센트의"),),
        "unit": (("3.5km", "삼점오킬로미터"),),
        "degrees": (("20°", "이십도"),),
        "range": (("5-10분", "5에서 10분", "오에서 십분"), ("3-1", "삼 대 일")),
        "arithmetic": (("2+2", "2플러스 2", "이플러스 이"),),
        "times": (("3x", "삼배"),),
        "or more": (("18+", "18플러스 ", "십팔플러스 "),),
        "power": (("x²", "x의 이"),),
        "thousands": (("5k의", "5000의", "오천의"),),
        "number": (
            ("3명", "세 명"),
            ("2시간", "두 시간"),
            ("1번째", "첫번째"),
            ("1,500원", "천오백원"),
            ("6월", "유월"),
        ),
        "figures in a word": (("PS5를", "PS오를"),),
    },
)
