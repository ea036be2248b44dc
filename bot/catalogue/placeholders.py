"""What stands in braces in a sentence, and is filled in when it is shown."""

from collections.abc import Sequence
from string import Formatter

from babel.messages.catalog import Message


def placeholders(text: str) -> set[str]:
    """``{count:,} voices of {name}`` -> {"count", "name"}. Raises `ValueError` for a lone brace."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _formats(text: str) -> set[str]:
    """``{count:,} of {name!r}`` -> {"count:,", "name!r"}: how values are written."""
    return {
        f"{name}{f'!{conversion}' if conversion else ''}:{spec}"
        for _, name, spec, conversion in Formatter().parse(text)
        if name is not None and (spec or conversion)
    }


def wrong_placeholders(message: Message) -> str | None:
    """How a translation's placeholders differ from its sentence's, None where they do not.

    One that is missing in a plural form alone is right where it is the count.
    """
    ids, translations = forms(message.id), forms(message.string)
    if not any(translations):
        return None
    expected = set().union(*map(placeholders, ids)) if "{" in "".join(ids) else set()
    if not expected and len(ids) == 1:
        return None  # nothing is filled in, so braces are braces
    for text in filter(None, translations):
        try:
            found = placeholders(text)
        except ValueError as error:
            return f"{text!r}: {error}"
        # A format can ask for a billion spaces, or for what else is known of a value.
        if strange := _formats(text) - set().union(*map(_formats, ids)):
            return f"{text!r} has the format {min(strange)!r}, which its sentence has not"
        spared = {"count"} if len(ids) > 1 else set()
        if found - expected or expected - found - spared:
            return f"{text!r} has {sorted(found)}, where {sorted(expected)} belong"
    return None


def forms(text: str | Sequence[str] | None) -> list[str]:
    """The singular and the plurals of an entry, or its one text."""
    return [text] if isinstance(text, str) else list(text or ())
