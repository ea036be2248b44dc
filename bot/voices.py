"""Whose voice speaks: what a member may choose from, and what their choice means.

Choices travel through Discord as strings, which anybody can forge: every one is checked again
against what the member may use.
"""

from dataclasses import dataclass
from pathlib import Path

from bot.errors import UserError
from data.rows import VoiceRow
from data.store import Store
from engine.speech import ClonedVoice, EngineInfo, StockVoice, Voice

_STOCK = "stock:"
_OWN = "voice:"


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """One voice that a member may use: what Discord shows, and what it sends back."""

    label: str
    value: str


class Voices:
    """The voices of everybody, seen through what one member may use."""

    def __init__(self, store: Store, home: Path) -> None:
        self._store = store
        self._home = home

    async def resolve(self, asked: str | None, *, user_id: int, guild_id: int) -> Voice:
        """The voice that `asked` names, or the member's own, or the engine's default.

        Raises `UserError` for a voice that is not there or not theirs to use.
        """
        usable = await self._store.voices.usable_by(user_id, guild_id)
        if asked is None:
            return self._cloned(usable[0]) if usable else StockVoice()
        if asked.startswith(_STOCK):
            return StockVoice(asked.removeprefix(_STOCK))
        for voice in usable:
            if asked in {f"{_OWN}{voice.voice_id}", voice.name}:
                return self._cloned(voice)
        raise UserError("You have no such voice. Pick one from the list that appears as you type.")

    async def choices(
        self, typed: str, info: EngineInfo | None, *, user_id: int, guild_id: int
    ) -> list[VoiceChoice]:
        """What to offer a member who has typed `typed`: their own voices, then stock ones."""
        usable = await self._store.voices.usable_by(user_id, guild_id)
        offered = [VoiceChoice(voice.name, f"{_OWN}{voice.voice_id}") for voice in usable]
        if info:
            offered += [
                VoiceChoice(f"{name} (stock voice)", f"{_STOCK}{name}")
                for name in info.stock_voices
            ]
        wanted = typed.casefold()
        return [choice for choice in offered if wanted in choice.label.casefold()]

    def _cloned(self, voice: VoiceRow) -> Voice:
        return ClonedVoice(
            clip_sha256=voice.clip_sha256, clip_path=str(self._home / voice.clip_path)
        )
