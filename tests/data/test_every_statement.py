"""Every method of every store, once on SQLite and once on PostgreSQL: the answers are the same.

Longer than most files: it is one list of all there is.
"""

import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from data.bars import Bar
from data.live import Exclusion
from data.member_words import WordsKind
from data.processes import ProcessRow
from data.rows import (
    LiveBinding,
    NewConditionals,
    NewSpeech,
    NewVoice,
    OwnName,
    SpeechOrigin,
    VoicePermission,
)
from data.statistics import Counts
from data.store import Store
from tests.data.conftest import ALICE, BOB, CAROL, ELSEWHERE, HERE
from tests.postgresql import Lent
from tests.store import Clock

CLIP = "c" * 64
DIGEST = "d" * 64
IN_ANY_ORDER = {
    "conditionals.made_with",
    "moderation.disabled_voiceprints",
    "speech.made_before",
    "speech.made_with",
    "speech.naming",
    "speech.said_only_by",
    "voices.unused",
    "voices.with_clip",
}
PRINT = bytes(range(256)) * 4


def voice(owner_id: int, name: str, **other: Any) -> NewVoice:
    return NewVoice(
        **{
            "owner_id": owner_id,
            "guild_id": None,
            "name": name,
            "clip_sha256": CLIP,
            "clip_path": f"clips/{owner_id}-{name}.flac",
            "duration_s": 9.25,
            "consent_version": 1,
            "consented_at": 12.5,
            **other,
        }
    )


def speech(key: str, size: int, identity: str = "stock:heart") -> NewSpeech:
    return NewSpeech(
        key=key, voice_identity=identity, path=f"speech/{key}.ogg", size_bytes=size, duration_s=1.5
    )


class Asked:
    """Calls methods by name, and keeps what they answered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.answers: list[tuple[str, Any]] = []

    async def __call__(self, name: str, *args: object, **named: object) -> Any:
        part, method = name.split(".")
        answer = await getattr(getattr(self._store, part), method)(*args, **named)
        self.answers.append((name, answer))
        return answer

    def left_out(self) -> set[str]:
        """The public methods of all parts that were not called."""
        methods = {
            f"{part}.{name}"
            for part, one in vars(self._store).items()
            if not part.startswith("_") and part != "pseudonym"
            for name, _ in inspect.getmembers(type(one), inspect.iscoroutinefunction)
            if not name.startswith("_")
        }
        return methods - {name for name, _ in self.answers}


async def ask_everything(ask: Asked, clock: Clock) -> None:
    """A day with all that there is. The longest tests are those of one subject beside this file."""
    a = await ask("voices.insert", voice(ALICE, "Morning", origin_guild_id=HERE))
    b = await ask("voices.insert", voice(BOB, "noon", guild_id=HERE, language="de", likeness=0.5))
    z = await ask("voices.insert", voice(ALICE, "Zoë", clip_path="clips/z.flac"))
    await ask("voices.rename", z, "evening")
    await ask("voices.adjust", replace(a, exaggeration=0.7, seed=2**40))
    await ask("voices.set_language", a.voice_id, "fr")
    await ask("voices.set_model", a.voice_id, "chatterbox-turbo")
    await ask("voices.replace_clip", b.voice_id, voice(BOB, "noon", clip_path="clips/new.flac"))
    for name, args in {
        "voices.all": (),
        "voices.find": (ALICE, "MORNING"),
        "voices.get": (b.voice_id,),
        "voices.of_owner": (ALICE,),
        "voices.owned_by": (BOB, HERE),
        "voices.owners_counted_in": (HERE,),
        "voices.unused": (-9.0,),
        "voices.with_clip": (CLIP,),
    }.items():
        await ask(name, *args)

    await ask("shares.share", a.voice_id, HERE)
    await ask("choices.choose", BOB, HERE, a.voice_id)
    await ask("choices.choose", BOB, ELSEWHERE, "heart")
    await ask("choices.settle_on", ALICE, HERE, a.voice_id)
    for user, guild in ((BOB, HERE), (BOB, ELSEWHERE), (ALICE, HERE), (CAROL, HERE)):
        await ask("choices.get", user, guild)
    await ask("guild_settings.update", HERE, lambda s: replace(s, default_voice_id=a.voice_id))
    await ask("guild_settings.update", HERE, lambda s: replace(s, model_preference="speed"))
    await ask("guild_settings.get", HERE)
    await ask("shares.of_guild", HERE)
    await ask("shares.of_owner", ALICE)
    await ask("voices.unused", -9.0)

    permission = VoicePermission(voice_id=z.voice_id, user_id=CAROL, given_at=1.0, text_version=2)
    await ask("permissions.put", permission)
    await ask("permissions.put", replace(permission, likeness=0.25))
    await ask("permissions.of_voice", z.voice_id)
    await ask("permissions.given_by", CAROL)
    await ask("permissions.voices_of", CAROL)
    await ask("permissions.givers", CLIP)

    await ask("member_languages.choose", ALICE, HERE, "es")
    await ask("member_languages.get", ALICE, HERE)
    await ask("member_words.choose", ALICE, HERE, WordsKind.NAME, "Ally")
    await ask("member_words.get", ALICE, HERE, WordsKind.NAME)
    named = OwnName(ALICE, "Ally")
    await ask("member_words.of", HERE, WordsKind.NAME, [ALICE, BOB])
    await ask("sounds.of", ALICE, HERE)
    await ask("sounds.tune", ALICE, HERE, 1.5, -2)
    await ask("sounds.moderate", ALICE, HERE, volume_percent=50, stock_voice="heart")
    await ask("sounds.of", ALICE, HERE)
    await ask("sounds.with_bars", ALICE, HERE)
    await ask("pronunciations.replace", {"brb": "be right back", "É": "e"}, user_id=ALICE)
    await ask("pronunciations.replace", {"gg": "good game"}, guild_id=HERE)
    await ask("pronunciations.entries", user_id=ALICE)
    await ask("pronunciations.both", HERE, ALICE)

    await ask("moderation.heard", a.voice_id, HERE)
    await ask("moderation.heard_of", ALICE, HERE)
    await ask("moderation.note_copy", HERE, CAROL)
    await ask("moderation.copies", HERE)
    await ask("moderation.disable", a.voice_id, None)
    await ask("moderation.disable", a.voice_id, HERE)
    await ask("moderation.disabled_in", HERE)
    await ask("voices.owners_counted_in", HERE)
    for guild in (HERE, None):
        await ask("moderation.disable_clip", DIGEST, guild)
    await ask("moderation.describe_clip", DIGEST, None, PRINT)
    await ask("moderation.disabled_voiceprints", HERE)
    await ask("moderation.disabled_digests", HERE)
    await ask("moderation.disabled_clips", None)
    await ask("moderation.known_in", HERE)
    await ask("moderation.enable", a.voice_id, None)
    await ask("moderation.enable", a.voice_id, HERE)
    await ask("moderation.forget_voiceprints", -9.0)
    await ask("moderation.enable_clip", DIGEST, None)

    await ask("bars.add", BOB, HERE, Bar.VOICES)
    await ask("bars.add", BOB, None, Bar.EVERYTHING, clock.now + 3600)
    await ask("bars.of", BOB, HERE)
    await ask("bars.voiceless", HERE)
    await ask("exclusions.add", ALICE, HERE, Exclusion.BLOCKED)
    await ask("exclusions.add", CAROL, HERE, Exclusion.OPTED_OUT)
    await ask("exclusions.of", BOB, HERE)
    await ask("exclusions.listed", HERE, Exclusion.OPTED_OUT)
    await ask("exclusions.remove", CAROL, HERE, Exclusion.OPTED_OUT)
    await ask("uses.note", a, BOB, HERE)
    await ask("uses.of_guild", HERE)
    await ask("uses.of_guild", HERE, a.voice_id)
    for about, by in ((ALICE, BOB), (BOB, ALICE)):
        await ask(
            "reports.add", guild_id=HERE, about_id=about, voice_id=None, by_id=by, reason="odd"
        )
    await ask("reports.handle", 2, HERE, handled=True)
    await ask("reports.of_guild", HERE, handled=False)
    await ask("reports.of_guild", HERE, handled=True, about_id=BOB)

    await ask(
        "live_bindings.put", LiveBinding(guild_id=HERE, text_channel_id=1, voice_channel_id=2)
    )
    await ask("live_bindings.all")
    await ask("welcomes.claim", HERE)
    await ask("welcomes.claim", HERE)
    await ask("local_clips.use", "e" * 64)
    await ask("local_clips.use", CLIP)
    await ask("local_clips.all")
    await ask("local_clips.forget", "e" * 64)
    await ask("local_clips.forget_unused", 0.0)

    enrolled = NewConditionals(
        key="k",
        voice_identity=f"clip:{ALICE}:{CLIP}",
        model_revision="r",
        engine_version="e",
        path="c/k",
        size_bytes=2**33,
    )
    await ask("conditionals.record", enrolled)
    clock.now += 600
    await ask("conditionals.record", enrolled)
    await ask("conditionals.touch", enrolled.voice_identity)
    await ask("conditionals.made_with", enrolled.voice_identity)
    await ask("conditionals.all")
    await ask("conditionals.delete", ["k", "none"])
    origin = SpeechOrigin(user_id=ALICE, guild_id=None)
    await ask("speech.record", speech("one", 10), origin)
    await ask("speech.record", speech("one", 20), replace(origin, guild_id=HERE, message_id=7))
    await ask("speech.record", speech("two", 30, f"clip:{ALICE}:{CLIP}"), origin)
    await ask("speech.record", speech("three", 5))
    await ask("speech.note", "three", replace(origin, user_id=BOB, guild_id=HERE))
    found, _ = await ask("speech.get_for", "one", origin)
    await ask("speech.get_for", "one", replace(origin, message_id=7))
    clock.now += 600
    await ask("speech.touch", found)
    await ask("speech.get", "one")
    await ask("speech.made_with", "stock:heart")
    await ask("speech.made_before", clock.now)
    await ask("speech.said_only_by", user_id=ALICE)
    await ask("speech.said_only_by", user_id=BOB, guild_id=HERE)
    await ask("speech.total_bytes")
    await ask("speech.beyond", 30)
    await ask("speech.all")
    said = replace(origin, guild_id=HERE)
    await ask("speech.record", speech("named", 5), said, [named])
    await ask("speech.naming", user_id=ALICE)
    await ask("speech.note", "two", said, [named])
    await ask("member_words.forget_names", ALICE)
    await ask("speech.record", speech("named", 5), said, [named])
    await ask("speech.naming", user_id=ALICE, guild_id=HERE)
    await ask("speech.forget_origins", user_id=BOB)
    await ask("speech.delete", ["three"])
    await ask("speech.total_bytes")

    await ask("statistics.add", Counts(utterances=1, sound_ms=2**33), {3: 1})
    await ask("statistics.add", Counts(failures=1), {3: 2, 4: 1})
    await ask("statistics.days")
    await ask("pauses.pause", "report", "somebody", 60.0)
    await ask("pauses.until", "report", "somebody", 60.0)
    await ask("pauses.forget_over")
    await ask("processes.living", 0.0)
    await ask("homes.belongs", "here")
    await ask("homes.moved", "there")
    await ask("homes.of_folder")

    first, last = (
        ProcessRow(process=name, first_shard=at, last_shard=at, shard_count=2)
        for at, name in enumerate(("p", "q"))
    )
    for row in (first, last):
        await ask("processes.join", row)
    notice = await ask("processes.tell", "p", "be silent")
    await ask("processes.notices_for", "q")
    await ask("processes.unacknowledged", notice)
    await ask("processes.acknowledge", notice, "q")
    await ask("processes.unacknowledged", notice)
    await ask("processes.stands", notice)
    await ask("processes.take_back", notice)
    await ask("processes.claim", "turn", "p")
    await ask("processes.claim", "turn", "q")
    await ask("processes.release", "turn", "p")
    await ask("processes.renew", "q", 5.0, 3)
    await ask("processes.remove", last)
    await ask("processes.leave", "q")
    await ask("processes.fence", "p")
    await ask("processes.all")

    await ask("personal.rows_about", ALICE)
    await ask("personal.delete", ALICE)
    await ask("exclusions.blocked_and_deleted", HERE)
    await ask("exclusions.of", ALICE, HERE)
    await ask("personal.rows_about", ALICE)
    await ask("speech.total_bytes")
    await ask("personal.delete", BOB, keep_bars=False, keep_reports=False)
    await ask("bars.remove", CAROL, HERE)
    await ask("bars.forget_ended")
    await ask("uses.forget_before", 0.0)
    await ask("reports.forget_handled", 0.0)
    await ask("personal.forget_strangers")
    last_one = await ask("voices.insert", voice(CAROL, "left", origin_guild_id=HERE))
    await ask("shares.unshare", last_one.voice_id, HERE)
    await ask("departed_guilds.departed", HERE)
    await ask("departed_guilds.returned", HERE)
    await ask("departed_guilds.present", [ELSEWHERE], lambda _: True)
    await ask("departed_guilds.due", 0.0)
    await ask("departed_guilds.voices_left_behind", HERE)
    await ask("departed_guilds.clean", HERE)
    await ask("live_bindings.remove", HERE)
    await ask("voices.delete", last_one.voice_id, last_one.clip_path)
    await ask("voices.all")
    # Last, and such that nobody has to wait: PostgreSQL goes by its own clock here.
    for _ in range(2):
        await ask("pauses.identify_in", 0, 0.0, 60.0)
    await ask("pauses.rest_in", 0.0, 1)
    await ask("pauses.rest_not_within", 0.0, 0.0, 1)


@pytest.fixture
async def asked(postgresql: Lent, tmp_path: Path) -> AsyncIterator[list[tuple[Asked, Clock]]]:
    """The same for a store in each of the databases, which have one key and clocks that agree."""
    both = []
    for where in (tmp_path / "timbre.db", await postgresql.new()):
        clock = Clock(step_s=0.25)
        both.append((await Store.open(where, clock, lambda: "key"), clock))
    yield [(Asked(store), clock) for store, clock in both]
    for store, _ in both:
        await store.close()


async def test_both_databases_answer_the_same(asked: list[tuple[Asked, Clock]]) -> None:
    for one, clock in asked:
        await ask_everything(one, clock)
        await one("processes.now")
        assert one.left_out() == set()
        assert one.answers.pop()[0] == "processes.now"  # SQLite has no clock
    (sqlite, _), (postgresql, _) = asked
    for (name, mine), (_, theirs) in zip(sqlite.answers, postgresql.answers, strict=True):
        if name in IN_ANY_ORDER:
            mine, theirs = sorted(mine, key=repr), sorted(theirs, key=repr)
        elif name == "personal.rows_about":
            mine, theirs = (
                {table: sorted(rows, key=repr) for table, rows in found.items()}
                for found in (mine, theirs)
            )
        assert mine == theirs, name
