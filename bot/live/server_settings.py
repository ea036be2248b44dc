"""What a server has chosen, read and changed option by option."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from bot.base.errors import UserError
from bot.live.option import DEMANDS, PREFERENCES, Kind, Option
from bot.speech.languages import LANGUAGES, languages_by_name
from bot.voices.keeping import VoiceKeeping
from bot.voices.place import Person
from bot.voices.proving import Demand
from data.rows import GuildSettings
from data.store import Store
from engine.executor import Executor


class OptionChoice(NamedTuple):
    """One entry of an option's menu: what is shown, and what comes back."""

    label: str
    value: str
    chosen: bool


class ServerSettings:
    """The options of all servers. Whether somebody may change them is the caller's to ask."""

    def __init__(self, store: Store, keeping: VoiceKeeping, executor: Executor) -> None:
        self._store = store
        self._keeping = keeping
        self._executor = executor

    async def of(self, guild_id: int) -> GuildSettings:
        return await self._store.guild_settings.get(guild_id)

    async def claim_welcome(self, guild_id: int) -> bool:
        """Note that a server is greeted now; false if it was before."""
        return await self._store.welcomes.claim(guild_id)

    async def voice_names(self, settings: GuildSettings) -> dict[int, str]:
        if settings.default_voice_id is None:
            return {}
        voice = await self._store.voices.get(settings.default_voice_id)
        return {voice.voice_id: voice.name} if voice else {}

    async def choices(self, option: Option, moderator: Person) -> list[OptionChoice]:
        """What there is to pick from; nothing for roles and channels, which Discord knows."""
        now = getattr(await self.of(moderator.guild_id), option.field)
        match option.kind:
            case Kind.STOCK_VOICE:
                return [OptionChoice(name, name, name == now) for name in self._stock_voices()]
            case Kind.LANGUAGE | Kind.LANGUAGES:
                chosen = (now or "").split()
                return [
                    OptionChoice(one.label, one.code, one.code in chosen)
                    for one in languages_by_name(LANGUAGES)
                ]
            case Kind.DEMAND:
                return [OptionChoice(str(DEMANDS[one]), one, one == now) for one in Demand]
            case Kind.PREFERENCE:
                engine = self._executor.status().engine
                several = engine is not None and len(engine.models) > 1
                return [
                    OptionChoice(str(said), one, one == now)
                    for one, said in (PREFERENCES.items() if several else ())
                ]
            case Kind.VOICE:
                own = None if now is None else f"voice:{now}"
                offered = await self._keeping.offer_default(moderator)
                return [OptionChoice(one.label, one.value, one.value == own) for one in offered]
        return []

    async def change(self, option: Option, chosen: Sequence[str], moderator: Person) -> None:
        """Choose what was typed, pressed or picked, if that is a value. Raises `UserError`."""
        value = option.value(chosen)
        if option.kind is Kind.VOICE:
            # Whose voices may be a default is decided where `/voice-admin default` asks as well.
            name = None if value is None else str(value)
            await self._keeping.set_default(name, moderator)
            return
        if option.kind is Kind.STOCK_VOICE and value not in (None, *self._stock_voices()):
            raise UserError("There is no such stock voice. Please pick one from the menu.")
        await self._store.guild_settings.update(
            moderator.guild_id, lambda before: replace(before, **{option.field: value})
        )

    def _stock_voices(self) -> Sequence[str]:
        engine = self._executor.status().engine
        return engine.stock_voices if engine else ()
