"""Who asks, where, and what they may: what commands read from an interaction."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, cast

import discord
from discord import app_commands

from bot.base.errors import UserError
from bot.catalogue import Said, Sentence, gettext, ngettext
from bot.channel.admission import VocalChannel, listened_to
from bot.channel.session import VoiceSession
from bot.client import TimbreBot
from bot.speech.languages import ENGLISH, LANGUAGES, language_named, languages_by_name, named
from bot.voices.choosing import VoiceChoice
from bot.voices.place import Person
from bot.voices.rights import Action
from data.bars import Bar


def member_of(interaction: discord.Interaction) -> discord.Member:
    """The caller of a command that is for servers only."""
    assert isinstance(interaction.user, discord.Member)  # guild_only
    return interaction.user


def session_of(interaction: discord.Interaction) -> VoiceSession:
    return _bot(interaction).sessions.of(member_of(interaction).guild)


def where_asked(interaction: discord.Interaction) -> discord.abc.Messageable | None:
    """The channel in which a command was used, if one can write there."""
    channel = interaction.channel
    return channel if isinstance(channel, discord.abc.Messageable) else None


async def bring(interaction: discord.Interaction, seat: VocalChannel) -> None:
    """Have the bot join `seat` for the caller, who only as a moderator can take it from others."""
    session = session_of(interaction)
    await session.join(
        seat,
        asked_in=where_asked(interaction),
        asked_by=interaction.user.id,
        over_others=moderates(interaction, session.seat),
    )


def person_of(interaction: discord.Interaction, *, runs_the_bot: bool = False) -> Person:
    """The caller as the services see them. What they may manage is Discord's word, not theirs."""
    return Person(
        user_id=interaction.user.id,
        guild_id=interaction.guild_id or 0,
        moderates=manages(interaction),
        runs_the_bot=runs_the_bot,
    )


def manages(interaction: discord.Interaction) -> bool:
    """Whether the caller may manage the server; what one channel grants does not count."""
    caller = interaction.user
    return isinstance(caller, discord.Member) and caller.guild_permissions.manage_guild


def moderates(interaction: discord.Interaction, seat: VocalChannel | None = None) -> bool:
    """Whether the caller may silence others, in `seat` or else in the whole server.

    What they may do where the command was typed says nothing: anybody can be given a channel of
    their own to moderate.
    """
    caller = interaction.user
    if not isinstance(caller, discord.Member):
        return False
    may = caller.guild_permissions if seat is None else seat.permissions_for(caller)
    return may.mute_members or may.manage_guild


def require_moderator(
    interaction: discord.Interaction, refusal: Sentence, seat: VocalChannel | None = None
) -> None:
    """Raise `UserError` with `refusal` unless the caller may silence others."""
    if not moderates(interaction, seat):
        raise UserError(refusal)


def require_company(interaction: discord.Interaction, session: VoiceSession) -> None:
    """Raise `UserError` where others listen to the bot, and the caller is not one of them.

    Moderators may decide without listening.
    """
    here = session.seat
    if here is None or moderates(interaction, here) or interaction.user.id in here.voice_states:
        return
    if listened_to(here):
        raise UserError(
            "Only those who are in {channel} with me, and moderators, can do that.",
            channel=here.mention,
        )


Offer = Callable[[TimbreBot, Person, str], Awaitable[list[VoiceChoice]]]


class _VoiceName(app_commands.Transformer):
    """A voice as it was typed. The services check it: anything can be typed, and forged."""

    min_value = 1
    max_value = 100

    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    async def transform(self, _: discord.Interaction, value: str, /) -> str:
        return value

    async def autocomplete(  # type: ignore[override]  # the option is a string
        self, interaction: discord.Interaction, typed: str, /
    ) -> list[app_commands.Choice[str]]:
        """As many as Discord shows, with labels as long as it shows them.

        None where many others type at the moment: the database is everybody's.
        """
        bot, person = _bot(interaction), person_of(interaction)
        try:
            async with bot.completions.turn(person.guild_id, person.user_id):
                offered = await self._offer(bot, person, typed)
        except UserError:
            return []
        return [app_commands.Choice(name=one.label[:100], value=one.value) for one in offered[:25]]


def voice_to(action: Action) -> _VoiceName:
    """The option of a command that does `action` with a voice: offers those that may be used so."""

    async def offer(bot: TimbreBot, person: Person, typed: str) -> list[VoiceChoice]:
        return await bot.services.voices.offer(typed, action, person)

    return _VoiceName(offer)


def _or_stock(action: Action) -> Offer:
    """What may be used for `action`, stock voices too."""

    async def offer(bot: TimbreBot, person: Person, typed: str) -> list[VoiceChoice]:
        engine = bot.services.executor.status().engine
        return await bot.services.voices.choices(typed, action, engine, person)

    return offer


class _SpokenVoiceName(_VoiceName):
    """A voice to speak in; the name of a stock voice, typed and not picked, is one as well."""

    async def transform(self, interaction: discord.Interaction, value: str, /) -> str:
        services = _bot(interaction).services
        engine = services.executor.status().engine
        return await services.voices.meant(value, engine, person_of(interaction))


async def _stock(bot: TimbreBot, _person: Person, typed: str) -> list[VoiceChoice]:
    engine = bot.services.executor.status().engine
    names = engine.stock_voices if engine else ()
    return [VoiceChoice(name, name) for name in names if typed.casefold() in name.casefold()]


async def _disabled(bot: TimbreBot, person: Person, typed: str) -> list[VoiceChoice]:
    return await bot.services.voice_moderation.offer_enabling(typed, person)


#: Options of commands, by what they offer while it is typed: all that the caller may speak in, and
#: all that may speak for members without a voice, stock voices too; stock voices alone; what is
#: disabled in the server; nothing.
SpokenVoice = Annotated[str, _SpokenVoiceName(_or_stock(Action.SPEAK))]
DefaultVoice = Annotated[str, _VoiceName(_or_stock(Action.SET_DEFAULT))]
StockVoiceName = Annotated[str, _VoiceName(_stock)]
DisabledVoice = Annotated[str, _VoiceName(_disabled)]
UnofferedVoice = app_commands.Range[str, 1, 100]

#: What members are barred from, as an option of commands.
BARS = [
    app_commands.Choice(name="having me say anything by command", value=Bar.SAY.value),
    app_commands.Choice(name="having voices", value=Bar.VOICES.value),
    app_commands.Choice(name="everything", value=Bar.EVERYTHING.value),
]


_AUTOMATIC = "automatic"

LanguageOffer = Callable[[TimbreBot, Person], Awaitable[Sequence[str]]]


class _LanguageName(app_commands.Transformer):
    """A language as it was typed; `language_of` reads it. Offered by both of its names."""

    min_value = 1
    max_value = 60

    def __init__(self, offered: LanguageOffer) -> None:
        self._offered = offered

    async def transform(self, _: discord.Interaction, value: str, /) -> str:
        return value

    async def autocomplete(  # type: ignore[override]  # the option is a string
        self, interaction: discord.Interaction, typed: str, /
    ) -> list[app_commands.Choice[str]]:
        offered = await self._offered(_bot(interaction), person_of(interaction))
        choices = [
            app_commands.Choice(name=gettext("Automatic"), value=_AUTOMATIC),
            *(
                app_commands.Choice(name=one.label, value=one.code)
                for one in languages_by_name(offered)
            ),
        ]
        return [one for one in choices if typed.casefold() in one.name.casefold()][:25]


async def _readable(bot: TimbreBot, person: Person) -> Sequence[str]:
    return await bot.services.line_languages.offered(person.guild_id, languages_read(bot))


async def _every(_bot: TimbreBot, _person: Person) -> Sequence[str]:
    return tuple(LANGUAGES)


#: Options of commands: what can be read where it is typed; whatever some engine reads.
ReadLanguage = Annotated[str, _LanguageName(_readable)]
AnyLanguage = Annotated[str, _LanguageName(_every)]


def language_of(typed: str | None) -> str | None:
    """The code of a language that was typed, None for none in particular. Raises `UserError`."""
    if typed is None or typed.strip().casefold() == _AUTOMATIC:
        return None
    if (code := language_named(typed)) is None:
        raise UserError("I know no such language. Pick one from the list that appears as you type.")
    return code


async def note(interaction: discord.Interaction, sentence: Said) -> None:
    """Tell the moderators of the server, in the channel that they chose for it."""
    if interaction.guild is not None:
        await _bot(interaction).moderation_log.note(interaction.guild, sentence)


def blocked(moderator: discord.abc.User, member: discord.abc.User) -> Sentence:
    """What moderators read of it."""
    return Sentence(
        "{moderator} blocked {member}.", moderator=moderator.mention, member=member.mention
    )


def unblocked(moderator: discord.abc.User, member: discord.abc.User) -> Sentence:
    """What moderators read of it."""
    return Sentence(
        "{moderator} unblocked {member}.", moderator=moderator.mention, member=member.mention
    )


def barred(member: str, kind: Bar, *, everywhere: bool = False) -> Sentence:
    """What a bar means for whom it is about; `member` is their mention."""
    match kind, everywhere:
        case Bar.SAY, False:
            return Sentence(
                "{member} cannot have me say anything by command in this server.", member=member
            )
        case Bar.SAY, True:
            return Sentence(
                "{member} cannot have me say anything by command in any server.", member=member
            )
        case Bar.VOICES, False:
            return Sentence(
                "{member} cannot register a voice in this server, and nobody can speak in one of "
                "theirs here.",
                member=member,
            )
        case Bar.VOICES, True:
            return Sentence(
                "{member} cannot register a voice in any server, and nobody can speak in one of "
                "theirs.",
                member=member,
            )
        case _, False:
            return Sentence(
                "{member} cannot use me in this server, and nobody can speak in a voice of theirs "
                "here.",
                member=member,
            )
    return Sentence(
        "{member} cannot use me in any server, and nobody can speak in a voice of theirs.",
        member=member,
    )


def page_of(page: int, pages: int) -> str:
    """Under a page of a list."""
    return gettext("Page {page} of {pages}", page=page, pages=pages)


def and_more(count: int) -> str:
    """At the end of a list that is too long."""
    return ngettext("and {count} more", "and {count} more", count)


def no_cloning(bot: TimbreBot) -> str:
    """What comes before everything else where nobody can be heard in a voice of their own."""
    engine = bot.services.executor.status().engine
    if engine is None or engine.clones_voices:
        return ""
    said = gettext(
        "**I cannot speak in your own voice at the moment.** You hear a stock voice until whoever "
        "runs me changes that. {reason}",
        reason=engine.reason,
    )
    return f"{said}\n\n"


def who_speaks(bot: TimbreBot) -> str:
    """One sentence on what makes the speech, and of which languages."""
    engine = bot.services.executor.status().engine
    if engine is None:
        return gettext("The speech engine is still being loaded.")
    return gettext(
        "Speech is made here by {model}, which reads {languages}.",
        model=engine.model,
        languages=named(engine.languages),
    )


def languages_read(bot: TimbreBot) -> Sequence[str]:
    """What the engine reads; while it loads, what every one does."""
    engine = bot.services.executor.status().engine
    return engine.languages if engine else (ENGLISH,)


def _bot(interaction: discord.Interaction) -> TimbreBot:
    return cast("TimbreBot", interaction.client)
