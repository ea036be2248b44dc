"""Every rule says its own examples, alone and among all the others."""

from types import ModuleType

import pytest

from bot.text import (
    addresses,
    chess,
    clipped,
    contractions,
    crafts,
    days,
    dotted,
    formulas,
    kitchen,
    markets,
    medicine,
    music,
    offers,
    places,
    quantities,
    school,
    signs,
    symbols,
    training,
    weekdays,
)
from bot.text.rule import Rule
from tests.bot.text.test_cases import say

#: Where rules stand in order, beside the files that they are written in.
ORDERS = {
    quantities.ENGLISH: [
        kind for kind in vars(quantities).values() if isinstance(kind, ModuleType)
    ],
    contractions.ENGLISH: [contractions],
    days.ENGLISH: [days, weekdays],
    formulas.ENGLISH: [formulas, music, chess],
    dotted.ENGLISH: [
        *(dotted, kitchen, addresses, clipped, school),
        *(crafts, medicine, markets, offers, places, training),
    ],
    symbols.ENGLISH: [symbols, signs],
}
EXAMPLES = [
    pytest.param(rule, example[0], example[1], example[-1], id=example[0])
    for rules in ORDERS
    for rule in rules
    for example in rule.examples
]


@pytest.mark.parametrize(("rule", "typed", "alone", "spoken"), EXAMPLES)
def test_a_rule_says_its_examples_alone_and_among_all(
    rule: Rule, typed: str, alone: str, spoken: str
) -> None:
    assert rule.apply(typed) == alone
    assert say(typed) == spoken


@pytest.mark.parametrize("rules", ORDERS)
def test_every_rule_stands_in_the_order_once_and_changes_an_example_of_its_own(
    rules: tuple[Rule, ...],
) -> None:
    written = [
        rule for kind in ORDERS[rules] for rule in vars(kind).values() if isinstance(rule, Rule)
    ]
    assert sorted(map(id, written)) == sorted(map(id, rules))
    assert all(any(typed != alone for typed, alone, *_ in rule.examples) for rule in rules)
