"""Perth's network in the resemble-perth wheel, as bytes: found, checked, never unpickled."""

import hashlib
import importlib.util
from pathlib import Path

from engine.errors import WatermarkMissing

#: Of Perth's networks, encoder and detector, as resemble-perth 1.0.1 ships them.
NETWORK_SHA256 = "a15bce457ebc53ce5e6c9c3f11df78cf7ee2bf9cdab0a798902135b4c4027670"
#: Perth calls a signal marked when its detector says more than this, of 1.
DETECTED = 0.5


def network() -> bytes:
    """The archive that torch wrote. Raises `WatermarkMissing` unless it is the one we know."""
    package = importlib.util.find_spec("perth")
    if package is None or not package.submodule_search_locations:
        raise WatermarkMissing("resemble-perth is not installed, and nothing may speak unmarked.")
    folder = Path(package.submodule_search_locations[0]) / "perth_net" / "pretrained" / "implicit"
    found = sorted(folder.glob("perth_net_*.pth.tar"))
    if not found:
        raise WatermarkMissing(f"resemble-perth holds no network in {folder.name}.")
    content = found[-1].read_bytes()
    if hashlib.sha256(content).hexdigest() != NETWORK_SHA256:
        raise WatermarkMissing(
            "resemble-perth's network is not the one it was shipped with; install it again."
        )
    return content
