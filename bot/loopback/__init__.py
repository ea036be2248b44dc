"""A Discord on 127.0.0.1, for the demo, the tests and the benchmarks; see `LoopbackDiscord`.

`world` is what there is, as plain data; `payloads` and `events` say it as Discord does. The
`gateway`, `rest`, `interaction` and `voice` serve the bot; in `people` members act.
"""

from bot.loopback.attachments import File
from bot.loopback.heard import Heard, HeardUtterance, Packet
from bot.loopback.interaction import Interaction, Message, Modal
from bot.loopback.people import Guild, Member
from bot.loopback.permissions import Role
from bot.loopback.recording import PacketLog, Recording
from bot.loopback.server import LoopbackDiscord
from bot.loopback.threads import ForumChannel, Thread
from bot.loopback.world import (
    Channel,
    StageChannel,
    TextChannel,
    VoiceChannel,
)

__all__ = [
    "Channel",
    "File",
    "ForumChannel",
    "Guild",
    "Heard",
    "HeardUtterance",
    "Interaction",
    "LoopbackDiscord",
    "Member",
    "Message",
    "Modal",
    "Packet",
    "PacketLog",
    "Recording",
    "Role",
    "StageChannel",
    "TextChannel",
    "Thread",
    "VoiceChannel",
]
