"""Threads, and the channels whose posts are threads."""

from bot.loopback import permissions
from bot.loopback.world import Channel, MemberRecord


class ForumChannel(Channel):
    """A channel of posts, which are threads."""

    kind = 15


class Thread(Channel):
    """A thread of a text channel, or a forum's post."""

    kind = 11

    def __init__(
        self, parent: Channel, name: str, owner: MemberRecord, *, private: bool = False
    ) -> None:
        super().__init__(parent.guild, name)
        self.parent = parent
        self.owner = owner
        self.private = private
        if private:
            self.kind = 12

    def permissions_of(self, member: MemberRecord) -> int:
        """As in its parent. A private one is its owner's, the bot's and who may manage threads'."""
        granted = self.parent.permissions_of(member)
        inside = member in (self.owner, self.guild.bot)
        if self.private and not (inside or granted & permissions.flag("manage_threads")):
            return 0
        return granted

    def allows(self, member: MemberRecord, permission: str) -> bool:
        """Who may write there has a permission of its own."""
        own = "send_messages_in_threads" if permission == "send_messages" else permission
        return super().allows(member, own)

    async def delete(self) -> None:
        del self.guild.channels[self.id]
        self.world.publish("THREAD_DELETE", self)
