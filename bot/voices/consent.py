"""What a person agrees to before their clip is even downloaded.

A change of the text raises the version. Which version its owner saw is stored with each voice, and
the texts of all versions stay here: an export has those that somebody agreed to. They are shown in
a member's language; an export has them in English.
"""

from bot.catalogue import Joined, Sentence

_WHOSE = (
    "**Before you give me a voice**\n"
    "It is my own voice, or the person it belongs to has allowed me to use it here.\n"
)
_KEPT = (
    "The bot keeps the speech in the clip, cut to at most half a minute, and what its voice model "
    "computes from it. Speech made with it is kept for a while, so that it need not be made twice. "
    "The file I send is not kept.\n"
)
_ONLY_I = (
    "Only I can speak in this voice unless I share it. `/voice delete` removes it and everything "
    "made from it at once; `/privacy` shows, exports or deletes all there is about me."
)
_SHARING = (
    "Only I can speak in this voice unless I share it with a server. `/voice unshare` takes that "
    "back, also in a direct message, and it ends when I leave that server. `/voice delete` removes "
    "the voice and everything made from it at once; `/privacy` shows, exports or deletes all there "
    "is about me.\n"
)
_MODERATED = (
    "What moderators decide stays. If they disable the voice, the bot keeps a fingerprint of its "
    "clip that names nobody, so that the clip cannot be used again. Reports stay until they are "
    "handled, without my name or id."
)
_SPOKEN = (
    "The bot may show me a sentence to say aloud. It compares the recording with the clip, to hear "
    "that the voice is mine, and deletes the recording at once. It keeps when that was, which "
    "sentence, and two figures: how many of its words it heard, and how much alike the voices "
    "are.\n"
)
_MODERATED_AND_HEARD = (
    "What moderators decide stays. If they disable the voice, the bot keeps a fingerprint of its "
    "clip that names nobody, and for a year what the voice in it sounds like, so that neither the "
    "clip nor a changed copy can be used again. Reports stay until they are handled, without my "
    "name or id."
)
_OF_ANOTHER = (
    "Where I name another member whose voice it is, the bot asks them. Without their permission "
    "nothing is kept, and when they take it back, the voice goes.\n"
)
_I_AGREE = (
    "**What I agree to when I give the bot a voice**\n"
    "It is my own voice, or the person it belongs to has allowed me to use it here.\n"
)
_IF_OF_ANOTHER = (
    "If I name another member as the owner of the voice, the bot asks them. It keeps nothing "
    "without their permission, and deletes the voice when they take the permission back.\n"
)
_SENTENCE_SAID = (
    "The bot may show me a sentence to say aloud. It compares the recording with the clip, to hear "
    "that the voice is mine, and deletes the recording at once. It keeps the time, which sentence "
    "it was, and two figures: how many of the words it heard, and how alike the voices are.\n"
)
_DECIDED = (
    "What moderators decide stays. If they disable the voice, the bot keeps a fingerprint of its "
    "clip that names nobody, and for a year what the voice in it sounds like, so that neither the "
    "clip nor a changed copy can be used again. Reports stay without my name and id, until they "
    "are handled."
)

#: By version.
CONSENT_TEXTS = {
    1: _WHOSE + _KEPT + _ONLY_I,
    2: _WHOSE
    + _KEPT
    + _ONLY_I
    + "\nIf moderators disable the voice, a mark that leads to nobody stays, so that the clip "
    "cannot come back.",
    3: _WHOSE + _KEPT + _SHARING + _MODERATED,
    4: _WHOSE + _KEPT + _SPOKEN + _SHARING + _MODERATED,
    5: _WHOSE + _OF_ANOTHER + _KEPT + _SPOKEN + _SHARING + _MODERATED_AND_HEARD,
    6: _I_AGREE + _IF_OF_ANOTHER + _KEPT + _SENTENCE_SAID + _SHARING + _DECIDED,
}
CONSENT_VERSION = max(CONSENT_TEXTS)
CONSENT_TEXT = CONSENT_TEXTS[CONSENT_VERSION]
#: It as it is shown, paragraph by paragraph.
CONSENT = Joined(
    (
        Sentence(_I_AGREE),
        Sentence(_IF_OF_ANOTHER),
        Sentence(_KEPT),
        Sentence(_SENTENCE_SAID),
        Sentence(_SHARING),
        Sentence(_DECIDED),
    ),
    by="",
)

#: What is written beside the box to tick.
# At most 45 characters.
CONSENT_LABEL = Sentence("I agree to this")

_PERMISSION_1 = (
    "If you allow it, they can speak in your voice through me, in every server that I am in "
    "with them, and let a whole server speak in it. I keep the speech in the clip that they sent, "
    "cut to at most half a minute, what my voice model computes from it, and that you allowed it "
    "and when. If you say a sentence for it, I compare the recording with the clip and delete it "
    "at once; I keep which sentence, how much of it I heard, and how much alike the voices are. "
    "You can take it back at any time with `/privacy info`, also in a direct message to me: then "
    "the voice and everything made from it are deleted. If you decline, or do nothing, I delete "
    "the clip."
)

_PERMISSION_2 = (
    "If you allow it, they can speak in your voice through me, in every server that I am in "
    "with them, and let a whole server speak in it. I keep the speech in the clip that they sent, "
    "cut to at most half a minute, what my voice model computes from it, and that you allowed it "
    "and when. If you say a sentence for it, I compare the recording with the clip and delete the "
    "recording at once; I keep which sentence it was, how much of it I heard, and how alike the "
    "voices are. You can take it back at any time with `/privacy info`, also in a direct message "
    "to me: then the voice and everything made from it are deleted. If you decline, or do nothing, "
    "I delete the clip."
)

#: What somebody is told whose voice another member wants to register, by version.
PERMISSION_TEXTS = {1: _PERMISSION_1, 2: _PERMISSION_2}
PERMISSION_VERSION = max(PERMISSION_TEXTS)
PERMISSION_TEXT = PERMISSION_TEXTS[PERMISSION_VERSION]
PERMISSION = Sentence(_PERMISSION_2)
