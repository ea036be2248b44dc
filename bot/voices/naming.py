"""What a voice may be called: something that is seen, and that poses as nothing else."""

import re
import unicodedata

from bot.base.errors import UserError
from bot.catalogue import Sentence
from bot.voices.references import VoiceReference

NAME_MAX_CHARS = 32
#: Signs that lie over or under one letter; Tibetan and pointed Hebrew come to four.
_MOST_MARKS = 4
#: Letters, marks and signs by their category in Unicode, of which nothing is seen.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U0001d159"
)
#: What Discord shows as a mention, an emoji, a time or a command, and what pings everybody.
_MARKUP = re.compile(r"<(?:@[!&]?|#|a?:\w+:|t:|/|id:)[^>]*>|@everyone|@here", re.IGNORECASE)
#: What stands behind a name in lists of voices.
SHARED, STOCK, ANOTHERS = (
    Sentence("(shared)"),
    Sentence("(stock voice)"),
    Sentence("(another member's)"),
)


def require_name(name: str) -> None:
    """Raise `UserError` for what cannot be the name of a voice."""
    if not 1 <= len(name) <= NAME_MAX_CHARS or name != name.strip() or not _is_seen(name):
        raise UserError("A name has 1 to {most} visible characters.", most=NAME_MAX_CHARS)
    if _is_piled(name):
        raise UserError(
            "A name can have at most {most} marks over or under one letter.",
            most=_MOST_MARKS,
        )
    if VoiceReference.parse(name.casefold()):
        raise UserError("A name cannot begin with “voice:”, “stock:” or “clip:”.")
    if _MARKUP.search(name):
        raise UserError("A name cannot be a mention, or look like one in Discord.")
    if _says_whose(name):
        raise UserError("A name cannot end with “(shared)” or another note on whose voice it is.")


def marked(name: str, whose: Sentence) -> str:
    """A name with a note on whose voice it is, for who reads it."""
    return f"{name} {whose}"


def _says_whose(name: str) -> bool:
    """Whether it ends with a note on whose voice it is, in any language that notes are read in."""
    notes = {_plain(text) for note in (SHARED, STOCK, ANOTHERS) for text in note.in_all_languages()}
    return _plain(name).endswith(tuple(notes))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("’", "'").casefold()


def _is_seen(name: str) -> bool:
    """Whether each character shows something, and one of them by itself."""
    if not name.isprintable() or _BLANK & set(name):
        return False
    return not _is_mark(name[0])


def _is_piled(name: str) -> bool:
    """Whether one letter carries more signs than any script writes ("zalgo")."""
    marks = 0
    for character in unicodedata.normalize("NFC", name):
        marks = marks + 1 if _is_mark(character) else 0
        if marks > _MOST_MARKS:
            return True
    return False


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")
