"""The languages that the engine's models read: their names, and a sentence to hear a voice with."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bot.catalogue import LanguageName, Listing, Said, Sentence

ENGLISH = "en"

#: So many can be read in one sentence; of more their number is told.
_MOST_NAMED = 5


class Language(NamedTuple):
    """A language by its ISO 639-1 code. `own` is its name in itself; both names are CLDR's."""

    code: str
    english: str
    own: str
    preview: str

    @property
    def label(self) -> str:
        return self.own if self.own == self.english else f"{self.own} ({self.english})"


LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language("ar", "Arabic", "العربية", "هذا هو صوتي. أتمنى أن يعجبك."),
        Language("da", "Danish", "Dansk", "Sådan lyder jeg. Jeg håber, at du kan lide min stemme."),
        Language(
            "de", "German", "Deutsch", "So klinge ich. Ich hoffe, dass dir meine Stimme gefällt."
        ),
        Language("el", "Greek", "Ελληνικά", "Έτσι ακούγομαι. Ελπίζω να σου αρέσει η φωνή μου."),
        Language("en", "English", "English", "This is how I sound. I hope that you like my voice."),
        Language("es", "Spanish", "Español", "Así es como sueno. Espero que te guste mi voz."),
        Language("fi", "Finnish", "Suomi", "Tältä minä kuulostan. Toivottavasti pidät äänestäni."),
        Language(
            "fr",
            "French",
            "Français",
            "Voilà à quoi ressemble ma voix. J'espère qu'elle te plaît.",
        ),
        Language("he", "Hebrew", "עברית", "כך נשמע הקול שלי. אני מקווה שהוא מוצא חן בעיניך."),
        Language("hi", "Hindi", "हिन्दी", "मेरी आवाज़ ऐसी है। उम्मीद है कि आपको यह पसंद आएगी।"),
        Language("it", "Italian", "Italiano", "Ecco come suona la mia voce. Spero che ti piaccia."),
        Language(
            "ja", "Japanese", "日本語", "これが私の声です。気に入ってもらえるとうれしいです。"
        ),
        Language("ko", "Korean", "한국어", "제 목소리는 이렇습니다. 마음에 드셨으면 좋겠습니다."),
        Language(
            "ms", "Malay", "Melayu", "Beginilah bunyi suara saya. Saya harap anda menyukainya."
        ),
        Language("nl", "Dutch", "Nederlands", "Zo klink ik. Ik hoop dat je mijn stem mooi vindt."),
        Language("no", "Norwegian", "Norsk", "Slik høres jeg ut. Jeg håper du liker stemmen min."),
        Language("pl", "Polish", "Polski", "Tak brzmi mój głos. Mam nadzieję, że ci się spodoba."),
        Language(
            "pt",
            "Portuguese",
            "Português",
            "É assim que soa a minha voz. Espero que você goste dela.",
        ),
        Language("ru", "Russian", "Русский", "Так звучит мой голос. Надеюсь, он вам понравится."),
        Language(
            "sv", "Swedish", "Svenska", "Så här låter jag. Jag hoppas att du tycker om min röst."
        ),
        Language(
            "sw",
            "Swahili",
            "Kiswahili",
            "Hivi ndivyo sauti yangu inavyosikika. Natumaini utaipenda.",
        ),
        Language("tr", "Turkish", "Türkçe", "Sesim böyle. Umarım beğenirsin."),
        Language("zh", "Chinese", "中文", "我的声音就是这样。希望你喜欢。"),
    )
}


def language_named(typed: str) -> str | None:
    """The code of a language that is typed as one of its names, its label, or its code."""
    typed = typed.strip().casefold()
    for language in LANGUAGES.values():
        names = (language.code, language.english, language.own, language.label)
        if typed in {name.casefold() for name in names}:
            return language.code
    return None


def languages_by_name(codes: Iterable[str]) -> list[Language]:
    """Those that are known here of some codes, by their English names."""
    known = (LANGUAGES[code] for code in codes if code in LANGUAGES)
    return sorted(known, key=lambda language: language.english)


def language_of_locale(locale: str) -> str | None:
    """``es-419`` -> "es": the language in which somebody uses Discord, if it is one of these."""
    code = locale.partition("-")[0]
    return code if code in LANGUAGES else None


def name_of(code: str) -> LanguageName:
    """The name of a language; its code where a worker names one that is not here."""
    return LanguageName(code, LANGUAGES[code].english if code in LANGUAGES else code)


def named(codes: Sequence[str]) -> Said:
    """``English, German and Spanish``; of many their number."""
    if len(codes) > _MOST_NAMED:
        return Sentence.counted("{count} language", "{count} languages", len(codes))
    return Listing(map(name_of, codes), alphabetical=True)
