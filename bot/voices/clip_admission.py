"""Whether a clip may become a voice: one that was disabled may not, nor another member's."""

from bot.base.errors import UserError
from bot.catalogue import Joined, Said, Sentence
from bot.voices.drafts import Wish
from bot.voices.likeness import is_copy
from bot.voices.references import clip_digest
from data.store import Store


class AnothersVoice(UserError):
    """The clip is another member's voice."""


async def require_admissible(store: Store, wish: Wish, clip_sha256: str, voiceprint: bytes) -> None:
    """A voice that was disabled does not come back under another name, nor as another's.

    Raises `UserError`; `AnothersVoice` for another's, of which the server's moderators are told.
    """
    if clip_digest(clip_sha256) in await store.moderation.disabled_digests(wish.guild_id or 0):
        raise UserError(
            "A voice made from this very clip was disabled here, so I cannot make a voice from "
            "it. If that is a mistake, please talk to the moderators."
        )
    if is_copy(voiceprint, await store.moderation.disabled_voiceprints(wish.guild_id or 0)):
        raise UserError(
            "This clip sounds like a voice that was disabled here, so I cannot make a voice from "
            "it. If that is a mistake, please talk to the moderators."
        )
    givers = await store.permissions.givers(clip_sha256)
    persons = {
        givers.get(voice.voice_id, voice.owner_id)
        for voice in await store.voices.with_clip(clip_sha256)
        if voice.owner_id != wish.owner_id
    }
    if persons <= {wish.person_id}:  # also where they allowed it to several
        return
    refusal: Said = Sentence(
        "This recording is another member's voice already, so I cannot make it yours."
    )
    if wish.guild_id is not None:
        await store.moderation.note_copy(wish.guild_id, wish.owner_id)
        told = Sentence("I told the moderators of this server that you sent it.")
        refusal = Joined((refusal, told))
    raise AnothersVoice(refusal)
