"""One file's bytes from the model hub onto the disk, over as many connections as that takes."""

import http.client
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import HfFileMetadata, get_token, hf_hub_url

from engine.weights.checkpoint import WeightsError

_BLOCK_BYTES = 2**20
_TIMEOUT_S = 30
#: Attempts without a single new byte, and the waits between them.
_WAITS_S = (1, 2, 4, 8)
_FORBIDDEN = {http.client.UNAUTHORIZED, http.client.FORBIDDEN}


def fetch_bytes(
    part: Path,
    metadata: HfFileMetadata,
    size: int,
    look_up: Callable[[], HfFileMetadata],
    report: Callable[[], None],
) -> None:
    """Append to `part` until it has `size` bytes, over as many connections as that takes.

    `look_up` asks the hub anew for where the file is: its addresses are signed, and expire.
    """
    failures = 0
    renewed_at = -1  # how many bytes there were when the address was last renewed
    part.touch()
    while (start := part.stat().st_size) < size:
        try:
            _append(part, start, metadata, report)
            lost: Exception = ConnectionError("the connection was closed")
        except urllib.error.HTTPError as error:
            if error.code in _FORBIDDEN and renewed_at < start:
                metadata, renewed_at = look_up(), start
                continue
            if error.code < 500 and error.code != http.client.TOO_MANY_REQUESTS:
                raise refused(error.code) from error
            lost = error
        except (OSError, http.client.HTTPException) as error:  # of the connection, not of the file
            lost = error
        if (now := part.stat().st_size) >= size:
            break
        failures = 0 if now > start else failures + 1
        if failures > len(_WAITS_S):
            raise WeightsError(
                f"The download of {part.name.split('.')[0]} was cut off; run it again to resume."
            ) from lost
        time.sleep(_WAITS_S[max(0, failures - 1)])
    if part.stat().st_size > size:
        part.unlink()
        raise WeightsError(f"{part.name} grew too long; run it again.")


def _append(part: Path, start: int, metadata: HfFileMetadata, report: Callable[[], None]) -> None:
    location = metadata.location
    if urllib.parse.urlsplit(location).scheme not in {"http", "https"}:
        raise WeightsError("The model hub points to a file that is not on the web.")
    headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
    hub = urllib.parse.urlsplit(hf_hub_url("any/repository", part.name)).netloc
    token = get_token()
    if token is not None and urllib.parse.urlsplit(location).netloc == hub:
        headers["Authorization"] = f"Bearer {token}"  # not for hosts that the hub redirects to
    request = urllib.request.Request(location, headers=headers)  # noqa: S310  # checked above
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
        if response.status != http.client.PARTIAL_CONTENT:
            with _storing():
                os.truncate(part, 0)
        while block := response.read(_BLOCK_BYTES):
            with _storing(), part.open("ab") as file:
                file.write(block)
            report()


@contextmanager
def _storing() -> Iterator[None]:
    """Tell errors of the file from those of the connection, which are worth another attempt."""
    try:
        yield
    except OSError as error:
        raise not_stored(error) from error


def not_stored(error: OSError) -> WeightsError:
    return WeightsError(f"The weights cannot be stored ({error.strerror}).")


def refused(status: int) -> WeightsError:
    if status in _FORBIDDEN:
        return WeightsError("The model hub asks for a login; set HF_TOKEN.")
    return WeightsError(f"The model hub answered with HTTP {status}; try again later.")
