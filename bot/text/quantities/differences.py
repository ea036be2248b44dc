"""Minus in formulas, where it would look like a range: "x^2 - 4", "(y2-y1)", "(72-32)/2"."""

from bot.text.rule import rule

in_brackets = rule(
    r"(?<=\()(\d{1,6}(?:\.\d{1,4})?) ?[-\u2212] ?(?=\d{1,6}(?:\.\d{1,4})?\) ?[*/×÷^])",
    lambda m: f"{m[1]} minus ",
    ("(72-32)/2", "(72 minus 32)/2", "(seventy-two minus thirty-two) over two"),
    spaced=False,
    needs=(")",),
)
power_minus = rule(
    r"(\^ ?\d{1,3}|\^[a-z]) [-\u2212] (?=\d)",
    lambda m: f"{m[1]} minus ",
    ("x^2 - 4", "x^2 minus 4", "x squared minus four"),
    spaced=False,
    needs=("^",),
)
indexed_minus = rule(
    r"(?<=[(\[])([a-z])(\d)-([a-z])(\d)(?=[)\]])",
    lambda m: f"{m[1]}{m[2]} minus {m[3]}{m[4]}",
    ("(y2-y1)", "(y2 minus y1)", "(y two minus y one)"),
    needs=("-",),
)
modulo = rule(
    r"(?<=[a-z)]) % (?=\d{1,6}(?:\)? ?(?:==|!=|=|is|equals|<|>)|\)|$|[.,?]))",
    lambda _: " mod ",
    ("n % 2 == 0", "n mod 2 == 0", "n mod two equals zero"),
    ("the % 2 be", "the % 2 be", "the percent two be"),
    spaced=False,
    needs=(" % ",),
)
