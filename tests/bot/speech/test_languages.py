"""The table of languages: what the models read, by names that people type."""

import pytest

from bot.speech.languages import (
    LANGUAGES,
    language_named,
    language_of_locale,
    name_of,
    named,
)
from bot.text.alphabets import is_legible, script_of
from engine.weights.models import MULTILINGUAL


def test_it_has_what_the_models_read() -> None:
    assert LANGUAGES.keys() == set(MULTILINGUAL)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_preview_is_in_the_script_of_its_language(code: str) -> None:
    """And short enough for one breath. What it says was checked by who wrote it alone."""
    preview = LANGUAGES[code].preview
    assert is_legible(preview, code)
    assert is_legible(preview, "en") == (script_of(preview) == "LATIN")
    assert len(preview) <= 60
    assert preview.endswith((".", "。", "।"))


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("German", "de"),
        ("deutsch", "de"),
        (" DE ", "de"),
        ("Deutsch (German)", "de"),
        ("日本語", "ja"),
        ("हिन्दी", "hi"),
        ("English", "en"),
        ("Klingon", None),
        ("", None),
    ],
)
def test_a_language_is_known_by_its_names(typed: str, code: str | None) -> None:
    assert language_named(typed) == code


def test_every_label_is_its_language() -> None:
    assert {language_named(one.label) for one in LANGUAGES.values()} == LANGUAGES.keys()


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("en-US", "en"),
        ("es-419", "es"),
        ("pt-BR", "pt"),
        ("zh-TW", "zh"),
        ("no", "no"),
        ("cs", None),
    ],
)
def test_a_locale_of_discords_has_a_language(locale: str, code: str | None) -> None:
    assert language_of_locale(locale) == code


def test_a_few_are_named_and_many_are_counted() -> None:
    assert str(named(["en"])) == "English"
    assert str(named(["en", "de"])) == "English and German"
    assert str(named(["en", "de", "es"])) == "English, German and Spanish"
    assert str(named(list(LANGUAGES))) == "23 languages"
    assert str(name_of("tlh")) == "tlh"
