"""What people are told when a voice session ends or cannot be: one sentence for each cause."""

from bot.catalogue import Sentence

LEFT = Sentence("I left the voice channel, so I stopped speaking.")
KICKED = Sentence("I was taken out of the voice channel, so I stopped speaking.")
DELETED = Sentence("The voice channel was deleted, so I stopped speaking.")
NOWHERE = Sentence("I am not in a voice channel any more.")
BROKEN = Sentence("The voice connection broke, so I stopped speaking.")
ABSENT = Sentence("I am not in a voice channel.")
FULL = Sentence(
    "I cannot speak in any more voice channels at once. Please try again in a few minutes."
)
ALONE = Sentence("Everybody left the voice channel, so I left as well.")
IDLE = Sentence("Nobody had anything to say for a while, so I left the voice channel.")
PAUSED = Sentence(
    "I was paused for a long time and nobody used `/resume`, so I left the voice channel."
)
MUTED = Sentence("I am muted in this server. I speak again as soon as somebody unmutes me.")
AUDIENCE = Sentence(
    "I am in the audience of this stage. I speak as soon as a stage moderator invites me to speak."
)
FORBIDDEN = Sentence("I may not speak in this channel any more. I need the permission Speak.")
UNENCRYPTED = Sentence(
    "Discord did not set up end-to-end encryption with me in time, so I said nothing. "
    "Please try again."
)
NO_ENCRYPTION = Sentence(
    "Discord did not let me in: we could not agree on end-to-end encryption. Whoever runs me has "
    "to update me."
)

#: The close code with which Discord demands end-to-end encryption.
ENCRYPTION_REQUIRED = 4017


def of_code(code: int | None) -> Sentence:
    """Why a voice server ended the session with `code` for good."""
    match code:
        case 4017:
            return NO_ENCRYPTION
        case 4021:
            return Sentence(
                "I connected too often, so Discord ended the voice connection. Try again later."
            )
        case 4022:
            return Sentence("Discord ended the call, so I stopped speaking.")
        case _:
            return Sentence(
                "Discord ended the voice connection (code {code}), so I stopped speaking.",
                code=str(code),
            )
