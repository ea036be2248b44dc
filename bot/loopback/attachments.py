"""Files: as a member picks them, and as they lie on the content delivery host."""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: How large a file may be without a boosted guild or a subscription, in bytes.
SIZE_LIMIT = 10 * 1024 * 1024


@dataclass(frozen=True)
class File:
    """A file to upload. `duration_s` and `waveform` make it a voice message."""

    filename: str
    data: bytes
    content_type: str | None = None
    duration_s: float | None = None
    waveform: str | None = None

    @classmethod
    def of(cls, path: Path) -> "File":
        return cls(path.name, path.read_bytes())


@dataclass(frozen=True)
class Attachment:
    """A file that was uploaded. `data` is what the content delivery host serves."""

    id: int
    channel_id: int
    filename: str
    data: bytes
    content_type: str | None
    duration_s: float | None = None
    waveform: str | None = None
    ephemeral: bool = False

    @property
    def path(self) -> str:
        return f"/attachments/{self.channel_id}/{self.id}/{self.filename}"


class Cdn:
    """Everything that was uploaded, by its path. `fetched` are the paths that were asked for."""

    def __init__(self, new_id: Callable[[], int]) -> None:
        self.fetched: list[str] = []
        self._new_id = new_id
        self._by_path: dict[str, Attachment] = {}

    def store(self, channel_id: int, file: File, *, ephemeral: bool = False) -> Attachment:
        attachment = Attachment(
            self._new_id(),
            channel_id,
            file.filename,
            file.data,
            file.content_type or mimetypes.guess_type(file.filename)[0],
            file.duration_s,
            file.waveform,
            ephemeral,
        )
        self._by_path[attachment.path] = attachment
        return attachment

    def find(self, path: str) -> Attachment | None:
        return self._by_path.get(path)
