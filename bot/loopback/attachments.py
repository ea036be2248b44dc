"""Files: as a member picks them, and as they lie on the content delivery host."""

import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CDN = "https://cdn.discordapp.com"
MEDIA = "https://media.discordapp.net"

#: How large a file may be without a boosted guild or a subscription, in bytes.
SIZE_LIMIT = 10 * 1024 * 1024


@dataclass(frozen=True)
class File:
    """A file that somebody uploads. `duration_s` and `waveform` make it a voice message."""

    filename: str
    data: bytes
    content_type: str | None = None
    duration_s: float | None = None
    waveform: str | None = None

    @classmethod
    def of(cls, path: Path) -> "File":
        """The file at `path`, with its own name."""
        return cls(path.name, path.read_bytes())


@dataclass(frozen=True)
class Attachment:
    """A file that was uploaded. `data` is what the content delivery host serves."""

    id: int
    channel_id: int
    filename: str
    data: bytes
    content_type: str | None
    description: str | None = None
    duration_s: float | None = None
    waveform: str | None = None
    ephemeral: bool = False

    @property
    def path(self) -> str:
        """Where on the content delivery host it lies."""
        return f"/attachments/{self.channel_id}/{self.id}/{self.filename}"

    def to_json(self) -> dict[str, Any]:
        """As Discord describes it."""
        described: dict[str, Any] = {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.data),
            "url": CDN + self.path,
            "proxy_url": MEDIA + self.path,
            "ephemeral": self.ephemeral,
            "flags": 0,
        }
        optional = {
            "content_type": self.content_type,
            "description": self.description,
            "duration_secs": self.duration_s,
            "waveform": self.waveform,
        }
        return described | {name: value for name, value in optional.items() if value is not None}


class Cdn:
    """Everything that was uploaded, by its path. `fetched` are the paths that were asked for."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self._by_path: dict[str, Attachment] = {}

    def store(
        self,
        attachment_id: int,
        channel_id: int,
        file: File,
        *,
        description: str | None = None,
        ephemeral: bool = False,
    ) -> Attachment:
        """Keep `file` and say where it lies."""
        attachment = Attachment(
            attachment_id,
            channel_id,
            file.filename,
            file.data,
            file.content_type or mimetypes.guess_type(file.filename)[0],
            description,
            file.duration_s,
            file.waveform,
            ephemeral,
        )
        self._by_path[attachment.path] = attachment
        return attachment

    def find(self, path: str) -> Attachment | None:
        """What lies at `path`, if anything."""
        return self._by_path.get(path)

    def delete(self, attachment: Attachment) -> None:
        """Serve it no longer, as after its link expired."""
        self._by_path.pop(attachment.path, None)
