"""What there is to know of each language to say its figures, with examples of every form."""

from bot.text.languages.grammar import Grammar
from bot.text.languages.grammars.arabic import ARABIC
from bot.text.languages.grammars.chinese import CHINESE
from bot.text.languages.grammars.danish import DANISH
from bot.text.languages.grammars.dutch import DUTCH
from bot.text.languages.grammars.finnish import FINNISH
from bot.text.languages.grammars.french import FRENCH
from bot.text.languages.grammars.german import GERMAN
from bot.text.languages.grammars.greek import GREEK
from bot.text.languages.grammars.hebrew import HEBREW
from bot.text.languages.grammars.hindi import HINDI
from bot.text.languages.grammars.italian import ITALIAN
from bot.text.languages.grammars.japanese import JAPANESE
from bot.text.languages.grammars.korean import KOREAN
from bot.text.languages.grammars.malay import MALAY
from bot.text.languages.grammars.norwegian import NORWEGIAN
from bot.text.languages.grammars.polish import POLISH
from bot.text.languages.grammars.portuguese import PORTUGUESE
from bot.text.languages.grammars.russian import RUSSIAN
from bot.text.languages.grammars.spanish import SPANISH
from bot.text.languages.grammars.swahili import SWAHILI
from bot.text.languages.grammars.swedish import SWEDISH
from bot.text.languages.grammars.turkish import TURKISH

#: By ISO 639-1.
GRAMMARS: dict[str, Grammar] = {
    grammar.code: grammar
    for grammar in (
        GERMAN,
        DUTCH,
        SWEDISH,
        DANISH,
        NORWEGIAN,
        FINNISH,
        SPANISH,
        FRENCH,
        ITALIAN,
        PORTUGUESE,
        POLISH,
        RUSSIAN,
        ARABIC,
        HEBREW,
        JAPANESE,
        CHINESE,
        KOREAN,
        TURKISH,
        GREEK,
        HINDI,
        MALAY,
        SWAHILI,
    )
}
