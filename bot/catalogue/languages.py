"""The catalogues, one a language, and which one whoever reads at this moment has.

A catalogue is gettext's: a `.po` file named as CLDR names the language (`de.po`, `pt_BR.po`). Those
that come with the bot lie in this folder; an operator's own are looked at first, entry by entry.
"""

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations, c2py
from pathlib import Path

import discord
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, PoFileParser

from bot.catalogue.placeholders import wrong_placeholders

log = logging.getLogger(__name__)

#: What sentences are written in.
ENGLISH = "en"
FOLDER = Path(__file__).parent
TEMPLATE = FOLDER / "messages.pot"
#: Arabic has six, and no language more: https://cldr.unicode.org/index/cldr-spec/plural-rules
_MOST_PLURALS = 6
_DIVIDES_BY_NO_NUMBER = re.compile(r"[%/](?!\s*[1-9])")


class CatalogueError(Exception):
    """A catalogue cannot be used. `str` says which, and why, to who runs the bot."""


class _Checked(Catalog):
    """A catalogue whose header asks for nothing that no language has. Both raise `ValueError`."""

    @property
    def num_plurals(self) -> int:
        """Babel makes room for so many forms of each entry."""
        count = super().num_plurals
        if not 1 <= count <= _MOST_PLURALS:
            raise ValueError(f"{count} plural forms, where no language has more than six")
        return count

    def require_rule(self) -> None:
        """The rule that says which form it is must be one that has an answer for every number."""
        if _DIVIDES_BY_NO_NUMBER.search(self.plural_expr):
            raise ValueError("its plural rule divides by something else than a number")
        c2py(self.plural_expr)


class Catalogues:
    """All languages that sentences can be shown in. English needs no catalogue, but may have one.

    `own` is an operator's folder. Raises `CatalogueError` for a file that cannot be read.
    """

    def __init__(self, own: Path | None = None) -> None:
        self._by_tag: dict[str, NullTranslations] = {ENGLISH: NullTranslations(), **_bundled()}
        for path in sorted(own.glob("*.po")) if own else ():
            translations = _compiled(read_catalogue(path), path)
            if before := self._by_tag.get(path.stem):
                translations.add_fallback(before)
            self._by_tag[path.stem] = translations

    @property
    def tags(self) -> frozenset[str]:
        return frozenset(self._by_tag)

    def of(self, tag: str) -> NullTranslations:
        """The catalogue of a language that there is; an entry that it lacks is English."""
        return self._by_tag[tag]

    def language_of(self, locale: str) -> str:
        """``es-419`` -> "es": the language for who uses Discord in `locale`, English if none is."""
        tag = locale.replace("-", "_")
        return next((one for one in (tag, tag.partition("_")[0]) if one in self._by_tag), ENGLISH)


@cache
def _bundled() -> dict[str, NullTranslations]:
    """The catalogues that come with the bot: they are the same however often they are asked for."""
    return {
        path.stem: _compiled(read_catalogue(path), path) for path in sorted(FOLDER.glob("*.po"))
    }


def named_locale(path: Path) -> Locale:
    """The language that a `.po` file is named after. Raises `CatalogueError`."""
    try:
        return Locale.parse(path.stem)
    except (ValueError, UnknownLocaleError):
        raise CatalogueError(
            f"{path}: {path.stem!r} is no language; call it de.po or pt_BR.po"
        ) from None


def read_catalogue(path: Path) -> Catalog:
    """A `.po` file as it is. Raises `CatalogueError`."""
    locale = named_locale(path)
    try:
        catalogue = _Checked(locale=locale)
        with path.open("rb") as file:
            PoFileParser(catalogue, abort_invalid=True).parse(file)
        catalogue.require_rule()
        return catalogue
    except UnicodeDecodeError:
        reason = "is not UTF-8 text"
    except PoFileError as error:
        reason = f"line {error.lineno + 1}: {error}"
    except OSError as error:
        reason = error.strerror or str(error)
    except (ValueError, LookupError) as error:  # in its header
        reason = str(error)
    raise CatalogueError(f"{path}: {reason}")


def _compiled(catalogue: Catalog, path: Path) -> GNUTranslations:
    """What gettext looks up. An entry whose placeholders are wrong would fail when it is shown."""
    for message in list(catalogue):
        if message.id and (wrong := wrong_placeholders(message)):
            log.warning("a translation is left out", extra={"file": path.name, "reason": wrong})
            catalogue.delete(message.id, message.context)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


_installed: Catalogues | None = None
_reader: ContextVar[str] = ContextVar("reader", default=ENGLISH)


def installed() -> Catalogues:
    """The catalogues in use: those that come with the bot, unless others were installed."""
    global _installed  # noqa: PLW0603 - as gettext's own; read at the first use, not at import
    if _installed is None:
        _installed = Catalogues()
    return _installed


def install(catalogues: Catalogues) -> None:
    """Use these catalogues in this process from now on."""
    global _installed  # noqa: PLW0603
    _installed = catalogues


def language_of(locale: object) -> str:
    """The language for a locale as Discord names it (`discord.Locale`, or its text)."""
    return installed().language_of(str(locale))


def locale_of(guild: discord.Guild | None, chosen: str | None) -> str:
    """The locale of a server: the language `chosen` for it, else what Discord has for it.

    Discord has English for every server that is no community. Where there is no catalogue of what
    was chosen, that is not what decides.
    """
    if chosen is not None and (chosen == ENGLISH or language_of(chosen) != ENGLISH):
        return chosen
    return ENGLISH if guild is None else guild.preferred_locale.value


def reader() -> str:
    """The language of who reads what is rendered here: that of the task or of the block."""
    return _reader.get()


def set_reader(locale: object) -> None:
    """Render for who uses Discord in `locale` until this task ends, and in tasks that it begins."""
    _reader.set(language_of(locale))


@contextmanager
def for_reader(locale: object) -> Iterator[None]:
    """Render for who uses Discord in `locale` in this block, and in tasks that begin in it."""
    before = _reader.set(language_of(locale))
    try:
        yield
    finally:
        _reader.reset(before)
