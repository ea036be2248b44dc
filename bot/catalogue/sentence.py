"""Sentences that are not in a language yet.

`str()` of one is it in the language of who reads at that moment. Where who reads is not who caused
it, as with an error, the sentence is handed on as it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, TypeAlias

from babel import Locale
from babel.lists import format_list
from babel.numbers import get_decimal_symbol, get_group_symbol

from bot.catalogue.languages import ENGLISH, installed, language_of, reader


class Said(ABC):
    """Something that people read, in whichever language they do."""

    __slots__ = ()

    @abstractmethod
    def in_language(self, tag: str) -> str:
        """It in a language that there is a catalogue of."""

    def for_locale(self, locale: object) -> str:
        """It for who uses Discord in `locale`."""
        return self.in_language(language_of(locale))

    @property
    def english(self) -> str:
        """For logs."""
        return self.in_language(ENGLISH)

    def in_all_languages(self) -> set[str]:
        """It in each language that it may be read in."""
        return {self.in_language(tag) for tag in installed().tags}

    def altered(self, change: Callable[[str], str]) -> "Said":
        """It with something done to the text of each language."""
        return Altered(self, change)

    def __str__(self) -> str:
        return self.in_language(reader())


Value: TypeAlias = str | int | float | Said


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Sentence(Said):
    """An entry of the catalogues with its values: `Sentence("I left {channel}.", channel=...)`.

    `text` is the English one. Without values braces are braces. Numbers with a format (``{n:,}``,
    ``{n:.1f}``) are written as the language does.
    """

    text: str
    plural: str | None
    count: int
    values: tuple[tuple[str, Value], ...]

    def __init__(self, text: str, /, **values: Value) -> None:
        self._set(text, None, 1, values)

    @classmethod
    def counted(cls, one: str, many: str, count: int, /, **values: Value) -> "Sentence":
        """One whose wording depends on `count`, which is a value of that name as well."""
        made = cls.__new__(cls)
        made._set(one, many, count, {"count": count, **values})  # noqa: SLF001 - its own class
        return made

    def in_language(self, tag: str) -> str:
        catalogue = installed().of(tag)
        if self.plural is None:
            text = catalogue.gettext(self.text)
        else:
            text = catalogue.ngettext(self.text, self.plural, self.count)
        if not self.values:
            return text
        filled: str = _Filling(tag).vformat(text, (), dict(self.values))
        return filled

    def __repr__(self) -> str:
        return f"Sentence({self.english!r})"

    def _set(self, text: str, plural: str | None, count: int, values: dict[str, Value]) -> None:
        for field, value in (
            ("text", text),
            ("plural", plural),
            ("count", count),
            ("values", tuple(values.items())),
        ):
            object.__setattr__(self, field, value)


@dataclass(frozen=True, slots=True)
class Joined(Said):
    """Whole sentences one after the other, with `by` between them."""

    parts: tuple[Said | str, ...]
    by: str = " "

    def in_language(self, tag: str) -> str:
        return self.by.join(_shown(part, tag) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Altered(Said):
    """Something said, changed once it is in a language."""

    said: Said
    change: Callable[[str], str]

    def in_language(self, tag: str) -> str:
        return self.change(self.said.in_language(tag))


@dataclass(frozen=True, slots=True, init=False)
class Listing(Said):
    """``a, b and c`` as the language writes it; in alphabetical order if the order says nothing."""

    parts: tuple[Said | str, ...]
    alphabetical: bool

    def __init__(self, parts: Iterable[Said | str], *, alphabetical: bool = False) -> None:
        object.__setattr__(self, "parts", tuple(parts))
        object.__setattr__(self, "alphabetical", alphabetical)

    def in_language(self, tag: str) -> str:
        shown = [_shown(part, tag) for part in self.parts]
        # American English has a comma before "and".
        locale = "en_GB" if tag == ENGLISH else tag
        return format_list(sorted(shown) if self.alphabetical else shown, locale=locale)


@dataclass(frozen=True, slots=True)
class LanguageName(Said):
    """What a language is called, by CLDR; `english_name` where that has no name for it."""

    code: str
    english_name: str

    def in_language(self, tag: str) -> str:
        if tag == ENGLISH:
            return self.english_name
        return str(Locale.parse(tag).languages.get(self.code, self.english_name))


def gettext(text: str, /, **values: Value) -> str:
    """A sentence in the language of who reads here."""
    return str(Sentence(text, **values))


def ngettext(one: str, many: str, count: int, /, **values: Value) -> str:
    """A sentence whose wording depends on `count`, in the language of who reads here."""
    return str(Sentence.counted(one, many, count, **values))


def pgettext(context: str, text: str, /) -> str:
    """An entry that has a context, which those of commands have, for who reads here."""
    return installed().of(reader()).pgettext(context, text)


def _shown(value: Said | str, tag: str) -> str:
    return value.in_language(tag) if isinstance(value, Said) else value


class _Filling(Formatter):
    """Fills values in as a language writes them."""

    def __init__(self, tag: str) -> None:
        self._tag = tag

    def get_field(
        self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Any, str]:
        """A value by its name alone: a translation cannot look into it (`{guild.me}`)."""
        del args
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Said):
            return value.in_language(self._tag)
        written: str = super().format_field(value, format_spec)
        if not format_spec or self._tag == ENGLISH or not isinstance(value, int | float):
            return written
        signs = {
            ",": get_group_symbol(self._tag),
            ".": get_decimal_symbol(self._tag),
        }
        return "".join(signs.get(sign, sign) for sign in written)
