"""The Chatterbox models that the engine runs, and their files. Imports no torch.

Models of one family are told of a voice in the same way, so a voice's conditionals serve all of
them: English and Multilingual in one, Turbo and Nano, which hear more of a clip and louder, in the
other. Lengths and SHA-256 are those that the model hub states at the pinned revisions.
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
#: Vocabularies of text, which tell models apart: `text_emb` has so many rows.
ENGLISH_VOCABULARY, MULTILINGUAL_VOCABULARY, GPT2_VOCABULARY = 704, 2454, 50276


class FileRecord(msgspec.Struct, frozen=True):
    """What one file must be: its length in bytes and the hex SHA-256 of its content."""

    size: int
    sha256: str


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """A repository of the model hub, at the revision that Timbre is built on, with its files.

    Models of one repository share a folder, and with it the files that both need.
    """

    name: str
    revision: str
    files: dict[str, FileRecord]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What a model can do, and which file has which role. `sounds` are tags without brackets.

    `tables` are needed for one language or another; the model speaks without them.
    """

    name: ModelName
    title: str
    family: Family
    languages: tuple[str, ...]
    sounds: tuple[str, ...] = ()
    repository: Repository
    text_vocabulary: int
    t3: str
    s3gen: str
    voice_encoder: str = "ve.safetensors"
    builtin_voice: str = "conds.pt"  # upstream's own format: a torch file of tensors
    tokenizer: tuple[str, ...]  # the first holds the vocabulary
    tables: tuple[str, ...] = ()
    cuts_last_token: bool = False  # 40 ms at the end of every utterance are not heard

    @property
    def files(self) -> tuple[str, ...]:
        """All that it cannot speak without, small ones first."""
        small = (self.voice_encoder, *self.tokenizer, self.builtin_voice)
        return (*small, self.s3gen, self.t3)

    @property
    def fetched(self) -> tuple[str, ...]:
        return (*self.tables, *self.files)

    @property
    def fetched_bytes(self) -> int:
        """What a machine that has none of its files fetches."""
        return sum(self.repository.files[name].size for name in self.fetched)


_VOICE_ENCODER = FileRecord(
    5_695_784, "f0921cab452fa278bc25cd23ffd59d36f816d7dc5181dd1bef9751a7fb61f63c"
)
_CHATTERBOX = Repository(
    name="ResembleAI/chatterbox",
    revision="5bb1f6ee58e50c3b8d408bc82a6d3740c2db6e18",
    files={
        "ve.safetensors": _VOICE_ENCODER,
        "conds.pt": FileRecord(
            107_374, "6552d70568833628ba019c6b03459e77fe71ca197d5c560cef9411bee9d87f4e"
        ),
        "s3gen.safetensors": FileRecord(
            1_056_484_620, "2b78103c654207393955e4900aac14a12de8ef25f4b09424f1ef91941f161d4e"
        ),
        "tokenizer.json": FileRecord(
            25_470, "d71e3a44eabb1784df9a68e9f95b251ecbf1a7af6a9f50835856b2ca9d8c14a5"
        ),
        "t3_cfg.safetensors": FileRecord(
            2_129_653_744, "914cb1696f47527fe8852ca8f1fe1fa63cb34f76f9c715e84e067b744dd0da81"
        ),
        "grapheme_mtl_merged_expanded_v1.json": FileRecord(
            69_989, "69632f47220a788a52ce2661d096453c5655e9bf25289d89a8d832c46ee07dbf"
        ),
        "t3_mtl23ls_v3.safetensors": FileRecord(
            2_143_989_928, "5abca8321ede76f8e61f1cc0d19aea6c946b28871017ce8726f8a69203f05953"
        ),
        "Cangjie5_TC.json": FileRecord(
            1_920_163, "7073fd9de919443ae88e0bd2449917a65fe54898a4413ed1edcc4b67f28bce8c"
        ),
    },
)
#: All of Turbo's and Nano's files but T3.
_SHARED_BY_TURBO = {
    "ve.safetensors": _VOICE_ENCODER,
    "vocab.json": FileRecord(
        999_186, "f6bd25a65e4e63ca31360e9fb11c7e4f9a391a78385d640acd814092dd6eee4f"
    ),
    "merges.txt": FileRecord(
        456_318, "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
    ),
    "added_tokens.json": FileRecord(
        418, "72e4ab6acb0d9309ac3df4b526ae5fd80a2da5bc5ab7bb02d85096a374f69193"
    ),
    "special_tokens_map.json": FileRecord(
        470, "92ba8063bf40aa163eadebbfe0de07c2aebe44cf0d4a9e8726580b0781fd2640"
    ),
    "tokenizer_config.json": FileRecord(
        3_878, "bca16a2ac1ddbd78b8d6228f0031884cc74b6ea54b967d6f6d2ebae9ccde23e6"
    ),
    "conds.pt": FileRecord(
        169_454, "b1852099306fd6a7814eb9d0bd10186caba7249596cc23868f78a0eefbfa5033"
    ),
    "s3gen_meanflow.safetensors": FileRecord(
        1_064_875_036, "d65cb687a2ed581ee6cc297e919ffefa63386944f42364ae13b78a594945514f"
    ),
}
_GPT2_TOKENIZER = (
    *("vocab.json", "merges.txt", "added_tokens.json"),
    *("special_tokens_map.json", "tokenizer_config.json"),
)

ENGLISH = Model(
    name="english",
    title="Chatterbox",
    family="original",
    languages=("en",),
    repository=_CHATTERBOX,
    text_vocabulary=ENGLISH_VOCABULARY,
    t3="t3_cfg.safetensors",
    s3gen="s3gen.safetensors",
    tokenizer=("tokenizer.json",),
)
MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        ENGLISH,
        Model(
            name="multilingual",
            title="Chatterbox Multilingual",
            family="original",
            languages=MULTILINGUAL,
            repository=_CHATTERBOX,
            text_vocabulary=MULTILINGUAL_VOCABULARY,
            t3="t3_mtl23ls_v3.safetensors",
            # Upstream pairs its T3 with s3gen.pt, which holds the same tensors as this file.
            s3gen="s3gen.safetensors",
            tokenizer=("grapheme_mtl_merged_expanded_v1.json",),
            tables=("Cangjie5_TC.json",),
            cuts_last_token=True,
        ),
        Model(
            name="turbo",
            title="Chatterbox Turbo",
            family="turbo",
            languages=("en",),
            sounds=SOUNDS,
            repository=Repository(
                name="ResembleAI/chatterbox-turbo",
                revision="749d1c1a46eb10492095d68fbcf55691ccf137cd",
                files=_SHARED_BY_TURBO
                | {
                    "t3_turbo_v1.safetensors": FileRecord(
                        1_915_480_052,
                        "fcf1f8c1d651bb7e3acd69ee5be269b4ac10c02980b7708213d598bc9f7cdf87",
                    )
                },
            ),
            text_vocabulary=GPT2_VOCABULARY,
            t3="t3_turbo_v1.safetensors",
            s3gen="s3gen_meanflow.safetensors",
            tokenizer=_GPT2_TOKENIZER,
        ),
        Model(
            name="nano",
            title="Chatterbox Nano",
            family="turbo",
            languages=("en",),
            sounds=SOUNDS,
            repository=Repository(
                name="ResembleAI/chatterbox-nano",
                revision="71ccd1d0081b430592cea481f4307e764e07bc64",
                files=_SHARED_BY_TURBO
                | {
                    "t3_nano_v1.safetensors": FileRecord(
                        869_899_204,
                        "72b110185087d945dbdf54dee4e333848e1811bdd5fd6cb16ceb8da50006f0c9",
                    )
                },
            ),
            text_vocabulary=GPT2_VOCABULARY,
            t3="t3_nano_v1.safetensors",
            s3gen="s3gen_meanflow.safetensors",
            tokenizer=_GPT2_TOKENIZER,
        ),
    )
}
