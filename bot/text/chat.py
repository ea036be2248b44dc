"""How people type when they chat: stretched letters, laughter, abbreviations.

Conservative: a word is changed only where nearly every reader would say it that way. Words that
are also words of other languages ("ty", "u") are expanded only beside English ones.
"""

import re

from bot.text.abbreviations import ABBREVIATIONS, AMBIGUOUS, IN_CAPITALS, SOUNDS
from bot.text.capitals import WORD, is_english, is_foreign, words_of
from bot.text.expressions import lazy_pattern
from bot.text.vocabulary import SHORT_WORDS, STRETCHABLE

# One class per laugh keeps the time linear; `laughter` looks at the letters.
_LAUGHS = lazy_pattern(r"\b(?:[ah]{5,}|[eh]{6,}|[ih]{6,}|[aj]{6,}|[ol]{5,})\b", re.IGNORECASE)
_LETTER_LAUGHS = lazy_pattern(r"(?<!\w)(?:[xX][dD]+|k{4,})(?!\w)")
_LONG_LOL = lazy_pattern(r"\bl+o{2,}l+\b|\blo+l{2,}\b", re.IGNORECASE)
_STRETCHED = lazy_pattern(r"([a-z])\1{2,}", re.IGNORECASE)
# Without a vowel, and not drawn out at the end: "CCCP".
_INITIALS = lazy_pattern(r"([B-DF-HJ-NP-TV-XZ])\1\1(?!\1)[B-DF-HJ-NP-TV-XZ]{1,2}$")
_LETTERS = lazy_pattern(r"(?<!\w)[A-Za-z]{3,}(?!\w)")
_ROMAN = lazy_pattern(r"(?:V?I{1,3}|IV|IX|X{1,3}(?:IX|IV|V?I{0,3}))")


#: "M8" is a size of bolts too.
_SOUND = lazy_pattern(
    rf"(?<!\w)(?:{'|'.join(SOUNDS)})(?!\w)(?! (?:bolts?|nuts?|screws?|socket|threads?|washers?)\b)",
    re.IGNORECASE,
)


_FOR_YOU = lazy_pattern(r"^4 u(?!\w)")
_FOR = lazy_pattern(
    r"^4 (?=(?:me|u|real|sure)\b)|"
    r"(?<=[a-z] )(?<!\btop )(?<!\bbest )(?<!\bthe )(?<!\bother )4 (?=(?:me|u|you|him|her|us|them|"
    r"tmrw|tomorrow|tonight|tn|"
    r"anything|everything|ever|dinner|lunch|"
    r"real|sure|fun|life)\b)"
)
_TO = lazy_pattern(
    r"(?:(?<=wait )|(?<=want )|(?<=need )|(?<=going )|(?<=gonna )|(?<=have )|(?<=time )|(?<=happy "
    r")|(?<=nice )|(?<=glad )|"
    r"(?<=love )|(?<=like )|(?<=ready )|(?<=hard )|(?<=trying )|(?<=used ))2 (?=(?:be|come|do|eat|"
    r"get|go|hang|hear|help|know|make|meet|"
    r"play|say|see|sleep|talk|watch|work)\b)|(?<=[a-z] )2 (?=(?:my|the|your|ur)? ?taste\b)"
)
_TOO = lazy_pattern(
    r"(?:(?<=\bthat )|(?<=\bthats )|(?<=that's )|(?<=\bit's )|(?<=\bits )|(?<=\bis )|(?<=\bway )|"
    r"(?<=\bbe )|(?<=\bim )|(?<=i'm )|(?<=\bwas )|(?<=\bare )|(?<=ur )|(?<=\bme )|(?<=\bnot )|"
    r"(?<=^))2 "
    r"(?=(?:acidic|bad|big|busy|cold|cool|cute|drunk|early|easy|expensive|far|fast|funny|good|hard|"
    r"heavy|hot|late|lazy|long|loud|many|much|old|real|salty|scared|short|sick|slow|small|soon|"
    r"spicy|sweet|tall|tight|tired|young)\b)"
)
_SO_MUCH = lazy_pattern(
    r"(?<=[a-z] )sm(?=$|[.!,?]| (?:for|omg|lol|pls|guys|everyone|bro|man|and|but)\b)"
)
_THANKED = lazy_pattern(
    r"\b(?:appreciate|hate|help(?:s|ed)|hurts?|like|love[ds]?|miss|thank(?:s| you)?|thx|tks|ty|"
    r"want)\b"
)


def sounds(text: str) -> str:
    """``gr8`` -> great, ``thx sm`` -> thx so much."""
    if _THANKED.search(text):
        text = _SO_MUCH.sub("so much", text)
    text = _SOUND.sub(lambda m: SOUNDS[m[0].lower()], text)
    text = _TOO.sub("too ", _TO.sub("to ", text))
    text = _FOR_YOU.sub("for you", text)
    return _FOR.sub("for ", text)


def laughter(text: str) -> str:
    """``hahahahahaha`` -> hahaha, ``xDDD`` -> haha, ``loooool`` -> lol."""
    text = _LETTER_LAUGHS.sub("haha", text)
    text = _LONG_LOL.sub("lol", text)

    def laugh(match: re.Match[str]) -> str:
        word = match[0].lower()
        for syllable in ("ha", "he", "hi", "ja"):
            if word.count(syllable) >= 2:
                return syllable * 3
        return "lol" if word.count("lol") >= 2 else match[0]

    return _LAUGHS.sub(laugh, text)


def stretched(text: str) -> str:
    """``sooooo`` -> so, ``coool`` -> cool, ``discordddd`` -> discord; a lone scream keeps three."""

    def word(match: re.Match[str]) -> str:
        token = match[0]
        if (
            token.upper() in SHORT_WORDS
            or _ROMAN.fullmatch(token)
            or _INITIALS.match(token)
            or not _STRETCHED.search(token)
        ):
            return token
        short = _STRETCHED.sub(r"\1", token)
        if len(short) == 1:
            short = token[:3]
        elif short.lower() not in STRETCHABLE:
            short = _STRETCHED.sub(_one_or_two, token)
        return short.lower() if token.isupper() else short

    return _LETTERS.sub(word, text)


def _one_or_two(match: re.Match[str]) -> str:
    """English writes a letter twice inside a word, and at its end only these."""
    ends = match.end() == len(match.string)
    return match[1] if ends and match[1].lower() not in "eolsfz" else match[1] * 2


def _abbreviation(match: re.Match[str]) -> str:
    """``mb`` -> my bad, also as the whole or with a telephone's capital; ``5 MB`` -> megabytes."""
    token = match[0]
    begins = not match.start() and (token.istitle() or match.string.rstrip(" .!?") == token)
    if token in IN_CAPITALS and not begins:
        return IN_CAPITALS[token]
    stem = token.removesuffix("'s")
    if stem != token and stem.lower() in ABBREVIATIONS:
        return f"{ABBREVIATIONS[stem.lower()]}'s"
    return ABBREVIATIONS.get(token.lower(), token)


def _ambiguous(match: re.Match[str]) -> str:
    stem = match[0].removesuffix("'s")
    if stem != match[0] and stem in AMBIGUOUS and "'" not in AMBIGUOUS[stem]:
        return f"{AMBIGUOUS[stem]}'s"
    return AMBIGUOUS.get(match[0], match[0])


_NO_VOWELS = lazy_pattern(r"(?<![\w'])[b-df-hj-np-tv-z]{2,6}(?![\w'])")
# "dc'd": letters as a verb.
_DONE = lazy_pattern(
    r"(?<![\w'])(?!(?:ok|th|tb)')([b-df-hj-np-tv-z]{2}|afk|dnf|ko|pk|og|id|mc|rsvp|cc|od)'(d|ed|ing)(?!\w)",
    re.IGNORECASE,
)
_PROBLEM = lazy_pattern(
    r"\b((?:an?|any|big|main|math|my|no|same|that|the|this|what|your) )prob(s?)(?!\w)"
)
# "Not much" to who asks what one does; otherwise what was said is taken back.
_NEVER_MIND = lazy_pattern(
    r"(?<![\w'])nm(?=,? (?!u\b|you|hbu|wbu|wby|just|here|chill|at all|tho|really)[a-z]{2})|"
    r"(?<=\boh )nm(?!\w)"
)
_PROBABILITY = lazy_pattern(r"(?<!\w)prob(?= of\b)")
_UR_VERB = lazy_pattern(
    r"(?<!\w)ur(?= (?:a|an|the|not|so|too|just|gonna|going|welcome|right|wrong|free|bored|out|in|"
    r"done|ready|late|good|"
    r"bad|ill|ok|okay|fine|here|there|still|really|very|literally|always|never|even|sure|cute|mad|lucky|sick|being|"
    r"coming|doing|getting|having|looking|making|playing|trying|talking|saying|using|[a-z]{2,8}ing "
    r"to)\b)|"
    r"(?<!\w)ur(?= [a-z]{2,10}(?<=[^eaou])ed(?:$|[.,!?]| (?:lol|lmao|rn|bro|man|dude|again|for|"
    r"from|"
    r"by|if|bc|and)\b))"
)
_R_U = lazy_pattern(r"(?<!\w)r u(?!\w)")


def _is_chat(text: str, words: list[str]) -> bool:
    """Whether most words are those that English chat writes short."""
    short = sum(word in AMBIGUOUS or word in ABBREVIATIONS for word in words)
    return short * 2 > len(words) and short > 1 and not is_foreign(text, words)


def abbreviations(text: str) -> str:
    """``brb`` -> be right back. Ambiguous ones need an English word in the same message."""
    text = _NEVER_MIND.sub("never mind", text)
    text = _R_U.sub("are you", text)
    text = _DONE.sub(lambda m: f"{' '.join(m[1].upper())}'{m[2]}", text)
    words = words_of(text)
    text = WORD.sub(_abbreviation, text)
    text = _PROBABILITY.sub("probability", _PROBLEM.sub(r"\1problem\2", text))
    if is_english(words):
        text = _UR_VERB.sub("you're", text)
    if (
        is_english(words)
        or _is_chat(text, words)
        or all(word in AMBIGUOUS or word in ABBREVIATIONS or len(word) == 1 for word in words)
    ):
        return WORD.sub(_ambiguous, text)
    if not is_foreign(text, words):
        # Without a vowel they are hardly words of another language.
        text = _NO_VOWELS.sub(lambda m: AMBIGUOUS.get(m[0], m[0]), text)
    return text
