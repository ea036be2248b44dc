"""Lifts and attributes, of people and of characters: "dl 140", "60 str"."""

import re

from bot.text.rule import rule

strength = rule(
    r"(?<=\d )str(?![\w'])(?=$|[,/.]| and\b)|(?<![\w'.])(?:str)(?=[/,] ?(?:dex|int|con|agi)\b|"
    r" build\b| \d)",
    lambda _: "strength",
    ("40 vig, 60 str", "40 vig, 60 strength", "forty vig, sixty strength"),
    ("a str is", "a str is", "a S T R is"),
    needs=("str",),
)
deadlift = rule(
    r"(?<![\w'])(?:dl|DL)(?= \d)",
    lambda m: (
        "deadlift"
        if re.search(r"\b(?:bench|ohp|OHP|press|rows?|squats?|reps?|sets?)\b", m.string)
        else m[0]
    ),
    (
        "squat 100, dl 140",
        "squat 100, deadlift 140",
        "squat one hundred, deadlift one hundred forty",
    ),
    ("the dl 2 link", "the dl 2 link", "the D L two link"),
    needs=("dl",),
)

ENGLISH = (strength, deadlift)
