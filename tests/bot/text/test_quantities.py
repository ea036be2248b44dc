"""Every rule for figures says its own examples, alone and among all the others."""

import pytest

from bot.text import quantities
from bot.text.quantities import ENGLISH
from bot.text.rule import Rule
from tests.bot.text.test_cases import say

EXAMPLES = [
    pytest.param(rule, example[0], example[1], example[-1], id=example[0])
    for rule in ENGLISH
    for example in rule.examples
]


@pytest.mark.parametrize(("rule", "typed", "alone", "spoken"), EXAMPLES)
def test_a_rule_says_its_examples_alone_and_among_all(
    rule: Rule, typed: str, alone: str, spoken: str
) -> None:
    assert rule.apply(typed) == alone
    assert say(typed) == spoken


def test_every_rule_stands_in_the_order_once_and_changes_an_example_of_its_own() -> None:
    kinds = [kind for kind in vars(quantities).values() if hasattr(kind, "__file__")]
    written = [rule for kind in kinds for rule in vars(kind).values() if isinstance(rule, Rule)]
    assert sorted(map(id, written)) == sorted(map(id, ENGLISH))
    assert all(any(typed != alone for typed, alone, *_ in rule.examples) for rule in ENGLISH)
