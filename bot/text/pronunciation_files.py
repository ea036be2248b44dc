"""Pronunciations as files that members keep: JSON, and CSV as spreadsheets write it."""

import csv
import io
import json
import unicodedata
from collections.abc import Mapping

from bot.text.limits import PronunciationLimits
from bot.text.pronunciations import EntryRefused, check_count, checked_entries

_USUAL = PronunciationLimits()
_COLUMNS = ["word", "say"]
_DELIMITERS = ",;\t"


def to_json(entries: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(entries.items())), ensure_ascii=False, indent=1) + "\n"


def from_json(data: str | bytes, limits: PronunciationLimits = _USUAL) -> dict[str, str]:
    """Read ``{"word": "how to say it"}``; `EntryRefused` says in one sentence why not."""
    text = _decoded(data, limits)

    def pairs(found: list[tuple[str, object]]) -> dict[str, str]:
        check_count(len(found), limits)
        return _pairs(found)

    try:
        loaded = json.loads(text, object_pairs_hook=pairs, parse_int=_Number)
    except RecursionError:
        raise EntryRefused("The file is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise EntryRefused(
            "The file is not JSON: line {lineno} cannot be read.", lineno=error.lineno
        ) from None
    if not isinstance(loaded, dict):
        raise EntryRefused('The file must be one JSON object such as {"brb": "be right back"}.')
    return checked_entries(loaded, limits)


class _Number(str):
    """A number left as its figures: `int` refuses the longest ones with a sentence of its own."""

    __slots__ = ()


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, str]:
    entries: dict[str, str] = {}
    for word, spoken in pairs:
        if not isinstance(spoken, str) or isinstance(spoken, _Number):
            raise EntryRefused(
                "The pronunciation of “{word}” must be text in quotes.", word=word[:40]
            )
        entries[word] = spoken
    return entries


def to_csv(entries: Mapping[str, str]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    writer.writerows(sorted(entries.items()))
    return out.getvalue()


def from_csv(data: str | bytes, limits: PronunciationLimits = _USUAL) -> dict[str, str]:
    """Read rows of ``word,say``, header optional; `EntryRefused` says in one sentence why not.

    Semicolons and tabs part columns too, as spreadsheets write them; the one that comes first in
    the file is tried first.
    """
    text = _decoded(data, limits)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiters = sorted((mark for mark in _DELIMITERS if mark in first), key=first.index)
    problem: EntryRefused | None = None
    for delimiter in delimiters or [","]:
        try:
            entries = _read_rows(text, delimiter, limits)
        except EntryRefused as error:
            problem = problem or error
        else:
            return checked_entries(entries, limits)
    raise problem or EntryRefused("The file has no columns.")


def _read_rows(text: str, delimiter: str, limits: PronunciationLimits) -> dict[str, str]:
    entries: dict[str, str] = {}
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, row in enumerate(filter(any, rows), 1):
            while len(row) > len(_COLUMNS) and not row[-1].strip():
                row.pop()
            if number == 1 and [cell.strip().lower() for cell in row] == _COLUMNS:
                continue
            if len(row) != len(_COLUMNS):
                raise EntryRefused(
                    "Row {number} needs two columns, the word and how to say it; it has {count}.",
                    number=number,
                    count=len(row),
                )
            entries[row[0]] = row[1]
            if len(entries) > limits.max_entries:
                raise EntryRefused(
                    "There are more than {max_entries:,} entries.", max_entries=limits.max_entries
                )
    except csv.Error:
        raise EntryRefused("The file is not CSV: a field is too long or a quote is open.") from None
    return entries


def _decoded(data: str | bytes, limits: PronunciationLimits) -> str:
    if len(data) > limits.max_file_bytes:
        raise EntryRefused(
            "The file is larger than {max_file_bytes:,} bytes.",
            max_file_bytes=limits.max_file_bytes,
        )
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise EntryRefused("The file is not UTF-8 text.") from None
    return unicodedata.normalize("NFC", text)
