"""What a server has chosen, read and changed option by option."""

from collections.abc import Mapping

from msgspec.structs import replace

from bot.live.guild_options import Kind, Option
from bot.voices.keeping import VoiceKeeping
from bot.voices.place import Person
from data.rows import GuildSettings
from data.store import Store
from engine.executor import Executor


class ServerSettings:
    """The options of all servers. Whether somebody may change them is the caller's to ask."""

    def __init__(self, store: Store, keeping: VoiceKeeping, executor: Executor) -> None:
        self._store = store
        self._keeping = keeping
        self._executor = executor

    async def of(self, guild_id: int) -> GuildSettings:
        return await self._store.guild_settings.get(guild_id)

    async def voice_names(self, settings: GuildSettings) -> dict[int, str]:
        if settings.default_voice_id is None:
            return {}
        voice = await self._store.voices.get(settings.default_voice_id)
        return {voice.voice_id: voice.name} if voice else {}

    async def change(
        self, option: Option, typed: str, roles: Mapping[str, int], moderator: Person
    ) -> None:
        """Choose what was typed, if that is a value. `roles` are ids by name.

        Raises `UserError`.
        """
        engine = self._executor.status().engine
        value = option.parse(typed, roles, engine.stock_voices if engine else ())
        if option.kind is Kind.VOICE:
            # Whose voices may be a default is decided where `/voice-admin default` asks as well.
            name = None if value is None else str(value)
            await self._keeping.set_default(name, moderator)
            return
        await self._store.guild_settings.update(
            moderator.guild_id, lambda before: replace(before, **{option.field: value})
        )
