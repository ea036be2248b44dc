"""What an owner does with a voice after it was registered; and which voice is used where."""

from msgspec.structs import replace

from bot.base.errors import UserError
from bot.catalogue import Sentence
from bot.voices.choosing import VoiceChoice, Voices
from bot.voices.forgetting import Forgetting
from bot.voices.naming import require_name
from bot.voices.place import Person
from bot.voices.rights import Action
from bot.voices.sharing import Sharing
from data.errors import VoiceNameTaken
from data.rows import VoiceRow
from data.store import Store
from engine.speech import EngineInfo, SpeechParameters

#: What members may set, narrower than `engine.speech.PARAMETER_RANGES`: beyond it speech breaks up.
SETTING_RANGES: dict[str, tuple[float, float]] = {
    "exaggeration": (0.25, 1.5),
    "cfg_weight": (0.0, 1.0),
    "temperature": (0.3, 1.5),
    "seed": (0, 2**31 - 1),
}


class VoiceKeeping:
    """Each method asks first whether this person may do it; all raise `UserError`."""

    def __init__(
        self, store: Store, voices: Voices, sharing: Sharing, forgetting: Forgetting
    ) -> None:
        self._store = store
        self._voices = voices
        self._sharing = sharing
        self._forgetting = forgetting

    async def use(self, asked: str, person: Person, info: EngineInfo | None = None) -> str:
        """Speak in a voice from now on, in this server. Returns the voice's name.

        One of `info`'s stock voices, too; a registered voice of the same name comes first.
        """
        stock = self._voices.stock_voice(asked, info)
        try:
            voice = await self._voices.find(asked, Action.CHOOSE, person)
        except UserError:
            if stock is None:
                raise
            await self._store.choices.choose(person.user_id, person.guild_id, stock)
            return stock
        await self._store.choices.choose(person.user_id, person.guild_id, voice.voice_id)
        return voice.name

    async def rename(self, asked: str, name: str, person: Person) -> VoiceRow:
        voice = await self._voices.find(asked, Action.RENAME, person)
        require_name(name)
        try:
            await self._store.voices.rename(voice, name)
        except VoiceNameTaken as error:
            raise UserError("You already have a voice called {voice}.", voice=name) from error
        return replace(voice, name=name)

    async def share(self, asked: str, person: Person) -> VoiceRow:
        voice = await self._voices.find(asked, Action.SHARE, person)
        await self._store.shares.share(voice.voice_id, person.guild_id)
        return voice

    async def unshare(self, asked: str, person: Person) -> VoiceRow:
        voice = await self._voices.find(asked, Action.UNSHARE, person)
        if not await self._sharing.end(voice, person.guild_id):
            raise UserError("The voice {voice} is not shared here.", voice=voice.name)
        return voice

    async def unshare_everywhere(self, asked: str, owner_id: int) -> tuple[VoiceRow, list[int]]:
        """Take a voice of one's own back from every server; returns which those were."""
        voice = await self._voices.find(asked, Action.UNSHARE, Person(owner_id, 0))
        shares = await self._store.shares.of_owner(owner_id)
        guild_ids = [share.guild_id for share in shares if share.voice_id == voice.voice_id]
        ended = [guild_id for guild_id in guild_ids if await self._sharing.end(voice, guild_id)]
        if not ended:
            raise UserError("The voice {voice} is shared with no server.", voice=voice.name)
        return voice, ended

    async def adjust(self, asked: str, person: Person, **settings: float | None) -> VoiceRow:
        """Change those of `SETTING_RANGES` by which a voice speaks; what is None stays."""
        voice = await self._voices.find(asked, Action.ADJUST, person)
        changes = {name: value for name, value in settings.items() if value is not None}
        for name, value in changes.items():
            low, high = SETTING_RANGES[name]
            if not low <= value <= high:
                raise UserError(_range_of(name, low, high))
        return await self._set(replace(voice, **changes))

    async def reset(self, asked: str, person: Person) -> VoiceRow:
        voice = await self._voices.find(asked, Action.ADJUST, person)
        usual = SpeechParameters()
        await self._store.voices.set_model(voice.voice_id, None)
        return await self._set(
            replace(voice, model=None, **{name: getattr(usual, name) for name in SETTING_RANGES})
        )

    async def set_language(self, asked: str, language: str | None, person: Person) -> VoiceRow:
        """Say which language a voice speaks; None: that is not known."""
        voice = await self._voices.find(asked, Action.ADJUST, person)
        await self._store.voices.set_language(voice.voice_id, language)
        return replace(voice, language=language)

    async def set_model(
        self, asked: str, model: str | None, info: EngineInfo | None, person: Person
    ) -> VoiceRow:
        """Say which of `info`'s models speaks in a voice; None: the one that the server has."""
        voice = await self._voices.find(asked, Action.ADJUST, person)
        if model is not None and model not in (info.models if info else ()):
            raise UserError("That model is not loaded here. Pick one from the list as you type.")
        await self._store.voices.set_model(voice.voice_id, model)
        return replace(voice, model=model)

    async def delete(self, asked: str, person: Person) -> VoiceRow:
        voice = await self._voices.find(asked, Action.DELETE, person)
        await self._forgetting.voices([voice])
        return voice

    async def offer_default(self, person: Person) -> list[VoiceChoice]:
        """The voices that a moderator can choose for members without one."""
        return await self._voices.offer("", Action.SET_DEFAULT, person)

    async def set_default(
        self, asked: str | None, person: Person, info: EngineInfo | None = None
    ) -> str | None:
        """Choose who speaks for members of this server without a voice. Returns the voice's name.

        One of `info`'s stock voices, too; a shared voice of the same name comes first. None: no
        voice in particular.
        """
        if not person.moderates:
            raise UserError("Only those who may manage the server can choose its voice.")
        if asked is None:
            await self._choose_default(person.guild_id, default_voice_id=None)
            return None
        stock = self._voices.stock_voice(asked, info)
        try:
            voice = await self._voices.find(asked, Action.SET_DEFAULT, person)
        except UserError:
            if stock is None:
                raise
            await self._choose_default(person.guild_id, default_voice_id=None, stock_voice=stock)
            return stock
        await self._choose_default(person.guild_id, default_voice_id=voice.voice_id)
        return voice.name

    async def _choose_default(self, guild_id: int, **chosen: int | str | None) -> None:
        await self._store.guild_settings.update(guild_id, lambda now: replace(now, **chosen))

    async def _set(self, voice: VoiceRow) -> VoiceRow:
        await self._store.voices.adjust(voice)
        return voice


def _range_of(setting: str, least: float, most: float) -> Sentence:
    """What one of `SETTING_RANGES` may be."""
    range_ = {"least": least, "most": most}
    match setting:
        case "exaggeration":
            return Sentence("The exaggeration goes from {least:g} to {most:g}.", **range_)
        case "cfg_weight":
            return Sentence("The pace goes from {least:g} to {most:g}.", **range_)
        case "temperature":
            return Sentence("The temperature goes from {least:g} to {most:g}.", **range_)
    # Not :g, which rounds a number that long.
    return Sentence("The seed goes from {least} to {most}.", **range_)
