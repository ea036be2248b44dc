"""End-to-end encryption as the voice server sees it: Discord's DAVE protocol.

The server proposes who belongs to the MLS group and passes on what the members say. So that
somebody can listen, the members in the channel, whose clients do not exist, are played here by
`davey` sessions of their own: real members of the group, with real keys.
"""

import asyncio
import struct
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import davey

from bot.loopback.failures import LoopbackFailure
from bot.loopback.faults import VoiceFaults
from bot.loopback.mls import ExternalSender, split_commit_and_welcome, vector

#: A frame that was end-to-end encrypted ends with this.
MAGIC_MARKER = b"\xfa\xfa"

#: What is watched is whether it ever does: tests share two cores.
_COMMIT_TIMEOUT_S = 60.0

#: For so long after a change of the group there may be frames with the keys before it.
_SETTLED_S = 5.0

EXECUTE_TRANSITION = 22
TRANSITION_READY = 23
EXTERNAL_SENDER = 25
KEY_PACKAGE = 26
PROPOSALS = 27
COMMIT_WELCOME = 28
ANNOUNCE_COMMIT = 29
INVALID_COMMIT = 31


class Undecryptable(ValueError):
    """An encrypted frame that no member in the channel can open."""


class DaveChannel(Protocol):
    """What the group needs of the bot's voice connection."""

    def send_json(self, op: int, data: dict[str, Any]) -> None:
        """Queue a JSON message."""

    def send_binary(self, op: int, payload: bytes) -> None:
        """Queue a binary message."""


class DaveGroup:
    """The MLS group of one voice connection: the bot, and the members in its channel.

    `members` says who is to be in it besides the bot; call `members_changed` whenever that
    changes. All changes go one after the other: proposals, the bot's commit, its announcement.
    """

    def __init__(
        self,
        connection: DaveChannel,
        *,
        bot_id: int,
        channel_id: int,
        version: int,
        members: Callable[[], set[int]],
        faults: VoiceFaults,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
    ) -> None:
        self.version = version
        self.members: dict[int, davey.DaveSession] = {}
        self._connection = connection
        self._bot_id = bot_id
        self._channel_id = channel_id
        self._wanted = members
        self._faults = faults
        self._spawn = spawn
        self._sender = ExternalSender()
        self._sender_sent = False
        self._epoch: int | None = None  # None until the bot has offered its key package
        self._transition_id = 0
        self._commits: asyncio.Queue[bytes] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._changed_s = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    def close(self) -> None:
        if self._task:
            self._task.cancel()
            self._task = None
        self.members.clear()

    @property
    def settled(self) -> bool:
        """Whether frames can be opened as well later, until `members_changed` is called."""
        return time.monotonic() - self._changed_s > _SETTLED_S

    def members_changed(self) -> None:
        self._changed_s = time.monotonic()
        self._changed.set()

    def key_package_offered(self) -> None:
        """The bot has begun a group of its own (epoch 0): the members here are to be added."""
        self.close()
        self._changed_s = time.monotonic()
        self._epoch = 0
        self._commits = asyncio.Queue()
        if not self._sender_sent:
            self._connection.send_binary(EXTERNAL_SENDER, self._sender.package())
            self._sender_sent = True
        self._changed.set()
        self._task = self._spawn(self._follow_members(), "DAVE group")

    def commit_offered(self, commit_and_welcome: bytes) -> None:
        self._commits.put_nowait(commit_and_welcome)

    def transition_ready(self, transition_id: int) -> None:
        """The bot says that it is prepared for a transition, which is then to happen."""
        self._connection.send_json(EXECUTE_TRANSITION, {"transition_id": transition_id})

    def decrypt(self, frame: bytes) -> bytes:
        """The bot's frame in the clear. Raises `Undecryptable` when nobody here has the key."""
        reasons = []
        # Who has left does not listen, though the key is still theirs. In an empty channel nobody
        # does, and what was already on its way is no loss.
        present = self._wanted() or self.members.keys()
        for session in [session for user, session in self.members.items() if user in present]:
            try:
                return session.decrypt(self._bot_id, davey.MediaType.audio, frame)
            except Exception as error:
                reasons.append(str(error))
        raise Undecryptable("; ".join(reasons) or "nobody is in the group")

    async def _follow_members(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            while (wanted := self._wanted()) != set(self.members):
                await self._change_members(wanted)

    async def _change_members(self, wanted: set[int]) -> None:
        assert self._epoch is not None
        leaving = [self.members[user] for user in self.members.keys() - wanted]
        proposals = [
            self._sender.propose_remove(self._channel_id, self._epoch, _leaf(session))
            for session in leaving
        ]
        staying = {u: session for u, session in self.members.items() if u in wanted}
        joining: dict[int, davey.DaveSession] = {}
        for user in sorted(wanted - self.members.keys()):
            session = davey.DaveSession(self.version, user, self._channel_id)
            session.set_external_sender(self._sender.package())
            package = session.get_serialized_key_package()
            proposals.append(self._sender.propose_add(self._channel_id, self._epoch, package))
            joining[user] = session
        payload = vector(b"".join(proposals))
        self._connection.send_binary(PROPOSALS, b"\0" + payload)
        try:
            offered = await asyncio.wait_for(self._commits.get(), _COMMIT_TIMEOUT_S)
        except TimeoutError:
            raise LoopbackFailure(
                f"the bot did not commit the group's change within {_COMMIT_TIMEOUT_S:.0f} s"
            ) from None
        commit, welcome = split_commit_and_welcome(offered)
        await asyncio.sleep(self._faults.dave_commit_delay_s)
        for session in staying.values():
            session.process_proposals(davey.ProposalsOperationType.append, payload)
            session.process_commit(commit)
        for session in joining.values():
            if welcome is None:
                raise LoopbackFailure("the bot's commit adds members but welcomes none")
            session.process_welcome(welcome)
        self.members = staying | joining
        self._changed_s = time.monotonic()
        self._epoch += 1
        # 0 is reserved for transitions that are executed at once.
        self._transition_id = self._transition_id % 0xFFFF + 1
        announcement = struct.pack(">H", self._transition_id) + commit
        self._connection.send_binary(ANNOUNCE_COMMIT, announcement)


def _leaf(session: davey.DaveSession) -> int:
    index = session.own_leaf_index
    if index is None:
        raise LoopbackFailure("a member that was never added cannot be removed")
    return index
