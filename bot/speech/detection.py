"""How likely a line is to be in each of the languages of the Latin script, by py3langid.

Scripts of one language need none of this. The model takes some 80 MiB and half a second of a core,
so it is loaded once a line asks for it, in a thread.
"""

import asyncio
import logging
import lzma
from typing import Protocol

from bot.speech.languages import LANGUAGES
from bot.text.alphabets import is_written_in_latin

log = logging.getLogger(__name__)

#: A line is told by its beginning; this much of it takes less than a tenth of a millisecond.
_ENOUGH_CHARS = 300


class _Ranking(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]:
        """Languages with their probabilities, which together are 1."""


class Detector:
    """Detects languages. If the model cannot be loaded the log says so, and nothing is likely."""

    def __init__(self) -> None:
        self._loading: asyncio.Task[_Ranking | None] | None = None

    async def load(self) -> None:
        """Load the model, so that no line waits for it."""
        await self._model()

    async def probabilities(self, text: str) -> dict[str, float]:
        """By language, over all that are written in Latin letters. {} where nothing is known."""
        model = await self._model()
        return dict(model.rank(text[:_ENOUGH_CHARS])) if model else {}

    async def _model(self) -> _Ranking | None:
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(_load), name="detection")
        # Shielded: who gives up waiting must not leave the others without it.
        return await asyncio.shield(self._loading)


def _load() -> _Ranking | None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - with the model

    try:
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        log.error("languages cannot be told apart until the next start: %s", error)
        return None
    identifier.set_languages([code for code in LANGUAGES if is_written_in_latin(code)])
    model: _Ranking = identifier
    return model
