"""The language of a line: asked for, or told by its script, or the likeliest of its words.

A line is in one language. What is known of who says it comes first and is given up only for a line
that is clearly in another one: "ok" stays in whatever its author speaks.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from bot.base.errors import UserError
from bot.catalogue import Said, Sentence
from bot.speech.detection import Detector
from bot.speech.languages import ENGLISH, name_of, named
from bot.text.alphabets import LATIN, is_written_in_latin, languages_written_in, script_of
from data.guild_settings import GuildSettingsStore
from data.member_languages import MemberLanguageStore
from data.rows import GuildSettings

#: How many times as likely as another one it is, before a word is read, that a line is in its
#: author's usual language, or in another one of theirs.
_USUAL_ODDS, _KNOWN_ODDS = 3.0, 2.0
#: From which probability on a line is in another language than the usual one.
_SURE = 0.6
#: And how likely that one has to be among all languages of its script, whichever are allowed: "gg"
#: is hardly Italian, but far more so than German. Of what nobody can tell it is .29 at most.
_EVIDENCE = 1 / 3
#: Longer than this, Chinese characters alone are no Japanese, which would have kana among them.
_KANJI_ALONE = 4
#: Of so many members in servers it is kept in which language they wrote last.
_REMEMBERED = 10_000

#: A line is told by its beginning.
_LOOKED_AT_CHARS = 1000
#: What is in no language: code, links, mentions and emoji as Discord writes them, digits, and faces
#: that are drawn with letters of any script.
_NO_WORDS = re.compile(
    r"```.*?```|`[^`]*`|<[^<>]*>|(?<!\w)\w{1,20}://\S+|www\.\S+|[@#]\S+|:\w+:|\d+"
    r"|\((?=[^()\s]*[_・°´｀^ωﾟ∀▽￣]|ツ\))[^()\s]{1,12}\)",
    re.DOTALL,
)


class LineLanguage(NamedTuple):
    """The language that a line is read in, and its author's where that one cannot be read."""

    language: str
    unread: str | None = None


class LineLanguages:
    """Decides for each line. What members wrote last is in memory alone."""

    def __init__(
        self, members: MemberLanguageStore, guild_settings: GuildSettingsStore, detector: Detector
    ) -> None:
        self._members = members
        self._guild_settings = guild_settings
        self._detector = detector
        self._latest: dict[tuple[int, int], str] = {}
        self._told: set[tuple[int, int]] = set()

    async def prepare(self) -> None:
        """Load what detection needs, so that no line waits for it."""
        await self._detector.load()

    async def of(
        self,
        text: str,
        reads: Sequence[str],
        *,
        user_id: int,
        guild_id: int,
        asked: str | None = None,
        voice: str | None = None,
        settings: GuildSettings | None = None,
    ) -> LineLanguage:
        """The language of `text`, as it was typed, among those that the engine `reads`.

        `asked` is what this line was asked to be read in, `voice` the language of its voice,
        `settings` what the server has chosen, where that is known. Raises `UserError` for a
        language that is asked for and not read here.
        """
        settings = settings or await self._guild_settings.get(guild_id)
        allowed = allowed_languages(settings, reads)
        if asked is not None:
            if asked not in allowed:
                raise UserError(
                    "I do not read {language} here, only {languages}.",
                    languages=named(allowed),
                    language=name_of(asked),
                )
            return LineLanguage(asked)
        author = user_id, guild_id
        chosen = await self._members.get(user_id, guild_id) if user_id else None
        stated = [one for one in (voice, chosen, settings.language) if one]
        known = [one for one in (voice, chosen, self._latest.get(author), settings.language) if one]
        usual = next((one for one in known if one in allowed), main_language(allowed))
        unread = stated[0] if stated and stated[0] not in reads else None
        language = None
        if len(allowed) > 1:
            language = await self._told_by(text, allowed, usual, known)
        if language is not None and user_id:
            self._note(author, language)
        return LineLanguage(language or usual, unread)

    def remark(
        self, line: LineLanguage, reads: Sequence[str], *, user_id: int, guild_id: int
    ) -> Said | None:
        """What the author of a line is to be told of its language, which is told them once."""
        author = user_id, guild_id
        if line.unread is None or author in self._told:
            return None
        if len(self._told) >= _REMEMBERED:
            self._told.clear()
        self._told.add(author)
        return cannot_read(line.unread, reads)

    async def chosen(self, user_id: int, guild_id: int) -> str | None:
        """What a member said that they write in a server."""
        return await self._members.get(user_id, guild_id)

    async def choose(self, user_id: int, guild_id: int, language: str | None) -> None:
        """Note what a member writes in a server; None: whatever their lines are in."""
        await self._members.choose(user_id, guild_id, language)
        self._latest.pop((user_id, guild_id), None)

    async def offered(self, guild_id: int, reads: Sequence[str]) -> list[str]:
        """What a line can be asked to be read in, in a server."""
        return allowed_languages(await self._guild_settings.get(guild_id), reads)

    async def of_server(self, guild_id: int, reads: Sequence[str]) -> str:
        """The language of what is said in nobody's words."""
        settings = await self._guild_settings.get(guild_id)
        allowed = allowed_languages(settings, reads)
        return settings.language if settings.language in allowed else main_language(allowed)

    def forget(self, user_id: int) -> None:
        """Know nothing more of how a person wrote."""
        self._latest = {key: one for key, one in self._latest.items() if key[0] != user_id}
        self._told = {key for key in self._told if key[0] != user_id}

    async def _told_by(
        self, text: str, allowed: Sequence[str], usual: str, known: Sequence[str]
    ) -> str | None:
        """The language that a line shows itself to be in, None where it shows none."""
        words = _NO_WORDS.sub(" ", text[:_LOOKED_AT_CHARS])
        script = script_of(words)
        if script is None:
            return None
        if script != LATIN:
            possible = [one for one in languages_written_in(script) if one in allowed]
            if len(possible) > 1 and sum(map(str.isalpha, words)) <= _KANJI_ALONE:
                possible = [one for one in (usual, *known) if one in possible] or possible
            return possible[0] if possible else None
        likely = await self._detector.probabilities(words)
        latin = [one for one in allowed if is_written_in_latin(one)]
        odds = {
            one: likely.get(one, 0.0)
            * (_USUAL_ODDS if one == usual else _KNOWN_ODDS if one in known else 1.0)
            for one in latin
        }
        best = max(odds, key=lambda one: odds[one], default=usual)
        if likely.get(best, 0.0) < _EVIDENCE:
            return None
        return best if best == usual or odds[best] >= _SURE * sum(odds.values()) else None

    def _note(self, author: tuple[int, int], language: str) -> None:
        self._latest.pop(author, None)
        if len(self._latest) >= _REMEMBERED:
            del self._latest[next(iter(self._latest))]  # whoever wrote longest ago
        self._latest[author] = language


def allowed_languages(settings: GuildSettings, reads: Sequence[str]) -> list[str]:
    """What a server lets be read, of what the engine reads; all of that where nothing is left."""
    chosen = settings.languages.split() if settings.languages else reads
    return [one for one in reads if one in chosen] or list(reads)


def cannot_read(language: str, reads: Sequence[str]) -> Said:
    main = name_of(main_language(reads))
    return Sentence(
        "I read only {languages}, so {language} sounds like {main}.",
        languages=named(reads),
        language=name_of(language),
        main=main,
    )


def main_language(languages: Sequence[str]) -> str:
    """English where it is among them, else the first."""
    return ENGLISH if ENGLISH in languages else languages[0]
