"""What a person agrees to before their clip is even downloaded.

A change of the text raises the version. Which version its owner saw is stored with each voice.
"""

CONSENT_VERSION = 3

CONSENT_TEXT = (
    "**Before you give me a voice**\n"
    "It is my own voice, or the person it belongs to has allowed me to use it here.\n"
    "The bot keeps the speech in the clip, cut to at most half a minute, and what its voice model "
    "computes from it. Speech made with it is kept for a while, so that it need not be made twice. "
    "The file I send is not kept.\n"
    "Only I can speak in this voice unless I share it with a server. `/voice unshare` takes that "
    "back, also in a direct message, and it ends when I leave that server. `/voice delete` removes "
    "the voice and everything made from it at once; `/privacy` shows, exports or deletes all there "
    "is about me.\n"
    "What moderators decide stays. If they disable the voice, the bot keeps a fingerprint of its "
    "clip that names nobody, so that the clip cannot be used again. Reports stay until they are "
    "handled, without my name or id."
)

#: What is written beside the box to tick; Discord allows 45 characters.
CONSENT_LABEL = "I agree to this"
