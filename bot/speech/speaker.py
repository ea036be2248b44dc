"""Who speaks, and in which of an engine's voices."""

import hashlib

import msgspec

from bot.catalogue import Said, Sentence
from bot.speech.audio.tuning import UNTUNED, Tuning
from data.rows import OwnName, SpeechOrigin
from engine.speech import ClonedVoice, EngineInfo, SpeechParameters, StockVoice, Voice


class Speaker(msgspec.Struct, frozen=True):
    """Who asks, in which voice, how it should speak, and how loudly and how changed it is played.

    `message_id` is of the message that is read aloud, if it is one, and `written_by` its author
    where that is somebody else than who speaks; `language` is the text's, and `voice_language` the
    voice's own where that is known, both as ISO 639-1 codes. Which model speaks is decided by
    `model`, which was asked for by name, `voice_model`, and what the server prefers, `preference`
    (`bot.speech.models`).

    `note` is a sentence for the listener on why it is this voice, where that may surprise. Where a
    stock voice has to speak it is the server's, `stock_voice`, or else one that stays this
    member's; what is `news` is nobody's own words, and said in the engine's first one instead.
    `own_names` are said in it, as those chose them who are called so.
    """

    voice: Voice = StockVoice()
    parameters: SpeechParameters = SpeechParameters()
    guild_id: int = 0
    user_id: int = 0
    message_id: int | None = None
    written_by: int | None = None
    language: str = "en"
    voice_language: str | None = None
    model: str | None = None
    voice_model: str | None = None
    preference: str | None = None
    note: Said | None = None
    volume_percent: int = 100
    tuning: Tuning = UNTUNED
    stock_voice: str | None = None
    news: bool = False
    own_names: tuple[OwnName, ...] = ()

    @property
    def origin(self) -> SpeechOrigin | None:
        """What a rendering is kept with; None where it is nobody's words."""
        if not self.user_id:
            return None
        return SpeechOrigin(
            user_id=self.user_id, guild_id=self.guild_id or None, message_id=self.message_id
        )


def voice_for(speaker: Speaker, info: EngineInfo) -> tuple[Voice, Said | None]:
    """The voice that `info`'s engine speaks with, and a sentence if a chosen one cannot speak."""
    voice, stock = speaker.voice, _stock_voice_for(speaker, info.stock_voices)
    if isinstance(voice, ClonedVoice):
        if info.clones_voices:
            return voice, None
        return stock, Sentence(
            "A stock voice is speaking: I cannot speak in members' own voices at the moment."
        )
    if not voice.name:
        return stock, None
    if voice.name in info.stock_voices:
        return voice, None
    return stock, Sentence(
        "There is no stock voice “{voice}” here, so another one is speaking.", voice=voice.name
    )


def _stock_voice_for(speaker: Speaker, names: tuple[str, ...]) -> StockVoice:
    if speaker.stock_voice in names:
        return StockVoice(speaker.stock_voice)
    if not names:
        return StockVoice()
    if speaker.news or not speaker.user_id:
        return StockVoice(names[0])
    digest = hashlib.sha256(str(speaker.user_id).encode()).digest()
    return StockVoice(names[int.from_bytes(digest[:8], "big") % len(names)])
