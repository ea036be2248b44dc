"""A Discord on 127.0.0.1, for the demo, the tests and the benchmarks; see `LoopbackDiscord`."""

from bot.loopback.attachments import File
from bot.loopback.channels import StageChannel, TextChannel, VoiceChannel
from bot.loopback.guilds import Guild, Role
from bot.loopback.interaction import Interaction
from bot.loopback.members import Member
from bot.loopback.messages import Message
from bot.loopback.modals import Modal
from bot.loopback.recording import Heard, Packet, Recording, Utterance
from bot.loopback.server import LoopbackDiscord

__all__ = [
    "File",
    "Guild",
    "Heard",
    "Interaction",
    "LoopbackDiscord",
    "Member",
    "Message",
    "Modal",
    "Packet",
    "Recording",
    "Role",
    "StageChannel",
    "TextChannel",
    "Utterance",
    "VoiceChannel",
]
