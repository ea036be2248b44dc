"""How a member sounds in a server: in which voice, changed by their tuning and its moderators."""

from msgspec.structs import replace

from bot.base.errors import UserError
from bot.catalogue import Sentence
from bot.speech.audio.tuning import PITCH_MAX, PITCH_MIN, SPEED_MAX, SPEED_MIN, Tuning
from bot.speech.notices import Concern
from bot.speech.service import SpeechService
from bot.speech.speaker import Speaker
from bot.voices.bars import refusal_by
from bot.voices.choosing import Voices
from bot.voices.place import Person
from data.bars import Bar
from data.rows import MemberSound
from data.store import Store
from engine.errors import VoiceUnusable
from engine.speech import EngineInfo, StockVoice

#: How loud moderators may have somebody, in percent of everybody else.
VOLUME_MIN, VOLUME_MAX = 10, 200
_ANOTHER_VOICE = VoiceUnusable(
    "The moderators of this server chose another voice for you, so I stopped."
)


class Sounds:
    """What changes something asks first whether this person may do it; all raise `UserError`."""

    def __init__(self, store: Store, voices: Voices, speech: SpeechService) -> None:
        self._speech = speech
        self._sounds = store.sounds
        self._choices = store.choices
        self._voices = voices

    async def speaker(
        self, asked: str | None, *, user_id: int, guild_id: int, kind: Bar = Bar.SAY
    ) -> Speaker:
        """How a member speaks in a server: as `Voices.speaker` says, and then as they sound there.

        In the stock voice that moderators chose, where they did, whatever the member asks for.
        All that a member has the bot say comes by here: who is barred from it is refused. `kind`
        is the bar that is enough.
        """
        sound, bars = await self._sounds.with_bars(user_id, guild_id)
        if refusal := refusal_by(bars, kind):
            raise UserError(refusal)
        if sound.stock_voice is None:
            speaker = await self._voices.speaker(asked, user_id=user_id, guild_id=guild_id)
        else:
            speaker = Speaker(
                StockVoice(sound.stock_voice),
                guild_id=guild_id,
                user_id=user_id,
                note=chosen_by_moderators(sound.stock_voice),
            )
        return replace(
            speaker,
            volume_percent=sound.volume_percent,
            tuning=Tuning(sound.speed, sound.pitch_semitones),
        )

    async def of(self, user_id: int, guild_id: int) -> MemberSound:
        return await self._sounds.of(user_id, guild_id)

    async def tune(
        self, person: Person, *, speed: float | None = None, pitch_semitones: int | None = None
    ) -> MemberSound:
        """Change how the voices of who asks sound in their server; what is None stays."""
        now = await self.of(person.user_id, person.guild_id)
        speed = now.speed if speed is None else round(speed, 2)
        pitch = now.pitch_semitones if pitch_semitones is None else pitch_semitones
        if not SPEED_MIN <= speed <= SPEED_MAX:
            raise UserError(
                "The speed goes from {least:g} to {most:g}.",
                least=SPEED_MIN,
                most=SPEED_MAX,
            )
        if not PITCH_MIN <= pitch <= PITCH_MAX:
            raise UserError(
                "The pitch goes from {least} to {most} semitones.",
                least=PITCH_MIN,
                most=PITCH_MAX,
            )
        await self._sounds.tune(person.user_id, person.guild_id, speed, pitch)
        return replace(now, speed=speed, pitch_semitones=pitch)

    async def set_volume(self, user_id: int, percent: int, by: Person) -> None:
        """Have a member louder or quieter than others in the server of `by`; 100 is as others."""
        _require_moderator(by)
        if not VOLUME_MIN <= percent <= VOLUME_MAX:
            raise UserError(
                "The volume goes from {least} to {most} percent.",
                least=VOLUME_MIN,
                most=VOLUME_MAX,
            )
        now = await self.of(user_id, by.guild_id)
        await self._sounds.moderate(
            user_id, by.guild_id, volume_percent=percent, stock_voice=now.stock_voice
        )

    async def assign(
        self, user_id: int, asked: str, by: Person, info: EngineInfo | None, *, forced: bool
    ) -> str:
        """Choose one of `info`'s stock voices for a member; `forced`: they can choose no other.

        Returns that voice's name.
        """
        _require_moderator(by)
        name = self._voices.stock_voice(asked, info)
        if name is None:
            raise UserError("There is no such stock voice. Pick one from the list.")
        if not forced:
            await self._choices.choose(user_id, by.guild_id, name)
        await self._force(user_id, by.guild_id, name if forced else None)
        if forced:  # what waits in the voice that they had
            concern = Concern(
                user_id=user_id, guild_id=by.guild_id, not_in=StockVoice(name).identity
            )
            await self._speech.withdraw(concern, reason=_ANOTHER_VOICE)
        return name

    async def release(self, user_id: int, by: Person) -> None:
        """Let a member choose their voice again."""
        _require_moderator(by)
        if (await self.of(user_id, by.guild_id)).stock_voice is None:
            raise UserError("Nobody chose a voice for that member.")
        await self._force(user_id, by.guild_id, None)

    async def require_choice(self, person: Person) -> None:
        """Raise where moderators chose the voice of who asks."""
        forced = (await self.of(person.user_id, person.guild_id)).stock_voice
        if forced is not None:
            raise UserError(chosen_by_moderators(forced))

    async def decided(self, user_id: int, guild_id: int) -> list[Sentence]:
        """What moderators decided about how a member sounds, in words for that member."""
        sound, said = await self.of(user_id, guild_id), []
        if sound.stock_voice is not None:
            said.append(chosen_by_moderators(sound.stock_voice))
        if sound.volume_percent != 100:
            said.append(
                Sentence(
                    "The moderators of this server set your volume to {percent} %.",
                    percent=sound.volume_percent,
                )
            )
        return said

    async def _force(self, user_id: int, guild_id: int, name: str | None) -> None:
        now = await self.of(user_id, guild_id)
        await self._sounds.moderate(
            user_id, guild_id, volume_percent=now.volume_percent, stock_voice=name
        )


def chosen_by_moderators(stock_voice: str) -> Sentence:
    """What a member is told who speaks in no voice of their choice."""
    return Sentence(
        "The moderators of this server chose the stock voice {voice} for you.",
        voice=stock_voice,
    )


def _require_moderator(by: Person) -> None:
    if not by.moderates:
        raise UserError("Only those who may manage the server can decide that.")
