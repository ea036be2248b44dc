"""What people read, in their languages: sentences kept apart from the language they are shown in.

A sentence is written in English where it arises, and rendered where it is known who reads it. This
room imports no other one of ours.
"""

from bot.catalogue.languages import (
    ENGLISH,
    CatalogueError,
    Catalogues,
    for_reader,
    install,
    language_of,
    locale_of,
    set_reader,
)
from bot.catalogue.sentence import (
    Altered,
    Joined,
    LanguageName,
    Listing,
    Said,
    Sentence,
    gettext,
    ngettext,
    pgettext,
)

__all__ = [
    "ENGLISH",
    "Altered",
    "CatalogueError",
    "Catalogues",
    "Joined",
    "LanguageName",
    "Listing",
    "Said",
    "Sentence",
    "for_reader",
    "gettext",
    "install",
    "language_of",
    "locale_of",
    "ngettext",
    "pgettext",
    "set_reader",
]
