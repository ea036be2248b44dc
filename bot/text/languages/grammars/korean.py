"""Korean."""

from bot.text.languages.grammar import Grammar
from bot.text.languages.spelling import spelled

_NATIVE = (
    "시간", "시", "개", "명", "살", "마리", "잔", "병", "장", "대", "권", "달", "가지", "곳",
    "군데", "번째", "사람", "그릇", "송이", "켤레", "벌", "판", "배",
)  # fmt: skip
#: Words that only begin like one of these.
_NOT_NATIVE = ("달러", "개월", "시속", "대학", "배송")
#: Of the clock, and of how long something lasts; later hours are counted in Chinese.
_MOST_NATIVE = {"시": 12, "시간": 12, "대": 9}
#: Months that drop a sound of their number.
_MONTHS = {6: "유", 10: "시"}


def _korean(_grammar: Grammar, number: int, gender: str, before: str) -> str:
    if number == 0:
        return "영"
    if before.startswith("월") and number in _MONTHS:
        return _MONTHS[number]
    if number == 1 and before.startswith(("만", "천", "백")):
        return ""  # "a thousand"
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
    per="당 ",
    neighbours="",
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
        "hours and minutes": (("2h30min", "두 시간삼십분"),),
        "range of units": (("5%-10%", "5%에서 10%", "오 퍼센트에서 십 퍼센트"),),
        "rate": (("5 €/kg", "5 €당 킬로그램", "오 유로당 킬로그램"),),
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
