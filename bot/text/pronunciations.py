"""How a server and a member want words said: literal entries, no expressions, no loops.

The rule: an entry matches whole words only, except in scripts that write no spaces. Capitals count
where an entry has others than those that begin its words ("US" is not "us", "Nginx" is "nginx"),
and between entries that differ in nothing else. The longest match wins, a member's entry wins over
the server's of the same length, and what an entry puts in is said as it stands, never searched
again. A picture that is repeated is said once.
"""

from collections.abc import Callable, Mapping

from bot.catalogue import Sentence
from bot.text.characters import clean_characters
from bot.text.expressions import lazy_pattern
from bot.text.limits import PronunciationLimits

_USUAL = PronunciationLimits()
#: Han, kana, Thai, Lao, Burmese and Khmer: words stand beside each other without a space.
_UNSPACED = lazy_pattern(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\uff66-\uff9d\U00020000-\U0003ffff]"
)


class Pronunciations:
    """Entries of a server and of the member who speaks, as ``{word: how to say it}``.

    Raises
    ------
    ValueError
        One sentence: an entry is empty or too long, or there are too many.
    """

    __slots__ = ("_exact", "_folded", "_lengths", "server", "user")

    def __init__(
        self,
        server: Mapping[str, str] | None = None,
        user: Mapping[str, str] | None = None,
        limits: PronunciationLimits = _USUAL,
    ) -> None:
        self.server = checked_entries(server or {}, limits)
        self.user = checked_entries(user or {}, limits)
        self._exact: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        for entries in (self.server, self.user):
            # Of an owner's entries that differ in capitals only, small letters are any other case.
            for word in sorted(entries, key=_has_capitals, reverse=True):
                if _has_capitals(word):
                    self._exact[word] = entries[word]
                if not _counts_capitals(word):
                    self._folded[_folded(word)] = entries[word]
        # A member's entry that matches any case also wins over the server's capitalised ones.
        mine = {_folded(word) for word in self.user if not _counts_capitals(word)}
        for other in [w for w in self._exact if w not in self.user and _folded(w) in mine]:
            del self._exact[other]
        lengths: dict[str, set[int]] = {}
        for word in (*self._exact, *self._folded):
            lengths.setdefault(_folded(word)[0], set()).add(len(word))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def __bool__(self) -> bool:
        return bool(self._lengths)

    def replace(self, text: str, put: Callable[[str], str] = lambda spoken: spoken) -> str:
        """Return `text` with every match replaced by ``put(how to say it)``.

        Time grows with the length of the text times the number of different lengths of entries
        that begin alike.
        """
        if not self._lengths:
            return text
        folded = _folded(text)
        out: list[str] = []
        at, last = 0, ""
        while at < len(text):
            found = self._at(text, folded, at)
            if found is None:
                if out and _joined(last, text[at]) and not _joined(text[at - 1], text[at]):
                    out.append(" ")
                out.append(text[at])
                last = text[at]
                at += 1
                continue
            length, spoken = found
            if _joined(last, spoken[0]):
                out.append(" ")
            out.append(put(spoken))
            last = spoken[-1]
            at = _past_repeats(text, at, length)
        return "".join(out)

    def _at(self, text: str, folded: str, at: int) -> tuple[int, str] | None:
        if at > 0 and _joined(text[at - 1], text[at]):
            return None
        for length in self._lengths.get(folded[at], ()):
            end = at + length
            if end > len(text) or (end < len(text) and _joined(text[end - 1], text[end])):
                continue
            spoken = self._exact.get(text[at:end])
            if spoken is None:
                spoken = self._folded.get(folded[at:end])
            if spoken is not None:
                return length, spoken
        return None


def _joined(first: str, second: str) -> bool:
    """Whether two characters belong to one word."""
    return (
        first.isalnum()
        and second.isalnum()
        and not (_UNSPACED.match(first) or _UNSPACED.match(second))
    )


def _past_repeats(text: str, at: int, length: int) -> int:
    """Where what was matched ends, with what repeats it if it is a picture rather than a word."""
    matched = text[at : at + length]
    at += length
    if any(char.isalnum() for char in matched):
        return at
    while text.startswith(matched, at + (text[at : at + 1] == " ")):
        at += length + (text[at : at + 1] == " ")
    return at


class EntryRefused(ValueError):
    """An entry, or a file of them, cannot be used. Made of an English sentence and its values."""

    def __init__(self, sentence: str, /, **values: str | int) -> None:
        self.sentence = Sentence(sentence, **values)
        super().__init__(self.sentence.english)


def checked_entries(
    entries: Mapping[str, str], limits: PronunciationLimits = _USUAL
) -> dict[str, str]:
    """Return `entries` cleaned and checked, for one server or one member.

    Raises `EntryRefused` with one sentence that names the first entry that cannot be used.
    """
    check_count(len(entries), limits)
    checked: dict[str, str] = {}
    for word, spoken in entries.items():
        plain_word, plain_spoken = checked_entry(word, spoken, limits)
        checked[plain_word] = plain_spoken
    return checked


def checked_entry(word: str, spoken: str, limits: PronunciationLimits = _USUAL) -> tuple[str, str]:
    """Return one entry as it will be matched and said; raise `EntryRefused` with one sentence."""
    longest, longest_spoken = limits.max_word_chars, limits.max_spoken_chars
    word, spoken = _one_line(word, longest), _one_line(spoken, longest_spoken)
    if not word:
        raise EntryRefused("The word of an entry must not be empty.")
    if len(word) > longest:
        raise EntryRefused(
            "“{word}…” is longer than {longest} characters.", word=word[:20], longest=longest
        )
    if len(spoken) > longest_spoken:
        raise EntryRefused(
            "The pronunciation of “{word}” is longer than {longest_spoken} characters.",
            word=word,
            longest_spoken=longest_spoken,
        )
    if not any(char.isalnum() for char in spoken):
        raise EntryRefused("The pronunciation of “{word}” has no letter or digit in it.", word=word)
    return word, spoken


def cleaned(word: str) -> str:
    return _one_line(word, len(word))


def check_count(count: int, limits: PronunciationLimits) -> None:
    """Raise `EntryRefused` where there are more entries than one server or member may have."""
    if count > limits.max_entries:
        raise EntryRefused(
            "There are {count:,} entries; at most {max_entries:,} are kept.",
            count=count,
            max_entries=limits.max_entries,
        )


def _one_line(text: str, most: int) -> str:
    # Cut before cleaning, so that a huge text costs nothing; one past the limit still shows.
    return " ".join(clean_characters(text[: 4 * most + 4]).split())


def _has_capitals(word: str) -> bool:
    return any(char.isupper() for char in word)


def _counts_capitals(word: str) -> bool:
    """Whether `word` has capitals that no telephone puts there, or is but one."""
    return _has_capitals(word) and (len(word) == 1 or not word.istitle())


def _folded(text: str) -> str:
    """Lower case of the same length, so that positions in both texts agree."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)
