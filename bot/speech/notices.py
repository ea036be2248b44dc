"""What one bot process tells the others to silence or to forget, as it crosses the database."""

from pathlib import PurePath

import msgspec

from bot.speech.speaker import Speaker
from engine.speech import ClonedVoice


class Concern(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which speakers something is about: those that agree with all that is given.

    `owner_id` and `clip_file`, a name, are of the voice, `user_id` of who speaks, `written_by`
    of whose message that is where it is another's; `others_than` is whose words it is not about.
    With `not_in` it is about who speaks in another voice of their own choice than that one.
    """

    identity: str | None = None
    clip_file: str | None = None
    owner_id: int | None = None
    user_id: int | None = None
    guild_id: int | None = None
    others_than: int | None = None
    written_by: int | None = None
    not_in: str | None = None

    def __call__(self, speaker: Speaker) -> bool:
        voice = speaker.voice
        clip_file, owner_id = "", 0
        if isinstance(voice, ClonedVoice):
            clip_file, owner_id = PurePath(voice.clip_path).name, voice.owner_id
        return (
            self.identity in (None, voice.identity)
            and self.clip_file in (None, clip_file)
            and self.owner_id in (None, owner_id)
            and self.user_id in (None, speaker.user_id)
            and self.guild_id in (None, speaker.guild_id)
            and self.others_than != speaker.user_id
            and self.written_by in (None, speaker.written_by)
            and (self.not_in is None or not (speaker.news or voice.identity == self.not_in))
        )


class Withdrawn(msgspec.Struct, frozen=True, tag=True):
    """End what these speakers say, with a sentence."""

    concerns: tuple[Concern, ...]
    sentence: str


class Silenced(msgspec.Struct, frozen=True, tag=True):
    """End what these speakers say, and begin nothing as long as this stands.

    Nothing may be under way of them afterwards; the engine has forgotten the voice `forgotten`.
    """

    concern: Concern
    sentence: str
    forgotten: str | None = None


class PersonGone(msgspec.Struct, frozen=True, tag=True):
    """As `Silenced` for what a person says; with their drafts, and what is remembered of them."""

    user_id: int
    sentence: str

    @property
    def concern(self) -> Concern:
        return Concern(user_id=self.user_id)


NoticeContent = Withdrawn | Silenced | PersonGone
