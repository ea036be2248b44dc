"""Patterns that are compiled when they are first used."""

import pkgutil
import re
from importlib import import_module

import pytest

import bot.text
from bot.text.expressions import _Expression, lazy_pattern


def test_a_pattern_is_compiled_by_its_first_use() -> None:
    broken = lazy_pattern("(")
    with pytest.raises(re.error):
        broken.search("a text")


def test_it_does_what_a_compiled_one_does() -> None:
    pattern = lazy_pattern("B(.)", re.IGNORECASE)
    assert [found[1] for found in pattern.finditer("abc Bd")] == ["c", "d"]
    assert pattern.sub("", "abc Bd") == "a "
    assert pattern.search("abc", 2) is None


def test_all_of_them_can_be_compiled() -> None:
    """A rule's are tried by its examples; these are what modules look for besides."""
    found = 0
    for module in pkgutil.walk_packages(bot.text.__path__, "bot.text."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, _Expression):
                found += 1
                try:
                    value.search("")
                except re.error as error:
                    pytest.fail(f"{module.name}.{name}: {error}")
    assert found > 200
