"""What members want to be called, and what they want said when they come and go."""

import re

from bot.base.errors import UserError
from bot.live.guild_options import LINE_MAX_CHARS
from bot.text.listed_words import has_listed_words
from bot.text.mentions import plain_name
from bot.voices.bars import Bars
from bot.voices.forgetting import Forgetting
from data.bars import Bar
from data.member_words import WordsKind
from data.store import Store

CALLED_MAX_CHARS = 40
#: Where a name would become what somebody says: "Alice says: hello. Bob". "Dr. Who" is a name.
_SPEECH = re.compile(r"[:;\uff1a\uff1b\u3002]|[!?\uff01\uff1f\u2026]\s*\w|(?<=\w{4})\.\s+\w")


class OwnWords:
    """Members' own words in all servers."""

    def __init__(self, store: Store, bars: Bars, forgetting: Forgetting) -> None:
        self._store = store
        self._bars = bars
        self._forgetting = forgetting

    async def choose(
        self, user_id: int, guild_id: int, kind: WordsKind, words: str | None
    ) -> str | None:
        """Remember what a member wants said, None: nothing of their own. Returns it as it is kept.

        Recordings that say what they were called before go. Raises `UserError` for what cannot be
        said, or is not wanted in the server, and for who is barred from having something said.
        """
        kept = None if words is None else " ".join(words.split())
        if kept is not None:
            if refusal := await self._bars.refusal(user_id, guild_id, Bar.SAY):
                raise UserError(refusal)
            most = CALLED_MAX_CHARS if kind is WordsKind.NAME else LINE_MAX_CHARS
            if len(kept) > most or not plain_name(kept, ""):
                raise UserError(
                    "That has to be something to say, in at most {most} characters.", most=most
                )
            if kind is WordsKind.NAME and _SPEECH.search(kept):
                raise UserError("A name cannot have a colon or the end of a sentence in it.")
            settings = await self._store.guild_settings.get(guild_id)
            if has_listed_words(kept, settings.unread_words):
                raise UserError(
                    "The moderators of this server do not allow one of the words in it."
                )
        before = await self._store.member_words.get(user_id, guild_id, kind)
        await self._store.member_words.choose(user_id, guild_id, kind, kept)
        if kind is WordsKind.NAME and before not in (None, kept):
            await self._forgetting.name(user_id, guild_id)
        return kept
