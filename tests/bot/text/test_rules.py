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


@pytest.mark.parametrize("rules", ORDERS)
def test_a_rule_says_its_examples_alone_and_among_all(rules: tuple[Rule, ...]) -> None:
    examples = [(rule, *example) for rule in rules for example in rule.examples]
    assert len(examples) >= len(rules)
    wrong = [
        (typed, said, wanted)
        for rule, typed, alone, *others in examples
        for said, wanted in ((rule.apply(typed), alone), (say(typed), (alone, *others)[-1]))
        if said != wanted
    ]
    assert wrong == []


@pytest.mark.parametrize("rules", ORDERS)
def test_every_rule_stands_in_the_order_once_and_changes_an_example_of_its_own(
    rules: tuple[Rule, ...],
) -> None:
    written = [
        rule for kind in ORDERS[rules] for rule in vars(kind).values() if isinstance(rule, Rule)
    ]
    assert sorted(map(id, written)) == sorted(map(id, rules))
    assert all(any(typed != alone for typed, alone, *_ in rule.examples) for rule in rules)
