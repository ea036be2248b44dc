"""Threads, and the channels whose posts are threads."""

from bot.loopback import permissions
from bot.loopback.world import Channel, MemberRecord


class ForumChannel(Channel):
    """A channel of posts, which are threads."""

    kind = 15


class Thread(Channel):
    """A thread of a text channel, or a forum's post."""

    kind = 11

    def __init__(self, parent: Channel, name: str, owner: MemberRecord) -> None:
        super().__init__(parent.guild, name)
        self.parent = parent
        self.owner = owner

    def permissions_of(self, member: MemberRecord) -> int:
        """As in its parent; who may write there has a permission of its own."""
        granted = self.parent.permissions_of(member)
        writes = granted & permissions.flag("send_messages_in_threads")
        send = permissions.flag("send_messages")
        return granted | send if writes else granted & ~send

    async def delete(self) -> None:
        del self.guild.channels[self.id]
        self.world.publish("THREAD_DELETE", self)
