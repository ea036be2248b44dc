"""Speech as a file, whole or growing while it is made: MP3, Ogg Opus, WAV, FLAC, or samples alone.

Synchronous and meant for a thread. A file says in its tags that its speech is synthetic; what is
samples alone has no place for that.
"""

import io
from dataclasses import dataclass
from typing import Literal, cast

import av
import av.filter
from av.audio.stream import AudioStream

from bot.speech.audio.opus import SYNTHETIC
from bot.speech.audio.tuning import UNTUNED, Tuning, frame_of, frames_of, link, tuning_filters
from engine.speech import FloatArray

FormatName = Literal["mp3", "opus", "wav", "flac", "pcm"]


@dataclass(frozen=True, slots=True)
class Format:
    """What makes a file of samples. `rate` is in Hz; all are mono."""

    media_type: str
    container: str
    codec: str
    samples: str
    rate: int
    options: dict[str, str]


#: Whoever reads a stream gets each packet as it is made: nothing waits for a buffer to fill, for a
#: page of Ogg to be full, or for a header with the length, which nobody knows yet.
_STREAMED = {"flush_packets": "1"}
#: A page of Ogg leaves once the next one is begun. Shorter ones make a file longer, these by 7 %.
_PAGE_US = "40000"
FORMATS: dict[FormatName, Format] = {
    "mp3": Format(
        "audio/mpeg", "mp3", "libmp3lame", "s16p", 24_000, {**_STREAMED, "write_xing": "0"}
    ),
    "opus": Format(
        "audio/ogg", "ogg", "libopus", "s16", 48_000, {**_STREAMED, "page_duration": _PAGE_US}
    ),
    "wav": Format("audio/wav", "wav", "pcm_s16le", "s16", 24_000, _STREAMED),
    "flac": Format("audio/flac", "flac", "flac", "s16", 24_000, _STREAMED),
    "pcm": Format("audio/pcm", "s16le", "pcm_s16le", "s16", 24_000, _STREAMED),
}


def whole_file(name: FormatName, pcm: FloatArray, sample_rate: int) -> bytes:
    """A file of mono float32 `pcm` of shape (samples,), whose header says how long it is."""
    form, out = FORMATS[name], io.BytesIO()
    graph = _graph(form, sample_rate, UNTUNED)
    graph.push(frame_of(pcm, sample_rate))
    graph.push(None)
    with av.open(out, "w", format=form.container) as container:
        container.metadata["comment"] = SYNTHETIC
        stream = cast(
            "AudioStream", container.add_stream(form.codec, rate=form.rate, layout="mono")
        )
        for frame in frames_of(graph):
            frame.pts = None  # the encoder counts by itself
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


class _Written:
    """Where a container writes; it cannot go back in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


class GrowingFile:
    """One file of speech. `speed` changes how fast it is, 2.0 for twice, and keeps its pitch."""

    def __init__(self, name: FormatName, sample_rate: int, *, speed: float = 1.0) -> None:
        form = FORMATS[name]
        self.sample_rate = sample_rate
        self._written = _Written()
        self._container = av.open(self._written, "w", format=form.container, options=form.options)
        self._container.metadata["comment"] = SYNTHETIC
        self._stream = cast(
            "AudioStream", self._container.add_stream(form.codec, rate=form.rate, layout="mono")
        )
        self._graph = _graph(form, sample_rate, Tuning(speed))
        self._container.start_encoding()  # else the first sound waits for the encoder to open

    def add(self, pcm: FloatArray) -> bytes:
        """Append mono float32 `pcm` of shape (samples,); return what the file grew by.

        That may be nothing: the end of what was added can wait for what comes next.
        """
        self._graph.push(frame_of(pcm, self.sample_rate))
        self._encode()
        return self._written.taken()

    def end(self) -> bytes:
        """The rest of the file. Nothing can be added afterwards."""
        self._graph.push(None)
        self._encode()
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._written.taken()

    def _encode(self) -> None:
        for frame in frames_of(self._graph):
            frame.pts = None  # the encoder counts by itself
            self._container.mux(self._stream.encode(frame))


def _graph(form: Format, sample_rate: int, tuning: Tuning) -> av.filter.Graph:
    graph = av.filter.Graph()
    nodes = [
        graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono"),
        *tuning_filters(graph, sample_rate, tuning),
        graph.add("aresample", str(form.rate)),
        graph.add("aformat", f"sample_fmts={form.samples}:channel_layouts=mono"),
        graph.add("abuffersink"),
    ]
    link(graph, nodes)
    return graph
