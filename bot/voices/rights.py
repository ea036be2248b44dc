"""Who may do what to whose voice: one table and one function without side effects.

Asked by the services, never by commands: a forged id meets it like any other.
"""

from collections.abc import Set
from enum import Enum, auto


class Standing(Enum):
    """What a person is to a voice, in the server where they ask. One can be several at once."""

    OWNER = auto()
    SHARED_WITH = auto()  # the owner shares it with the server
    OTHER = auto()
    MODERATOR = auto()  # may manage the server, and the voice has to do with it
    BOT_OWNER = auto()  # runs the bot


class Action(Enum):
    """What can be done with a voice."""

    SPEAK = auto()
    SEE = auto()
    PREVIEW = auto()
    CHOOSE = auto()  # as one's own voice in a server
    RENAME = auto()
    REPLACE = auto()
    DELETE = auto()
    SHARE = auto()
    UNSHARE = auto()
    ADJUST = auto()
    SET_DEFAULT = auto()  # as the voice of members without one
    DISABLE = auto()
    ENABLE = auto()
    DISABLE_EVERYWHERE = auto()
    ENABLE_EVERYWHERE = auto()


#: What only who runs the bot does, to voices of servers that they may not be in.
EVERYWHERE = frozenset({Action.DISABLE_EVERYWHERE, Action.ENABLE_EVERYWHERE})
#: What is done to a voice because of whose it is: a name that several have does not say that.
ABOUT_OTHERS = EVERYWHERE | {Action.DISABLE, Action.ENABLE}

_USE = frozenset({Action.SPEAK, Action.SEE, Action.PREVIEW, Action.CHOOSE})
_MODERATE = frozenset({Action.SEE, Action.DISABLE, Action.ENABLE, Action.UNSHARE})

RIGHTS: dict[Standing, frozenset[Action]] = {
    Standing.OWNER: _USE
    | {
        Action.RENAME,
        Action.REPLACE,
        Action.DELETE,
        Action.SHARE,
        Action.UNSHARE,
        Action.ADJUST,
    },
    Standing.SHARED_WITH: _USE,
    Standing.OTHER: frozenset(),
    Standing.MODERATOR: _MODERATE,
    Standing.BOT_OWNER: _MODERATE | EVERYWHERE | {Action.DELETE},
}

#: What others do with a voice because its owner shares it.
OF_SHARED = frozenset({Action.SPEAK, Action.PREVIEW, Action.CHOOSE, Action.SET_DEFAULT})

#: What nobody may do with a voice that is disabled where they ask.
_NOT_WHILE_DISABLED = OF_SHARED | {Action.SHARE}


def permitted(action: Action, standings: Set[Standing], *, disabled: bool) -> bool:
    if disabled and action in _NOT_WHILE_DISABLED:
        return False
    if action is Action.SET_DEFAULT:
        # A moderator chooses it, but only a voice that its owner has given to everybody here.
        return standings >= {Standing.MODERATOR, Standing.SHARED_WITH}
    return any(action in RIGHTS[standing] for standing in standings)
