"""The Chatterbox models that the engine runs. Imports no torch: both processes may ask.

Models of one family are told of a voice in the same way, so a voice's conditionals serve all of
them: English and Multilingual in one, Turbo and Nano, which hear more of a clip and louder, in the
other.
"""

from typing import Literal

import msgspec

ModelName = Literal["english", "multilingual", "turbo", "nano"]
Family = Literal["original", "turbo"]

#: ISO 639-1 codes in upstream's order (`chatterbox.mtl_tts.SUPPORTED_LANGUAGES`).
MULTILINGUAL = (
    *("ar", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "it", "ja"),
    *("ko", "ms", "nl", "no", "pl", "pt", "ru", "sv", "sw", "tr", "zh"),
)
#: Turbo's tags that are heard as sounds; upstream's demo offers these nine.
SOUNDS = (
    *("clear throat", "sigh", "shush", "cough", "groan"),
    *("sniff", "gasp", "chuckle", "laugh"),
)


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What a model can do. `sounds` are tags without their brackets."""

    name: ModelName
    title: str
    family: Family
    languages: tuple[str, ...]
    sounds: tuple[str, ...] = ()


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(name="english", title="Chatterbox", family="original", languages=("en",)),
        Model(
            name="multilingual",
            title="Chatterbox Multilingual",
            family="original",
            languages=MULTILINGUAL,
        ),
        Model(
            name="turbo",
            title="Chatterbox Turbo",
            family="turbo",
            languages=("en",),
            sounds=SOUNDS,
        ),
        Model(
            name="nano",
            title="Chatterbox Nano",
            family="turbo",
            languages=("en",),
            sounds=SOUNDS,
        ),
    )
}
